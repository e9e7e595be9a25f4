using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Reports;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

/// <summary>Reports at the real program, as operators' nodes send them.</summary>
public sealed class SolanaReportTests
{
    private readonly CancellationToken _ct = CancellationToken.None;

    [Fact]
    public async Task A_report_of_seven_signatures_is_landed_in_parts_challenged_by_nobody_and_made_final()
    {
        await using var solana = await DeployedSolana.StartAsync(operators: 10, _ct);
        var chain = Transactions(solana);
        await solana.SetPayoutCountAsync(1, _ct);
        var tree = Tree(solana, 1);
        var report = solana.FirstReport(tree);

        // Before the period is over the program refuses, and is named.
        var early = await Assert.ThrowsAsync<SolanaProgramException>(() => chain.PrepareAsync(Attested(solana, report, 0b1111111), _ct));
        Assert.Equal("PeriodNotOver", early.ErrorName);
        await solana.TravelAsync(solana.Genesis + DeployedSolana.EpochLength + 1, _ct);
        var forged = Attested(solana, report, 0b1111111) with { Bitmap = 0b11111110 };
        Assert.Equal("BadSignature", (await Assert.ThrowsAnyAsync<ChainRefusalException>(() => chain.PrepareAsync(forged, _ct))).ErrorName);

        var transaction = await chain.PrepareAsync(Attested(solana, report, 0b0101110111), _ct);
        await LandAsync(chain, transaction);
        Assert.True(await chain.GetGasUsedAsync(transaction, _ct) is > 0 and < 20_000, "the signatures were checked before");
        Assert.Equal(report.Digest.Value, (await LedgerAsync(solana)).Reports[1].Digest);
        Assert.Equal("EpochNotNext", (await Assert.ThrowsAnyAsync<ChainRefusalException>(() => chain.PrepareAsync(Attested(solana, report, 0b1111111), _ct))).ErrorName);

        Assert.Equal("WindowOpen", (await Assert.ThrowsAnyAsync<ChainRefusalException>(() => chain.PrepareFinalizeAsync(1, _ct))).ErrorName);
        await solana.TravelAsync(solana.Genesis + (2 * DeployedSolana.EpochLength), _ct);
        await LandAsync(chain, await chain.PrepareFinalizeAsync(1, _ct));
        Assert.Equal((ulong)tree.Total, await solana.BalanceAsync(Depin.Addresses.Vault(solana.Network.Program, solana.Network.Account), _ct));
    }

    [Fact]
    public async Task A_challenged_report_is_made_final_with_its_challenge_a_faulty_one_is_cancelled_and_a_liar_loses_its_bond()
    {
        await using var solana = await DeployedSolana.StartAsync(operators: 4, _ct);
        var chain = Transactions(solana);
        await solana.SetPayoutCountAsync(70_000, _ct);
        await solana.TravelAsync(solana.Genesis + DeployedSolana.EpochLength + 1, _ct);

        // A total that is not the leaves': proven by the last leaf, in one transaction.
        var tree = Tree(solana, 1);
        var faulty = solana.FirstReport(tree) with { CumulativeTotal = tree.Total - 1, Unallocated = 2 };
        await LandAsync(chain, await chain.PrepareAsync(Attested(solana, faulty, 0b0111), _ct));
        await LandAsync(chain, await chain.PrepareTreeFaultAsync(1, new LeafFault(LeafFaultKind.WrongTotal, tree.ProofAt(0), null), _ct));
        Assert.Equal(1ul, (await LedgerAsync(solana)).Generation);

        // A fault deep in a large tree does not fit: its proofs go through the buffer.
        var large = Tree(solana, 70_000);
        var wrong = solana.FirstReport(large) with { Generation = new Generation(1), CumulativeTotal = large.Total - 1, Unallocated = 2 };
        await LandAsync(chain, await chain.PrepareAsync(Attested(solana, wrong, 0b0111), _ct));
        var last = large.ProofAt(large.LeafCount - 1);
        Assert.True(last.Siblings.Length >= 17);
        await LandAsync(chain, await chain.PrepareTreeFaultAsync(1, new LeafFault(LeafFaultKind.WrongTotal, last, large.ProofAt(0)), _ct));
        Assert.Equal(2ul, (await LedgerAsync(solana)).Generation);

        // An honest one, challenged in vain.
        var honest = solana.FirstReport(tree) with { Generation = new Generation(2) };
        await LandAsync(chain, await chain.PrepareAsync(Attested(solana, honest, 0b1101), _ct));
        await solana.SendAsync(_ct, new Depin.ChallengeInstruction(1, Keccak256.Hash("evidence"u8)).ToInstruction(solana.Network.Program, new Depin.ChallengeAccounts
        {
            Challenger = solana.Owner,
            Network = solana.Network.Account,
            Challenge = solana.Network.Challenge(honest.Digest.Value),
            Source = solana.OwnersTokens,
            TokenProgram = solana.Network.TokenProgram,
        }));
        await solana.TravelAsync(solana.Genesis + (3 * DeployedSolana.EpochLength), _ct);
        await LandAsync(chain, await chain.PrepareFinalizeAsync(1, _ct));
        Assert.Equal(2ul, (await LedgerAsync(solana)).NextFinal);

        // Two reports of one instance by one operator: the reporter is paid, the rest burned.
        var (a, b) = (honest, honest with { ManifestHash = Keccak256.Hash("another"u8) });
        var before = await solana.BalanceAsync(solana.OwnersTokens, _ct);
        await LandAsync(chain, await chain.PrepareEquivocationAsync(a.Encode(), Sign(solana, 0, a), b.Encode(), Sign(solana, 0, b), _ct));
        Assert.Equal(before + (DeployedSolana.Bond * 500 / 10_000), await solana.BalanceAsync(solana.OwnersTokens, _ct));
    }

    private static SolanaVerifierTransactions Transactions(DeployedSolana solana) => new(solana.Rpc, solana.Sender, ChainId.Solana(solana.Chain), solana.Network);

    private static RewardTree Tree(DeployedSolana solana, int accounts)
    {
        var share = (DeployedSolana.EmissionBase - 1) / (ulong)accounts;
        return RewardTree.Build(solana.Config.RewardDomain, [.. Enumerable.Range(0, accounts).Select(i => new LedgerEntry(
            i == 0 ? new AccountId(solana.Owner.ToBytes32()) : new AccountId(Keccak256.Hash(BitConverter.GetBytes(i))),
            i == 0 ? DeployedSolana.EmissionBase - 1 - (share * (ulong)(accounts - 1)) : share, Keccak256.Hash([1])))]);
    }

    private static AttestedReport Attested(DeployedSolana solana, Report report, uint bitmap) => new(
        report.Encode(), bitmap, solana.Operators.Where((_, i) => (bitmap >> i & 1) == 1).SelectMany(o => o.Report.SignDigest(report.Digest.Value).ToArray()).ToArray());

    private static byte[] Sign(DeployedSolana solana, int @operator, Report report) => solana.Operators[@operator].Report.SignDigest(report.Digest.Value).ToArray();

    private async Task<Depin.LedgerAccount> LedgerAsync(DeployedSolana solana)
    {
        var found = await solana.Rpc.GetAccountInfoAsync(solana.Network.Ledger, Finality.Safe, _ct);
        return Depin.LedgerAccount.TryDecode(found.Value!.Data.Span, out var ledger) ? ledger : throw new InvalidOperationException("The ledger does not decode.");
    }

    private async Task LandAsync(SolanaVerifierTransactions chain, SignedTransaction transaction)
    {
        await chain.BroadcastAsync(transaction, _ct);
        await Eventually.HoldsAsync(async () => await chain.GetStatusAsync(transaction, _ct) is TransmissionStatus.Included or TransmissionStatus.Finalized, "the transaction is included", _ct);
    }
}
