using System.Diagnostics.CodeAnalysis;
using DePin.Abi;
using DePin.Cryptography;

namespace DePin.Chain.Evm;

/// <summary>
/// A transaction before it is signed: EIP-1559, or legacy with EIP-155 replay protection where <see cref="GasPrice"/> is set.
/// </summary>
public sealed record EvmTransaction
{
    /// <summary>EIP-155 chain id.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>The sender's count of transactions before it.</summary>
    public required ulong Nonce { get; init; }

    /// <summary>The receiver; null creates a contract.</summary>
    public Address? To { get; init; }

    /// <summary>Wei sent along.</summary>
    public UInt256 Value { get; init; }

    /// <summary>Call data or creation code.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Most units of gas.</summary>
    public required ulong Gas { get; init; }

    /// <summary>Most wei a unit, base fee included.</summary>
    public UInt256 MaxFeePerGas { get; init; }

    /// <summary>Most wei a unit for the block's producer.</summary>
    public UInt256 MaxPriorityFeePerGas { get; init; }

    /// <summary>Wei a unit of a legacy transaction; null = EIP-1559.</summary>
    public UInt256? GasPrice { get; init; }

    /// <summary>The hash that is signed.</summary>
    public Bytes32 SigningHash() => Keccak256.Hash(Encode(null));

    /// <summary>Signs it.</summary>
    public SignedEvmTransaction Sign(PrivateKey key) => With(key.SignDigest(SigningHash()));

    /// <summary>The transaction with a signature of <see cref="SigningHash"/>.</summary>
    public SignedEvmTransaction With(CompactSignature signature)
    {
        var raw = Encode(signature);
        return new SignedEvmTransaction(this, Keccak256.Hash(raw), raw);
    }

    /// <summary>What <see cref="SigningHash"/> hashes.</summary>
    public byte[] EncodeUnsigned() => Encode(null);

    /// <summary>Reads what <see cref="EncodeUnsigned"/> made; false for anything else, so that what was read is what is signed.</summary>
    public static bool TryParseUnsigned(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out EvmTransaction? transaction)
    {
        transaction = null;
        var legacy = bytes.Length > 0 && bytes[0] >= 0xc0;
        if (bytes.Length < 2 || (!legacy && bytes[0] != 2)) return false;
        if (!RlpItem.TryDecode(legacy ? bytes : bytes[1..], out var item) || item!.Items is not { Count: 9 } items) return false;
        if (Read([.. items.Select(i => i.Bytes ?? [])], legacy) is not { } parsed) return false;
        if (!parsed.EncodeUnsigned().AsSpan().SequenceEqual(bytes)) return false;
        transaction = parsed;
        return true;
    }

    // The fields that the unsigned and the signed form share, in the order of the list; null where one is too long. Of a legacy list, what stands where an unsigned
    // one has its chain's id is read as that.
    internal static EvmTransaction? Read(byte[][] fields, bool legacy)
    {
        // Nonce and gas, and the chain's id: 8 bytes. Prices and value: 32. Receiver: 20 or none. Of a signed list r and s come after: 32 each.
        ReadOnlySpan<int> most = legacy ? [8, 32, 8, 20, 32, int.MaxValue, 8] : [8, 8, 32, 32, 8, 20, 32, int.MaxValue, 0];
        for (var i = 0; i < most.Length; i++)
        {
            if (fields[i].Length > most[i]) return null;
        }

        var to = legacy ? fields[3] : fields[5];
        if (to.Length is not (0 or 20)) return null;
        var receiver = to.Length == 0 ? (Address?)null : new Address(to);
        return legacy
            ? new EvmTransaction { ChainId = (ulong)Number(fields[6]), Nonce = (ulong)Number(fields[0]), GasPrice = Number(fields[1]), Gas = (ulong)Number(fields[2]), To = receiver, Value = Number(fields[4]), Data = fields[5] }
            : new EvmTransaction
            {
                ChainId = (ulong)Number(fields[0]),
                Nonce = (ulong)Number(fields[1]),
                MaxPriorityFeePerGas = Number(fields[2]),
                MaxFeePerGas = Number(fields[3]),
                Gas = (ulong)Number(fields[4]),
                To = receiver,
                Value = Number(fields[6]),
                Data = fields[7],
            };
    }

    private byte[] Encode(CompactSignature? signature)
    {
        var rlp = new RlpWriter();
        if (GasPrice is { } gasPrice)
        {
            rlp.Number(Nonce).Number(gasPrice).Number(Gas);
            WriteTarget(rlp);
            if (signature is { } s) rlp.Number(checked((2 * ChainId) + 35 + (ulong)s.YParity)).Number(Word(s.R)).Number(Word(s.S));
            else rlp.Number(ChainId).Number(0UL).Number(0UL);
            return rlp.ToArray();
        }

        rlp.Number(ChainId).Number(Nonce).Number(MaxPriorityFeePerGas).Number(MaxFeePerGas).Number(Gas);
        WriteTarget(rlp);
        rlp.List(new RlpWriter());
        if (signature is { } t) rlp.Number((ulong)t.YParity).Number(Word(t.R)).Number(Word(t.S));
        return rlp.ToArray([2]);
    }

    private void WriteTarget(RlpWriter rlp) => rlp.Bytes(To is { } to ? to.AsSpan() : default).Number(Value).Bytes(Data.Span);

    private static UInt256 Word(Bytes32 word) => new(word.AsSpan());

    private static UInt256 Number(byte[] bytes) => new(Bytes32.LeftPad(bytes).AsSpan());
}

/// <summary>A signed transaction: its hash is known before it is sent, its bytes may be sent again at no risk.</summary>
public sealed record SignedEvmTransaction(EvmTransaction Transaction, Bytes32 Hash, byte[] Raw)
{
    /// <summary>Reads what <see cref="EvmTransaction.Sign"/> made; false for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> raw, out SignedEvmTransaction? transaction)
    {
        transaction = null;
        var legacy = raw.Length > 0 && raw[0] >= 0xc0;
        if (raw.Length < 2 || (!legacy && raw[0] != 2)) return false;
        if (!RlpItem.TryDecode(legacy ? raw : raw[1..], out var item) || item!.Items is not { } items || items.Count != (legacy ? 9 : 12)) return false;
        byte[][] fields = [.. items.Select(i => i.Bytes ?? [])];
        if (fields.Skip(legacy ? 7 : 9).Any(f => f.Length > 32) || EvmTransaction.Read(fields, legacy) is not { } parsed) return false;
        if (legacy) parsed = parsed with { ChainId = (parsed.ChainId - 35) / 2 }; // it was EIP-155's v
        transaction = new SignedEvmTransaction(parsed, Keccak256.Hash(raw), raw.ToArray());
        return true;
    }
}
