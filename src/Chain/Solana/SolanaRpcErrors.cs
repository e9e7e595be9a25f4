using System.Collections.Immutable;
using System.Text.Json;
using DePin.Chain.Rpc;

namespace DePin.Chain.Solana;

/// <summary>A Solana node refused.</summary>
public sealed class SolanaRpcException(string method, int code, string nodeMessage, RpcErrorKind kind) : RpcException(method, code, nodeMessage, kind)
{
    /// <summary>Why the transaction would fail, where a transaction was refused and the node tells.</summary>
    public SolanaTransactionError? TransactionError { get; init; }

    /// <summary>The logs of the simulation, where a transaction was refused.</summary>
    public ImmutableArray<string> Logs { get; init; } = [];

    /// <summary>How far the node is behind, in slots, where it tells.</summary>
    public ulong? SlotsBehind { get; init; }

    /// <summary>The slot that the node has reached, where a higher one was asked for.</summary>
    public ulong? ContextSlot { get; init; }
}

/// <summary>What Solana nodes mean by their refusals: the codes of Agave's rpc-client-api (custom_error.rs).</summary>
internal static class SolanaRpcErrors
{
    private const int LongestMessage = 500;

    /// <summary>The exception for a refusal. A node that lags is asked again, or another one.</summary>
    public static Exception Read(string method, RpcError error)
    {
        var kind = Classify(error.Code, error.Message);
        var data = error.Data is { ValueKind: JsonValueKind.Object } given ? given : default;
        var failure = new SolanaRpcException(method, error.Code, error.Message.Length > LongestMessage ? error.Message[..LongestMessage] : error.Message, kind)
        {
            TransactionError = kind == RpcErrorKind.TransactionRefused && data.ValueKind == JsonValueKind.Object && data.TryGetProperty("err", out var e) ? SolanaTransactionError.Read(e) : null,
            Logs = kind == RpcErrorKind.TransactionRefused && data.ValueKind == JsonValueKind.Object ? ReadLogs(data) : [],
            SlotsBehind = Number(data, "numSlotsBehind"),
            ContextSlot = Number(data, "contextSlot"),
        };
        return kind switch
        {
            RpcErrorKind.RateLimited => new TransientRpcException(failure.Message, null, "refuses as asked too often", failure),
            RpcErrorKind.NodeBehind when method != "getHealth" => new TransientRpcException(failure.Message, null, "is behind the cluster", failure),
            RpcErrorKind.MinimumContextSlotNotReached => new TransientRpcException(failure.Message, null, "has not reached the slot asked for", failure),
            _ => failure,
        };
    }

    private static RpcErrorKind Classify(int code, string message) => code switch
    {
        -32001 => RpcErrorKind.BlockCleanedUp,
        -32002 => RpcErrorKind.TransactionRefused,
        -32003 or -32013 => RpcErrorKind.BadSignature,
        -32004 or -32014 => RpcErrorKind.BlockNotAvailable,
        -32005 => RpcErrorKind.NodeBehind,
        -32007 or -32009 => RpcErrorKind.SlotSkipped,
        -32006 or -32008 or -32010 or -32011 or -32600 or -32601 => RpcErrorKind.Unsupported,
        -32012 => RpcErrorKind.RangeTooLarge,
        -32015 => RpcErrorKind.UnsupportedTransactionVersion,
        -32016 => RpcErrorKind.MinimumContextSlotNotReached,
        429 or -32029 or -32429 => RpcErrorKind.RateLimited,
        _ when Has(message, "rate limit") || Has(message, "too many requests") || Has(message, "request limit") => RpcErrorKind.RateLimited,
        _ when Has(message, "too many accounts") || Has(message, "range") && Has(message, "slot") => RpcErrorKind.RangeTooLarge,
        _ => RpcErrorKind.Other,
    };

    private static ImmutableArray<string> ReadLogs(JsonElement data) =>
        data.TryGetProperty("logs", out var logs) && logs.ValueKind == JsonValueKind.Array
            ? [.. logs.EnumerateArray().Where(l => l.ValueKind == JsonValueKind.String).Select(l => l.GetString()!)]
            : [];

    private static ulong? Number(JsonElement data, string name) =>
        data.ValueKind == JsonValueKind.Object && data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out var number) ? number : null;

    private static bool Has(string message, string words) => message.Contains(words, StringComparison.OrdinalIgnoreCase);
}
