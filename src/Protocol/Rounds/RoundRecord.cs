using System.Collections.Immutable;
using DePin.Protocol.Canonical;

namespace DePin.Protocol.Rounds;

/// <summary>
/// An entry of an instance's durable log. The log, in order, makes the machine again after a restart. Encoded as kind u8 · fields.
/// </summary>
public abstract record RoundRecord
{
    private RoundRecord()
    {
    }

    /// <summary>A message that this operator signed; it is durable before anybody gets it.</summary>
    public sealed record OwnMessage(SignedMessage Message) : RoundRecord;

    /// <summary>The value that this operator committed to in a view, with the q prepares that let it.</summary>
    public sealed record Lock(uint View, RoundValue Value, ImmutableArray<SignedMessage> Prepares) : RoundRecord;

    /// <summary>A view was entered because q operators committed in the one before; peers that are still there are shown these commits.</summary>
    public sealed record ViewEntered(uint View, ImmutableArray<SignedMessage> Commits) : RoundRecord;

    /// <summary>The value was decided by these q commits.</summary>
    public sealed record Decision(RoundValue Value, ImmutableArray<SignedMessage> Commits) : RoundRecord;

    /// <summary>This operator sits the instance out: the message is its own and is not in the log.</summary>
    public sealed record SatOut(SignedMessage Shown) : RoundRecord;

    /// <summary>The bytes.</summary>
    public byte[] Encode()
    {
        var writer = new CanonicalWriter(512);
        switch (this)
        {
            case OwnMessage own:
                writer.U8(1);
                own.Message.Write(writer);
                break;
            case Lock locked:
                writer.U8(2).U32(locked.View);
                locked.Value.Write(writer);
                MessageList.Write(writer, locked.Prepares);
                break;
            case ViewEntered entered:
                writer.U8(3).U32(entered.View);
                MessageList.Write(writer, entered.Commits);
                break;
            case Decision decision:
                writer.U8(4);
                decision.Value.Write(writer);
                MessageList.Write(writer, decision.Commits);
                break;
            case SatOut satOut:
                writer.U8(5);
                satOut.Shown.Write(writer);
                break;
        }
        return writer.ToArray();
    }

    /// <summary>Reads exactly a record.</summary>
    /// <exception cref="CanonicalFormatException">Other bytes.</exception>
    public static RoundRecord Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "round record");
        RoundRecord record = reader.U8() switch
        {
            1 => new OwnMessage(SignedMessage.Read(ref reader)),
            2 => new Lock(reader.U32(), RoundValue.Read(ref reader), MessageList.Read(ref reader)),
            3 => new ViewEntered(reader.U32(), MessageList.Read(ref reader)),
            4 => new Decision(RoundValue.Read(ref reader), MessageList.Read(ref reader)),
            5 => new SatOut(SignedMessage.Read(ref reader)),
            var kind => throw reader.Wrong($"{kind} is no kind of record"),
        };
        reader.End();
        return record;
    }
}
