using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Tracing;

/// <summary>
/// Trace and span ids that every station derives for itself from what it handles (docs/observability.md): nothing is carried along with a batch, over the chain or through a
/// mirror, and nothing is lost when a process is. The first 16 bytes of a 32-byte id are the trace's, the next 8 those of its first span.
/// </summary>
public readonly record struct TraceIdentity
{
    private static ReadOnlySpan<byte> Tag => "\u0019DePIN trace v1"u8;

    private readonly Bytes32 id;

    private TraceIdentity(Bytes32 id) => this.id = id;

    /// <summary>The trace of a proof: its id is the SHA-256 of what the device signed.</summary>
    public static TraceIdentity OfProof(Bytes32 proof) => new(proof);

    /// <summary>The trace of a transaction, such as a claim: its hash.</summary>
    public static TraceIdentity OfTransaction(Bytes32 hash) => new(hash);

    /// <summary>The trace of an epoch, all its generations: SHA-256(tag · network id · epoch as 8 bytes, big-endian).</summary>
    public static TraceIdentity OfEpoch(NetworkId network, Epoch epoch)
    {
        Span<byte> bytes = stackalloc byte[Bytes32.Size + sizeof(ulong)];
        network.Value.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[Bytes32.Size..], epoch.Value);
        return new TraceIdentity(Sha256.Hash(Tag, bytes));
    }

    /// <summary>Where it is looked up.</summary>
    public ActivityTraceId TraceId => ActivityTraceId.CreateFromBytes(id.AsSpan()[..16]);

    /// <summary>The trace's first span: parent of whatever has no nearer one.</summary>
    public ActivitySpanId Root => ActivitySpanId.CreateFromBytes(id.AsSpan().Slice(16, 8));

    /// <summary>The span of one participant's part, which others may name as parent: the first 8 bytes of SHA-256(id · participant · part).</summary>
    /// <param name="participant">An operator.</param>
    /// <param name="part">A number that tells parts of one participant apart, such as a generation.</param>
    public ActivitySpanId PartOf(Address participant, ulong part = 0)
    {
        Span<byte> bytes = stackalloc byte[Bytes32.Size + Address.Size + sizeof(ulong)];
        id.CopyTo(bytes);
        participant.AsSpan().CopyTo(bytes[Bytes32.Size..]);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[(Bytes32.Size + Address.Size)..], part);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return ActivitySpanId.CreateFromBytes(hash[..8]);
    }

    /// <summary>What another trace links to.</summary>
    public ActivityLink ToLink() => new(new ActivityContext(TraceId, Root, ActivityTraceFlags.Recorded, isRemote: true));
}
