using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DePin.Client.Tests;

/// <summary>What a server was asked.</summary>
public sealed record Asked(string Method, string Path, string? LastEventId, string? Range, string? IfRange, string UserAgent);

/// <summary>A real web server that answers each request by the next line of its script, and by the last one from then on.</summary>
public sealed class MisbehavingServer : IAsyncDisposable
{
    public const string Networks = """[{"id":"0x00000000000000000000000000000000000000000000000000000000000000aa","chain":"eip155:31337","name":"test"}]""";

    private readonly WebApplication _app;
    private readonly RequestDelegate[] _script;
    private readonly ConcurrentQueue<Asked> _asked = new();
    private int _count;

    private MisbehavingServer(WebApplication app, RequestDelegate[] script) => (_app, _script) = (app, script);

    public IReadOnlyList<Asked> Asked => [.. _asked];

    public Uri Address => new(_app.Urls.First());

    /// <summary>Options for a client of this server that is in no hurry: only what waits for less than a minute is a pause between attempts.</summary>
    public DePinClientOptions Options => new()
    {
        BaseAddress = Address,
        AttemptTimeout = TimeSpan.FromMinutes(10),
        Timeout = TimeSpan.FromHours(10),
        Silence = TimeSpan.FromMinutes(5),
    };

    public static async Task<MisbehavingServer> StartAsync(params RequestDelegate[] script)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new MisbehavingServer(app, script);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    public static RequestDelegate Says(int status, string body = "", string type = "application/json", params (string Name, string Value)[] headers) => async http =>
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        foreach (var (name, value) in headers) http.Response.Headers[name] = value;
        await http.Response.WriteAsync(body, http.RequestAborted);
    };

    /// <summary>Says how long the answer is, sends its first part and closes the connection.</summary>
    public static RequestDelegate BreaksOff(string body, int after, string type = "application/json", params (string Name, string Value)[] headers) => async http =>
    {
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        foreach (var (name, value) in headers) http.Response.Headers[name] = value;
        await http.Response.WriteAsync(body[..after], http.RequestAborted);
    };

    /// <summary>The same, but the connection is reset, at which even what was sent may be lost.</summary>
    public static RequestDelegate Resets(string body, int after) => async http =>
    {
        await BreaksOff(body, after)(http);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        http.Abort();
    };

    /// <summary>Never answers.</summary>
    public static RequestDelegate Hangs { get; } = http => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);

    /// <summary>Sends a part and then nothing, with the connection open.</summary>
    public static RequestDelegate FallsSilentAfter(string part, string type, params (string Name, string Value)[] headers) => async http =>
    {
        http.Response.ContentType = type;
        foreach (var (name, value) in headers) http.Response.Headers[name] = value;
        await http.Response.WriteAsync(part, http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        await Hangs(http);
    };

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private Task AnswerAsync(HttpContext http)
    {
        var request = http.Request;
        var number = Interlocked.Increment(ref _count) - 1;
        _asked.Enqueue(new Asked(request.Method, request.Path + request.QueryString, Header(http, "Last-Event-ID"), Header(http, "Range"), Header(http, "If-Range"), Header(http, "User-Agent") ?? ""));
        return _script[Math.Min(number, _script.Length - 1)](http);
    }

    private static string? Header(HttpContext http, string name) => http.Request.Headers[name].ToString() is { Length: > 0 } value ? value : null;
}
