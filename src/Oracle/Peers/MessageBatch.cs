using DePin.Protocol.Canonical;
using DePin.Protocol.Rounds;

namespace DePin.Oracle.Peers;

/// <summary>Signed messages in one request: count u16 · signed messages.</summary>
public static class MessageBatch
{
    /// <summary>Most messages in one request.</summary>
    public const int MaxMessages = 512;

    /// <summary>Most bytes of a request: one message of full size with others beside it.</summary>
    public const int MaxSize = SignedMessage.MaxSize + (260 << 10);

    /// <summary>The bytes.</summary>
    public static byte[] Encode(IReadOnlyCollection<SignedMessage> messages)
    {
        var writer = new CanonicalWriter(2 + messages.Sum(static message => message.EncodedSize));
        writer.U16((ushort)messages.Count);
        foreach (var message in messages) message.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads exactly a batch: headers only, bodies stay unread.</summary>
    /// <exception cref="CanonicalFormatException">Other bytes.</exception>
    public static List<SignedMessage> Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "batch of round messages");
        var count = reader.U16();
        if (count is 0 or > MaxMessages) throw reader.Wrong($"1 to {MaxMessages} messages are taken at once, not {count}");
        var messages = new List<SignedMessage>(count);
        for (var i = 0; i < count; i++) messages.Add(SignedMessage.Read(ref reader));
        reader.End();
        return messages;
    }
}
