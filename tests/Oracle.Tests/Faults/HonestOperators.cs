using System.Globalization;
using System.Numerics;
using DePin.ContractBindings.Evm;
using DePin.Chain.Evm;
using DePin.Cryptography;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Faults;

/// <summary>What must hold of the honest, whatever the others do.</summary>
public sealed class HonestOperators(FaultNetwork network, IReadOnlyCollection<int> liars)
{
    private readonly Witness _witness = new(network);

    /// <summary>
    /// Two further epochs become final at the honest recomputation's values, every honest operator has them, nobody honest signed twice, and every
    /// proof of which an honest operator gave a receipt stands in one cut.
    /// </summary>
    public async Task GoOnAsync(CancellationToken ct)
    {
        List<Bytes32> receipts = [];
        await Eventually.HoldsAsync(
            () =>
            {
                receipts = [.. network.Load.Receipts.Where(receipt => !liars.Contains(receipt.Value)).Select(receipt => receipt.Key)];
                return Task.FromResult(receipts.Count > 20);
            }, "proofs flow", ct, FaultNetwork.Patience);
        var second = await network.NextEpochAsync(ct) + 1;
        await network.FinalAsync(second, ct);
        var (_, times) = await _witness.TakenAsync(receipts, ct);
        Assert.All(receipts, id => Assert.Equal(1, times.GetValueOrDefault(id)));
        foreach (var one in network.Processes)
        {
            var query = string.Create(CultureInfo.InvariantCulture, $"select count(*) from oracle.reports where epoch in ({second - 1}, {second}) and status in ('accepted', 'final')");
            await Eventually.HoldsAsync(async () => await one.Database.ScalarAsync<long>(query, ct) == 2, $"operator {one.Number} has both epochs", ct, FaultNetwork.Patience);
        }

        await _witness.OneReportAnEpochAsync(second, ct);
        await _witness.NobodySignedTwiceAsync(network.Processes.Select(one => one.Database), liars, ct);
    }

    /// <summary>The liar lost its whole bond: a twentieth went to the operator that proved it, the rest out of existence. Nobody else lost anything.</summary>
    public async Task SlashedAsync(int liar, CancellationToken ct)
    {
        var keys = network.Chain.Operators[liar];
        await Eventually.HoldsAsync(
            async () => (await network.AskAsync(new OperatorRegistry.OperatorCall(keys.Address), ct, "OperatorRegistry")).Slashed, "the bond is slashed", ct, FaultNetwork.Patience);
        var registry = network.Chain.Manifest.AddressOf("OperatorRegistry");
        var (block, reporter, bond, part) = await _witness.FindSlashAsync(keys.Address, ct);
        Assert.Contains(reporter, network.Chain.Operators.Where((_, number) => number != liar).Select(one => one.Transaction.Address)); // one liar may give another away
        Assert.True(bond > 0);
        Assert.Equal(bond / 20, part);
        // Every transaction has a block of its own here, so that this one's effect is the difference of two blocks.
        Assert.Equal(bond - part, await FallAsync(new NetworkToken.TotalSupplyCall()));
        Assert.Equal(bond, await FallAsync(new NetworkToken.BalanceOfCall(registry)));
        Assert.Equal(-part, await FallAsync(new NetworkToken.BalanceOfCall(reporter)));
        Assert.Equal(UInt128.Zero, (await network.AskAsync(new OperatorRegistry.OperatorCall(keys.Address), ct, "OperatorRegistry")).Bond);
        for (var i = 0; i < network.Chain.Operators.Count; i++)
        {
            if (!liars.Contains(i)) Assert.False((await network.AskAsync(new OperatorRegistry.OperatorCall(network.Chain.Operators[i].Address), ct, "OperatorRegistry")).Slashed);
        }

        async Task<BigInteger> FallAsync(Abi.IContractCall<Abi.UInt256> call) =>
            (BigInteger)await network.AskAsync(call, ct, "NetworkToken", BlockTag.At(block - 1)) - (BigInteger)await network.AskAsync(call, ct, "NetworkToken", BlockTag.At(block));
    }
}
