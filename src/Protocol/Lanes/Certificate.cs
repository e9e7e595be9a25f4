using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Rounds;

namespace DePin.Protocol.Lanes;

/// <summary>One acknowledgement inside a certificate, by position in the config.</summary>
public readonly record struct CertificateSignature(byte Sender, ProtocolSignature Signature);

/// <summary>
/// q acknowledgements of distinct operators for one batch. At least f+1 honest operators hold it and, as acknowledgements are
/// contiguous, every batch of the lane before it.
/// </summary>
/// <param name="Lane">Report address of the lane's operator.</param>
/// <param name="Head">The batch.</param>
/// <param name="Signatures">Exactly q, strictly ascending by sender.</param>
public sealed record Certificate(Address Lane, LaneHead Head, ImmutableArray<CertificateSignature> Signatures)
{
    /// <summary>Whether it has exactly q signatures of distinct operators of the set, ascending, each of them good.</summary>
    public bool Verify(NetworkId network, OperatorSet operators, ProtocolSignatureVerifier verify)
    {
        if (!IsWellFormed(operators)) return false;
        var message = Acknowledgement.Message(network, Lane, Head.Index, Head.Digest);
        foreach (var signature in Signatures)
        {
            if (!verify(operators[signature.Sender].ProtocolKey, message, signature.Signature)) return false;
        }
        return true;
    }

    /// <summary>What can be said without judging signatures: the number, order and range of senders.</summary>
    public bool IsWellFormed(OperatorSet operators)
    {
        if (Signatures.Length != operators.Quorum.Size || Head.Index == 0 || operators.IndexOf(Lane) < 0) return false;
        for (var i = 0; i < Signatures.Length; i++)
        {
            if (Signatures[i].Sender >= operators.Count) return false;
            if (i > 0 && Signatures[i - 1].Sender >= Signatures[i].Sender) return false;
        }
        return true;
    }

    /// <summary>The acknowledgements that it consists of.</summary>
    public IEnumerable<Acknowledgement> Acknowledgements(OperatorSet operators) =>
        Signatures.Select(signature => new Acknowledgement(Lane, Head.Index, Head.Digest, operators[signature.Sender].Address, signature.Signature));

    /// <summary>Appends count u8 · (sender u8 · signature 64); lane and head stand in the cut beside it.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.U8((byte)Signatures.Length);
        Span<byte> bytes = stackalloc byte[ProtocolSignature.Size];
        foreach (var signature in Signatures)
        {
            signature.Signature.CopyTo(bytes);
            writer.U8(signature.Sender).Bytes(bytes);
        }
    }

    /// <summary>Reads the signatures of a certificate for a lane height.</summary>
    /// <exception cref="CanonicalFormatException">None or more than 31.</exception>
    public static Certificate Read(ref CanonicalReader reader, LaneHeight height)
    {
        var count = reader.U8();
        if (count is 0 or > Cut.MaxLanes) throw reader.Wrong($"a certificate has 1 to {Cut.MaxLanes} signatures, not {count}");
        var signatures = ImmutableArray.CreateBuilder<CertificateSignature>(count);
        for (var i = 0; i < count; i++) signatures.Add(new CertificateSignature(reader.U8(), new ProtocolSignature(reader.Bytes(ProtocolSignature.Size))));
        return new Certificate(height.Operator, new LaneHead(height.Height, height.Digest), signatures.MoveToImmutable());
    }

    /// <summary>Whether both certify the same batch with the same signatures.</summary>
    public bool Equals(Certificate? other) =>
        other is not null && Lane == other.Lane && Head == other.Head && Signatures.AsSpan().SequenceEqual(other.Signatures.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Lane, Head);
}

/// <summary>A lane of an observation: the certificate of its highest certified batch, null at height 0.</summary>
public readonly record struct CertifiedLane(Address Operator, Certificate? Certificate)
{
    /// <summary>The height that the certificate vouches for.</summary>
    public LaneHeight Height => Certificate is { } certificate
        ? new LaneHeight(Operator, certificate.Head.Index, certificate.Head.Digest)
        : new LaneHeight(Operator, 0, Bytes32.Zero);
}
