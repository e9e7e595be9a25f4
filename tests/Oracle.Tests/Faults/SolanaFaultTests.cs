using System.Globalization;
using System.Net.Http.Json;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Oracle.Transmit;
using DePin.Protocol.Rounds;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Faults;

/// <summary>The operators' fault cases on the real program on Solana: challenges, two reports of one epoch, a killed process, a node that lags, stalls and leaves out.</summary>
[Collection(FaultTests.Name)]
public sealed class SolanaFaultTests(SolanaFaultNetwork network) : IClassFixture<SolanaFaultNetwork>
{
    private static readonly Bytes32 Doubt = Keccak256.Hash("a doubt"u8);

    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public async Task A_cancelled_report_is_attested_anew_in_the_next_generation_and_no_honest_operator_is_slashed()
    {
        var bond = await BondAsync();
        var challenger = await network.FundAsync(bond);
        var (epoch, challenged, _) = await ChallengeNextAsync(challenger);
        Assert.Equal(0UL, await network.BalanceAsync(SolanaAddress.Of(challenger.PublicKey)));
        // An epoch later: what devices prove now is too far ahead for the cancelled one, and must not get into the cut that comes in its place.
        await network.AcceptedAsync(epoch + 1);
        var held = network.Receipts.Count;
        await network.HoldsAsync(() => Task.FromResult(network.Receipts.Count >= held + 6), "devices go on");
        var generation = (await network.Chain.LedgerAsync(Ct)).Generation;
        var arbiter = SolanaAddress.Of(network.Chain.Owner.PublicKey);
        var cancel = new Depin.CancelInstruction(epoch).ToInstruction(network.Accounts.Program, new Depin.CancelAccounts { Arbiter = arbiter, Network = network.Accounts.Account });
        await network.SendAsync(network.Chain.Owner, cancel);
        Assert.Equal(generation + 1, (await network.Chain.LedgerAsync(Ct)).Generation);
        await ReclaimAsync(challenger, challenged.Digest);
        Assert.Equal(bond, await network.BalanceAsync(SolanaAddress.Of(challenger.PublicKey))); // upheld: he has it back

        await network.AcceptedAsync(epoch);
        var anew = (await network.ReportAsync(epoch))!.Value;
        Assert.NotEqual(challenged.Digest, anew.Digest); // the generation is part of it

        // Two reports of one epoch, signed by the same honest operators: no equivocation, since the generations differ. Handed to an operator, they prove nothing either.
        var (before, after) = (await SignedAsync(challenged.Digest), await SignedAsync(anew.Digest));
        var signers = before.Signatures.Keys.Intersect(after.Signatures.Keys).ToList();
        Assert.NotEmpty(signers);
        foreach (var signer in signers)
        {
            var proof = Equivocation(signer, before.Report, before.Signatures[signer], after.Report, after.Signatures[signer]);
            var refusal = await Assert.ThrowsAsync<SolanaProgramException>(() => network.SendAsync(network.Chain.Owner, proof));
            Assert.Contains("NotEquivocation", refusal.Message, StringComparison.Ordinal);
            foreach (var (report, signature) in ((byte[], byte[])[])[(before.Report, before.Signatures[signer]), (after.Report, after.Signatures[signer])])
            {
                using var handedIn = await network.Http[0].PostAsJsonAsync("/v1/attestations", new SignedReportRequest(report, signature), Ct);
                Assert.Equal(204, (int)handedIn.StatusCode);
            }
        }

        await network.FinalAsync(epoch);
        await network.AuditAsync(epoch, anew.Digest);
        for (var i = 0; i < network.Databases.Count; i++)
        {
            var mirrored = network.Databases[i];
            await network.HoldsAsync(
                async () => await mirrored.ScalarAsync<string>($"select string_agg(status || ' ' || encode(digest, 'hex'), ', ' order by generation) from chain.reports where epoch = {epoch}", Ct)
                    == $"cancelled {Hex(challenged.Digest)}, final {Hex(anew.Digest)}", $"operator {i} has mirrored both");
            Assert.True(await mirrored.ScalarAsync<bool>($"select challenge_bond_returned from chain.reports where digest = '\\x{Hex(challenged.Digest)}'", Ct));
            await network.AssertMirrorIsTheChainAsync(i);
        }

        await network.AssertHonestAsync();
    }

    [Fact]
    public async Task A_challenge_that_the_arbiter_ignores_delays_the_report_and_burns_the_bond()
    {
        var bond = await BondAsync();
        var challenger = await network.FundAsync(bond + 7);
        var kept = await KeptAsync();
        var (epoch, challenged, due) = await ChallengeNextAsync(challenger);
        Assert.True(challenged.ClaimableAt > due);
        Assert.Equal(kept + bond, await KeptAsync());
        await network.HoldsAsync(() => Task.FromResult(network.Now > due + 1_200), "its window would be over");
        Assert.True((await network.Chain.LedgerAsync(Ct)).NextFinal <= epoch);
        await network.FinalAsync(epoch);
        Assert.True(network.Now + 600 >= challenged.ClaimableAt);
        Assert.Equal(challenged.Digest, (await network.ReportAsync(epoch))!.Value.Digest);
        Assert.Equal(7UL, await network.BalanceAsync(SolanaAddress.Of(challenger.PublicKey)));
        Assert.Null((await network.Chain.Rpc.GetAccountInfoAsync(network.Accounts.Challenge(challenged.Digest), Finality.Safe, Ct)).Value);
        Assert.Equal(kept, await KeptAsync()); // the bond is with nobody any more
        var settled = $"select status || ' ' || challenge_bond_returned from chain.reports where digest = '\\x{Hex(challenged.Digest)}'";
        await network.HoldsAsync(async () => await network.Databases[0].ScalarAsync<string>(settled, Ct) == "final false", "the mirror has it final and the bond burnt");
        await network.AcceptedAsync(await network.NextEpochAsync());
        await network.AssertMirrorIsTheChainAsync(0);
        await network.AssertHonestAsync();
    }

    [Fact]
    public async Task Two_reports_shown_to_two_operators_cost_the_bond_of_which_a_twentieth_is_the_reporters_and_the_rest_burnt()
    {
        var epoch = await network.NextEpochAsync();
        await network.AcceptedAsync(epoch);
        var report = Protocol.Reports.Report.Parse((await SignedAsync((await network.ReportAsync(epoch))!.Value.Digest)).Report);
        var bond = (await network.OperatorAsync(SolanaFaultNetwork.Equivocator)).Bond;
        Assert.True(bond > 0);
        var wallets = network.Chain.Operators.Select(o => o.Account.Solana).ToList();
        var before = new List<ulong>();
        foreach (var wallet in wallets) before.Add(await network.BalanceAsync(wallet));
        // Neither sees two, nor has what it signed in earnest: of this epoch there is nothing else yet. Only who is told by the other can prove it.
        var far = report with { Epoch = new Protocol.Epoch(report.Epoch.Value + 1_000) };
        await HandInAsync(0, far);
        await HandInAsync(SolanaFaultNetwork.Misled, far with { StateRoot = Keccak256.Hash("another"u8) });

        await network.HoldsAsync(async () => (await network.OperatorAsync(SolanaFaultNetwork.Equivocator)).Slashed, "the bond is slashed");
        Assert.Equal(0UL, (await network.OperatorAsync(SolanaFaultNetwork.Equivocator)).Bond);
        var gained = new List<ulong>();
        for (var i = 0; i < wallets.Count; i++) gained.Add(await network.BalanceAsync(wallets[i]) - before[i]);
        Assert.Equal(bond / 20, Assert.Single(gained, g => g > 0));
        Assert.Equal(0UL, gained[SolanaFaultNetwork.Equivocator]);
        await network.AcceptedAsync(await network.NextEpochAsync() + 1);
        await network.AssertMirrorIsTheChainAsync(0);
        await network.AssertHonestAsync();
    }

    [Fact]
    public async Task An_operator_killed_in_mid_round_holds_nobody_up_signs_nothing_twice_and_catches_up()
    {
        var killed = network.Process;
        await using var trap = await RoundTrap.SetAsync(killed.Database, await network.NextEpochAsync() + 1, MessageKind.Commit, Ct);
        var epoch = await trap.SprungAsync(Ct, network.TellAsync);
        await killed.KillAsync();
        await trap.ReleaseAsync();
        await network.AcceptedAsync(epoch + 1); // by the three others

        await killed.StartAsync(Ct);
        await killed.ReadyAsync(Ct);
        var caughtUp = $"select count(*) from oracle.reports where epoch in ({epoch}, {epoch + 1}) and status in ('accepted', 'final')";
        await network.HoldsAsync(async () => await killed.Database.ScalarAsync<long>(caughtUp, Ct) == 2, "it has what the others reported");
        await SignsAgainAsync(SolanaFaultNetwork.Killed, epoch + 1);

        // Once more, while another is away: now the epoch waits for it, and it takes the round up where its log ends.
        await using (var second = await RoundTrap.SetAsync(killed.Database, await network.NextEpochAsync() + 1, MessageKind.Commit, Ct))
        {
            await network.StopAsync(SolanaFaultNetwork.Misled);
            epoch = await second.SprungAsync(Ct, network.TellAsync);
            await killed.KillAsync();
            await second.ReleaseAsync();
            await killed.StartAsync(Ct);
        }

        await network.AcceptedAsync(epoch + 1);
        await network.StartAsync(SolanaFaultNetwork.Misled);
        await SignsAgainAsync(SolanaFaultNetwork.Misled, epoch + 1);
        await network.EveryReceiptCountsOnceAsync();
        // It was shown no message of its own that it had forgotten.
        Assert.Equal(0, await killed.Database.ScalarAsync<long>("select count(*) from oracle.round_records where kind = 5", Ct));
        await network.AssertMirrorIsTheChainAsync(SolanaFaultNetwork.Killed);
        await network.AssertHonestAsync();
    }

    [Fact]
    public async Task A_node_that_lags_stalls_and_leaves_out_holds_nobody_up_and_who_reads_it_signs_nothing_wrong_and_catches_up()
    {
        var proxy = network.Proxy;
        try
        {
            // Each of these is met while the other three finish an epoch without the fourth.
            Action[][] rounds =
            [
                [() => SlotLag.Lag(proxy, 3_000)],
                [() => proxy.Apply(SlotLag.WithoutCalls, "getBlock"), () => proxy.Apply(SlotLag.WithoutBlocks, "getBlock")],
                [() => proxy.Apply(new RpcFault.Status(503)), () => proxy.Apply(new RpcFault.Garbage()), () => proxy.Apply(new RpcFault.Drop())],
                [() => proxy.Apply(new RpcFault.Stall())],
            ];
            foreach (var faults in rounds)
            {
                var next = await network.NextEpochAsync();
                foreach (var apply in faults)
                {
                    var met = proxy.Faulted;
                    proxy.Clear();
                    apply();
                    await network.HoldsAsync(() => Task.FromResult(proxy.Faulted >= met + 3), "the operator meets the fault");
                }

                await network.AcceptedAsync(next);
            }
        }
        finally
        {
            proxy.Clear();
        }

        var missed = await network.NextEpochAsync() - 1;
        await network.HoldsAsync(
            async () => await network.Databases[SolanaFaultNetwork.Misled].ScalarAsync<long>("select coalesce(max(epoch), 0) from oracle.reports", Ct) >= (long)missed,
            $"it has epoch {missed}");
        await SignsAgainAsync(SolanaFaultNetwork.Misled, missed);
        await network.AssertMirrorIsTheChainAsync(SolanaFaultNetwork.Misled);
        await network.AssertHonestAsync();
    }

    private async Task<ulong> BondAsync()
    {
        var data = (await network.Chain.Rpc.GetAccountInfoAsync(network.Accounts.Account, Finality.Safe, Ct)).Value!.Data;
        return Depin.NetworkAccount.TryDecode(data.Span, out var account) ? account.ChallengeBond : throw new InvalidOperationException("There is no network.");
    }

    // Bonds and stakes.
    private async Task<ulong> KeptAsync()
    {
        var account = await network.Chain.Rpc.GetAccountInfoAsync(Depin.Addresses.Bonds(network.Accounts.Program, network.Accounts.Account), Finality.Safe, Ct);
        return TokenAccount.Decode(account.Value!.Data.Span).Amount;
    }

    // The next report to come, so that its window is surely open; and when that would have ended.
    private async Task<(ulong Epoch, Depin.Report Report, ulong Due)> ChallengeNextAsync(PrivateKey challenger)
    {
        var epoch = await network.NextEpochAsync();
        await network.AcceptedAsync(epoch);
        return await network.HoldAsync(async () =>
        {
            var report = (await network.ReportAsync(epoch))!.Value;
            var address = SolanaAddress.Of(challenger.PublicKey);
            await network.SendAsync(challenger, new Depin.ChallengeInstruction(epoch, Doubt).ToInstruction(network.Accounts.Program, new Depin.ChallengeAccounts
            {
                Challenger = address,
                Network = network.Accounts.Account,
                Challenge = network.Accounts.Challenge(report.Digest),
                Source = network.Accounts.TokensOf(address),
                TokenProgram = network.Accounts.TokenProgram,
            }));
            return (epoch, (await network.ReportAsync(epoch))!.Value, report.ClaimableAt);
        });
    }

    private Task<SolanaReceipt> ReclaimAsync(PrivateKey challenger, Bytes32 digest)
    {
        var address = SolanaAddress.Of(challenger.PublicKey);
        return network.SendAsync(challenger, new Depin.ReclaimBondInstruction().ToInstruction(network.Accounts.Program, new Depin.ReclaimBondAccounts
        {
            Network = network.Accounts.Account,
            Challenge = network.Accounts.Challenge(digest),
            Challenger = address,
            To = network.Accounts.TokensOf(address),
            TokenProgram = network.Accounts.TokenProgram,
        }));
    }

    private SolanaInstruction Equivocation(Address signer, byte[] report, byte[] signature, byte[] other, byte[] otherSignature)
    {
        var reporter = SolanaAddress.Of(network.Chain.Owner.PublicKey);
        return new Depin.ProveEquivocationInstruction(report, other[64..], signature, otherSignature).ToInstruction(network.Accounts.Program, new Depin.ProveEquivocationAccounts
        {
            Reporter = reporter,
            Network = network.Accounts.Account,
            Config = network.Accounts.Config(1),
            Operator = network.Accounts.Operator(signer),
            Mint = network.Accounts.Mint,
            To = network.Accounts.TokensOf(reporter),
            TokenProgram = network.Accounts.TokenProgram,
        });
    }

    /// <summary>A report and who signed it, as the first operator has them.</summary>
    private async Task<(byte[] Report, Dictionary<Address, byte[]> Signatures)> SignedAsync(Bytes32 digest)
    {
        var where = $"digest = '\\x{Hex(digest)}'";
        byte[]? report = null;
        await network.HoldsAsync(
            async () => (report = await network.Databases[0].ScalarAsync<byte[]>($"select report from chain.reports where {where}", Ct)) is not null, "the report is mirrored");
        var signatures = new Dictionary<Address, byte[]>();
        await using var command = network.Databases[0].DataSource.CreateCommand($"select signer, signature from oracle.attestations where {where}");
        await using var reader = await command.ExecuteReaderAsync(Ct);
        while (await reader.ReadAsync(Ct)) signatures[new Address(reader.GetFieldValue<byte[]>(0))] = reader.GetFieldValue<byte[]>(1);
        return (report!, signatures);
    }

    private async Task HandInAsync(int to, Protocol.Reports.Report report)
    {
        var signature = network.Chain.Operators[SolanaFaultNetwork.Equivocator].Report.SignDigest(report.Digest.Value);
        using var response = await network.Http[to].PostAsJsonAsync("/v1/attestations", new SignedReportRequest(report.Encode(), signature.ToArray()), Ct);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Ct));
    }

    private Task SignsAgainAsync(int number, ulong after) => network.HoldsAsync(
        async () => await network.Databases[number].ScalarAsync<long>(
            string.Create(CultureInfo.InvariantCulture, $"select count(*) from oracle.signed_reports where epoch > {after} and signature is not null"), Ct) > 0,
        $"operator {number} signs again");

    private static string Hex(Bytes32 digest) => Convert.ToHexStringLower(digest.AsSpan());
}
