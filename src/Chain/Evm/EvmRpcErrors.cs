using System.Text.Json;
using DePin.Abi;
using DePin.Chain.Rpc;

namespace DePin.Chain.Evm;

/// <summary>What EVM nodes mean by their refusals, as far as code and words tell.</summary>
internal static class EvmRpcErrors
{
    private const int LongestMessage = 500;

    /// <summary>The exception for a refusal.</summary>
    public static Exception Read(string method, RpcError error)
    {
        var data = RevertData(error.Data);
        var kind = Classify(error.Code, error.Message, data);
        var failure = new RpcException(method, error.Code, error.Message.Length > LongestMessage ? error.Message[..LongestMessage] : error.Message, kind, data);
        return kind == RpcErrorKind.RateLimited ? new TransientRpcException(failure.Message, null, "refuses as asked too often") : failure;
    }

    // Some nodes wrap the bytes once more.
    private static byte[]? RevertData(JsonElement? given)
    {
        if (given is not { } data) return null;
        if (data.ValueKind == JsonValueKind.Object && data.TryGetProperty("data", out var inner)) data = inner;
        return data.ValueKind == JsonValueKind.String && data.GetString() is { } text && text.StartsWith("0x", StringComparison.Ordinal) && Hex.TryParse(text, out var bytes) ? bytes : null;
    }

    private static RpcErrorKind Classify(int code, string message, byte[]? data)
    {
        if (code == 3 || data is { Length: >= 4 } || Has("execution reverted")) return RpcErrorKind.Reverted;
        if (Has("nonce too low") || Has("nonce is too low") || Has("old nonce")) return RpcErrorKind.NonceTooLow;
        if (Has("already known") || Has("known transaction") || Has("already imported") || Has("already exists")) return RpcErrorKind.AlreadyKnown;
        if (Has("replacement transaction underpriced") || Has("could not replace")) return RpcErrorKind.ReplacementUnderpriced;
        if (Has("underpriced") || Has("max fee per gas less than block base fee") || Has("fee cap")) return RpcErrorKind.Underpriced;
        if (Has("insufficient funds")) return RpcErrorKind.InsufficientFunds;
        if (Has("block range") || Has("range is too large") || Has("range too large") || Has("query returned more than") || Has("response size") || Has("too many results")
            || Has("limit the query") || Has("exceeds the range") || Has("exceed maximum block range")) return RpcErrorKind.RangeTooLarge;
        if (Has("unknown block") || Has("block not found") || Has("header not found") || Has("not canonical") || Has("could not find block")) return RpcErrorKind.UnknownBlock;
        if (code is -32005 or -32029 or 429 || Has("rate limit") || Has("too many requests") || Has("request limit") || Has("capacity")) return RpcErrorKind.RateLimited;
        return RpcErrorKind.Other;

        bool Has(string words) => message.Contains(words, StringComparison.OrdinalIgnoreCase);
    }
}
