using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using DePin.Cryptography;
using DePin.Oracle.Batch.Wire;
using DePin.Protocol.Lanes;
using DePin.Storage.Oracle;
using Google.Protobuf;
using Ack = DePin.Protocol.Lanes.Acknowledgement;
using WireCertificate = DePin.Oracle.Batch.Wire.Certificate;

namespace DePin.Oracle.Batch;

/// <summary>Between the wire's messages and the protocol's types. What comes in is checked for lengths only.</summary>
public static class LaneMessages
{
    /// <summary>A stored batch with its operator's own acknowledgement.</summary>
    public static SealedBatch ToWire(BatchRow batch, Ack byLane) => new()
    {
        Header = UnsafeByteOperations.UnsafeWrap(batch.Header),
        Body = UnsafeByteOperations.UnsafeWrap(batch.Body),
        Signature = ByteString.CopyFrom(byLane.Signature.ToArray()),
    };

    /// <summary>A certificate: acknowledgements of one batch.</summary>
    public static WireCertificate ToWire(IReadOnlyList<Ack> acknowledgements)
    {
        var certificate = new WireCertificate
        {
            Operator = ByteString.CopyFrom(acknowledgements[0].Lane.AsSpan()),
            Index = acknowledgements[0].Index,
            Digest = ByteString.CopyFrom(acknowledgements[0].Digest.AsSpan()),
        };
        foreach (var one in acknowledgements)
            certificate.Acknowledgements.Add(new Wire.Acknowledgement { Sender = ByteString.CopyFrom(one.Signer.AsSpan()), Signature = ByteString.CopyFrom(one.Signature.ToArray()) });
        return certificate;
    }

    /// <summary>Reads a certificate; false where a length is wrong or nothing is in it.</summary>
    public static bool TryRead(WireCertificate? message, out ImmutableArray<Ack> acknowledgements)
    {
        acknowledgements = [];
        if (message is null || message.Acknowledgements.Count is 0 or > Cut.MaxLanes || !TryAddress(message.Operator, out var lane) || message.Digest.Length != 32) return false;
        var read = ImmutableArray.CreateBuilder<Ack>(message.Acknowledgements.Count);
        foreach (var one in message.Acknowledgements)
        {
            if (!TryAddress(one.Sender, out var sender) || one.Signature.Length != ProtocolSignature.Size) return false;
            read.Add(new Ack(lane, message.Index, new Bytes32(message.Digest.Span), sender, new ProtocolSignature(one.Signature.Span)));
        }

        acknowledgements = read.MoveToImmutable();
        return true;
    }

    /// <summary>Reads the acknowledgement of an answer; false where it carries none.</summary>
    public static bool TryRead(BatchAnswer answer, Address lane, ulong index, Bytes32 digest, [NotNullWhen(true)] out Ack? acknowledgement)
    {
        acknowledgement = null;
        if (!TryAddress(answer.Sender, out var sender) || answer.Signature.Length != ProtocolSignature.Size) return false;
        acknowledgement = new Ack(lane, index, digest, sender, new ProtocolSignature(answer.Signature.Span));
        return true;
    }

    /// <summary>20 bytes as an address.</summary>
    public static bool TryAddress(ByteString bytes, out Address address)
    {
        address = default;
        if (bytes.Length != Address.Size) return false;
        address = new Address(bytes.Span);
        return true;
    }
}
