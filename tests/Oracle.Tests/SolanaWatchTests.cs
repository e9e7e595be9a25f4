using System.Buffers.Binary;
using System.Globalization;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Oracle.Score;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.TestKit;

namespace DePin.Oracle.Tests;

/// <summary>What a quorum that conspires is caught by, on the real program on Solana.</summary>
public sealed class SolanaWatchTests
{
    private const int Publisher = 3;
    private const uint ManyLeaves = 5_000; // proofs of thirteen siblings: two of them exceed a transaction

    private static CancellationToken Ct => CancellationToken.None;

    private static TimeSpan Patience { get; } = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Reports_whose_trees_pay_strangers_are_cancelled_however_long_the_proof_and_the_honest_agree_anew()
    {
        await using var network = await SolanaNetworkOfOperators.StartAsync(Ct);
        var honest = new List<ChainOperator>();
        for (var i = 0; i < 3; i++) honest.Add(await network.CreateOperatorAsync(i, Ct, stageDelay: TimeSpan.FromSeconds(1)));
        var watcher = honest[0];
        await watcher.StartAsync(Ct);
        // Past the grace, and far from the window's end: from here on time stands still but for the runtime's own slots.
        await network.TravelAsync(epoch: 2, second: 7_200, Ct);
        await using var publisher = await PublishedLeaves.StartAsync(network.EndpointOf(Publisher), Ct);

        // q conspire: one leaf, of an account that has no payout account.
        var (task, outcome) = await ComputeAsync(watcher, generation: 0);
        var small = Tree(task, [Stranger(outcome.Budget, 1)]);
        var first = await AttestAsync(network, publisher, False(outcome, small), small);
        await CancelledAsync(network, generation: 1);
        Assert.Equal(Depin.ProveTreeFaultInstruction.Discriminator.ToArray(), await ProofAsync(network, watcher, first));

        // Once more: the stranger stands behind an account that is right, in a tree so high that his proof goes through the buffer.
        await SetPayoutCountAsync(network, ManyLeaves);
        (task, outcome) = await ComputeAsync(watcher, generation: 1);
        var owner = new LedgerEntry(new AccountId(SolanaAddress.Of(network.Owner.PublicKey).ToBytes32()), 1, Bytes32.FromUInt64(1));
        var large = Tree(task, [owner, Stranger(outcome.Budget - 1, 2), .. Enumerable.Range(3, (int)ManyLeaves - 2).Select(i => Stranger(0, (ulong)i))]);
        var second = await AttestAsync(network, publisher, False(outcome, large), large);
        await CancelledAsync(network, generation: 2);
        Assert.Equal(Depin.ProveTreeFaultBufferedInstruction.Discriminator.ToArray(), await ProofAsync(network, watcher, second));

        // The epoch goes on, with what it comes to: nothing was proven in it, so nobody is paid.
        for (var i = 1; i < honest.Count; i++) await honest[i].StartAsync(Ct);
        await HoldsAsync(async () => (await network.LedgerAsync(Ct)).LastEpoch == 1, "epoch 1 is accepted in generation 2");
        network.StartClock(epoch: 2, second: 9_000, TimeSpan.FromSeconds(1));
        await HoldsAsync(async () => (await network.LedgerAsync(Ct)).NextFinal == 2, "epoch 1 is final");
        var final = (await network.LedgerAsync(Ct)).Reports[1];
        Assert.Equal((1UL, outcome.Report.RewardsRoot, outcome.Report.CumulativeTotal, 2U), (final.Epoch, final.RewardsRoot, final.CumulativeTotal, final.Cancellations));
        Assert.Equal(0UL, (await network.DistributorAsync(Ct)).TotalClaimed);
        foreach (var one in honest)
        {
            await HoldsAsync(
                async () => await one.Database.ScalarAsync<string>("select string_agg(status || ' ' || encode(digest, 'hex'), ', ' order by generation) from chain.reports where epoch = 1", Ct)
                    == $"cancelled {Hex(first)}, cancelled {Hex(second)}, final {Hex(final.Digest)}", "the operator has mirrored all three");
            Assert.Equal(1, await one.Database.ScalarAsync<long>($"select count(*) from oracle.reports where digest = '\\x{Hex(final.Digest)}'", Ct));
        }

        foreach (var one in honest) await one.DisposeAsync();
    }

    // By itself an operator decides nothing, but it can compute.
    private static async Task<(EpochTask Task, EpochOutcome Outcome)> ComputeAsync(ChainOperator one, ulong generation)
    {
        EpochTask? task = null;
        await HoldsAsync(
            async () => (task = await one.Get<EpochDesk>().GetNextAsync(Ct)) is { } next && next.Instance.Generation.Value == generation,
            string.Create(CultureInfo.InvariantCulture, $"epoch 1 is due in generation {generation}"));
        Assert.Equal(1UL, task!.Instance.Epoch.Value);
        return (task, (await one.Get<EpochDesk>().ComputeAsync(task, task.PreviousCut, Ct))!);
    }

    private static LedgerEntry Stranger(UInt128 cumulative, ulong number) => new(new AccountId(Keccak256.Hash(BitConverter.GetBytes(number))), cumulative, Bytes32.FromUInt64(number));

    private static RewardTree Tree(EpochTask task, LedgerEntry[] entries) => RewardTree.Build(task.Config.RewardDomain, [.. entries]);

    private static Protocol.Reports.Report False(EpochOutcome outcome, RewardTree tree) =>
        outcome.Report with { RewardsRoot = tree.Root, LeafCount = tree.LeafCount, CumulativeTotal = tree.Total, Unallocated = outcome.Budget - tree.Total };

    /// <summary>All but the first sign it and publish its leaves, and one sends it.</summary>
    private static async Task<Bytes32> AttestAsync(SolanaNetworkOfOperators network, PublishedLeaves publisher, Protocol.Reports.Report report, RewardTree tree)
    {
        publisher.Add(report, tree);
        var (accounts, digest) = (network.Manifest.Accounts, report.Digest.Value);
        var signatures = network.Operators.Skip(1).Select(keys => keys.Report.SignDigest(digest).ToArray()).ToArray();
        var attest = new Depin.AttestInstruction(report.Encode(), 0b1110, signatures)
            .ToInstruction(accounts.Program, new Depin.AttestAccounts { Network = accounts.Account, Config = accounts.Config(1) });
        var sender = new SolanaTransactionSender(network.Rpc, network.Operators[Publisher].Transaction, names: SolanaVerifierTransactions.Names(accounts.Program));
        await sender.SendAsync(new SolanaTransactionRequest(attest), Ct);
        return digest;
    }

    private static Task CancelledAsync(SolanaNetworkOfOperators network, ulong generation) => HoldsAsync(
        async () => await network.LedgerAsync(Ct) is { LastEpoch: 0 } ledger && ledger.Generation == generation,
        string.Create(CultureInfo.InvariantCulture, $"the false report is cancelled: generation {generation}"));

    /// <summary>Which instruction cancelled a report: the last of the one transaction that the watcher sent for it, which succeeded.</summary>
    private static async Task<byte[]> ProofAsync(SolanaNetworkOfOperators network, ChainOperator watcher, Bytes32 digest)
    {
        string? id = null;
        var landed = $"select transaction_id from oracle.transmissions where purpose = 'tree_fault' and subject = '\\x{Hex(digest)}' and status in ('included', 'finalized')";
        await HoldsAsync(async () => (id = await watcher.Database.ScalarAsync<string>(landed, Ct)) is not null, "the watcher's proof is in a block");
        var sent = (await network.Rpc.GetTransactionAsync(new TransactionId(id!), Finality.Safe, Ct))!;
        Assert.Null(sent.Meta.Error);
        return SolanaTransaction.Decode(sent.Bytes.Span).Message.ToInstructions()[^1].Data.Span[..8].ToArray();
    }

    // As if so many had payout accounts: a tree of many leaves without a transaction for each.
    private static async Task SetPayoutCountAsync(SolanaNetworkOfOperators network, uint count)
    {
        var address = network.Manifest.Accounts.Ledger;
        var ledger = (await network.Rpc.GetAccountInfoAsync(address, Finality.Safe, Ct)).Value!.Data.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(ledger.AsSpan(Depin.LedgerAccount.Offsets.PayoutCount), count);
        await network.Node.Rpc.SetDataAsync(address.ToString(), ledger, Ct);
    }

    private static Task HoldsAsync(Func<Task<bool>> condition, string what) => Eventually.HoldsAsync(condition, what, Ct, Patience);

    private static string Hex(Bytes32 digest) => Convert.ToHexStringLower(digest.AsSpan());
}
