using System.Globalization;
using System.Numerics;
using DePin.Chain.Deployment;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Evidence;
using DePin.Protocol.Verification;
using DePin.TestKit;
using DePin.Tracing;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>What somebody sees who looks up a proof, an epoch and a claim at the collector that every process of a network exports to.</summary>
[Collection(RunningNetwork.Shared)]
public sealed class TraceJourney(RunningNetwork network)
{
    private static readonly string[] Of4 = ["epoch.round", "epoch.observe", "epoch.decide", "epoch.sign", "epoch.assemble", "epoch.evidence"];

    private List<ReceivedSpan> Spans => [.. network.Collector.Spans];

    [Fact]
    public async Task A_proof_an_epoch_and_a_claim_can_be_followed_through_every_process()
    {
        await network.FinalAsync(1);
        var manifest = NetworkManifest.Load<EvmNetworkManifest>(network.Manifest);
        var (epoch, spans) = await CompleteEpochAsync(manifest.Id);
        var operators = AssertEpoch(TraceIdentity.OfEpoch(manifest.Id, epoch), spans);
        await AssertProofsAsync(manifest, epoch, operators);
        await AssertClaimAsync(manifest);

        // Nothing that is somebody's own: the chain's URL is the only one that these processes were given in confidence.
        Assert.All(Spans.SelectMany(s => s.Attributes), a => Assert.DoesNotContain(network.Rpc, a.Value, StringComparison.Ordinal));
        string[] services = ["depin-oracle", "depin-indexer", "depin-api", "depin-jobs", "depin-replayer"];
        await Eventually.HoldsAsync(() => Task.FromResult(services.All(s => network.Collector.Metrics.Any(m => m.Service == s))), "every host's meters have come", default, TimeSpan.FromMinutes(3));
        Assert.Contains(("depin-oracle", "depin_oracle_proofs_stored"), network.Collector.Metrics);
    }

    // One whose processes all lived through it: other journeys stop and start them.
    private async Task<(Epoch Epoch, List<ReceivedSpan> Spans)> CompleteEpochAsync(NetworkId id)
    {
        (Epoch Epoch, List<ReceivedSpan> Spans)? found = null;
        await Eventually.HoldsAsync(
            () =>
            {
                var all = Spans.ToLookup(s => s.Trace);
                foreach (var number in Spans.Where(s => s.Name == "epoch.import").Select(s => ulong.Parse(s[Tags.Epoch], CultureInfo.InvariantCulture)).Distinct())
                {
                    var spans = all[TraceIdentity.OfEpoch(id, new Epoch(number)).TraceId.ToHexString()].ToList();
                    if (spans.Exists(s => s.Name == "epoch") && spans.Count(s => s.Name == "epoch.accepted") == 5 && spans.Count(s => s.Name == "epoch.final") == 5
                        && spans.Exists(s => s.Name == "epoch.transaction" && s[Tags.Purpose] == "attest") && Of4.All(name => spans.Where(s => s.Name == name).Select(s => s.Instance).Distinct().Count() == 4)
                        && Spans.Where(s => s.Name == "proof.judge" && s[Tags.Epoch] == spans[0][Tags.Epoch]).Select(s => s.Instance).Distinct().Count() == 4)
                        found = (new Epoch(number), spans);
                }

                return Task.FromResult(found is not null);
            },
            $"the spans of one epoch have come from all processes; of each there came {string.Join(", ", Spans.CountBy(s => $"{s.Service} {s.Name}").Select(c => $"{c.Key}: {c.Value}"))}",
            default, TimeSpan.FromMinutes(8), network.TellAsync);
        return found!.Value;
    }

    private static List<string> AssertEpoch(TraceIdentity trace, List<ReceivedSpan> spans)
    {
        var root = Assert.Single(spans, s => s.Name == "epoch");
        Assert.Equal((trace.Root.ToHexString(), ""), (root.Id, root.Parent));
        var rounds = spans.Where(s => s.Name == "epoch.round" && s[Tags.Generation] == "0").ToList();
        Assert.Equal(4, rounds.Count);
        Assert.Contains(root.Instance, rounds.Select(r => r.Instance));
        foreach (var round in rounds)
        {
            // An operator's instance is its address; what it did lies within its own round, in order.
            Assert.Equal(("depin-oracle", round.Instance), (round.Service, round[Tags.Operator]));
            Assert.Equal((root.Id, trace.PartOf(Address.Parse(round.Instance)).ToHexString()), (round.Parent, round.Id));
            var within = spans.Where(s => s.Parent == round.Id).ToList();
            Assert.All(within, s => Assert.Equal(round.Instance, s.Instance));
            Assert.All(within, s => Assert.True(s.Start <= s.End && s.Start >= round.Start, $"{s} in {round}"));
            Assert.True(First(within, "epoch.observe").Start <= First(within, "epoch.decide").Start);
            Assert.True(First(within, "epoch.decide").Start <= First(within, "epoch.sign").End);
            Assert.Equal(root[Tags.Report], First(within, "epoch.sign")[Tags.Report]);
        }

        // Who is late hears of the decision and need not vote; q have.
        List<string> Said(string kind) => [.. spans.Where(s => s.Name == "epoch.message" && s[Tags.Message] == kind).Select(s => s.Instance).Distinct()];
        Assert.Equal(4, Said("observation").Count);
        Assert.NotEmpty(Said("proposal"));
        foreach (var vote in (string[])["prepare", "commit", "attestation"]) Assert.InRange(Said(vote).Count, 3, 4);
        var attest = Assert.Single(spans, s => s.Name == "epoch.transaction" && s[Tags.Purpose] == "attest" && s[Tags.Result] is "included" or "finalized");
        Assert.True(ulong.Parse(attest[Tags.Gas], CultureInfo.InvariantCulture) > 21_000, attest.ToString());
        var accepted = spans.Where(s => s.Name == "epoch.accepted").ToList();
        Assert.All(accepted, s => Assert.Equal((root.Id, attest[Tags.Transaction], root[Tags.Report]), (s.Parent, s[Tags.Transaction], s[Tags.Report])));
        Assert.All(accepted, s => Assert.True(s.Start >= attest.Start, $"{s} before {attest}"));
        foreach (var name in (string[])["epoch.accepted", "epoch.final"])
            Assert.Equal([.. rounds.Select(r => r.Instance).Order(StringComparer.Ordinal), "depin-indexer"], spans.Where(s => s.Name == name).OrderBy(s => s.Service == "depin-indexer").ThenBy(s => s.Instance, StringComparer.Ordinal).Select(s => s.Service == "depin-indexer" ? s.Service : s.Instance));
        var import = Assert.Single(spans, s => s.Name == "epoch.import");
        Assert.Equal(("depin-indexer", root.Id), (import.Service, import.Parent));
        Assert.True(import.End >= spans.Where(s => s.Name == "epoch.final" && s.Service == "depin-indexer").Max(s => s.Start));
        return [.. rounds.Select(r => r.Instance)];
    }

    private async Task AssertProofsAsync(EvmNetworkManifest manifest, Epoch epoch, List<string> operators)
    {
        // The very proofs of the epoch whose ids say so, everywhere: reckoned here from the evidence itself.
        var file = network.Beside("traced.bundle");
        var audited = await network.RunAsync("audit", "--epoch", epoch.ToString(), "--save", file);
        Assert.True(audited.Code == 0, audited.ToString());
        ProofSampling.Ratio = RunningNetwork.ProofRatio;
        var judged = EpochAudit.Run(BuiltInClasses.Catalog, EvidenceBundle.Parse(await File.ReadAllBytesAsync(file))).Outcome.Verdicts;
        var expected = judged.Where(v => ProofSampling.Takes(v.Proof.Value)).Select(v => v.Proof.ToString()).Order(StringComparer.Ordinal).ToList();
        ProofSampling.Ratio = 1;
        Assert.InRange(expected.Count, 1, judged.Length - 1);
        List<string> Told(string name, string? instance) => [.. Spans.Where(s => s.Name == name && s[Tags.Epoch] == epoch.ToString() && (instance is null || s.Instance == instance)).Select(s => s[Tags.Proof]).Distinct().Order(StringComparer.Ordinal)];
        await Eventually.HoldsAsync(() => Task.FromResult(Told("proof.import", null).Count >= expected.Count && operators.All(o => Told("proof.judge", o).Count >= expected.Count)), "all spans of the judgement have come", default);
        Assert.Equal(expected, Told("proof.import", null));
        Assert.All(operators, o => Assert.Equal(expected, Told("proof.judge", o)));

        // One of them, from its device to the API.
        var all = Spans.ToLookup(s => s.Trace);
        var id = judged.Where(v => v.Verdict.Judgement == Judgement.Accept).Select(v => v.Proof.ToString())
            .First(p => expected.Contains(p) && all[TraceIdentity.OfProof(Bytes32.Parse(p)).TraceId.ToHexString()].Any(s => s.Name == "proof"));
        var trace = TraceIdentity.OfProof(Bytes32.Parse(id));
        Assert.Equal(id[2..34], trace.TraceId.ToHexString());
        var spans = all[trace.TraceId.ToHexString()].ToList();
        // The first time: a replayer that was started again sends a day of proofs again, and says so.
        var root = spans.Where(s => s.Name == "proof").MinBy(s => s.Start)!;
        Assert.Equal((id[34..50], "", "depin-replayer", "certified", id), (root.Id, root.Parent, root.Service, root[Tags.Result], root[Tags.Proof]));
        var sends = spans.Where(s => s.Name == "proof.send" && s.Start <= root.End).GroupBy(s => s[Tags.Operator]).Select(g => g.MinBy(s => s.Start)!).ToList();
        Assert.InRange(sends.Count, 2, 4); // f + 1, and those that stand in for a slow one
        foreach (var send in sends)
        {
            Assert.Equal((root.Id, "durable"), (send.Parent, send[Tags.Result]));
            Assert.Equal(trace.PartOf(Address.Parse(send[Tags.Operator])).ToHexString(), send.Id);
            var ingest = spans.Where(s => s.Name == "proof.ingest" && s.Parent == send.Id).MinBy(s => s.Start)!;
            Assert.Equal(("depin-oracle", send[Tags.Operator], send[Tags.Operator]), (ingest.Service, ingest.Instance, ingest[Tags.Operator]));
            Assert.True(root.Start <= send.Start && send.Start <= ingest.Start && ingest.End <= send.End && send.End <= root.End, $"{root}\n{send}\n{ingest}");
            var seal = spans.First(s => s.Name == "proof.seal" && s.Parent == send.Id);
            Assert.True(seal.Instance == ingest.Instance && seal.End >= ingest.Start);
        }

        Assert.Contains(spans, s => s.Name == "proof.verify" && s[Tags.Judgement] == "Accept");
        var (judgements, import) = (spans.Where(s => s.Name == "proof.judge" && s[Tags.Epoch] == epoch.ToString()).ToList(), spans.Single(s => s.Name == "proof.import" && s[Tags.Epoch] == epoch.ToString()));
        var link = (TraceIdentity.OfEpoch(manifest.Id, epoch).TraceId.ToHexString(), TraceIdentity.OfEpoch(manifest.Id, epoch).Root.ToHexString());
        Assert.All(judgements, s => Assert.Equal(("Accept", root.Id, link), (s[Tags.Judgement], s.Parent, Assert.Single(s.Links))));
        Assert.Equal(("depin-indexer", "Accept", root.Id, link), (import.Service, import[Tags.Judgement], import.Parent, Assert.Single(import.Links)));
        Assert.All(judgements, s => Assert.True(s.Start >= sends[0].Start && s.Start <= import.End));
        Assert.Equal(epoch, (await network.JudgedAsync(new ProofId(Bytes32.Parse(id)))).Epoch);
    }

    private async Task AssertClaimAsync(EvmNetworkManifest manifest)
    {
        var account = "";
        await Eventually.HoldsAsync(
            async () =>
            {
                var (_, accounts) = await network.AskHereAsync("accounts");
                account = accounts.AsArray().FirstOrDefault(a => BigInteger.Parse(a!["claimable"]!.ToString(), CultureInfo.InvariantCulture) > 0)?["account"]!["account"]!.ToString() ?? "";
                return account.Length > 0;
            }, "somebody has something to claim", default, TimeSpan.FromMinutes(5));
        var before = Spans.Where(s => s.Name == "claim").Select(s => s.Trace).ToHashSet();
        var (code, paid) = await network.AskHereAsync("claim", account, "--key", network.DeployerKey);
        Assert.True(code == 0, paid.ToJsonString());
        await Eventually.HoldsAsync(
            () => Task.FromResult(Spans.Exists(s => s.Name == "claim" && !before.Contains(s.Trace)) && Spans.Exists(s => s.Name == "claim.mirrored" && s.Service == "depin-indexer" && !before.Contains(s.Trace) && Same(s[Tags.Account], account))),
            "the claim and its event have been told of", default);
        var root = Spans.Last(s => s.Name == "claim" && !before.Contains(s.Trace));
        Assert.Equal((root[Tags.Transaction][2..34], root[Tags.Transaction][34..50], "", "depin-cli"), (root.Trace, root.Id, root.Parent, root.Service));
        var send = Assert.Single(Spans, s => s.Trace == root.Trace && s.Name == "claim.send");
        Assert.True(send.Parent == root.Id && send.Start >= root.Start && send.End <= root.End, send.ToString());
        var mirrored = Assert.Single(Spans, s => s.Trace == root.Trace && s.Name == "claim.mirrored" && s.Service == "depin-indexer");
        Assert.Equal((root.Id, paid[0]!["amount"]!.ToString(), root[Tags.Epoch]), (mirrored.Parent, mirrored[Tags.Amount], mirrored[Tags.Epoch]));
        Assert.True(mirrored.End >= send.Start);
        var epoch = TraceIdentity.OfEpoch(manifest.Id, new Epoch(ulong.Parse(root[Tags.Epoch], CultureInfo.InvariantCulture)));
        Assert.Equal((epoch.TraceId.ToHexString(), epoch.Root.ToHexString()), Assert.Single(mirrored.Links));
        Assert.Equal(epoch.TraceId.ToHexString(), root.Links[0].Trace);

        // The command's own trace, in which the API answered.
        await Eventually.HoldsAsync(() => Task.FromResult(Spans.Exists(s => s.Trace == root.Links[1].Trace && s.Service == "depin-api")), "the API has told of the request", default);
        var command = Assert.Single(Spans, s => s.Trace == root.Links[1].Trace && s.Name == "claim.command");
        Assert.Equal((command.Id, ""), (root.Links[1].Span, command.Parent));
        Assert.Contains(Spans, s => s.Trace == command.Trace && s.Service == "depin-api" && s["url.path"].EndsWith("/claim", StringComparison.Ordinal));
    }

    private static ReceivedSpan First(IEnumerable<ReceivedSpan> spans, string name) => spans.Where(s => s.Name == name).MinBy(s => s.Start)!;

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
