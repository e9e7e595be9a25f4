using System.Diagnostics;
using System.Numerics;
using DePin.Cryptography;
using DePin.Protocol.Proofs;
using DePin.Tracing;

namespace DePin.DeviceSdk;

/// <summary>
/// What the device tells of one traced proof: <c>proof</c>, from its making until it cannot be lost, and in it a <c>proof.send</c> for each operator, which the operator's own
/// span names as parent. The process decides whether anybody listens to source <c>DePin.Device</c> (docs/observability.md).
/// </summary>
internal sealed class ProofTrace
{
    private static readonly Tracer Device = new("DePin.Device");
    private readonly SignedProof proof;
    private readonly TraceIdentity trace;
    private readonly DateTimeOffset began;
    private readonly DateTimeOffset[] sending;
    private uint told; // a bit for each operator whose span has the id that the operator derives

    private ProofTrace(SignedProof proof, DateTimeOffset began, int operators)
    {
        (this.proof, this.began) = (proof, began);
        trace = TraceIdentity.OfProof(proof.Id.Value);
        sending = new DateTimeOffset[operators];
    }

    /// <summary>Null, and nothing was allocated, where nobody listens or the proof is not one that is traced.</summary>
    public static ProofTrace? Of(SignedProof proof, int operators) => Device.Takes(proof.Id.Value) ? new ProofTrace(proof, TimeProvider.System.GetUtcNow(), operators) : null;

    /// <summary>It is about to be posted, perhaps again.</summary>
    /// <param name="bit">The operator's.</param>
    public void Sending(uint bit)
    {
        ref var since = ref sending[BitOperations.Log2(bit)];
        if (since == default) since = TimeProvider.System.GetUtcNow();
    }

    /// <summary>The operator has it, or will never take it. One that had it and lost it is sent it again: told of again, in a span of its own.</summary>
    public void Sent(uint bit, Address to, string? refusal)
    {
        ref var since = ref sending[BitOperations.Log2(bit)];
        var first = (Interlocked.Or(ref told, bit) & bit) == 0;
        Device.Tell(trace, new Span("proof.send", since) { Id = first ? trace.PartOf(to) : null, Kind = ActivityKind.Client, Error = refusal },
            (Tags.Operator, to.ToString()), (Tags.Result, refusal ?? "durable"));
        since = default;
    }

    /// <summary>It is forgotten: certified, or refused by all.</summary>
    public void Settled(bool isCertified) => Device.Tell(
        trace, new Span("proof", began) { Id = trace.Root, Kind = ActivityKind.Producer, Error = isCertified ? null : "no operator takes it" },
        (Tags.Proof, proof.Id.ToString()), (Tags.Device, proof.Proof.Device.ToString()), (Tags.Class, (long)proof.Proof.Class.Value), (Tags.Sequence, (long)proof.Proof.Sequence),
        (Tags.Result, isCertified ? "certified" : "refused"));
}
