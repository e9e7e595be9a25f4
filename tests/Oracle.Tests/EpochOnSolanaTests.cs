using System.Globalization;
using System.Net.Http.Json;
using DePin.Oracle.Ingest;
using DePin.Protocol.Evidence;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.TestKit;

namespace DePin.Oracle.Tests;

/// <summary>Operators against the real program on Solana.</summary>
public sealed class EpochOnSolanaTests
{
    private static CancellationToken Ct => CancellationToken.None;

    private static TimeSpan Patience { get; } = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Four_operators_agree_on_an_epoch_of_proofs_one_sends_it_and_what_the_program_holds_is_their_tree()
    {
        await using var network = await SolanaNetworkOfOperators.StartAsync(Ct);
        var operators = new List<ChainOperator>();
        for (var i = 0; i < 4; i++) operators.Add(await network.CreateOperatorAsync(i, Ct, stageDelay: TimeSpan.FromMinutes(2)));
        foreach (var one in operators) await one.StartAsync(Ct);
        await ProveAsync(network, operators);
        network.StartClock(epoch: 2, second: 1_800, TimeSpan.FromSeconds(1));

        await FinalAsync(network, epoch: 1);

        var ledger = await network.LedgerAsync(Ct);
        var distributor = await network.DistributorAsync(Ct);
        foreach (var one in operators)
        {
            await Eventually.HoldsAsync(async () => await one.Database.ScalarAsync<long>("select count(*) from oracle.bundles where epoch = 1 and final", Ct) == 1, "the bundle of epoch 1 is final", Ct, Patience);
            var state = NetworkState.Parse((await one.Database.ScalarAsync<byte[]>("select state from oracle.reports where epoch = 1", Ct))!);
            var domain = await one.Get<Transmit.NetworkRewards>().FindDomainAsync(Ct);
            var tree = RewardTree.Build(domain!.Value, state.Ledger);
            Assert.True(tree.Total > 0);
            Assert.Equal((tree.Root, tree.Total), (distributor.Current.RootValue, (UInt128)distributor.Current.CumulativeTotal));
            var audit = EpochAudit.Run(ChainNetwork.Catalog, EvidenceBundle.Parse(await one.Http.GetByteArrayAsync("/v1/evidence/1", Ct)));
            Assert.True(audit.Matches);
            Assert.Equal(Protocol.Reports.AttestationFault.None, audit.Attestation);
        }

        Assert.Equal(1, await CountAsync(operators, "purpose = 'attest' and epoch = 1"));
        Assert.True(ledger.NextFinal > 1);
        foreach (var one in operators) await one.DisposeAsync();
    }

    private static Task FinalAsync(SolanaNetworkOfOperators network, ulong epoch) => Eventually.HoldsAsync(
        async () => (await network.LedgerAsync(Ct)).NextFinal > epoch, string.Create(CultureInfo.InvariantCulture, $"epoch {epoch} is final"), Ct, Patience);

    /// <summary>A day's readings to all operators in turn, sent when the day is over.</summary>
    private static async Task ProveAsync(SolanaNetworkOfOperators network, List<ChainOperator> operators)
    {
        await network.TravelAsync(epoch: 2, second: 60, Ct);
        foreach (var one in operators)
        {
            await Eventually.HoldsAsync(
                async () => await one.Database.ScalarAsync<long>("select count(*) from chain.devices", Ct) == SolanaNetworkOfOperators.Devices
                    && (await one.Http.GetAsync("/ready", Ct)).IsSuccessStatusCode && one.Get<Network.NetworkView>().CurrentEpoch == 2, "the operator has the devices and the new day", Ct, Patience);
        }

        var next = 0;
        foreach (var proof in network.ReadingsOf(1))
        {
            using var response = await operators[next++ % operators.Count].Http.PostAsJsonAsync("/v1/proofs", new ProofRequest(proof.Proof.Envelope.ToArray(), proof.Signature.ToArray()), Ct);
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Ct));
        }
    }

    private static async Task<long> CountAsync(IEnumerable<ChainOperator> operators, string where)
    {
        var sum = 0L;
        foreach (var one in operators) sum += await one.Database.ScalarAsync<long>($"select count(*) from oracle.transmissions where {where}", Ct);
        return sum;
    }
}
