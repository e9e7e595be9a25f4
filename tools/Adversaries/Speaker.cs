using DePin.Cryptography;
using DePin.DataSets;
using DePin.Protocol;
using DePin.Protocol.Proofs;

namespace DePin.Adversaries;

/// <summary>A device with its keys: it signs what it says, honestly or not.</summary>
/// <param name="network">Network of the proofs.</param>
/// <param name="source">The device.</param>
/// <param name="key">Its key.</param>
/// <param name="anothers">A key that is another device's, for those who sign with one.</param>
/// <param name="revoked">A key that no registry knows.</param>
/// <param name="bare">Leave the signature zero: a run that does not check signatures needs none.</param>
public sealed class Speaker(NetworkId network, DataDevice source, PrivateKey key, PrivateKey anothers, PrivateKey revoked, bool bare = false)
{
    private ulong _last;

    /// <summary>Its id.</summary>
    public DeviceId Id { get; } = new(key.PublicKey.DeviceId);

    /// <summary>
    /// Signs a statement with every time in it moved by <paramref name="shiftMs"/>. The sequence is the time of sending in ms, or one above the
    /// last where two fall on one: it rises over laps and restarts, and a repeated run signs the same proofs.
    /// </summary>
    public SignedProof Sign(Statement statement, long shiftMs)
    {
        var sent = (ulong)(statement.SentMs + shiftMs);
        var sequence = statement.Sequence switch
        {
            SequenceUsed.Next => _last = Math.Max(_last + 1, sent),
            SequenceUsed.Again => _last,
            _ => sent - DataSet.DayMs,
        };
        var signer = statement.Key switch { KeyUsed.Own => key, KeyUsed.Anothers => anothers, _ => revoked };
        var id = statement.Key == KeyUsed.Revoked ? new DeviceId(revoked.PublicKey.DeviceId) : Id;
        var proof = DeviceProof.Create(network, source.Class, source.Schema, id, sequence, (ulong)(statement.Row.TimeMs + shiftMs), statement.Row.Payload(shiftMs));
        return new SignedProof(proof, bare ? new byte[SignedProof.SignatureSize] : signer.Sign(proof.Envelope.Span));
    }
}
