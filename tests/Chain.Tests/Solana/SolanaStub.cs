using System.Text.Json.Nodes;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;

namespace DePin.Chain.Tests.Solana;

/// <summary>A stub node that answers method by method as a Solana node would, and clients of it. What no test told it is a method that it does not know.</summary>
internal sealed class SolanaStub : IAsyncDisposable
{
    private readonly StubNode _node;
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly Dictionary<string, Func<JsonArray, string>> _methods = [];
    private readonly Dictionary<string, int> _counts = [];

    private SolanaStub(StubNode node)
    {
        _node = node;
        node.Answer = (context, request) => StubNode.TextAsync(context, request switch
        {
            JsonArray when RefusesBatches => """{"jsonrpc":"2.0","error":{"code":-32600,"message":"Only method calls are supported"},"id":null}""",
            JsonArray calls => $"[{string.Join(',', calls.Select(c => One(c!)).Reverse())}]",
            _ => One(request),
        }, 200);
    }

    public bool RefusesBatches { get; set; }

    public int Requests => _node.Requests;

    public Uri Url => _node.Url;

    public StubNode Node => _node;

    public static async Task<SolanaStub> StartAsync() => new(await StubNode.StartAsync());

    /// <summary>Answers a method with a result in JSON, or with an error where the text starts with <c>error:</c>.</summary>
    public SolanaStub On(string method, Func<JsonArray, string> answer)
    {
        lock (_methods) _methods[method] = answer;
        return this;
    }

    public SolanaStub On(string method, string answer) => On(method, _ => answer);

    public static string Error(int code, string message, string data = "null") => $$"""error:{"code":{{code}},"message":"{{message}}","data":{{data}}}""";

    public static string Context(ulong slot, string value) => $$"""{"context":{"slot":{{slot}},"apiVersion":"4.1.2"},"value":{{value}}}""";

    public int CountOf(string method)
    {
        lock (_methods) return _counts.GetValueOrDefault(method);
    }

    public SolanaRpc Rpc(params SolanaStub[] others) => new(_http, Options([Url, .. others.Select(o => o.Url)]));

    public static RpcOptions Options(IReadOnlyList<Uri> urls) => new()
    {
        Urls = urls,
        Timeout = TimeSpan.FromSeconds(60),
        FirstDelay = TimeSpan.FromMilliseconds(5),
        MaximumDelay = TimeSpan.FromMilliseconds(20),
        Penalty = TimeSpan.FromMilliseconds(50),
    };

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _http.Dispose();
    }

    private string One(JsonNode call)
    {
        var method = call["method"]!.GetValue<string>();
        Func<JsonArray, string>? answer;
        lock (_methods)
        {
            _counts[method] = _counts.GetValueOrDefault(method) + 1;
            answer = _methods.GetValueOrDefault(method);
        }

        var text = answer?.Invoke(call["params"]!.AsArray()) ?? Error(-32601, "Method not found");
        var part = text.StartsWith("error:", StringComparison.Ordinal) ? $"\"error\":{text[6..]}" : $"\"result\":{text}";
        return $$"""{"jsonrpc":"2.0",{{part}},"id":{{call["id"]!.GetValue<int>()}}}""";
    }
}
