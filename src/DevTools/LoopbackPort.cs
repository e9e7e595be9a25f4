using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace DePin.DevTools;

/// <summary>Ports of the loopback interface.</summary>
public static class LoopbackPort
{
    private const int First = 12_000;
    private const int End = 20_000; // tests that need many in a row look above
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <summary>
    /// A port that was free a moment ago; whoever needs it must bear losing it to another process. On Linux it lies below the range from which the
    /// kernel takes the ports of outgoing connections, so that no connection holds it when a listener comes (or comes back) to it; it is given once
    /// to a process.
    /// </summary>
    public static int Free()
    {
        var end = Math.Min(FirstOfConnections(), End);
        for (var attempt = 0; end - First >= 1000 && attempt < 100; attempt++)
        {
            var port = Random.Shared.Next(First, end);
            if (!IsTaken(port) && Given.TryAdd(port, true)) return port;
        }

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Whether something listens on <paramref name="port"/> or holds it.</summary>
    public static bool IsTaken(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ExclusiveAddressUse = true };
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static int FirstOfConnections()
    {
        const string range = "/proc/sys/net/ipv4/ip_local_port_range";
        return File.Exists(range) && int.TryParse(File.ReadAllText(range).Split(['\t', ' '])[0], CultureInfo.InvariantCulture, out var first) ? first : 0;
    }
}
