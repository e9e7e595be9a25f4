using System.Collections.Concurrent;
using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Peers;
using DePin.Oracle.Report;
using DePin.Oracle.Round;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;
using DePin.Signing;
using DePin.Storage.Oracle;
using DePin.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Oracle.Tests.Round;

/// <summary>The agreement's part of one operator: a database, the message endpoint on loopback, the outbox and one driver.</summary>
public sealed class RoundOperator : IAsyncDisposable
{
    private readonly RoundNetwork _network;
    private readonly int _member;
    private readonly ConcurrentDictionary<string, RoundValue> _kept = new();
    private WebApplication? _app;

    private RoundOperator(RoundNetwork network, int member, TestDatabase database)
    {
        _network = network;
        _member = member;
        Database = database;
    }

    public TestDatabase Database { get; private set; }

    public RoundDriver Driver { get; private set; } = null!;

    public AttestedReport? Attested { get; private set; }

    public Uri Url => new(_app!.Urls.Single());

    /// <summary>Who signs its messages; its own key unless a test says otherwise.</summary>
    public Protocol.Lanes.ProtocolSigner? Sign { get; set; }

    /// <summary>What this operator computes; honest unless a test says otherwise.</summary>
    public Func<Cut, Bytes32?>? Compute { get; set; }

    public sealed record AttestedReport(RoundValue Value, IReadOnlyList<ReportSignature> Signatures);

    public static async Task<RoundOperator> CreateAsync(RoundNetwork network, int member, CancellationToken ct) =>
        new(network, member, await TestDatabase.CreateAsync(ct: ct));

    /// <summary>Opens the endpoint; <see cref="Begin"/> then starts the round.</summary>
    public async Task OpenAsync(CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.Limits.MaxRequestBodySize = 1 << 20);
        builder.Services.AddHttpClient(PeerOutbox.ClientName, client => client.Timeout = TimeSpan.FromSeconds(5));
        builder.Services.AddSingleton(RoundNetwork.Options).AddSingleton<IOperatorSigner>(_network.Operators[_member]).AddSingleton(Database.DataSource)
            .AddSingleton<RoundStore>().AddSingleton<ReportStore>().AddSingleton<ReportSigner>().AddSingleton<PeerOutbox>().AddSingleton<RoundInbox>()
            .AddSingleton(new NetworkView(_network.Facts, TimeProvider.System));
        _app = builder.Build();
        _app.MapMessages();
        await _app.StartAsync(ct);
        _network.SetEndpoint(_member, Url);
    }

    /// <summary>Learns where the others listen.</summary>
    public void Refresh() => Get<NetworkView>().Replace([_network.Roster]);

    public void Begin(bool listen = false)
    {
        Refresh();
        var signer = Get<ReportSigner>();
        var work = new RoundWork
        {
            Observe = _ => Task.FromResult(_network.Lanes),
            Recompute = async (cut, ct) =>
            {
                await Task.Delay(_network.ComputationTime, ct);
                return Compute is { } other ? other(cut) : _network.Report(cut);
            },
            SignReport = (value, ct) => signer.SignAsync(_network.Instance, value.ReportDigest, _ => Task.FromResult<Protocol.Reports.Report?>(null), ct),
            Keep = (value, _) =>
            {
                _kept[value.Digest.ToString()] = value;
                return Task.FromResult(true);
            },
            KeepSignature = (_, _, _) => Task.CompletedTask,
            KeepAttested = (value, signatures, _) =>
            {
                if (!_kept.ContainsKey(value.Digest.ToString())) throw new InvalidOperationException("attested before kept");
                var first = Attested is null;
                Attested = new AttestedReport(value, signatures);
                return Task.FromResult(first);
            },
        };
        var context = _network.Context(_member);
        Driver = new RoundDriver(context with { Sign = Sign ?? context.Sign }, work, Get<RoundStore>(), Get<PeerOutbox>(), RoundNetwork.Options, NullLogger<RoundDriver>.Instance);
        Get<RoundInbox>().Attach(Driver);
        Driver.Start(listen);
    }

    /// <summary>Ends the process's work at once; the database stays.</summary>
    public async Task KillAsync()
    {
        _network.SetEndpoint(_member, null);
        await Driver.DisposeAsync();
        await _app!.DisposeAsync();
        _app = null;
    }

    /// <summary>Puts an empty database in place of the operator's own.</summary>
    public async Task LoseDatabaseAsync(CancellationToken ct)
    {
        await Database.DisposeAsync();
        Database = await TestDatabase.CreateAsync(ct: ct);
    }

    public Task<bool> HasSaidAsync(MessageKind kind, CancellationToken ct) => HasRecordAsync($"message_kind = {(int)kind}", ct);

    public Task<bool> HasRecordAsync(string where, CancellationToken ct) =>
        Database.ScalarAsync<bool>($"select exists (select from oracle.round_records where {where})", ct);

    public async Task<IReadOnlyList<SignedMessage>> PreparesOfLocksAsync(CancellationToken ct) =>
    [
        .. (await Get<RoundStore>().ReadAsync(new InstanceKey(_network.Instance.ConfigDigest, (long)_network.Instance.Epoch.Value, (long)_network.Instance.Generation.Value), ct))
            .Select(static record => RoundRecord.Parse(record)).OfType<RoundRecord.Lock>().SelectMany(static record => record.Prepares),
    ];

    public T Get<T>() where T : notnull => _app!.Services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        if (Driver is not null) await Driver.DisposeAsync();
        if (_app is not null) await _app.DisposeAsync();
        await Database.DisposeAsync();
    }
}
