using DePin.Abi.Solana;

namespace DePin.Chain.Solana;

/// <summary>What to do in one transaction.</summary>
/// <param name="Instructions">Without compute budget and nonce, which the sender adds.</param>
public sealed record SolanaTransactionRequest(params IReadOnlyList<SolanaInstruction> Instructions)
{
    /// <summary>Who signs beside the payer.</summary>
    public IReadOnlyList<Cryptography.PrivateKey> Signers { get; init; } = [];

    /// <summary>Lookup tables to take accounts from, which makes it a v0 transaction; null = a legacy one.</summary>
    public IReadOnlyList<SolanaLookupTable>? Tables { get; init; }

    /// <summary>Compute units; null = simulated, which also finds out whether a program would refuse.</summary>
    public uint? Units { get; init; }

    /// <summary>Price in millionths of a lamport a unit; null = by the policy.</summary>
    public ulong? Price { get; init; }

    /// <summary>A nonce account whose value to spend in place of a blockhash: the transaction then never expires by itself.</summary>
    public SolanaAddress? Nonce { get; init; }
}

/// <summary>A signed transaction and how long it may be included. Store <see cref="Bytes"/> and <see cref="LastValidHeight"/> before sending: after a restart the same bytes may be sent again at no risk.</summary>
/// <param name="Transaction">Complete.</param>
/// <param name="LastValidHeight">The last block height at which it may be included; <see cref="ulong.MaxValue"/> where it spends a durable nonce.</param>
public sealed record SignedSolanaTransaction(SolanaTransaction Transaction, ulong LastValidHeight)
{
    /// <summary>Its id, known before it is sent.</summary>
    public TransactionId Id { get; } = new(Transaction.Id?.ToString() ?? throw new ArgumentException("The payer has not signed the transaction.", nameof(Transaction)));

    /// <summary>The wire form.</summary>
    public ReadOnlyMemory<byte> Bytes { get; } = Transaction.Encode();

    /// <summary>The nonce account whose value it spends; null where it lives by a blockhash.</summary>
    public SolanaAddress? Nonce => LastValidHeight == ulong.MaxValue ? Transaction.Message.NonceAccount : null;

    /// <summary>As the chain-neutral store takes it.</summary>
    public SignedTransaction ToNeutral(ChainId chain) => new(chain, Id, LastValidHeight, Bytes);

    /// <summary>Back from the store.</summary>
    /// <exception cref="ArgumentException">It is no complete Solana transaction, or one with another id.</exception>
    public static SignedSolanaTransaction From(SignedTransaction stored)
    {
        SolanaTransaction transaction;
        try
        {
            transaction = SolanaTransaction.Decode(stored.Bytes.Span);
        }
        catch (FormatException e)
        {
            throw new ArgumentException($"{stored.Id} is not a Solana transaction: {e.Message}", nameof(stored), e);
        }

        if (!transaction.IsComplete || transaction.Id?.ToString() != stored.Id.Text) throw new ArgumentException($"The bytes stored for {stored.Id} are another transaction, or lack signatures.", nameof(stored));
        return new SignedSolanaTransaction(transaction, stored.Sequence);
    }
}

/// <summary>A transaction that was included.</summary>
public sealed record SolanaReceipt(SignedSolanaTransaction Transaction, ulong Slot, SolanaTransactionError? Error);

/// <summary>A transaction can no longer be included: its blockhash is too old, or its nonce was advanced without it. It did nothing.</summary>
public sealed class SolanaTransactionExpiredException(string message) : Exception(message);
