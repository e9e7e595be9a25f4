using System.Globalization;
using DePin.Chain.Rpc;

namespace DePin.Mirror;

/// <summary>How a provider is thought of.</summary>
public enum ProviderState
{
    /// <summary>Asked in its turn.</summary>
    Well,

    /// <summary>Failed lately, asked to be left alone, or does not have the newest logs yet: asked after those that are well.</summary>
    Resting,

    /// <summary>Said of the chain what enough others deny: asked last, where there are not enough others.</summary>
    Disagreeing,
}

/// <summary>One provider for health and metrics.</summary>
/// <param name="Provider">Scheme, host and port; nothing of its URL that may be a key.</param>
/// <param name="State">How it is thought of now.</param>
/// <param name="Latest">Newest block that it named; null before its first answer, or where nobody compares.</param>
/// <param name="Lag">Blocks by which that is behind the farthest of all.</param>
/// <param name="LastError">What went wrong last; kept when it is well again.</param>
/// <param name="Requests">Requests sent to it.</param>
/// <param name="Failures">Those that were not answered, or not well.</param>
/// <param name="Disagreements">How often it was found to contradict enough others.</param>
public sealed record ProviderStatus(string Provider, ProviderState State, ulong? Latest, ulong? Lag, string? LastError, long Requests, long Failures, long Disagreements);

/// <summary>All providers of a chain, and whether enough agree.</summary>
/// <param name="Quorum">How many must say the same.</param>
/// <param name="Why">Why nothing new is taken in; null while enough agree.</param>
/// <param name="Providers">In the order of the settings.</param>
public sealed record QuorumStatus(int Quorum, string? Why, IReadOnlyList<ProviderStatus> Providers);

/// <summary>A provider of a quorum: what it answers, how far it is, and whether it is to be asked.</summary>
internal sealed class QuorumMember(string label, IChainSource source, RpcEndPoint? endPoint, QuorumOptions options, TimeProvider time)
{
    private const int OmissionsForgiven = 2;
    private const int LongestLeaveOut = 5; // doublings

    private readonly Lock _lock = new();
    private Task<ChainHeads?> _looking = Task.FromResult<ChainHeads?>(null);
    private ulong? _latest;
    private string? _lastError;
    private long _asideUntil = long.MinValue;
    private long _leftOutUntil = long.MinValue;
    private int _omissions;
    private long _disagreements;

    public string Label => label;

    public IChainSource Source => source;

    /// <summary>Newest block that it named.</summary>
    public ulong? Latest
    {
        get
        {
            lock (_lock) return _latest;
        }
    }

    public ProviderState State
    {
        get
        {
            var now = time.GetTimestamp();
            lock (_lock)
            {
                if (_leftOutUntil > now) return ProviderState.Disagreeing;
                return _asideUntil > now || endPoint?.IsResting(time) == true ? ProviderState.Resting : ProviderState.Well;
            }
        }
    }

    public ProviderStatus StatusAt(ulong highest)
    {
        var state = State;
        lock (_lock)
        {
            return new ProviderStatus(label, state, _latest, _latest is { } at ? Math.Max(highest, at) - at : null, _lastError ?? endPoint?.LastError,
                endPoint?.Requests ?? 0, endPoint?.Failures ?? 0, _disagreements);
        }
    }

    /// <summary>Its heads, or null if it fails. One look at a time: who asks meanwhile gets the one that is under way.</summary>
    public Task<ChainHeads?> LookAsync()
    {
        lock (_lock) return _looking.IsCompleted ? _looking = LookNowAsync() : _looking;
    }

    /// <summary>Asks it, within the options' patience; no value where it fails.</summary>
    /// <exception cref="RangeTooLargeException">It refuses so much at once.</exception>
    public async Task<(bool Answered, T? Value)> AskAsync<T>(Func<IChainSource, CancellationToken, Task<T>> ask, CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(options.Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        try
        {
            return (true, await ask(source, both.Token).WaitAsync(both.Token));
        }
        catch (ChainSourceException error) when (error is not RangeTooLargeException)
        {
            Failed(KindOf(error));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            Failed("no answer in time");
        }

        return (false, default);
    }

    /// <summary>What it said agreed with enough others.</summary>
    public void Agreed()
    {
        lock (_lock) _omissions = 0;
    }

    /// <summary>It does not have logs that enough others have of blocks that are not final. True where that happens too often to be a lag.</summary>
    public bool Omitted(string what)
    {
        lock (_lock)
        {
            _lastError = what;
            _asideUntil = time.GetTimestamp() + Ticks(options.Aside);
            return ++_omissions > OmissionsForgiven;
        }
    }

    /// <summary>It contradicts enough others: left out for a while, twice as long each time.</summary>
    public void Disagreed(string what)
    {
        lock (_lock)
        {
            _lastError = what;
            _omissions = 0;
            _leftOutUntil = time.GetTimestamp() + Ticks(options.LeaveOut * (1 << (int)Math.Min(_disagreements, LongestLeaveOut)));
            _disagreements++;
        }
    }

    private async Task<ChainHeads?> LookNowAsync()
    {
        await Task.Yield();
        ChainHeads? heads;
        try
        {
            (_, heads) = await AskAsync((s, ct) => s.GetHeadsAsync(ct), CancellationToken.None);
        }
        catch (RangeTooLargeException error)
        {
            Failed(KindOf(error));
            return null;
        }

        lock (_lock) _latest = heads?.Latest.Number ?? _latest;
        return heads;
    }

    // Not a node's own words: they are shown to everybody, and may hold a key.
    private string KindOf(ChainSourceException error) => error.InnerException switch
    {
        RpcException refusal => string.Create(CultureInfo.InvariantCulture, $"refuses with code {refusal.Code} ({refusal.Kind})"),
        RpcUnavailableException => endPoint?.LastError ?? "does not answer",
        null => error.Message,
        _ => "broken answer",
    };

    private void Failed(string why)
    {
        lock (_lock)
        {
            _lastError = why;
            _asideUntil = time.GetTimestamp() + Ticks(options.Aside);
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
