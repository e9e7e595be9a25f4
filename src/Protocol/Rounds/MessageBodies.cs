using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Lanes;

namespace DePin.Protocol.Rounds;

/// <summary>Body of an observation: the highest certified batch of each lane that the sender holds, with its certificate.</summary>
public sealed record ObservationBody(ImmutableArray<CertifiedLane> Lanes)
{
    /// <summary>The heights alone.</summary>
    public Cut Cut => new([.. Lanes.Select(static lane => lane.Height)]);

    /// <summary>The bytes.</summary>
    public byte[] Encode()
    {
        var writer = new CanonicalWriter(2_048);
        Cut.Write(writer);
        foreach (var lane in Lanes) lane.Certificate?.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads exactly a body; certificates are not verified.</summary>
    /// <exception cref="CanonicalFormatException">Other bytes.</exception>
    public static ObservationBody Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "observation");
        var cut = Cut.Read(ref reader);
        var lanes = ImmutableArray.CreateBuilder<CertifiedLane>(cut.Lanes.Length);
        foreach (var height in cut.Lanes)
            lanes.Add(new CertifiedLane(height.Operator, height.Height == 0 ? null : Certificate.Read(ref reader, height)));
        reader.End();
        return new ObservationBody(lanes.MoveToImmutable());
    }

    /// <summary>
    /// Whether the lanes are the set's and every certificate is good. <paramref name="known"/> holds certificates found good before, and gets
    /// new ones, so that the same certificate in q observations is judged once.
    /// </summary>
    public bool Verify(NetworkId network, OperatorSet operators, ProtocolSignatureVerifier verify, ISet<Certificate>? known = null)
    {
        if (Lanes.Length != operators.Count) return false;
        for (var i = 0; i < Lanes.Length; i++)
        {
            if (Lanes[i].Operator != operators[i].Address) return false;
            if (Lanes[i].Certificate is not { } certificate || known?.Contains(certificate) == true) continue;
            if (!certificate.Verify(network, operators, verify)) return false;
            known?.Add(certificate);
        }
        return true;
    }
}

/// <summary>
/// Body of a proposal: the value and why it may be proposed. Fresh: q observations of the proposal's view, whose union is the cut.
/// Re-proposal: q prepares of an earlier view for the same value.
/// </summary>
/// <param name="Value">What is proposed.</param>
/// <param name="PrepareView">View of the prepares; null for a fresh proposal.</param>
/// <param name="Grounds">Observations or prepares, strictly ascending by sender.</param>
public sealed record ProposalBody(RoundValue Value, uint? PrepareView, ImmutableArray<SignedMessage> Grounds)
{
    /// <summary>The bytes.</summary>
    public byte[] Encode()
    {
        var writer = new CanonicalWriter(4_096);
        Value.Write(writer);
        if (PrepareView is { } view) writer.U8(1).U32(view);
        else writer.U8(0);
        MessageList.Write(writer, Grounds);
        return writer.ToArray();
    }

    /// <summary>Reads exactly a body; nothing in it is verified.</summary>
    /// <exception cref="CanonicalFormatException">Other bytes.</exception>
    public static ProposalBody Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "proposal");
        var value = RoundValue.Read(ref reader);
        var flag = reader.U8();
        if (flag > 1) throw reader.Wrong($"the flag is 0 or 1, not {flag}");
        uint? view = flag == 1 ? reader.U32() : null;
        var grounds = MessageList.Read(ref reader);
        reader.End();
        return new ProposalBody(value, view, grounds);
    }
}

/// <summary>Body of a decision: the value and q commits of one view for it.</summary>
public sealed record DecisionBody(RoundValue Value, ImmutableArray<SignedMessage> Commits)
{
    /// <summary>The bytes.</summary>
    public byte[] Encode()
    {
        var writer = new CanonicalWriter(4_096);
        Value.Write(writer);
        MessageList.Write(writer, Commits);
        return writer.ToArray();
    }

    /// <summary>Reads exactly a body; nothing in it is verified.</summary>
    /// <exception cref="CanonicalFormatException">Other bytes.</exception>
    public static DecisionBody Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "decision");
        var body = new DecisionBody(RoundValue.Read(ref reader), MessageList.Read(ref reader));
        reader.End();
        return body;
    }
}

/// <summary>count u8 · signed messages, strictly ascending by sender.</summary>
internal static class MessageList
{
    public static void Write(CanonicalWriter writer, ImmutableArray<SignedMessage> messages)
    {
        writer.U8((byte)messages.Length);
        foreach (var message in messages) message.Write(writer);
    }

    public static ImmutableArray<SignedMessage> Read(ref CanonicalReader reader)
    {
        var count = reader.U8();
        if (count is 0 or > Quorum.MaxOperators) throw reader.Wrong($"1 to {Quorum.MaxOperators} messages are expected, not {count}");
        var messages = ImmutableArray.CreateBuilder<SignedMessage>(count);
        for (var i = 0; i < count; i++)
        {
            var message = SignedMessage.Read(ref reader);
            if (i > 0 && messages[i - 1].Sender >= message.Sender) throw reader.Wrong("the messages are not strictly ascending by sender");
            messages.Add(message);
        }
        return messages.MoveToImmutable();
    }

    /// <summary>Whether these are q good messages of one kind, instance, view and value.</summary>
    public static bool IsQuorum(ImmutableArray<SignedMessage> messages, RoundInstance instance, uint view, MessageKind kind, Bytes32 value,
        OperatorSet operators, ProtocolSignatureVerifier verify)
    {
        if (messages.Length != operators.Quorum.Size) return false;
        foreach (var message in messages)
        {
            if (message.Instance != instance || message.View != view || message.Kind != kind || message.ValueDigest != value) return false;
        }
        foreach (var message in messages)
        {
            if (!message.Verify(operators, verify)) return false;
        }
        return true;
    }
}
