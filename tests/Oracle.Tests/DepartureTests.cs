using DePin.Oracle.Network;
using DePin.Oracle.Round;
using DePin.Protocol;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Storage.Oracle;
using DePin.TestKit;

namespace DePin.Oracle.Tests;

/// <summary>An operator leaves with certified proofs above the last cut: its lane is in no later cut, its proofs must be.</summary>
public sealed class DepartureTests
{
    private static CancellationToken Ct => CancellationToken.None;

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // the last cut took the first batch
    public async Task What_a_departed_operator_had_certified_is_sealed_by_f_plus_1_others_and_certified_anew(bool cutTookTheFirst)
    {
        var network = new TestNetwork(spare: 1);
        var operators = await TestOperator.StartAllAsync(network, [0, 1, 2, 3], Ct);
        var leaver = operators[0];
        var proofs = Enumerable.Range(1, 30).Select(n => network.Prove(network.Devices[n % 3], (ulong)n)).ToList();
        await PostAndCertifyAsync(leaver, proofs[..10]);
        var first = (await leaver.Get<LaneStore>().FindBatchAsync(leaver.Keys.Address, 1, Ct))!;
        await PostAndCertifyAsync(leaver, proofs[10..]);
        var height = (await leaver.Get<LaneStore>().GetLaneAsync(leaver.Keys.Address, Ct)).Height;
        foreach (var one in operators.Skip(1))
            await Eventually.HoldsAsync(async () => (await one.Get<LaneStore>().GetLaneAsync(leaver.Keys.Address, Ct)).Height == height, "the others hold the lane", Ct);
        if (cutTookTheFirst)
        {
            foreach (var one in operators.Skip(1)) await AcceptCutAsync(one, network, leaver, first);
        }

        // The second epoch's operators are the other three and a newcomer; the one that left is gone for good.
        await leaver.StopAsync(Ct);
        network.Configs.Add((2, [.. network.Operators.Skip(1)]));
        network.Now += TimeSpan.FromDays(1);
        foreach (var one in operators.Skip(1)) await network.WriteMirrorAsync(one.Database.DataSource, Ct);
        var newcomer = await TestOperator.StartAsync(network, 4, ct: Ct);
        List<TestOperator> present = [.. operators.Skip(1), newcomer];
        foreach (var one in present) await network.WriteMirrorAsync(one.Database.DataSource, Ct);

        var wanted = (cutTookTheFirst ? proofs[10..] : proofs).Select(p => p.Id).ToHashSet();
        foreach (var one in present)
            await Eventually.HoldsAsync(async () => (await ObservedAsync(one)).IsSupersetOf(wanted), "every proof is in what the new set certified", Ct);

        // Two of the four (f + 1) have them, and none takes them a second time.
        async Task<int> AdoptedAsync()
        {
            var counts = await Task.WhenAll(present.Select(one => one.Database.ScalarAsync<long>($"select count(*) from oracle.lanes where adopted_height = {height} and adopted_height > 0", Ct)));
            return counts.Count(c => c > 0);
        }

        await Eventually.HoldsAsync(async () => await AdoptedAsync() == 2, "two have gone through the lane", Ct);
        var holders = new List<long>();
        foreach (var one in present) holders.Add(await one.Database.ScalarAsync<long>("select count(*) from oracle.proofs", Ct));
        Assert.Equal(2, holders.Count(h => h > 0));
        Assert.All(holders.SkipLast(1), h => Assert.True(h == 0 || h == wanted.Count)); // those that know the last cut take no more than it left; the newcomer knows none here
        Assert.True(holders[^1] == 0 || holders[^1] >= wanted.Count);
        foreach (var one in present.Where((_, i) => holders[i] > 0))
            Assert.Equal(height, await one.Database.ScalarAsync<long>($"select adopted_height from oracle.lanes where operator = decode('{Convert.ToHexString(leaver.Keys.Address.AsSpan())}', 'hex')", Ct));
        foreach (var one in operators) await one.DisposeAsync();
        await newcomer.DisposeAsync();
    }

    private static async Task PostAndCertifyAsync(TestOperator one, List<SignedProof> proofs)
    {
        Assert.Equal((uint)proofs.Count, (await one.PostAsync(proofs, Ct)).Durable);
        foreach (var proof in proofs)
            await Eventually.HoldsAsync(async () => (await one.GetProgressAsync(proof.Id, Ct))?.Stage == "certified", "certified", Ct);
    }

    private static async Task AcceptCutAsync(TestOperator one, TestNetwork network, TestOperator lane, BatchRow batch)
    {
        var cut = new Cut([.. network.Configs[0].Members.Select(m => m.Address == lane.Keys.Address ? new LaneHeight(m.Address, 1, batch.Digest) : new LaneHeight(m.Address, 0, default))]);
        await one.Get<ReportStore>().AddAsync(new ReportRow(network.Digest, network.Digest, 1, 0, new byte[348], cut.Encode(), [], [], "accepted"), Ct);
    }

    /// <summary>The proofs under the cut that an operator would propose alone: of the running config's lanes, as far as its members certified them.</summary>
    private static async Task<HashSet<ProofId>> ObservedAsync(TestOperator one)
    {
        var found = new HashSet<ProofId>();
        if (one.Get<NetworkView>().Current is not { FirstEpoch: 2 } roster) return found;
        var lanes = await new Observer(one.Get<LaneStore>(), new CertifiedLaneStore(one.Database.DataSource)).ObserveAsync(roster.Set, null, Ct);
        foreach (var lane in lanes)
        {
            for (var index = 1L; index <= (long)lane.Height.Height; index++)
            {
                if (await one.Get<LaneStore>().FindBatchAsync(lane.Operator, index, Ct) is not { } row) return [];
                Assert.True(Protocol.Lanes.Batch.TryOpen(one.Network.Facts.Id, BatchHeader.Parse(row.Header), row.Body, out var batch, out _));
                found.UnionWith(batch.Proofs.Select(p => p.Id));
            }
        }

        return found;
    }
}
