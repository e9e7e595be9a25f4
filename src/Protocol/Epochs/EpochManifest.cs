using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Reports;

namespace DePin.Protocol.Epochs;

/// <summary>The hashes that tie an epoch's report to its inputs (docs/protocol.md, "State" and "Lanes").</summary>
public static class EpochManifest
{
    /// <summary>Bytes of one lane in a cut: operator 20 · height u64 · digest 32.</summary>
    private const int LaneSize = 60;

    /// <summary>The manifest's bytes.</summary>
    public static byte[] Encode(
        NetworkId network, ConfigDigest config, EpochWindow window, EpochEvidence evidence, in Bytes32 snapshotHash, in Bytes32 previousStateRoot, long replayShift)
    {
        CheckCut(evidence.PreviousCut.Span, "previous cut");
        CheckCut(evidence.Cut.Span, "cut");
        return new CanonicalWriter(512)
            .Bytes(ProtocolTags.Manifest).Word(network.Value).Word(config.Value).U64(window.Generation.Value).U64(window.Epoch.Value)
            .Bytes(evidence.PreviousCut.Span).Bytes(evidence.Cut.Span).Word(snapshotHash).Word(previousStateRoot).I64(replayShift).ToArray();
    }

    /// <summary>keccak(tag · config digest · epoch · generation · cut).</summary>
    public static Bytes32 EvidenceRoot(ConfigDigest config, EpochWindow window, ReadOnlySpan<byte> cut) =>
        new CanonicalWriter(512).Bytes(ProtocolTags.Evidence).Word(config.Value).U64(window.Epoch.Value).U64(window.Generation.Value).Bytes(cut).Keccak();

    /// <summary>keccak(tag · config digest · epoch · hash of the first finalized block at or after the period's start).</summary>
    public static Bytes32 Seed(ConfigDigest config, Epoch epoch, in Bytes32 blockHash) =>
        new CanonicalWriter(96).Bytes(ProtocolTags.Seed).Word(config.Value).U64(epoch.Value).Word(blockHash).Keccak();

    private static void CheckCut(ReadOnlySpan<byte> cut, string what)
    {
        var reader = new CanonicalReader(cut, what);
        reader.Bytes(reader.U8() * LaneSize);
        reader.End();
    }
}
