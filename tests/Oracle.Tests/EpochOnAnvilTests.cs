using System.Globalization;
using DePin.ContractBindings.Evm;
using DePin.Chain.Evm;
using DePin.Protocol.Evidence;
using DePin.TestKit;

namespace DePin.Oracle.Tests;

/// <summary>Operators against the real contracts.</summary>
public sealed class EpochOnAnvilTests
{
    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public async Task Four_operators_finalize_epochs_with_one_transaction_each_and_the_bundle_proves_them()
    {
        await using var network = await ChainNetwork.StartAsync(Ct);
        var operators = new List<ChainOperator>();
        for (var i = 0; i < 4; i++) operators.Add(await network.CreateOperatorAsync(i, Ct, stageDelay: TimeSpan.FromMinutes(2)));
        foreach (var one in operators) await one.StartAsync(Ct);
        await network.StartClockAsync(TimeSpan.FromMilliseconds(400), Ct, skipIdle: true);

        await AcceptedAsync(network, epoch: 2);
        await FinalAsync(network, epoch: 1);

        foreach (var one in operators)
        {
            await Eventually.HoldsAsync(
                async () => await one.Database.ScalarAsync<long>("select count(*) from oracle.bundles where epoch = 1 and final", Ct) == 1, "the bundle of epoch 1 is final", Ct, Patience);
            var file = await one.Http.GetByteArrayAsync("/v1/evidence/1", Ct);
            var audit = EpochAudit.Run(ChainNetwork.Catalog, EvidenceBundle.Parse(file));
            Assert.True(audit.Matches);
            Assert.Equal(Protocol.Reports.AttestationFault.None, audit.Attestation);
        }

        var sent = 0L;
        foreach (var one in operators) sent += await one.Database.ScalarAsync<long>("select count(*) from oracle.transmissions where purpose = 'attest' and epoch = 1", Ct);
        Assert.Equal(1, sent);
        foreach (var one in operators) await one.DisposeAsync();
    }

    [Fact]
    public async Task Epochs_go_on_without_the_operator_whose_turn_it_is_and_it_catches_up_from_a_peers_evidence()
    {
        await using var network = await ChainNetwork.StartAsync(Ct);
        var operators = new List<ChainOperator>();
        for (var i = 0; i < 4; i++) operators.Add(await network.CreateOperatorAsync(i, Ct));
        // Epoch 1, generation 0: operator 1 proposes and would send first.
        foreach (var one in operators.Where((_, i) => i != 1)) await one.StartAsync(Ct);
        await network.StartClockAsync(TimeSpan.FromMilliseconds(700), Ct, skipIdle: true);

        await AcceptedAsync(network, epoch: 2);
        await network.StopClockAsync();
        await operators[1].StartAsync(Ct);
        await Eventually.HoldsAsync( // epoch 1 too, on which epoch 2's successor would build if it were cancelled
            async () => await operators[1].Database.ScalarAsync<long>("select count(*) from oracle.reports where epoch <= 2", Ct) == 2, "the late operator has both epochs", Ct, Patience);
        await network.StartClockAsync(TimeSpan.FromMilliseconds(700), Ct, skipIdle: true);
        await operators[0].StopAsync();

        var next = (ulong)(await operators[2].Database.ScalarAsync<long>("select max(epoch) from oracle.reports", Ct))! + 2;
        await AcceptedAsync(network, next);
        Assert.True(await operators[1].Database.ScalarAsync<long>(
            string.Create(CultureInfo.InvariantCulture, $"select count(*) from oracle.signed_reports where epoch >= {next - 1}"), Ct) > 0);
        foreach (var one in operators) await one.DisposeAsync();
    }

    private static TimeSpan Patience { get; } = TimeSpan.FromMinutes(4);

    private static Task AcceptedAsync(ChainNetwork network, ulong epoch) => Eventually.HoldsAsync(
        async () => await network.Rpc.CallAsync(network.Manifest.AddressOf("ReportVerifier"), new ReportVerifier.NextEpochCall(), BlockTag.Latest, Ct) > epoch,
        $"epoch {epoch} is accepted", Ct, Patience);

    private static Task FinalAsync(ChainNetwork network, ulong epoch) => Eventually.HoldsAsync(
        async () => await network.Rpc.CallAsync(network.Manifest.AddressOf("ReportVerifier"), new ReportVerifier.NextFinalCall(), BlockTag.Latest, Ct) > epoch,
        $"epoch {epoch} is final", Ct, Patience);
}
