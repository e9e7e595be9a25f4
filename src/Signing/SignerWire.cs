using System.Buffers.Binary;

namespace DePin.Signing;

/// <summary>What a request asks for.</summary>
public enum SignerRequest : byte
{
    /// <summary>Body empty; answered with network id 32 · report address 20 · protocol key 32 · kind of chain u8 · account 32.</summary>
    Hello = 1,

    /// <summary>Body: a report, 348 bytes; answered with a signature of 64.</summary>
    Report = 2,

    /// <summary>Body: a receipt, an acknowledgement or a round message; answered with a signature of 64.</summary>
    Protocol = 3,

    /// <summary>Body: an unsigned transaction of an EVM chain, or a Solana message; answered with a signature of 64.</summary>
    Transaction = 4,
}

/// <summary>
/// The signer's protocol, version 2 (in version 1 the account was an EVM address of 20 bytes, without a kind). Request: length u32 · version u8 · kind u8 · body. Answer: length u32 · refusal u16 · body; after 0 the body is what was asked for, else
/// earlier vote (length u32 · bytes, empty where there is none) · reason in UTF-8. The length counts what follows it. Requests of one connection are answered in
/// their order.
/// </summary>
public static class SignerWire
{
    /// <summary>The version.</summary>
    public const byte Version = 2;

    /// <summary>Most bytes after the length: a round message of 1 MiB and its head.</summary>
    public const int MaxFrame = (1 << 20) + 64;

    /// <summary>A request with its length.</summary>
    public static byte[] Encode(SignerRequest kind, ReadOnlySpan<byte> body)
    {
        var frame = new byte[6 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, 2 + body.Length);
        frame[4] = Version;
        frame[5] = (byte)kind;
        body.CopyTo(frame.AsSpan(6));
        return frame;
    }

    /// <summary>An answer with its length.</summary>
    public static byte[] Encode(SigningAnswer answer)
    {
        if (answer.Refusal == SigningRefusal.None) return Answer(SigningRefusal.None, answer.Signature, []);
        var earlier = new byte[4 + answer.Earlier.Length];
        BinaryPrimitives.WriteInt32BigEndian(earlier, answer.Earlier.Length);
        answer.Earlier.CopyTo(earlier, 4);
        return Answer(answer.Refusal, earlier, System.Text.Encoding.UTF8.GetBytes(answer.Why));
    }

    /// <summary>Reads an answer without its length.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static SigningAnswer ReadAnswer(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 2) throw new InvalidDataException("The signer's answer is too short.");
        var refusal = (SigningRefusal)BinaryPrimitives.ReadUInt16BigEndian(frame);
        var body = frame[2..];
        if (refusal == SigningRefusal.None) return SigningAnswer.Made(body.ToArray());
        if (body.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(body) is var length && length > (uint)(body.Length - 4)) throw new InvalidDataException("The signer's refusal is cut off.");
        return new SigningAnswer(refusal, [], System.Text.Encoding.UTF8.GetString(body[(4 + (int)length)..]), body.Slice(4, (int)length).ToArray());
    }

    private static byte[] Answer(SigningRefusal refusal, byte[] first, byte[] second)
    {
        var frame = new byte[6 + first.Length + second.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(4), (ushort)refusal);
        first.CopyTo(frame, 6);
        second.CopyTo(frame, 6 + first.Length);
        return frame;
    }
}
