using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace DePin.TestKit;

/// <summary>A JSON-RPC end point in front of a node that a test makes unreliable, method by method, while processes use it. Batches are taken apart.</summary>
public sealed class RpcProxy : IAsyncDisposable
{
    private const string Every = "*";
    private readonly WebApplication _app;
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly Uri _upstream;
    private readonly ConcurrentDictionary<string, long> _counts = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, RpcFault> _faults = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _faulted;
    private readonly Queue<long> _served = new();
    private long _refusesUntil;
    private long _limited, _impatient;

    private RpcProxy(WebApplication app, Uri upstream)
    {
        _app = app;
        _upstream = upstream;
        Url = upstream; // replaced once it listens
    }

    /// <summary>Where to point a process.</summary>
    public Uri Url { get; private set; }

    /// <summary>Calls that met a fault so far.</summary>
    public long Faulted => Interlocked.Read(ref _faulted);

    /// <summary>Requests refused because their calls were more than a <see cref="RpcFault.Limit"/> allows.</summary>
    public long Limited => Interlocked.Read(ref _limited);

    /// <summary>Requests that came although it had asked to be left alone.</summary>
    public long Impatient => Interlocked.Read(ref _impatient);

    /// <summary>Starts one in front of <paramref name="upstream"/>, on a free port.</summary>
    public static async Task<RpcProxy> StartAsync(Uri upstream, CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(static (KestrelServerOptions o) => o.Limits.MaxRequestBodySize = null);
        var proxy = new RpcProxy(builder.Build(), upstream);
        proxy._app.MapPost("/", proxy.AnswerAsync);
        await proxy._app.StartAsync(ct).ConfigureAwait(false);
        proxy.Url = new Uri(proxy._app.Urls.Single() + "/");
        return proxy;
    }

    /// <summary>From now on these methods (all of them where none is named) meet the fault instead of any earlier one.</summary>
    public void Apply(RpcFault fault, params string[] methods) => Change(() =>
    {
        if (methods.Length == 0) _faults.Clear();
        foreach (var method in methods.Length == 0 ? [Every] : methods) _faults[method] = fault;
    });

    /// <summary>From now on these methods (all of them where none is named) pass; what was held goes on.</summary>
    public void Clear(params string[] methods) => Change(() =>
    {
        if (methods.Length == 0)
        {
            _faults.Clear();
            _served.Clear();
            _refusesUntil = 0;
        }

        foreach (var method in methods) _faults.Remove(method);
    });

    /// <summary>How often a method was called.</summary>
    public long CountOf(string method) => _counts.GetValueOrDefault(method);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Clear();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(patience.Token).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _http.Dispose();
    }

    private void Change(Action change)
    {
        TaskCompletionSource before;
        lock (_gate)
        {
            change();
            before = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        before.SetResult();
    }

    private (RpcFault? Fault, Task Changed) FaultOf(string method)
    {
        lock (_gate) return (_faults.GetValueOrDefault(method) ?? _faults.GetValueOrDefault(Every), _changed.Task);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var gone = context.RequestAborted;
        var request = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: gone).ConfigureAwait(false);
        List<JsonObject> calls = request is JsonArray batch ? [.. batch.Select(c => c!.AsObject())] : [request!.AsObject()];
        foreach (var call in calls) _counts.AddOrUpdate(MethodOf(call), 1, static (_, n) => n + 1);
        try
        {
            if (!await AdmitAsync(context, calls).ConfigureAwait(false)) return;
            List<JsonNode> answers = [];
            foreach (var call in calls) answers.Add(await AnswerAsync(call).ConfigureAwait(false));
            if (gone.IsCancellationRequested) return;
            context.Response.ContentType = "application/json";
            var text = request is JsonArray ? new JsonArray([.. answers]).ToJsonString() : answers[0].ToJsonString();
            await context.Response.WriteAsync(text, gone).ConfigureAwait(false);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            context.Abort(); // the node or the caller is gone
        }
    }

    /// <summary>Faults of the request as a whole. False where it has been answered or cut off.</summary>
    private async Task<bool> AdmitAsync(HttpContext context, List<JsonObject> calls)
    {
        var response = context.Response;
        for (var i = 0; i < calls.Count;)
        {
            var (fault, changed) = FaultOf(MethodOf(calls[i]));
            if (fault is not null) Interlocked.Increment(ref _faulted);
            switch (fault)
            {
                case RpcFault.Stall stall:
                    await (stall.Deliver ? changed : changed.WaitAsync(context.RequestAborted)).ConfigureAwait(false);
                    continue; // looked at again
                case RpcFault.Delay delay:
                    await Task.Delay(delay.By, context.RequestAborted).ConfigureAwait(false);
                    break;
                case RpcFault.Drop:
                    context.Abort();
                    return false;
                case RpcFault.Limit limit when i == 0 && !IsWithin(limit, calls.Count):
                    response.StatusCode = StatusCodes.Status429TooManyRequests;
                    response.Headers.RetryAfter = ((int)limit.RetryAfter.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
                    return false;
                case RpcFault.Status status:
                    response.StatusCode = status.Code;
                    return false;
                case RpcFault.Garbage:
                    response.ContentType = "application/json";
                    await response.WriteAsync("""{"jsonrpc":"2.0","id":1,"result":[{"address":"0x12""", context.RequestAborted).ConfigureAwait(false);
                    return false;
                default:
                    break;
            }

            i++;
        }

        return true;
    }

    private bool IsWithin(RpcFault.Limit limit, int calls)
    {
        lock (_gate)
        {
            var now = Environment.TickCount64;
            if (now < _refusesUntil)
            {
                _impatient++;
                return false;
            }

            while (_served.TryPeek(out var at) && at <= now - 1_000) _served.Dequeue();
            if (_served.Count + calls > limit.CallsPerSecond)
            {
                _limited++;
                _refusesUntil = now + (long)limit.RetryAfter.TotalMilliseconds;
                return false;
            }

            for (var i = 0; i < calls; i++) _served.Enqueue(now);
            return true;
        }
    }

    private async Task<JsonNode> AnswerAsync(JsonObject call) => FaultOf(MethodOf(call)).Fault switch
    {
        RpcFault.Refuse refuse => Wrap(call, "error", new JsonObject { ["code"] = refuse.Code, ["message"] = refuse.Message }),
        RpcFault.Lag lag => await LaggingNode.AnswerAsync(call, lag.Blocks, AskAsync).ConfigureAwait(false),
        RpcFault.Lie lie => lie.Tell(call, await AskAsync(lie.Ask?.Invoke(call.DeepClone().AsObject()) ?? call).ConfigureAwait(false)),
        RpcFault.TruncateLogs cut when MethodOf(call) == "eth_getLogs" => Keep(await AskAsync(call).ConfigureAwait(false), (i, _) => i < cut.Keep),
        RpcFault.HideNewestLogs hide when MethodOf(call) == "eth_getLogs" => await HideAsync(call, hide.Blocks).ConfigureAwait(false),
        _ => await AskAsync(call).ConfigureAwait(false),
    };

    private async Task<JsonNode> HideAsync(JsonObject call, int blocks)
    {
        var tip = await LaggingNode.TipAsync(AskAsync).ConfigureAwait(false);
        return Keep(await AskAsync(call).ConfigureAwait(false), (_, log) => LaggingNode.Number(log["blockNumber"]) + blocks <= tip);
    }

    private static JsonNode Keep(JsonNode answer, Func<int, JsonNode, bool> which)
    {
        if (answer["result"] is JsonArray logs) answer["result"] = new JsonArray([.. logs.Where((log, i) => which(i, log!)).Select(log => log!.DeepClone())]);
        return answer;
    }

    private async Task<JsonNode> AskAsync(JsonObject call)
    {
        using var content = new StringContent(call.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(_upstream, content).ConfigureAwait(false);
        var answer = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
        return JsonNode.Parse(answer) ?? throw new HttpRequestException("The node answered nothing.");
    }

    internal static JsonNode Wrap(JsonObject call, string part, JsonNode? value) =>
        new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call["id"]?.DeepClone(), [part] = value };

    internal static string MethodOf(JsonObject call) => call["method"]?.GetValue<string>() ?? throw new JsonException("A call without a method.");
}
