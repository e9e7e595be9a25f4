using System.Globalization;

namespace DePin.Chain.Evm;

/// <summary>What a node's refusal means, as far as its words tell.</summary>
public enum RpcErrorKind
{
    /// <summary>None of the others.</summary>
    Other,

    /// <summary>The node wants to be asked less often.</summary>
    RateLimited,

    /// <summary>The range of blocks or the answer is too large; ask for less.</summary>
    RangeTooLarge,

    /// <summary>The node does not have that block.</summary>
    UnknownBlock,

    /// <summary>The nonce is used already.</summary>
    NonceTooLow,

    /// <summary>The node has this very transaction.</summary>
    AlreadyKnown,

    /// <summary>Another transaction with this nonce waits; the fee does not outbid it.</summary>
    ReplacementUnderpriced,

    /// <summary>The fee is too low for the next block or the pool.</summary>
    Underpriced,

    /// <summary>The sender cannot pay.</summary>
    InsufficientFunds,

    /// <summary>The contract refused the call.</summary>
    Reverted,
}

/// <summary>No end point answered. The message names hosts and what each did, never paths or keys of URLs.</summary>
public sealed class RpcUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The node answered with an error.</summary>
public class RpcException(string method, int code, string nodeMessage, byte[]? data) : Exception($"{method} failed: {nodeMessage} (code {code.ToString(CultureInfo.InvariantCulture)})")
{
    /// <summary>JSON-RPC's code.</summary>
    public int Code { get; } = code;

    /// <summary>The node's words.</summary>
    public string NodeMessage { get; } = nodeMessage;

    /// <summary>What a call reverted with, if it did and the node tells.</summary>
    public byte[]? RevertData { get; } = data;

    /// <summary>What it means.</summary>
    public RpcErrorKind Kind { get; } = Classify(code, nodeMessage, data);

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
