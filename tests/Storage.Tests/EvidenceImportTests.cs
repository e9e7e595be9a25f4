using System.Text;
using DePin.Cryptography;
using DePin.Indexer;
using DePin.Mirror;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Protocol.Evidence;
using DePin.Protocol.Lanes;
using DePin.Protocol.Registry;
using DePin.Protocol.Reports;
using DePin.Protocol.State;
using DePin.Protocol.Verification;
using DePin.Storage.Evidence;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

public sealed class EvidenceImportTests
{
    private static readonly ClassCatalog NoClasses = new([]);
    private static readonly EmissionSchedule Emission = new(1_000_000, System.Numerics.BigInteger.One << 95);
    private static readonly NetworkParameters Parameters = NetworkParameters.Parse(Encoding.UTF8.GetBytes(
        """{"name":"test","epochGraceSeconds":1,"lateSeconds":0,"minimumStakePerDevice":"0","proofsPerDevice":10,"classes":[]}"""));

    private sealed class Answers(params EvidenceCandidate[] candidates) : IEvidenceSource
    {
        public async IAsyncEnumerable<EvidenceCandidate> FetchAsync(MirroredReport report, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
        {
            foreach (var candidate in candidates) yield return await Task.FromResult(candidate);
        }
    }

    [Fact]
    public async Task Publishes_a_final_epoch_that_comes_out_again_and_only_once()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        var (bundle, report) = await MakeFinalEpochAsync(fixture);
        var importer = await ImporterAsync(fixture, new EvidenceCandidate("down", null, "connection refused"), new EvidenceCandidate("good", bundle, null));
        Assert.True(await importer.StepAsync(CancellationToken.None));
        Assert.False(await importer.StepAsync(CancellationToken.None));
        Assert.Equal(new ImportStatus(1, 0, null), importer.Status);
        Assert.Equal(1, await fixture.ScalarAsync<long>("select count(*) from evidence.epochs"));
        Assert.Equal(2, await fixture.ScalarAsync<long>("select count(*) from evidence.leaves"));
        Assert.Equal(Convert.ToHexStringLower(report.Digest.Value.AsSpan()), await fixture.ScalarAsync<string>("select encode(report_digest, 'hex') from evidence.epochs"));
        Assert.Equal("1000000", await fixture.ScalarAsync<string>("select unallocated::text from evidence.epochs"));
    }

    [Fact]
    public async Task Refuses_evidence_that_does_not_give_the_report_on_chain()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        var (bundle, _) = await MakeFinalEpochAsync(fixture);
        var damaged = bundle.ToArray();
        damaged[^400] ^= 1;
        var (stranger, _) = MakeBundle(await SnapshotAsync(fixture, budgetOff: 1));
        var importer = await ImporterAsync(fixture, new EvidenceCandidate("damaged", damaged, null), new EvidenceCandidate("another report", stranger, null));
        Assert.False(await importer.StepAsync(CancellationToken.None));
        Assert.Contains("damaged", importer.Status.Problem, StringComparison.Ordinal);
        Assert.Contains("its report is", importer.Status.Problem, StringComparison.Ordinal);
        Assert.Equal(0, await fixture.ScalarAsync<long>("select count(*) from evidence.epochs"));
    }

    [Fact]
    public async Task Refuses_a_registry_that_is_not_the_mirrors()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        var (bundle, _) = await MakeFinalEpochAsync(fixture, budgetOff: 5); // attested and final, but of a budget that the chain never gave
        var importer = await ImporterAsync(fixture, new EvidenceCandidate("colluding", bundle, null));
        Assert.False(await importer.StepAsync(CancellationToken.None));
        Assert.Contains("its registry snapshot is", importer.Status.Problem, StringComparison.Ordinal);
        Assert.Equal(0, await fixture.ScalarAsync<long>("select count(*) from evidence.epochs"));
    }

    [Fact]
    public async Task Evidence_that_was_dropped_is_imported_anew_or_the_status_says_which_epoch_nobody_gives()
    {
        await using var fixture = await MirrorFixture.CreateAsync();
        var (bundle, _) = await MakeFinalEpochAsync(fixture);
        const string Content = "select md5(string_agg(l::text, '' order by l.index)) from evidence.leaves l";
        Assert.True(await (await ImporterAsync(fixture, new EvidenceCandidate("good", bundle, null))).StepAsync(CancellationToken.None));
        var before = await fixture.ScalarAsync<string>(Content);

        await fixture.Database.ExecuteAsync("delete from evidence.epochs; insert into jobs.epoch_rollups select network_id, 1 from evidence.networks; insert into jobs.retention select network_id, 90, 90 from evidence.networks", CancellationToken.None);
        var lacking = await ImporterAsync(fixture, new EvidenceCandidate("http://one", null, "HTTP 404"), new EvidenceCandidate("http://two", null, "HTTP 404"));
        Assert.False(await lacking.StepAsync(CancellationToken.None));
        Assert.Equal(new ImportStatus(null, 1, "Epoch 1: http://one: HTTP 404; http://two: HTTP 404"), lacking.Status);
        Assert.True(await (await ImporterAsync(fixture, new EvidenceCandidate("good", bundle, null))).StepAsync(CancellationToken.None));
        Assert.Equal(before, await fixture.ScalarAsync<string>(Content));
    }

    private static async Task<EvidenceImporter> ImporterAsync(MirrorFixture fixture, params EvidenceCandidate[] candidates)
    {
        var store = new EvidenceStore(fixture.Database.DataSource);
        var id = new NetworkId(fixture.Chain.Network.NetworkId);
        await store.RegisterNetworkAsync(id, "test", fixture.Chain.Network.Caip2, "{}", "{}", CancellationToken.None);
        return new EvidenceImporter(new MirrorReader(fixture.Mirrored, fixture.Chain.Network, Emission), store, new Answers(candidates), NoClasses, id, TimeProvider.System,
            NullLogger<EvidenceImporter>.Instance);
    }

    /// <summary>A network of two accounts whose first epoch was reported and made final.</summary>
    private static async Task<(byte[] Bundle, Report Report)> MakeFinalEpochAsync(MirrorFixture fixture, int budgetOff = 0)
    {
        var chain = fixture.Chain;
        chain.FinalityDepth = 1;
        var operators = Enumerable.Range(0, 4).Select(i => new OperatorKeys(FakeNetworkActivity.AddressOf($"operator {i}"), FakeNetworkActivity.HashOf($"protocol {i}"))).OrderBy(o => o.ReportSigner).ToArray();
        var config = new NetworkConfig
        {
            Kind = ChainKind.Evm,
            Chain = Bytes32.FromUInt64(31_337),
            Verifier = new(chain.Network.Contracts[ContractKind.ReportVerifier].Value),
            Distributor = new(chain.Network.Contracts[ContractKind.RewardDistributor].Value),
            Token = new(chain.Network.Contracts[ContractKind.NetworkToken].Value),
            ConfigCount = 1,
            FirstEpoch = Epoch.First,
            Operators = [.. operators],
            ParametersHash = Parameters.Hash,
            RulesHash = Parameters.RulesHash,
        };
        chain.Mine(
            FakeLog.Of(EventKind.ConfigScheduled, 1, 1, config.Digest.Value, 4, 3, config.ParametersHash, config.RulesHash,
                operators.Select(o => o.ReportSigner).ToArray(), operators.Select(o => o.ProtocolKey).ToArray()),
            FakeLog.Of(EventKind.IndexAssigned, FakeNetworkActivity.AddressOf("alice"), 0),
            FakeLog.Of(EventKind.IndexAssigned, FakeNetworkActivity.AddressOf("bob"), 1));
        for (var i = 0; i < 10; i++) chain.Mine();
        await fixture.CatchUpAsync();
        var (bundle, report) = MakeBundle(await SnapshotAsync(fixture, budgetOff));
        chain.Mine(FakeLog.Of(EventKind.ReportAccepted, 1, 0, report.Digest.Value, report.Encode(), 7, 1_700_000_100));
        chain.Mine(FakeLog.Of(EventKind.ReportFinalized, 1, report.Digest.Value, report.RewardsRoot, report.CumulativeTotal, report.LeafCount));
        for (var i = 0; i < 4; i++) chain.Mine();
        await fixture.CatchUpAsync();
        return (bundle, report);
    }

    private static async Task<RegistrySnapshot> SnapshotAsync(MirrorFixture fixture, int budgetOff)
    {
        var reader = new MirrorReader(fixture.Mirrored, fixture.Chain.Network, budgetOff == 0 ? Emission : Emission with { Base = Emission.Base + (UInt128)budgetOff });
        var config = await reader.FindConfigAsync(Epoch.First, null, CancellationToken.None);
        return await reader.SnapshotAtAsync(config!, Epoch.First, 1_700_000_003, 8, CancellationToken.None);
    }

    private static (byte[] Bundle, Report Report) MakeBundle(RegistrySnapshot snapshot)
    {
        var cut = Cut.Empty(snapshot.Config.Operators.Select(o => o.ReportSigner));
        var window = new EpochWindow(Epoch.First, new Generation(0), 1_700_000_003, 1_700_000_009, ReportDigest.None);
        var outcome = EpochComputation.Run(NoClasses, NetworkState.Genesis, snapshot, Parameters, window, new EpochEvidence(cut, cut, []));
        var bundle = EvidenceBundle.Create(window, NetworkState.Genesis, snapshot, Parameters, cut, cut, [], new AttestedReport(outcome.Report, 0, []));
        return ([.. bundle.Encode().SelectMany(piece => piece.ToArray())], outcome.Report);
    }
}
