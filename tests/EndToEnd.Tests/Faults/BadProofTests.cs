using System.Collections.Immutable;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Protocol.Evidence;
using DePin.Protocol.Proofs;
using DePin.Protocol.State;
using DePin.Protocol.Verification;

namespace DePin.EndToEnd.Tests.Faults;

/// <summary>Bad proofs from the door to the money: what ingest answers, what a cut makes of those that no single operator can know, and that nobody else notices.</summary>
[Collection(FaultCollection.Name)]
public sealed class BadProofTests(FaultNetwork network)
{
    [Fact]
    public async Task Each_bad_proof_gets_its_documented_answer_or_verdict_and_costs_nobody_else_anything()
    {
        await network.AcceptedAsync(1);
        var load = new ProofLoad(network, TimeSpan.FromSeconds(1));
        await network.HoldsAsync(() => Task.FromResult(load.Receipts.Count >= 12), "honest proofs flow");
        var (cheat, victim) = (network.Devices[5], network.Devices[0]);
        // In the afternoon: when the day's report is accepted, the morning's proofs are too old to be called repeated.
        await network.HoldsAsync(async () => await network.HourAsync() is >= 16 and <= 20, "it is afternoon");
        var time = await ProofLoad.SafeTimeAsync(network);
        var honest = ProofLoad.Prove(network, cheat, ProofLoad.NextSequence(), time, 20_100);
        await TakenAsync(0, honest);

        // At the door.
        await RefusedAsync(0, "not an envelope"u8.ToArray(), new byte[64], 400, "Malformed", 1);
        await RefusedAsync(0, honest.Proof.Envelope.ToArray(), new byte[63], 400, "Malformed", 1);
        await RefusedAsync(0, new byte[DeviceProof.MaxSize + 1], new byte[64], 413, "Oversized", 2);
        var statement = ProofLoad.Prove(network, victim, ProofLoad.NextSequence(), time, 35_000);
        var forged = new SignedProof(statement.Proof, cheat.Key.Sign(statement.Proof.Envelope.Span));
        await RefusedAsync(0, forged, 422, "BadSignature", 13);
        var future = ProofLoad.Prove(network, cheat, ProofLoad.NextSequence(), time + (3 * 86_400_000), 20_000);
        await RefusedAsync(0, future, 422, "TooFarAhead", 9);
        var sequence = ProofLoad.NextSequence();
        SignedProof[] conflict = [ProofLoad.Prove(network, cheat, sequence, time, 20_200), ProofLoad.Prove(network, cheat, sequence, time, 20_300)];
        await TakenAsync(0, conflict[0]);
        await TakenAsync(1, conflict[1]); // the second operator cannot know of the first

        // Once a cut has taken the honest one, others refuse its repetition and the first repeats its receipt.
        await network.HoldsAsync(() => HasTakenAsync(2, honest), "operator 3 knows the cut that took the proof");
        await Task.Delay(1_000); // and its ingest, a moment later
        await RefusedAsync(2, honest, 409, "Replayed", 11);
        await TakenAsync(0, honest);

        foreach (var one in conflict)
            await network.HoldsAsync(async () => await VerdictAsync(one.Id, (int)RejectReason.SequenceConflict) is not null, $"a cut rejects {one.Id}");
        await network.HoldsAsync(async () => await VerdictAsync(honest.Id, (int)RejectReason.None) is not null, "the honest one counts");
        foreach (var refused in (SignedProof[])[forged, future])
            Assert.Equal(0L, await FaultNetwork.ScalarAsync<long>(network.PublicDatabase, $"select count(*) from evidence.verdicts where proof_id = {Literal(refused.Id)}"));
        await load.DisposeAsync();

        // The epoch that holds the two pays everybody else what it pays without them.
        var epoch = (await VerdictAsync(conflict[0].Id, (int)RejectReason.SequenceConflict))!.Value;
        await AssertOthersUntouchedAsync(epoch, [.. conflict.Select(b => b.Id)], new DeviceId(cheat.Id.Value));
        await network.AssertHonestAsync();
    }

    private async Task AssertOthersUntouchedAsync(long epoch, ImmutableHashSet<ProofId> bad, DeviceId cheat)
    {
        using var http = new HttpClient();
        var file = await http.GetByteArrayAsync(new Uri(network.Operators[0].Url, string.Create(CultureInfo.InvariantCulture, $"/v1/evidence/{epoch}")));
        var bundle = EvidenceBundle.Parse(file);
        var with = EpochAudit.Run(BuiltInClasses.Catalog, bundle);
        Assert.True(with.Matches);
        var cleaned = bundle.Evidence with { Proofs = [.. bundle.Evidence.Proofs.Where(p => !bad.Contains(p.Id))] };
        Assert.True(cleaned.Proofs.Count < bundle.Evidence.Proofs.Count, $"epoch {epoch} holds no bad proof");
        var without = EpochComputation.Run(BuiltInClasses.Catalog, bundle.PreviousState, bundle.Snapshot, bundle.Parameters, bundle.Window, cleaned);
        var lines = Others(with.Outcome);
        Assert.NotEmpty(lines);
        Assert.Equal(Others(without), lines);

        List<byte[]> Others(EpochOutcome outcome) => [.. outcome.Lines.Where(l => l.Device != cheat).Select(l => l.Encode())];
    }

    // The epoch whose final evidence gave a proof this reason.
    private async Task<long?> VerdictAsync(ProofId id, int reason)
    {
        var epoch = await FaultNetwork.ScalarAsync<long>(network.PublicDatabase,
            string.Create(CultureInfo.InvariantCulture, $"select coalesce(max(epoch), 0) from evidence.verdicts where proof_id = {Literal(id)} and reason = {reason}"));
        return epoch == 0 ? null : epoch;
    }

    // Whether the newest report that the operator follows has the proof's sequence in its device's watermark.
    private async Task<bool> HasTakenAsync(int one, SignedProof proof)
    {
        if (await network.GetAsync(network.Operators[one], "/ready") is not { } ready) return false;
        var last = ready["nextReport"]!.GetValue<long>() - 1;
        var state = await FaultNetwork.ScalarAsync<byte[]>(network.OperatorDatabases[one], string.Create(CultureInfo.InvariantCulture,
            $"select o.state from oracle.reports o join chain.reports c using (digest) where c.epoch = {last} and c.status <> 'cancelled'"));
        return state is not null && NetworkState.Parse(state).Watermarks.Any(w => w.Device == proof.Proof.Device && !w.Takes(proof.Proof.Sequence));
    }

    private static string Literal(ProofId id) => $"'\\x{Convert.ToHexString(id.Value.AsSpan())}'";

    private async Task TakenAsync(int to, SignedProof proof)
    {
        var status = 0;
        await network.HoldsAsync(async () => (status = (await PostAsync(to, proof.Proof.Envelope.ToArray(), proof.Signature.ToArray())).Status) != 422, "the operator has read the proof's time");
        Assert.Equal(200, status);
    }

    private Task RefusedAsync(int by, SignedProof proof, int status, string title, int code) =>
        RefusedAsync(by, proof.Proof.Envelope.ToArray(), proof.Signature.ToArray(), status, title, code);

    private async Task RefusedAsync(int by, byte[] envelope, byte[] signature, int status, string title, int code)
    {
        var answer = await PostAsync(by, envelope, signature);
        Assert.Equal((status, title, code), (answer.Status, answer.Body["title"]!.ToString(), answer.Body["code"]!.GetValue<int>()));
    }

    private async Task<(int Status, JsonNode Body)> PostAsync(int to, byte[] envelope, byte[] signature)
    {
        using var http = new HttpClient();
        using var response = await http.PostAsJsonAsync(new Uri(network.Operators[to].Url, "/v1/proofs"), new { proof = envelope, signature });
        return ((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }
}
