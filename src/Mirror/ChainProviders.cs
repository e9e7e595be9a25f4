using System.ComponentModel.DataAnnotations;
using System.Globalization;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Protocol;
using Microsoft.Extensions.Logging;

namespace DePin.Mirror;

/// <summary>
/// A chain's providers as a host's settings name them: one client that fails over between them, for what only this process acts on, and the follower's
/// source, which says what a quorum of them says. Both share the end points, so that limits and rests hold for all requests together.
/// </summary>
public sealed class ChainProviders
{
    private readonly HttpClient _http;
    private readonly RpcEndPoint[] _endPoints;
    private readonly TimeProvider _time;
    private readonly Lazy<EvmRpc> _evm;
    private readonly Lazy<SolanaRpc> _solana;
    private QuorumChainSource? _quorum;

    /// <param name="http">Sends every request; its own time-out should be infinite.</param>
    /// <param name="providers">In order of preference.</param>
    /// <param name="quorum">How many must agree on what is mirrored; 0 = <see cref="DefaultQuorum"/>.</param>
    /// <param name="section">Section of the settings, for messages.</param>
    /// <param name="time">Clock of rests and limits.</param>
    /// <exception cref="ValidationException">A setting is out of bounds; the message names it.</exception>
    public ChainProviders(HttpClient http, IReadOnlyList<RpcProviderOptions> providers, int quorum, string section, TimeProvider time)
    {
        if (providers.Count == 0) throw new ValidationException($"Set {section}:Rpc:0 to the URL of a node of the network's chain.");
        if (quorum < 0 || quorum > providers.Count)
            throw new ValidationException(string.Create(CultureInfo.InvariantCulture, $"{section}:RpcQuorum is {quorum} of {providers.Count} providers in {section}:Rpc."));
        (_http, _time) = (http, time);
        _endPoints = [.. providers.Select((p, i) => p.ToEndPoint(string.Create(CultureInfo.InvariantCulture, $"{section}:Rpc:{i}"), LabelOf(providers, i)))];
        WebSockets = [.. providers.Select(p => p.WebSocket).OfType<Uri>()];
        Quorum = quorum == 0 ? DefaultQuorum(providers.Count) : quorum;
        _evm = new Lazy<EvmRpc>(() => new EvmRpc(http, _endPoints, new RpcOptions(), time));
        _solana = new Lazy<SolanaRpc>(() => new SolanaRpc(http, _endPoints, new RpcOptions(), time));
    }

    /// <summary>How many must agree on what is mirrored.</summary>
    public int Quorum { get; }

    /// <summary>Asks the first provider of an EVM chain that is well.</summary>
    public EvmRpc Evm => _evm.Value;

    /// <summary>Asks the first provider of a Solana cluster that is well.</summary>
    public SolanaRpc Solana => _solana.Value;

    /// <summary>Where new heads can be subscribed to.</summary>
    public IReadOnlyList<Uri> WebSockets { get; }

    /// <summary>The providers as they are now.</summary>
    public QuorumStatus Status => _quorum?.Status ?? new QuorumStatus(Quorum, null, [.. _endPoints.Select(e => new ProviderStatus(
        e.Label, e.IsResting(_time) ? ProviderState.Resting : ProviderState.Well, null, null, e.LastError, e.Requests, e.Failures, 0))]);

    /// <summary>A majority of three and more; both of two; the only one.</summary>
    public static int DefaultQuorum(int providers) => (providers / 2) + 1;

    // Two of one host differ in what must not be shown: they are numbered.
    private static string? LabelOf(IReadOnlyList<RpcProviderOptions> providers, int index)
    {
        if (providers[index].Url is not { IsAbsoluteUri: true } url) return null;
        var label = RpcEndPoint.LabelOf(url);
        var before = providers.Take(index).Count(p => p.Url is { IsAbsoluteUri: true } u && RpcEndPoint.LabelOf(u) == label);
        return before == 0 ? label : string.Create(CultureInfo.InvariantCulture, $"{label}#{before + 1}");
    }

    /// <summary>Ranges that the slowest provider's limit lets it read within the follower's patience.</summary>
    public FollowerOptions Pace(FollowerOptions options)
    {
        var limited = _endPoints.Where(e => e.CallsPerSecond > 0).Select(e => e.CallsPerSecond).ToList();
        if (limited.Count == 0) return options;
        var most = (int)Math.Max(1, 2 * limited.Min()); // a call for each header, and so many ranges at once as are read ahead
        return options with
        {
            MaxBlocksPerRange = Math.Min(options.MaxBlocksPerRange, most),
            TipWindow = Math.Min(options.TipWindow, most),
            ReplaceAtOnce = Math.Min(options.ReplaceAtOnce, most),
        };
    }

    /// <summary>The follower's source. With a quorum of one it is the client that fails over; else every provider is asked on its own.</summary>
    public IChainSource CreateSource(MirroredNetwork network, ILoggerFactory loggers)
    {
        if (Quorum == 1) return network.Kind == ChainKind.Solana ? new SolanaChainSource(Solana, network) : new EvmChainSource(Evm, network);
        // One repeat at most: another provider is the better second try.
        var alone = new RpcOptions { Attempts = 2, Timeout = TimeSpan.FromSeconds(8), MaximumDelay = TimeSpan.FromSeconds(1) };
        return _quorum = new QuorumChainSource(
            [.. _endPoints.Select(e => (e.Label, network.Kind == ChainKind.Solana
                ? (IChainSource)new SolanaChainSource(new SolanaRpc(_http, [e], alone, _time), network)
                : new EvmChainSource(new EvmRpc(_http, [e], alone, _time), network), (RpcEndPoint?)e))],
            new QuorumOptions { Quorum = Quorum }, _time, loggers.CreateLogger<QuorumChainSource>());
    }

    /// <summary>The providers must be of the network's chain, as far as they answer.</summary>
    /// <exception cref="MirrorMismatchException">They are of another.</exception>
    public Task CheckChainAsync(MirroredNetwork network, CancellationToken ct) =>
        network.Kind == ChainKind.Solana ? new SolanaChainSource(Solana, network).CheckChainAsync(ct) : new EvmChainSource(Evm, network).CheckChainAsync(ct);

    /// <summary>Compares a mirror of the network with what the first provider that is well answers.</summary>
    public IMirrorVerifier CreateVerifier(MirrorDatabase database, MirroredNetwork network, EmissionSchedule emission) =>
        network.Kind == ChainKind.Solana ? new SolanaMirrorVerifier(database, network, Solana) : new MirrorVerifier(database, network, emission, Evm);
}
