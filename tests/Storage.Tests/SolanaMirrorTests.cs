using System.Globalization;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.TestKit;

namespace DePin.Storage.Tests;

/// <summary>The mirror of a network on Solana: the committed program, deployed through the loader of a real runtime, from its first transaction to a claim.</summary>
public sealed class SolanaMirrorTests
{
    private readonly CancellationToken _ct = CancellationToken.None;

    [Fact]
    public async Task A_networks_whole_life_is_mirrored_into_the_tables_of_every_chain()
    {
        await using var solana = await DeployedSolana.StartAsync(operators: 4, _ct);
        var (network, owner) = (solana.Network, solana.Owner);
        await solana.SendAsync(_ct, new Depin.OpenPayoutInstruction(owner).ToInstruction(network.Program, new Depin.OpenPayoutAccounts { Payer = owner, Network = network.Account, Page = network.PageOf(0) }));

        await OpenRegistryAndStakeAsync(solana);

        await using var mirrored = await MirroredAsync(solana);
        await mirrored.CatchUpAsync();
        Assert.Equal(4, await mirrored.ScalarAsync<long>("select count(*) from chain.operators"));
        Assert.Equal("http://127.0.0.1:9000/é", await mirrored.ScalarAsync<string>($"select endpoint from chain.operators where report_key = '\\x{Convert.ToHexString(solana.Operators[0].Report.Address.AsSpan())}'"));
        // What the mirror took for the set hashes to what the program stored.
        var stored = await solana.Rpc.GetAccountInfoAsync(network.Config(1), Finality.Safe, _ct);
        Assert.True(Depin.ConfigAccount.TryDecode(stored.Value!.Data.Span, out var config));
        Assert.Equal(config.Digest, (await mirrored.Reader.FindConfigAsync(new Epoch(1), null, _ct))!.Digest.Value);
        Assert.Equal(owner.ToArray(), await mirrored.ScalarAsync<byte[]>("select account from chain.payout_accounts where payout_index = 0"));

        var budget = mirrored.Emission.BudgetOf(1, []);
        var tree = RewardTree.Build(solana.Config.RewardDomain, [new LedgerEntry(new AccountId(owner.ToBytes32()), budget - 1, Keccak256.Hash([1]))]);
        await solana.TravelAsync(solana.Genesis + DeployedSolana.EpochLength + 1, _ct);
        var report = solana.FirstReport(tree);
        var signatures = solana.Operators.Where((_, i) => i != 1).Select(o => o.Report.SignDigest(report.Digest.Value).ToArray()).ToArray();
        await solana.SendAsync(_ct, new Depin.AttestInstruction(report.Encode(), 0b1101, signatures)
            .ToInstruction(network.Program, new Depin.AttestAccounts { Network = network.Account, Config = network.Config(1) }));
        await mirrored.CatchUpAsync();
        Assert.Equal("pending", await mirrored.ScalarAsync<string>("select status from chain.reports"));
        Assert.Equal(report.Encode(), await mirrored.ScalarAsync<byte[]>("select report from chain.reports"));
        Assert.Equal(64, await mirrored.ScalarAsync<int>("select octet_length(accepted_transaction) from chain.reports"));

        await solana.TravelAsync(solana.Genesis + (2 * DeployedSolana.EpochLength), _ct);
        await solana.SendAsync(_ct, new Depin.FinalizeInstruction(1).ToInstruction(network.Program, new Depin.FinalizeAccounts { Network = network.Account, Mint = network.Mint, TokenProgram = network.TokenProgram }));
        var proof = tree.ProofAt(0);
        var before = await solana.BalanceAsync(solana.OwnersTokens, _ct);
        // Whoever fills the log up first hides nothing: the mirror reads what the program tells itself.
        var claim = new Depin.ClaimInstruction(tree.Root, new Depin.Leaf(proof.Leaf.Cumulative, proof.Leaf.Prefix, proof.Leaf.ItemsHash), [.. proof.Siblings]).ToInstruction(network.Program, new Depin.ClaimAccounts
        {
            Sender = owner,
            Network = network.Account,
            Page = network.PageOf(0),
            Payout = network.Payout(owner),
            To = solana.OwnersTokens,
            TokenProgram = network.TokenProgram,
        });
        var receipt = await solana.SendAsync(_ct, [.. Enumerable.Repeat(MemoProgram.Write("full"), 40), claim]);
        Assert.Contains("Log truncated", (await solana.Rpc.GetTransactionAsync(receipt.Transaction.Id, Finality.Safe, _ct))!.Meta.Logs);
        var paid = await solana.BalanceAsync(solana.OwnersTokens, _ct) - before;
        await mirrored.CatchUpAsync();
        Assert.Equal("final", await mirrored.ScalarAsync<string>("select status from chain.reports"));
        Assert.Equal(paid.ToString(CultureInfo.InvariantCulture), await mirrored.ScalarAsync<string>("select sum(amount)::text from chain.claims"));
        Assert.Equal(tree.Root.ToArray(), await mirrored.ScalarAsync<byte[]>("select root from chain.roots"));
        Assert.Equal(0, await mirrored.ScalarAsync<long>("select count(*) from chain.logs where event = 0"));

        // A mirror made afresh, by ranges where the first one followed, is the same; once rooted, it is final.
        await solana.Node.Rpc.PauseClockAsync(_ct);
        await mirrored.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(await mirrored.HashOfFreshMirrorAsync(), await mirrored.HashAsync()));

        // It says what the program's accounts say; a row that somebody changed is found, and one that is gone.
        var verifier = new SolanaMirrorVerifier(mirrored.Database, mirrored.Mirror.Network, solana.Rpc);
        var verified = await verifier.VerifyAsync(null, _ct);
        Assert.Empty(verified.Differences);
        Assert.Equal("batches 0, claimed 1, configs 1, devices 0, distributor 1, ledger 1, makers 1, models 1, operators 4, payouts 1, pools 1, reports 1", string.Join(", ", verified.Compared.Select(c => $"{c.Key} {c.Value}")));
        await mirrored.ExecuteAsync("update chain.pool_versions set tokens = tokens + 1 where valid_to = 9223372036854775807");
        await mirrored.ExecuteAsync("delete from chain.maker_versions");
        Assert.Equal(["makers 7", $"pools 0x{Convert.ToHexStringLower(owner.AsSpan())}"], (await verifier.VerifyAsync(null, _ct)).Differences.Select(d => d.What));
        await solana.Node.Rpc.ResumeClockAsync(_ct);
        var claimed = await mirrored.ScalarAsync<long>("select block_number from chain.claims");
        await Eventually.HoldsAsync(
            async () =>
            {
                await mirrored.CatchUpAsync();
                return (await mirrored.Mirror.GetCheckpointAsync(_ct)).Finalized is { } final && final.Number >= (ulong)claimed;
            }, "the claim is final in the mirror", _ct);
    }

    private async Task OpenRegistryAndStakeAsync(DeployedSolana solana)
    {
        var (network, owner) = (solana.Network, solana.Owner);
        var registry = Depin.Addresses.Registry(network.Program, network.Account);
        var maker = Depin.Addresses.Maker(network.Program, network.Account, 7);
        await solana.SendAsync(_ct,
            new Depin.OpenRegistryInstruction(3_600).ToInstruction(network.Program, new Depin.OpenRegistryAccounts { Owner = owner, Payer = owner, Network = network.Account }),
            new Depin.SetMakerInstruction(new Depin.MakerSettings(7, owner, Address.Zero, 100, true)).ToInstruction(network.Program, new Depin.SetMakerAccounts { Owner = owner, Payer = owner, Network = network.Account }),
            new Depin.AddModelInstruction(new Depin.ModelSettings(2, 3, 600, Keccak256.Hash("model"u8))).ToInstruction(
                network.Program, new Depin.AddModelAccounts { Account = owner, Network = network.Account, Registry = registry, Maker = maker, Model = Depin.Addresses.Model(network.Program, network.Account, 1) }));
        await solana.SendAsync(_ct,
            new Depin.OpenStakingInstruction(new Depin.StakingSettings(owner, 10, 1_000_000, 3_600, 4, 8)).ToInstruction(network.Program, new Depin.OpenStakingAccounts { Owner = owner, Payer = owner, Network = network.Account }),
            new Depin.DepositStakeInstruction(owner, 100_000, 0).ToInstruction(network.Program, new Depin.DepositStakeAccounts { Staker = owner, Network = network.Account, Source = solana.OwnersTokens, Payout = network.Payout(owner), TokenProgram = network.TokenProgram }));
        var (pool, position) = (Depin.Addresses.Pool(network.Program, network.Account, owner), Depin.Addresses.Position(network.Program, network.Account, owner, owner));
        var held = await solana.Rpc.GetAccountInfoAsync(position, Finality.Safe, _ct);
        Assert.True(Depin.PositionAccount.TryDecode(held.Value!.Data.Span, out var shares));
        await solana.SendAsync(_ct,
            new Depin.RequestThawInstruction(shares.Shares / 3, 0).ToInstruction(network.Program, new Depin.RequestThawAccounts { Staker = owner, Network = network.Account, Pool = pool, Position = position }),
            new Depin.SlashStakeInstruction(250_000, Keccak256.Hash("reason"u8)).ToInstruction(network.Program, new Depin.SlashStakeAccounts { Slasher = owner, Network = network.Account, Pool = pool, Mint = network.Mint, TokenProgram = network.TokenProgram }));
    }

    private async Task<SourceMirror> MirroredAsync(DeployedSolana solana)
    {
        var network = solana.Mirrored();
        var source = new SolanaChainSource(solana.Rpc, network);
        await source.CheckChainAsync(_ct);
        await Assert.ThrowsAsync<MirrorMismatchException>(() => new SolanaChainSource(solana.Rpc, network with { Chain = Keccak256.Hash("another cluster"u8) }).CheckChainAsync(_ct));
        return await SourceMirror.CreateAsync(network, source, new EmissionSchedule(DeployedSolana.EmissionBase, DeployedSolana.EmissionDecay));
    }
}
