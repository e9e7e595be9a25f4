using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Round;

/// <summary>What happens to a report that the arbiter cancels, on the real contracts.</summary>
public sealed class GenerationTests
{
    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public async Task A_cancelled_report_is_agreed_on_again_in_the_next_generation_and_nobody_signs_a_generation_twice()
    {
        await using var network = await ChainNetwork.StartAsync(Ct);
        var operators = new List<ChainOperator>();
        for (var i = 0; i < 4; i++) operators.Add(await network.CreateOperatorAsync(i, Ct));
        foreach (var one in operators) await one.StartAsync(Ct);
        await network.StartClockAsync(TimeSpan.FromMilliseconds(800), Ct);
        var verifier = network.Manifest.AddressOf("ReportVerifier");
        async Task<ulong> NextEpochAsync() => await network.Rpc.CallAsync(verifier, new ReportVerifier.NextEpochCall(), BlockTag.Latest, Ct);

        await Eventually.HoldsAsync(async () => await NextEpochAsync() > 1, "epoch 1 is accepted", Ct, TimeSpan.FromMinutes(5));
        var arbiter = PrivateKey.Parse(KeyType.Secp256k1, AnvilNode.PrivateKeys[1]);
        using var sender = new TransactionSender(network.Rpc, arbiter);
        await sender.SendAsync(verifier, new ReportVerifier.CancelCall(1), Ct);
        Assert.Equal(1ul, await network.Rpc.CallAsync(verifier, new ReportVerifier.GenerationCall(), BlockTag.Latest, Ct)); // the next report may be there already

        await Eventually.HoldsAsync(async () => await NextEpochAsync() > 1, "epoch 1 is accepted again", Ct, TimeSpan.FromMinutes(5));
        Assert.Equal(1ul, await network.Rpc.CallAsync(verifier, new ReportVerifier.GenerationCall(), BlockTag.Latest, Ct));
        var digests = new HashSet<string>();
        foreach (var one in operators)
        {
            await Eventually.HoldsAsync(
                async () => await one.Database.ScalarAsync<long>("select count(*) from oracle.reports where epoch = 1 and generation = 1 and status <> 'decided'", Ct) == 1,
                "every operator has the second report", Ct, TimeSpan.FromMinutes(3));
            Assert.Equal(0, await one.Database.ScalarAsync<long>("select count(*) from oracle.round_conflicts", Ct));
            Assert.Equal(0, await one.Database.ScalarAsync<long>("select count(*) from chain.operators where slashed", Ct));
            digests.Add((await one.Database.ScalarAsync<string>("select string_agg(encode(digest, 'hex'), ' ' order by generation) from oracle.reports where epoch = 1", Ct))!);
        }
        var both = Assert.Single(digests).Split(' ');
        Assert.Equal(2, both.Distinct().Count());
        foreach (var one in operators) await one.DisposeAsync();
    }
}
