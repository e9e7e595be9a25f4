using System.Globalization;
using System.Text.Json.Nodes;

namespace DePin.TestKit;

/// <summary>Makes of a node's answers those of one that is some blocks behind: it has no later blocks, no logs, receipts or state of them.</summary>
internal static class LaggingNode
{
    private static readonly Dictionary<string, int> BlockParameter = new()
    {
        ["eth_getBlockByNumber"] = 0,
        ["eth_call"] = 1,
        ["eth_estimateGas"] = 1,
        ["eth_getBalance"] = 1,
        ["eth_getTransactionCount"] = 1,
        ["eth_getCode"] = 1,
        ["eth_feeHistory"] = 1,
        ["eth_getStorageAt"] = 2,
    };

    /// <summary>Answers one call as of <paramref name="behind"/> blocks ago.</summary>
    public static async Task<JsonNode> AnswerAsync(JsonObject call, int behind, Func<JsonObject, Task<JsonNode>> ask)
    {
        var tip = Math.Max(0, await TipAsync(ask).ConfigureAwait(false) - behind);
        var method = RpcProxy.MethodOf(call);
        if (method == "eth_blockNumber") return RpcProxy.Wrap(call, "result", Hex(tip));
        if (method == "eth_getLogs") return await LogsAsync(call, tip, ask).ConfigureAwait(false);
        if (BlockParameter.TryGetValue(method, out var place))
        {
            var asked = await MoveAsync(call, place, tip, behind, ask).ConfigureAwait(false);
            if (asked is null) return RpcProxy.Wrap(call, "result", null);
            return await ask(asked).ConfigureAwait(false);
        }

        var answer = await ask(call).ConfigureAwait(false);
        var block = method is "eth_getBlockByHash" ? "number" : "blockNumber";
        if (answer["result"] is JsonObject result && result[block] is { } number && Number(number) > tip) answer["result"] = null;
        return answer;
    }

    /// <summary>The node's newest block.</summary>
    public static async Task<long> TipAsync(Func<JsonObject, Task<JsonNode>> ask) =>
        Number((await ask(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "eth_blockNumber", ["params"] = new JsonArray() }).ConfigureAwait(false))["result"]);

    /// <summary>A quantity.</summary>
    public static long Number(JsonNode? hex) => long.Parse(hex!.GetValue<string>().AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Hex(long number) => "0x" + number.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>The call with its block moved back; null where it asks for a block that the node has not yet.</summary>
    private static async Task<JsonObject?> MoveAsync(JsonObject call, int place, long tip, int behind, Func<JsonObject, Task<JsonNode>> ask)
    {
        var moved = call.DeepClone().AsObject();
        var parameters = moved["params"]!.AsArray();
        while (parameters.Count <= place) parameters.Add("latest");
        switch (parameters[place])
        {
            case JsonValue value when value.GetValue<string>() is "latest" or "pending" or "safe":
                parameters[place] = Hex(tip);
                return moved;
            case JsonValue value when value.GetValue<string>() is "finalized":
                var final = await ask(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "eth_getBlockByNumber", ["params"] = new JsonArray("finalized", false) }).ConfigureAwait(false);
                parameters[place] = Hex(Math.Max(0, Number(final["result"]!["number"]) - behind));
                return moved;
            case JsonValue value when value.GetValue<string>().StartsWith("0x", StringComparison.Ordinal):
                return Number(value) > tip ? null : moved;
            default:
                return moved;
        }
    }

    private static async Task<JsonNode> LogsAsync(JsonObject call, long tip, Func<JsonObject, Task<JsonNode>> ask)
    {
        var answer = await ask(call).ConfigureAwait(false);
        if (answer["result"] is not JsonArray logs) return answer;
        if (call["params"]![0]!["blockHash"] is { } hash)
        {
            var block = await ask(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "eth_getBlockByHash", ["params"] = new JsonArray(hash.DeepClone(), false) }).ConfigureAwait(false);
            return block["result"] is JsonObject known && Number(known["number"]) <= tip
                ? answer
                : RpcProxy.Wrap(call, "error", new JsonObject { ["code"] = -32000, ["message"] = "unknown block" });
        }

        answer["result"] = new JsonArray([.. logs.Where(log => Number(log!["blockNumber"]) <= tip).Select(log => log!.DeepClone())]);
        return answer;
    }
}
