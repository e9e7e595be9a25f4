using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Reports;

namespace DePin.TestKit;

/// <summary>Reports of three leaves that say nothing of importance.</summary>
public static class FakeReport
{
    /// <summary>The report of an epoch with a reward root; epoch 1 starts at 1 700 000 000.</summary>
    public static Report Of(ulong epoch, Bytes32 root) => new()
    {
        Config = new ConfigDigest(FakeNetworkActivity.HashOf("config")),
        Generation = new Generation(0),
        Epoch = new Epoch(epoch),
        PeriodStart = 1_700_000_000 + ((epoch - 1) * 86_400),
        PeriodEnd = 1_700_000_000 + (epoch * 86_400),
        AnchorNumber = epoch * 10,
        AnchorHash = FakeNetworkActivity.HashOf("anchor"),
        Previous = ReportDigest.None,
        EvidenceRoot = FakeNetworkActivity.HashOf("evidence"),
        StateRoot = FakeNetworkActivity.HashOf("state"),
        RewardsRoot = root,
        MeteringRoot = default,
        LeafCount = 3,
        CumulativeTotal = 7_350,
        Unallocated = 50,
        ManifestHash = FakeNetworkActivity.HashOf("manifest"),
    };
}
