using System.CommandLine;
using System.Globalization;
using System.Numerics;
using DePin.Client;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Evidence;
using DePin.Protocol.Rewards;
using DePin.Protocol.Verification;

namespace DePin.Cli.Network;

/// <summary><c>depin claim</c>: pays rewards out, by a proof from the API or one computed here from the evidence.</summary>
public static class ClaimCommands
{
    private static readonly Argument<string[]> Addresses = new("address") { Description = "Payout accounts", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<bool> All = new("--all") { Description = "Every provider of the network" };
    private static readonly Option<bool> Evidence = new("--evidence") { Description = "Ask no API: fetch the newest final epoch's evidence from the operators, recompute it and prove the claim from that" };
    private static readonly Option<string?> Bundle = new("--bundle", "-b") { Description = "As --evidence, from a bundle that `depin audit --save` kept" };

    /// <summary>A claim under a root.</summary>
    private sealed record Pending(Bytes32 Root, ClaimProof Proof);

    /// <summary>What one account got; <paramref name="Waits"/>: the breaker held back the rest.</summary>
    private sealed record Payment(string Account, UInt128 Amount, ulong Block, bool Waits);

    /// <summary>The command.</summary>
    public static Command Create() => new Command("claim", "Pay out what is claimable: always to the account or the recipient it chose, whoever sends it")
    {
        Addresses, All, Evidence, Bundle, NetworkOptions.Api, NetworkOptions.Manifest, NetworkOptions.Rpc, NetworkOptions.Key,
    }.Does(ClaimAsync);

    private static async Task<int> ClaimAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var accounts = (parsed.GetValue(Addresses) ?? []).Select(AccountCommands.Parse).ToList();
        var all = parsed.GetValue(All);
        if (accounts.Count == 0 && !all) throw new CliException("Whose rewards? Name payout accounts, or pass --all.", ExitCodes.Usage);
        using var sender = await ClaimSenders.OpenAsync(parsed, ct).ConfigureAwait(false);
        using var trace = ClaimTrace.Start(sender.Settlement);
        var pending = parsed.GetValue(Evidence) || parsed.GetValue(Bundle) is not null
            ? await FromEvidenceAsync(parsed, output, sender.Settlement, all ? null : [.. accounts.Select(a => a.Account)], ct).ConfigureAwait(false)
            : await FromApiAsync(parsed, sender.Settlement, all ? null : accounts, ct).ConfigureAwait(false);
        var paid = new List<Payment>();
        try
        {
            await PayAsync(sender, trace, pending, paid, ct).ConfigureAwait(false);
        }
        catch (Exception refusal) when (paid.Count > 0 && Reverts.IsBreaker(refusal))
        {
            // The accounts that are left have their turn when it has drained.
        }
        catch (Exception) when (paid.Count > 0)
        {
            Tell(output, paid, sender.Decimals); // what is paid is paid, whatever becomes of the rest
            throw;
        }

        var waiting = pending.Count - paid.Count(p => !p.Waits);
        if (waiting > 0) output.Remark($"{waiting} of {pending.Count} accounts wait for the rest: the distributor's outflow breaker has no room now. It drains with chain time; claim again later.");
        Tell(output, paid, sender.Decimals);
        return paid.Count > 0 ? ExitCodes.Success : ExitCodes.Refused;
    }

    private static async Task PayAsync(IClaimSender sender, ClaimTrace trace, List<Pending> pending, List<Payment> paid, CancellationToken ct)
    {
        foreach (var group in pending.Chunk(sender.MostAtOnce))
        {
            // Leaves of one request may come from two roots while an epoch becomes final; each root is claimed by itself.
            foreach (var root in group.GroupBy(c => c.Root))
            {
                var claims = root.Select(c => c.Proof).ToArray();
                var before = await ClaimedAsync(sender.Settlement, claims, ct).ConfigureAwait(false);
                var began = ClaimTrace.Begin();
                var receipt = await sender.SendAsync(root.Key, claims, ct).ConfigureAwait(false);
                await trace.PaidAsync(began, root.Key, claims.Length, receipt, ct).ConfigureAwait(false);
                var after = await ClaimedAsync(sender.Settlement, claims, ct).ConfigureAwait(false);
                paid.AddRange(claims.Select((claim, i) => new Payment(sender.Settlement.NameOf(claim.Leaf.Account), after[i] - before[i], receipt.Block, after[i] < claim.Leaf.Cumulative)));
            }
        }
    }

    private static void Tell(Output output, List<Payment> paid, byte decimals) => output.Answer(
        paid.Select(p => new { account = p.Account, amount = p.Amount.ToString(CultureInfo.InvariantCulture), block = p.Block }),
        paid.Count == 0 ? ["Nothing is claimable yet: rewards can be claimed once their epoch is final."] : [.. paid.Select(p => $"{p.Account}  {Tokens.Show((BigInteger)p.Amount, decimals)}")]);

    // The tree of the newest final epoch, computed here: neither the API nor the operator that gave the bundle is believed.
    private static async Task<List<Pending>> FromEvidenceAsync(ParseResult parsed, Output output, ISettlementReader settlement, HashSet<AccountId>? accounts, CancellationToken ct)
    {
        var (current, previous) = await settlement.GetRootsAsync(ct).ConfigureAwait(false);
        if (current.Epoch == 0) throw new CliException("No epoch with rewards is final yet. Rewards can be claimed once their epoch is final.", ExitCodes.Refused);
        var bytes = parsed.GetValue(Bundle) is { } file
            ? await File.ReadAllBytesAsync(file, ct).ConfigureAwait(false)
            : await EvidenceDownload.FetchAsync(output, settlement, current.Epoch, ct).ConfigureAwait(false);
        var bundle = EvidenceBundle.Parse(bytes);
        var tree = (await output.WaitAsync($"recomputing epoch {bundle.Window.Epoch}", _ => Task.Run(() => EpochAudit.Run(BuiltInClasses.Catalog, bundle), ct)).ConfigureAwait(false)).Outcome.Tree;
        if (tree.Root != current.Root && tree.Root != previous.Root)
            throw new CliException(
                $"The evidence of epoch {bundle.Window.Epoch} gives root {tree.Root}. The contract takes claims against {current.Root} (epoch {current.Epoch}) or {previous.Root} (epoch {previous.Epoch}). "
                + (parsed.GetValue(Bundle) is null ? "See which check fails with: depin audit" : "Keep a newer bundle with `depin audit --save`, or fetch it with --evidence."),
                ExitCodes.Refused);

        var leaves = Enumerable.Range(0, (int)tree.LeafCount).Select(i => tree.LeafAt((uint)i)).Where(l => accounts is null || accounts.Contains(l.Account)).ToList();
        var claimed = await settlement.GetClaimedAsync([.. leaves.Select(l => (l.Index, l.Account))], ct).ConfigureAwait(false);
        return [.. leaves.Where((l, i) => l.Cumulative > claimed[i]).Select(l => new Pending(tree.Root, tree.ProofAt(l.Index)))];
    }

    private static async Task<List<Pending>> FromApiAsync(ParseResult parsed, ISettlementReader settlement, IReadOnlyList<ChainAddress>? accounts, CancellationToken ct)
    {
        using var api = NetworkOptions.ApiOf(parsed, settlement.Network);
        var pending = new List<Pending>();
        await foreach (var account in accounts?.ToAsyncEnumerable() ?? AccountCommands.ProvidersAsync(api, ct))
        {
            if (await FindAsync(api, account, ct).ConfigureAwait(false) is not { Claimable.IsZero: false } ready) continue;
            pending.Add(new Pending(ready.Root, new ClaimProof(
                new RewardLeaf(ready.Leaf.Index, ready.Leaf.Account.Account, ready.Leaf.Cumulative.ToUInt128(), ready.Leaf.Prefix.ToUInt128(), ready.Leaf.ItemsHash), [.. ready.Proof])));
        }

        return pending;
    }

    private static async Task<ReadyClaim?> FindAsync(DePinClient api, ChainAddress account, CancellationToken ct)
    {
        try
        {
            return await api.FindClaimAsync(account, ct).ConfigureAwait(false);
        }
        catch (ApiException problem) when (problem.IsNotYet)
        {
            return null; // earned, but not final
        }
    }

    private static Task<IReadOnlyList<UInt128>> ClaimedAsync(ISettlementReader settlement, IReadOnlyList<ClaimProof> claims, CancellationToken ct) =>
        settlement.GetClaimedAsync([.. claims.Select(c => (c.Leaf.Index, c.Leaf.Account))], ct);
}
