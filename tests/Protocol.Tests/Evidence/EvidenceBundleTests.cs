using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Epochs;
using DePin.Protocol.Evidence;
using DePin.Protocol.Lanes;
using DePin.Protocol.Reports;
using DePin.Protocol.Tests.Support;

namespace DePin.Protocol.Tests.Evidence;

public sealed class EvidenceBundleTests
{
    private readonly TestNetwork _network = new();
    private readonly Batch[] _batches;
    private readonly Cut _previousCut;
    private readonly Cut _cut;
    private readonly EpochWindow _window;
    private readonly EpochOutcome _outcome;

    public EvidenceBundleTests()
    {
        var device = _network.AddDevice(owner: 7);
        var addresses = _network.Operators.Select(keys => keys.ReportSigner).ToArray();
        var first = Seal(addresses[0], null, 1, 2);
        var second = Seal(addresses[0], first, 3);
        var other = Seal(addresses[2], null, 2, 4);
        _batches = [first, second, other];
        _previousCut = Cut.Empty(addresses);
        _cut = new Cut([Height(second), new LaneHeight(addresses[1], 0, default), Height(other), new LaneHeight(addresses[3], 0, default)]);
        _window = _network.Window(Epoch.First);
        _outcome = EpochComputation.Run(
            _network.Catalog, _network.State, _network.Snapshot(_window), _network.Parameters, _window,
            new EpochEvidence(_previousCut, _cut, [.. _batches.SelectMany(batch => batch.Proofs)]));

        Batch Seal(Address lane, Batch? after, params ulong[] sequences) => Batch.Seal(
            _network.Config.NetworkId, lane, after is null ? null : new LaneHead(after.Header.Index, after.Digest), 5, sequences.Select(sequence => _network.Proof(device, sequence)));
        static LaneHeight Height(Batch batch) => new(batch.Header.Operator, batch.Header.Index, batch.Digest);
    }

    [Fact]
    public void The_bundle_alone_gives_the_attested_report_again()
    {
        var audit = EpochAudit.Run(_network.Catalog, EvidenceBundle.Parse(File()));
        Assert.True(audit.Matches);
        Assert.Equal(AttestationFault.None, audit.Attestation);
        Assert.Equal(_outcome.Report.Digest, audit.Outcome.Report.Digest);
        Assert.NotEqual(0u, audit.Outcome.Allocated);
    }

    [Fact]
    public void A_report_that_does_not_follow_from_the_evidence_is_named_field_by_field()
    {
        var lie = _outcome.Report with { CumulativeTotal = _outcome.Report.CumulativeTotal + 1, RewardsRoot = Bytes32.FromUInt64(1) };
        var audit = EpochAudit.Run(_network.Catalog, Bundle(report: _network.Attest(lie)));
        Assert.False(audit.Matches);
        Assert.Equal(["rewards root", "cumulative total"], audit.Differences.Select(difference => difference.Field));
        Assert.Equal(AttestationFault.None, audit.Attestation);
    }

    [Fact]
    public void A_withheld_batch_is_noticed()
    {
        Assert.Contains("fetch the missing batches", Assert.Throws<EvidenceException>(() => Bundle(batches: [_batches[1], _batches[2]])).Message, StringComparison.Ordinal);
        Assert.Contains("ends at batch 1", Assert.Throws<EvidenceException>(() => Bundle(batches: [_batches[0], _batches[2]])).Message, StringComparison.Ordinal);
        Assert.Contains("ends at batch 0", Assert.Throws<EvidenceException>(() => Bundle(batches: [_batches[0], _batches[1]])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_from_outside_the_cut_is_noticed()
    {
        var stranger = Batch.Seal(_network.Config.NetworkId, TestNetwork.Key(KeyType.Secp256k1, "stranger").Address, null, 5, _batches[0].Proofs);
        Assert.Throws<EvidenceException>(() => Bundle(batches: [.. _batches, stranger]));
        Assert.Throws<EvidenceException>(() => Bundle(previousCut: _cut, cut: _previousCut, batches: []));
    }

    [Fact]
    public void Another_batch_of_the_same_index_is_noticed()
    {
        var twin = Batch.Seal(_network.Config.NetworkId, _batches[0].Header.Operator, null, 6, _batches[0].Proofs);
        Assert.Contains("does not follow", Assert.Throws<EvidenceException>(() => Bundle(batches: [twin, _batches[1], _batches[2]])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_flipped_byte_is_noticed()
    {
        var file = File();
        var random = new Random(5);
        for (var i = 0; i < 300; i++)
        {
            var at = random.Next(file.Length);
            file[at] ^= 0x40;
            var error = Record.Exception(() => EvidenceBundle.Parse(file));
            // The hashes of the sections stand in the file, not in the report: what they cover cannot change, they can only be broken.
            Assert.True(error is CanonicalFormatException or EvidenceException, $"byte {at}: {error}");
            file[at] ^= 0x40;
        }
    }

    [Fact]
    public void Every_truncation_is_noticed()
    {
        var file = File();
        for (var length = 0; length < file.Length; length += 13) Assert.Throws<CanonicalFormatException>(() => EvidenceBundle.Parse(file.AsMemory(0, length)));
        Assert.Throws<CanonicalFormatException>(() => EvidenceBundle.Parse((byte[])[.. file, 1]));
    }

    [Fact]
    public void Attestations_are_judged_as_the_contract_judges_them()
    {
        var good = _network.Attest(_outcome.Report);
        Assert.Equal(AttestationFault.None, good.Check(_network.Config));
        Assert.Equal(AttestationFault.WrongSignerCount, (good with { Bitmap = 0b1111 }).Check(_network.Config));
        Assert.Equal(AttestationFault.WrongSignerCount, (good with { Signatures = good.Signatures.RemoveAt(0) }).Check(_network.Config));
        Assert.Equal(AttestationFault.BadSignature, (good with { Signatures = [.. good.Signatures.Reverse()] }).Check(_network.Config));
        Assert.Equal(AttestationFault.BadSignature, (good with { Bitmap = 0b1101 }).Check(_network.Config));
        Assert.Equal(AttestationFault.UnknownSigner, (good with { Bitmap = 0b10011 }).Check(_network.Config));
        Assert.Equal(AttestationFault.WrongConfig, good.Check(_network.Config with { ConfigCount = 2 }));
        Assert.Equal(good.Encode(), AttestedReport.Parse(good.Encode()).Encode());
    }

    private byte[] File() => [.. Bundle().Encode().SelectMany(piece => piece.ToArray())];

    private EvidenceBundle Bundle(Cut? previousCut = null, Cut? cut = null, IEnumerable<Batch>? batches = null, AttestedReport? report = null) => EvidenceBundle.Create(
        _window, _network.State, _network.Snapshot(_window), _network.Parameters, previousCut ?? _previousCut, cut ?? _cut, batches ?? _batches,
        report ?? _network.Attest(_outcome.Report));
}
