using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DePin.Api.Tests.OperatorPages;

/// <summary>What listens where an operator says it does: answers every request with the same bytes, which need not be HTTP, for as long as they are taken; or not at all.</summary>
internal sealed class StrangeProcess : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentBag<Task> served = [];
    private readonly Func<string, byte[]?> answer;
    private readonly Task accepting;
    private long sent;

    /// <param name="answer">By the path that is asked for; null: nothing is ever answered.</param>
    public StrangeProcess(Func<string, byte[]?> answer)
    {
        this.answer = answer;
        listener.Server.SendBufferSize = 65_536; // what was sent was nearly taken
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Its address.</summary>
    public string Root => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>Paths that were asked for.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Bytes that somebody took.</summary>
    public long Sent => Interlocked.Read(ref sent);

    public static byte[] Http(int status, string body, string headers = "") =>
        Encoding.UTF8.GetBytes($"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}");

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting;
        await Task.WhenAll(served);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await listener.AcceptSocketAsync(stop.Token);
                served.Add(Task.Run(() => ServeAsync(socket)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It ends.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var owned = socket;
        try
        {
            var buffer = new byte[4096];
            var length = await socket.ReceiveAsync(buffer, stop.Token);
            var path = Encoding.ASCII.GetString(buffer, 0, length).Split(' ') is [_, var p, ..] ? p : "";
            Asked.Enqueue(path);
            if (answer(path) is not { } bytes)
            {
                await Task.Delay(Timeout.Infinite, stop.Token);
                return;
            }

            for (var at = 0; at < bytes.Length;)
            {
                var piece = await socket.SendAsync(bytes.AsMemory(at, Math.Min(4096, bytes.Length - at)), stop.Token);
                Interlocked.Add(ref sent, piece);
                at += piece;
            }

            socket.Shutdown(SocketShutdown.Send);
            while (await socket.ReceiveAsync(buffer, stop.Token) > 0)
            {
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // Who asked has gone, or the test is over.
        }
    }
}
