namespace DePin.Chain.Solana;

/// <summary>How to keep subscriptions.</summary>
public sealed record SolanaSocketOptions
{
    /// <summary>Wall-clock time to connect, and for the node to answer a subscription.</summary>
    public TimeSpan ConnectWithin { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time between pings, and how long a pong may take.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>While slots or roots are subscribed to: silence for so long means that the node is stuck, pongs or not; it is left.</summary>
    public TimeSpan StuckAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Wait before connecting anew; doubles each time until a connection stands.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest wait before connecting anew.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most bytes of one message; a longer one ends the connection. An account of 10 MiB has 14 MB in base64.</summary>
    public int MaximumMessage { get; init; } = 16 * 1024 * 1024;

    /// <summary>Most notices that wait for a subscriber; what comes then is dropped, and the subscriber told that some are missing.</summary>
    public int MaximumWaiting { get; init; } = 4_096;
}
