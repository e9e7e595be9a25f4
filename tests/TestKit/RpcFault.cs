using System.Text.Json.Nodes;

namespace DePin.TestKit;

/// <summary>How an <see cref="RpcProxy"/> answers a method. Where a batch holds calls with different faults, the first that concerns the whole request counts.</summary>
public abstract record RpcFault
{
    private RpcFault()
    {
    }

    /// <summary>The request is held until the fault is lifted, then treated as the proxy then stands.</summary>
    /// <param name="Deliver">True passes it on then even if the caller has given up: a transaction that arrives late.</param>
    public sealed record Stall(bool Deliver = false) : RpcFault;

    /// <summary>The answer comes later.</summary>
    /// <param name="By">By how much, wall clock.</param>
    public sealed record Delay(TimeSpan By) : RpcFault;

    /// <summary>The node seems that far behind: newest and finalized block, blocks, logs, state and receipts alike. What is sent to it is passed on.</summary>
    /// <param name="Blocks">Number of blocks.</param>
    public sealed record Lag(int Blocks) : RpcFault;

    /// <summary>Every <c>eth_getLogs</c> answer loses the logs after the first few, silently.</summary>
    /// <param name="Keep">Logs that are left.</param>
    public sealed record TruncateLogs(int Keep) : RpcFault;

    /// <summary>The node has the newest blocks but not their logs: <c>eth_getLogs</c> leaves them out, silently.</summary>
    /// <param name="Blocks">Number of newest blocks.</param>
    public sealed record HideNewestLogs(int Blocks) : RpcFault;

    /// <summary>An HTTP error without a body.</summary>
    /// <param name="Code">HTTP status, 429 or 503 say.</param>
    public sealed record Status(int Code) : RpcFault;

    /// <summary>HTTP 200 with a body that is cut off in the middle.</summary>
    public sealed record Garbage : RpcFault;

    /// <summary>The connection is closed without an answer.</summary>
    public sealed record Drop : RpcFault;

    /// <summary>The node lies.</summary>
    /// <param name="Tell">What it makes of the call and the true answer.</param>
    /// <param name="Ask">What it answers instead of the call; null = the call.</param>
    public sealed record Lie(Func<JsonObject, JsonNode, JsonNode> Tell, Func<JsonObject, JsonObject>? Ask = null) : RpcFault;

    /// <summary>The node answers so many calls a second, each of a batch for one, and refuses the request that has more: HTTP 429 with Retry-After.</summary>
    /// <param name="CallsPerSecond">Calls in any one second.</param>
    /// <param name="RetryAfter">Whole seconds, as the header has them. Until then everything is refused.</param>
    public sealed record Limit(int CallsPerSecond, TimeSpan RetryAfter) : RpcFault;

    /// <summary>The node refuses with a JSON-RPC error.</summary>
    /// <param name="Code">JSON-RPC error code.</param>
    /// <param name="Message">Its text.</param>
    public sealed record Refuse(int Code, string Message) : RpcFault;
}
