using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>A signature that a precompile verifies: the transaction fails where it does not hold. A program reads from the instructions what was verified.</summary>
/// <param name="Key">Ed25519 or P-256.</param>
/// <param name="Signature">64 bytes; of P-256 r · s with a low s, over the message's SHA-256, as <see cref="PrivateKey.Sign"/> makes it.</param>
/// <param name="Message">What was signed.</param>
public readonly record struct SignatureCheck(PublicKey Key, ReadOnlyMemory<byte> Signature, ReadOnlyMemory<byte> Message)
{
    private const ushort ThisInstruction = ushort.MaxValue;
    private const int OffsetsBytes = 14;

    /// <summary>
    /// The precompile's instruction for signatures of one type of key: count u8 · 0 · seven u16 a signature (where signature, key and message lie, each with the
    /// instruction that holds it) · for each signature key, signature, message.
    /// </summary>
    /// <exception cref="ArgumentException">No signature or more than 255, keys of several types or of another one, a signature that is not 64 bytes, or too much for a transaction.</exception>
    public static SolanaInstruction Instruction(params IReadOnlyList<SignatureCheck> checks)
    {
        if (checks.Count is 0 or > byte.MaxValue) throw new ArgumentException($"One to 255 signatures are verified at once, not {checks.Count}.", nameof(checks));
        var type = checks[0].Key.Type;
        if (checks.Any(c => c.Key.Type != type)) throw new ArgumentException("A precompile verifies signatures of one type of key: make an instruction for each.", nameof(checks));
        if (checks.Any(c => c.Signature.Length != SolanaSignature.Size)) throw new ArgumentException("A signature is 64 bytes.", nameof(checks));
        var program = type switch
        {
            KeyType.Ed25519 => SolanaPrograms.Ed25519,
            KeyType.P256 => SolanaPrograms.Secp256r1,
            _ => throw new ArgumentException($"No precompile here verifies {type} signatures: a program recovers those by syscall.", nameof(checks)),
        };

        var keys = checks.Select(c => KeyBytes(c.Key)).ToArray();
        var start = 2 + (OffsetsBytes * checks.Count);
        if (start + checks.Select((c, i) => (long)keys[i].Length + SolanaSignature.Size + c.Message.Length).Sum() > SolanaMessage.MaxTransactionBytes)
            throw new ArgumentException($"The signatures and their messages exceed a transaction of {SolanaMessage.MaxTransactionBytes} bytes.", nameof(checks));
        var data = new SolanaWriter().U8((byte)checks.Count).U8(0);
        for (var i = 0; i < checks.Count; i++)
        {
            var (signature, message) = ((ushort)(start + keys[i].Length), (ushort)(start + keys[i].Length + SolanaSignature.Size));
            data.U16(signature).U16(ThisInstruction).U16((ushort)start).U16(ThisInstruction).U16(message).U16((ushort)checks[i].Message.Length).U16(ThisInstruction);
            start = message + checks[i].Message.Length;
        }

        for (var i = 0; i < checks.Count; i++) data.Bytes(keys[i]).Bytes(checks[i].Signature.Span).Bytes(checks[i].Message.Span);
        return new(program, [], data.ToMemory());
    }

    // A P-256 key goes compressed (SEC 1 §2.3.3): 2 or 3 by the parity of y, and x.
    private static byte[] KeyBytes(PublicKey key) => key.Type == KeyType.P256 ? [(byte)(2 + (key.Bytes[63] & 1)), .. key.Bytes[..32]] : key.Bytes.ToArray();
}
