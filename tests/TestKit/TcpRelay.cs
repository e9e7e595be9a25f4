using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace DePin.TestKit;

/// <summary>Passes connections on to another port until a test cuts them.</summary>
public sealed class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, bool> _open = new();
    private readonly int _to;
    private readonly Task _accepting;
    private volatile bool _refuses;

    /// <summary>Starts one to a port of this machine.</summary>
    public TcpRelay(int to)
    {
        _to = to;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Cuts every connection, and each new one too until <see cref="Mend"/>.</summary>
    public void Cut()
    {
        _refuses = true;
        foreach (var client in _open.Keys) client.Close();
    }

    /// <summary>Passes new connections on again.</summary>
    public void Mend() => _refuses = false;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Cut();
        _listener.Stop();
        await _accepting.ConfigureAwait(false);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = PassAsync(await _listener.AcceptTcpClientAsync().ConfigureAwait(false));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // stopped
        }
    }

    private async Task PassAsync(TcpClient near)
    {
        using var far = new TcpClient();
        _open[near] = _open[far] = true;
        try
        {
            if (_refuses) return;
            await far.ConnectAsync(IPAddress.Loopback, _to).ConfigureAwait(false);
            if (_refuses) return;
            await Task.WhenAny(near.GetStream().CopyToAsync(far.GetStream()), far.GetStream().CopyToAsync(near.GetStream())).ConfigureAwait(false);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidOperationException or IOException)
        {
            // cut
        }
        finally
        {
            near.Dispose();
            _open.TryRemove(near, out _);
            _open.TryRemove(far, out _);
        }
    }
}
