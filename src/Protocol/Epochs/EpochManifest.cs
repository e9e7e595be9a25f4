using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Reports;

namespace DePin.Protocol.Epochs;

/// <summary>The hashes that tie an epoch's report to its inputs (docs/protocol.md, "State" and "Lanes").</summary>
public static class EpochManifest
{
    /// <summary>The manifest's bytes.</summary>
    public static byte[] Encode(
        NetworkId network, ConfigDigest config, EpochWindow window, EpochEvidence evidence, in Bytes32 snapshotHash, in Bytes32 previousStateRoot, long replayShift)
    {
        var writer = new CanonicalWriter(512)
            .Bytes(ProtocolTags.Manifest).Word(network.Value).Word(config.Value).U64(window.Generation.Value).U64(window.Epoch.Value);
        evidence.PreviousCut.Write(writer);
        evidence.Cut.Write(writer);
        return writer.Word(snapshotHash).Word(previousStateRoot).I64(replayShift).ToArray();
    }

    /// <summary>keccak(tag · config digest · epoch · hash of the first finalized block at or after the period's start).</summary>
    public static Bytes32 Seed(ConfigDigest config, Epoch epoch, in Bytes32 blockHash) =>
        new CanonicalWriter(96).Bytes(ProtocolTags.Seed).Word(config.Value).U64(epoch.Value).Word(blockHash).Keccak();
}
