using System.Text.Json;
using System.Threading.Channels;
using DePin.Chain.Rpc;

namespace DePin.Chain.Solana;

/// <summary>A subscription; disposing of it ends it.</summary>
/// <typeparam name="T">What it tells of.</typeparam>
public sealed class SolanaSubscription<T> : SolanaSubscription
{
    private readonly Channel<SolanaNotice<T>> _notices;
    private readonly Func<JsonElement, T> _read;
    private bool _missing;

    internal SolanaSubscription(SolanaSocket socket, string method, Action<Utf8JsonWriter>? parameters, Func<JsonElement, T> read, bool once, bool ticks, int waiting)
        : base(socket, method, parameters, once, ticks)
    {
        _read = read;
        _notices = Channel.CreateBounded<SolanaNotice<T>>(new BoundedChannelOptions(waiting) { SingleWriter = true, FullMode = BoundedChannelFullMode.Wait });
    }

    /// <summary>Notices as they come; ends with the subscription, or after the one notice where there is only one.</summary>
    /// <exception cref="RpcException">The node does not take such a subscription.</exception>
    public IAsyncEnumerable<SolanaNotice<T>> ReadAsync(CancellationToken ct) => _notices.Reader.ReadAllAsync(ct);

    internal override void Begun()
    {
        _missing = true;
        TellOfGap();
    }

    internal override void Notify(JsonElement result)
    {
        var value = SolanaJson.Guard(result, _read);
        TellOfGap();
        if (_missing || !_notices.Writer.TryWrite(new SolanaNotice<T>(false, value))) _missing = true;
    }

    internal override void End(Exception? error) => _notices.Writer.TryComplete(error);

    private void TellOfGap()
    {
        if (_missing && _notices.Writer.TryWrite(new SolanaNotice<T>(true, default!))) _missing = false;
    }
}

/// <summary>A subscription of any kind.</summary>
public abstract class SolanaSubscription : IDisposable
{
    private readonly SolanaSocket _socket;

    private protected SolanaSubscription(SolanaSocket socket, string method, Action<Utf8JsonWriter>? parameters, bool once, bool ticks) =>
        (_socket, Method, Parameters, Once, Ticks) = (socket, method, parameters, once, ticks);

    /// <summary>Without Subscribe: "slot", "logs".</summary>
    internal string Method { get; }

    internal Action<Utf8JsonWriter>? Parameters { get; }

    /// <summary>Whether the node ends it with its first notice.</summary>
    internal bool Once { get; }

    /// <summary>Whether notices come all the time, so that silence is a fault.</summary>
    internal bool Ticks { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Remove(this);
        End(null);
        GC.SuppressFinalize(this);
    }

    internal abstract void Begun();

    internal abstract void Notify(JsonElement result);

    internal abstract void End(Exception? error);
}
