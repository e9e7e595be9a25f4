using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>What an account of the system program holds that is a durable nonce.</summary>
/// <param name="Authority">Who may spend its value.</param>
/// <param name="Value">The lifetime of the next transaction that spends it.</param>
/// <param name="LamportsPerSignature">The fee at the time when the value was made.</param>
public sealed record DurableNonce(SolanaAddress Authority, Bytes32 Value, ulong LamportsPerSignature)
{
    /// <summary>Bytes of the account.</summary>
    public const int Size = 80;

    /// <summary>Reads an account's data: version u32 (1; 0 before 2022, whose values no longer count) · state u32 (1) · authority · value · lamports u64.</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static DurableNonce Decode(ReadOnlySpan<byte> data)
    {
        if (data.Length != Size) throw new FormatException($"A nonce account has {Size} bytes, not {data.Length}.");
        var reader = new SolanaReader(data, "The nonce account");
        var (version, state) = (reader.U32("version"), reader.U32("state"));
        if (state != 1) throw new FormatException(state == 0 ? "The nonce account is not initialised." : $"The nonce account has the state {state}, which is none.");
        if (version != 1) throw new FormatException($"The nonce account is of version {version}, and only version 1 can be spent: upgrade it, or make a new one.");
        return new(reader.Address("authority"), reader.Hash("value"), reader.U64("fee"));
    }
}
