namespace DePin.Client;

/// <summary>How a client reaches its server.</summary>
public sealed record DePinClientOptions
{
    /// <summary>Address of the API, or of an operator's host; http or https, without user, query and fragment. A path is kept: <c>https://host/network/</c>.</summary>
    public required Uri BaseAddress { get; init; }

    /// <summary>Which of the API's networks, by CAIP-2 chain or network id; null for the only or first one.</summary>
    public string? Network { get; init; }

    /// <summary>Names the program to the server; default <c>DePin.Client/</c> and this version.</summary>
    public string UserAgent { get; init; } = $"DePin.Client/{typeof(DePinClientOptions).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>Time for one attempt; of a stream or a download, until it begins. Default 10 s.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for a call with all its attempts. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts after the first, of requests that may be repeated. Default 3; 0 for none.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>Time before the second attempt; it doubles with each, up to 30 s, and is spread at random. Default 0.2 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest <c>Retry-After</c> that is waited for; who asks for more gets no further attempt. Default 10 s.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Attempts within 30 s of which half failed, after which the server is left alone for <see cref="BreakerPause"/>. Default 20; 0 for never.</summary>
    public int BreakerAttempts { get; init; } = 20;

    /// <summary>How long it is left alone. Default 5 s.</summary>
    public TimeSpan BreakerPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence after which a stream or a download counts as broken off; the live stream says something every 15 s. Default 45 s.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Bytes of the largest answer that is taken, streams and downloads aside. Default 64 MiB.</summary>
    public long LargestAnswer { get; init; } = 64 << 20;

    /// <summary>Most bytes of an evidence bundle; whoever is registered as an operator may send without an end. Default 2,000,000,000, some four million proofs.</summary>
    public long LargestBundle { get; init; } = 2_000_000_000;

    /// <summary>Whether members that this version does not know are refused rather than passed over: tests.</summary>
    internal bool Strict { get; init; }

    /// <summary>These options, where they can be worked with.</summary>
    /// <exception cref="ArgumentException">They cannot; the message names which.</exception>
    internal DePinClientOptions Validated()
    {
        Demand(BaseAddress is { IsAbsoluteUri: true } && BaseAddress.Scheme is "http" or "https" && BaseAddress.Query.Length + BaseAddress.Fragment.Length + BaseAddress.UserInfo.Length == 0,
            nameof(BaseAddress), "an http or https address without user, query and fragment");
        Demand(Network is null or { Length: > 0 }, nameof(Network), "a CAIP-2 chain or a network id, or left out");
        Demand(UserAgent is { Length: > 0 } && TryUserAgent(), nameof(UserAgent), "a product, such as my-app/1.0");
        Demand(AttemptTimeout > TimeSpan.Zero && AttemptTimeout <= TimeSpan.FromDays(1), nameof(AttemptTimeout), "more than nothing and at most a day");
        Demand(Timeout >= AttemptTimeout && Timeout <= TimeSpan.FromDays(1), nameof(Timeout), "no less than AttemptTimeout and at most a day");
        Demand(Retries is >= 0 and <= 100, nameof(Retries), "from 0 to 100");
        Demand(RetryDelay >= TimeSpan.Zero && RetryDelay <= Http.ApiResilience.LongestDelay, nameof(RetryDelay), "from nothing to 30 s");
        Demand(LongestRetryAfter >= TimeSpan.Zero && LongestRetryAfter <= TimeSpan.FromDays(1), nameof(LongestRetryAfter), "from nothing to a day");
        Demand(BreakerAttempts is 0 or >= 2, nameof(BreakerAttempts), "0, or 2 or more");
        Demand(BreakerPause >= TimeSpan.FromSeconds(0.5) && BreakerPause <= TimeSpan.FromDays(1), nameof(BreakerPause), "from half a second to a day");
        Demand(Silence > TimeSpan.Zero && Silence <= TimeSpan.FromDays(1), nameof(Silence), "more than nothing and at most a day");
        Demand(LargestBundle is > 0 and <= int.MaxValue, nameof(LargestBundle), "from 1 to 2,147,483,647 bytes");
        Demand(LargestAnswer is > 0 and <= int.MaxValue, nameof(LargestAnswer), "from 1 to 2,147,483,647 bytes");
        return BaseAddress.AbsolutePath.EndsWith('/') ? this : this with { BaseAddress = new Uri(BaseAddress + "/") };
    }

    private bool TryUserAgent()
    {
        using var request = new HttpRequestMessage();
        return request.Headers.UserAgent.TryParseAdd(UserAgent);
    }

    private static void Demand(bool holds, string name, string expected)
    {
        if (!holds) throw new ArgumentException($"{name} must be {expected}.", name);
    }
}
