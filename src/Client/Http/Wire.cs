using System.Net;

namespace DePin.Client.Http;

/// <summary>Puts a client together.</summary>
internal static class Wire
{
    private static readonly TimeSpan ConnectionLife = TimeSpan.FromMinutes(5); // so that a changed DNS entry is noticed

    public static SocketsHttpHandler Connections(DePinClientOptions options, bool compressed) => new()
    {
        PooledConnectionLifetime = ConnectionLife,
        ConnectTimeout = options.AttemptTimeout,
        AutomaticDecompression = compressed ? DecompressionMethods.All : DecompressionMethods.None,
    };

    public static HttpClient Connect(DePinClientOptions options, HttpMessageHandler connections, TimeProvider time)
    {
        var http = new HttpClient(new ResilienceHandler(new ApiResilience(options, time), options.LargestAnswer) { InnerHandler = connections });
        Configure(http, options);
        return http;
    }

    public static void Configure(HttpClient http, DePinClientOptions options)
    {
        http.BaseAddress = options.BaseAddress;
        http.Timeout = Timeout.InfiniteTimeSpan; // ApiResilience keeps the time
        http.DefaultRequestHeaders.UserAgent.ParseAdd(options.UserAgent);
    }
}
