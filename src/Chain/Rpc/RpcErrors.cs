using System.Globalization;
using System.Text.Json;

namespace DePin.Chain.Rpc;

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

    /// <summary>Solana: no block was made in that slot, or none that is kept.</summary>
    SlotSkipped,

    /// <summary>Solana: the slot's block is not there yet.</summary>
    BlockNotAvailable,

    /// <summary>Solana: the node has thrown that block away; an archive may have it.</summary>
    BlockCleanedUp,

    /// <summary>Solana: the node is far behind the cluster.</summary>
    NodeBehind,

    /// <summary>Solana: the node has not reached the least slot that was asked for.</summary>
    MinimumContextSlotNotReached,

    /// <summary>Solana: the transaction would fail, or cannot be included.</summary>
    TransactionRefused,

    /// <summary>Solana: the transaction lacks signatures, or they are wrong.</summary>
    BadSignature,

    /// <summary>Solana: a transaction of a newer version than was asked for.</summary>
    UnsupportedTransactionVersion,

    /// <summary>The node does not do this, or does not do it in this form.</summary>
    Unsupported,
}

/// <summary>A refusal as it came: JSON-RPC's code, the node's words (at most 65,536 characters), and what else it gave.</summary>
internal readonly record struct RpcError(int Code, string Message, JsonElement? Data);

/// <summary>What a chain's nodes mean by a refusal: the exception to throw. A <see cref="TransientRpcException"/> is asked again, elsewhere if possible.</summary>
internal delegate Exception RpcErrorReader(string method, RpcError error);

/// <summary>No end point answered. The message names hosts and what each did, never paths or keys of URLs.</summary>
public sealed class RpcUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The node answered with an error.</summary>
public class RpcException(string method, int code, string nodeMessage, RpcErrorKind kind, byte[]? revertData = null)
    : Exception($"{method} failed: {nodeMessage} (code {code.ToString(CultureInfo.InvariantCulture)})")
{
    /// <summary>JSON-RPC's code.</summary>
    public int Code { get; } = code;

    /// <summary>The node's words.</summary>
    public string NodeMessage { get; } = nodeMessage;

    /// <summary>What a call reverted with, if it did and the node tells.</summary>
    public byte[]? RevertData { get; } = revertData;

    /// <summary>What it means.</summary>
    public RpcErrorKind Kind { get; } = kind;
}
