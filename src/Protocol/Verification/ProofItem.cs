using DePin.Protocol.Proofs;
using DePin.Protocol.Registry;

namespace DePin.Protocol.Verification;

/// <summary>A proof that passed the engine's checks, with what its class may know of the device.</summary>
public readonly record struct ProofItem(DeviceProof Proof, DeviceView Device)
{
    /// <summary>The proof's identity.</summary>
    public ProofId Id => Proof.Id;

    /// <summary>Which layout the payload has.</summary>
    public ushort Schema => Proof.Schema;

    /// <summary>The device's clock at the work, in milliseconds of network time.</summary>
    public ulong TimeMs => Proof.TimeMs;

    /// <summary>The class's own bytes.</summary>
    public ReadOnlySpan<byte> Payload => Proof.Payload.Span;
}
