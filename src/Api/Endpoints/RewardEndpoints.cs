using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Serialization;
using DePin.Storage.Read;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api.Endpoints;

/// <summary>What an account earned, may claim and holds. Amounts are decimal text in base units.</summary>
/// <param name="Account">As the mirror has it.</param>
/// <param name="Claimable">Final cumulative less what was claimed: what a claim asks for now; the contract pays no more than the outflow breaker's room.</param>
/// <param name="Waiting">Earned in epochs that are not final yet.</param>
public sealed record AccountView(AccountRow Account, string Claimable, string Waiting);

/// <summary>A claim, ready to submit.</summary>
/// <param name="Epoch">Epoch of the root.</param>
/// <param name="Root">The distributor's current root.</param>
/// <param name="Leaf">The account's leaf.</param>
/// <param name="Proof">Siblings, bottom first.</param>
/// <param name="Claimable">What it asks for: cumulative less claimed.</param>
/// <param name="Transaction">Unsigned transaction; anyone may send it, it pays the account's recipient. Null on a chain that is not EVM.</param>
/// <param name="Solana">The same on a Solana cluster; left out elsewhere.</param>
public sealed record ClaimView(long Epoch, string Root, LeafView Leaf, IReadOnlyList<string> Proof, string Claimable, TransactionView? Transaction,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SolanaClaimView? Solana = null);

/// <summary>A reward leaf as the contract takes it.</summary>
public sealed record LeafView(long Index, string Account, string Cumulative, string Prefix, string ItemsHash);

/// <summary>An unsigned EVM transaction: fill in nonce, gas and fees, then sign.</summary>
public sealed record TransactionView(string Chain, string To, string Data, string Value);

/// <summary>A claim for a Solana wallet.</summary>
/// <param name="Chain">CAIP-2.</param>
/// <param name="Payer">Who signs and pays the fee in the transactions, base58: the account.</param>
/// <param name="Transactions">Unsigned transactions in base64, in the order in which they are sent: put a recent blockhash in the place of the zero one, sign and send. Empty where the proof is too long for one transaction; the instructions then fit with an address lookup table.</param>
/// <param name="Instructions">What they do: the recipient's token account is made where it is not there, and the claim. Who pays for another's claim replaces the payer where it signs.</param>
public sealed record SolanaClaimView(string Chain, string Payer, IReadOnlyList<string> Transactions, IReadOnlyList<SolanaInstructionView> Instructions);

/// <summary>An instruction of a Solana transaction.</summary>
/// <param name="Program">Whose code runs, base58.</param>
/// <param name="Accounts">In the program's order.</param>
/// <param name="Data">Base64.</param>
public sealed record SolanaInstructionView(string Program, IReadOnlyList<SolanaAccountView> Accounts, string Data);

/// <summary>An account, base58, as an instruction takes it.</summary>
public sealed record SolanaAccountView(string Address, bool Signer, bool Writable);

internal static class RewardEndpoints
{
    private static readonly string[] Orders = ["index", "earned"];

    public static void MapRewards(this RouteGroupBuilder api)
    {
        api.MapGet("/accounts", ListAsync).WithName("listAccounts").WithSummary("Payout accounts by index, or those that earned most first").WithTags("Rewards").CacheOutput(Caching.WhileTheHeadStands);
        api.MapGet("/accounts/{address}", AccountAsync).WithName("getAccount").WithSummary("An account's rewards, balance, stake and devices").WithTags("Rewards");
        api.MapGet("/accounts/{address}/rewards", AccountLinesAsync).WithName("listAccountRewards").WithSummary("Why a reward is what it is: device, rule, verdicts, amount").WithTags("Rewards");
        api.MapGet("/accounts/{address}/epochs", EpochsAsync).WithName("listAccountEpochs").WithSummary("What an account earned in each epoch, newest first, for a chart").WithTags("Rewards");
        api.MapGet("/accounts/{address}/claims", ClaimsAsync).WithName("listClaims").WithSummary("Claims paid, newest first").WithTags("Rewards");
        api.MapGet("/accounts/{address}/claim", ClaimAsync).WithName("getClaim").ProducesProblem(StatusCodes.Status409Conflict).WithSummary("Leaf, proof and unsigned transaction against the current root").WithTags("Rewards");
    }

    private static async Task<Results<Ok<AccountView>, ProblemHttpResult>> AccountAsync(Networks networks, RewardReads reads, string address, string? network, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (!found.Text.TryAccount(address, out var account)) return Problems.BadParameter("address", found.Text.AccountForm);
        if (await reads.AccountAsync(found.Chain, found.Id, account, ct) is not { } row) return Problems.NotFound("payout account", address);
        var final = BigInteger.Parse(row.Final, CultureInfo.InvariantCulture);
        var claimed = BigInteger.Parse(row.Claimed, CultureInfo.InvariantCulture);
        var cumulative = BigInteger.Parse(row.Cumulative, CultureInfo.InvariantCulture);
        return TypedResults.Ok(new AccountView(row.In(found.Text), BigInteger.Max(0, final - claimed).ToString(CultureInfo.InvariantCulture),
            BigInteger.Max(0, cumulative - BigInteger.Max(final, claimed)).ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task<Results<Ok<Page<LineView>>, ProblemHttpResult>> AccountLinesAsync(
        Networks networks, RewardReads reads, Reasons reasons, string address, string? network, int? @class, long? epoch, string? from, string? to, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        return found.Text.TryAccount(address, out var account)
            ? await LinesAsync(found, reads, reasons, Text.Account32(account), null, @class, epoch, from, to, limit, cursor, ct)
            : Problems.BadParameter("address", found.Text.AccountForm);
    }

    private static async Task<Results<Ok<Page<EarningRow>>, ProblemHttpResult>> EpochsAsync(
        Networks networks, RewardReads reads, string address, string? network, string? from, string? to, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        return found.Text.TryAccount(address, out var account)
            ? await EarningsAsync(found, reads, Text.Account32(account), null, from, to, limit, cursor, ct)
            : Problems.BadParameter("address", found.Text.AccountForm);
    }

    private static async Task<Results<Ok<Page<AccountEntryRow>>, ProblemHttpResult>> ListAsync(
        Networks networks, RewardReads reads, string? network, [AllowedValues("index", "earned")] string? sort, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (!Sorting.TryRead(sort, Orders, out var order, out var badOrder)) return badOrder;
        var list = "accounts by " + Orders[order];
        if (!Paging.TryRead(list, limit, cursor, 2, out var take, out var after, out var bad)) return bad;
        (string, long)? last = null;
        if (after is not null)
        {
            if (!UInt128.TryParse(after[0], NumberStyles.None, CultureInfo.InvariantCulture, out var earned) || !long.TryParse(after[1], NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                return Problems.BadCursor();
            last = (earned.ToString(CultureInfo.InvariantCulture), index);
        }

        var rows = await reads.AccountsAsync(found.Chain, found.Id, order == 1, last, take, ct);
        return TypedResults.Ok(Paging.Cut(list, rows, take, r => r.In(found.Text), r => [r.Cumulative, r.PayoutIndex.ToString(CultureInfo.InvariantCulture)]));
    }

    internal static async Task<Results<Ok<Page<EarningRow>>, ProblemHttpResult>> EarningsAsync(
        Network network, RewardReads reads, byte[]? account, byte[]? device, string? from, string? to, int? limit, string? cursor, CancellationToken ct)
    {
        if (!Periods.TryRead(network, from, to, out var epochs, out var badPeriod)) return badPeriod;
        if (!Paging.TryRead("earnings", limit, cursor, 1, out var take, out var after, out var bad)) return bad;
        long? before = null;
        if (after is not null)
        {
            if (!long.TryParse(after[0], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)) return Problems.BadCursor();
            before = epoch;
        }

        return TypedResults.Ok(Paging.Cut("earnings", await reads.EarningsAsync(network.Id, account, device, epochs, before, take, ct), take, r => r, r => [r.Epoch.ToString(CultureInfo.InvariantCulture)]));
    }

    internal static async Task<Results<Ok<Page<LineView>>, ProblemHttpResult>> LinesAsync(
        Network network, RewardReads reads, Reasons reasons, byte[]? account, byte[]? device, int? resourceClass, long? epoch, string? from, string? to, int? limit, string? cursor, CancellationToken ct)
    {
        if (!Periods.TryRead(network, from, to, out var epochs, out var badPeriod)) return badPeriod;
        if (epoch is < 0 or >= long.MaxValue) return Problems.BadParameter("epoch", "the number of an epoch");
        if (epoch is { } one) epochs = new EpochRange(Math.Max(one, epochs.First ?? one), Math.Min(one + 1, epochs.End ?? one + 1));
        if (!Paging.TryRead("lines", limit, cursor, 4, out var take, out var after, out var bad)) return bad;
        (long, int, byte[], int)? last = null;
        if (after is not null)
        {
            if (!long.TryParse(after[0], NumberStyles.None, CultureInfo.InvariantCulture, out var lastEpoch) || !int.TryParse(after[1], NumberStyles.None, CultureInfo.InvariantCulture, out var lastClass)
                || !Text.TryBytes(after[2], 32, out var lastDevice) || !int.TryParse(after[3], NumberStyles.None, CultureInfo.InvariantCulture, out var lastRule)) return Problems.BadCursor();
            last = (lastEpoch, lastClass, lastDevice, lastRule);
        }

        var rows = await reads.LinesAsync(network.Id, account, device, resourceClass, epochs, last, take, ct);
        return TypedResults.Ok(Paging.Cut("lines", rows, take, r => reasons.View(r.In(network.Text)),
            r => [r.Epoch.ToString(CultureInfo.InvariantCulture), r.Class.ToString(CultureInfo.InvariantCulture), r.DeviceId, r.Rule.ToString(CultureInfo.InvariantCulture)]));
    }

    private static async Task<Results<Ok<Page<ClaimRow>>, ProblemHttpResult>> ClaimsAsync(
        Networks networks, RewardReads reads, string address, string? network, string? from, string? to, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (!found.Text.TryAccount(address, out var account)) return Problems.BadParameter("address", found.Text.AccountForm);
        if (!Periods.TryRead(from, to, out var paid, out var badPeriod)) return badPeriod;
        if (!Paging.TryRead("claims", limit, cursor, 2, out var take, out var after, out var bad)) return bad;
        (long, int)? before = null;
        if (after is not null)
        {
            if (!long.TryParse(after[0], NumberStyles.None, CultureInfo.InvariantCulture, out var block) || !int.TryParse(after[1], NumberStyles.None, CultureInfo.InvariantCulture, out var log))
                return Problems.BadCursor();
            before = (block, log);
        }

        var rows = await reads.ClaimsAsync(found.Chain, account, paid, before, take, ct);
        return TypedResults.Ok(Paging.Cut("claims", rows, take, r => r.In(found.Text), r => [r.BlockNumber.ToString(CultureInfo.InvariantCulture), r.LogIndex.ToString(CultureInfo.InvariantCulture)]));
    }

    private static async Task<Results<Ok<ClaimView>, ProblemHttpResult>> ClaimAsync(Networks networks, RewardReads reads, string address, string? network, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (!found.Text.TryAccount(address, out var account)) return Problems.BadParameter("address", found.Text.AccountForm);
        if (await reads.AccountAsync(found.Chain, found.Id, account, ct) is not { } row) return Problems.NotFound("payout account", address);
        if (await reads.ClaimProofAsync(found.Chain, found.Id, row.PayoutIndex, ct) is not { } claim)
            return Problems.NotYet("nothing-final", "No final epoch has a leaf for this account yet. A reward can be claimed when its epoch is final: see /v1/epochs?status=final.");
        var claimable = BigInteger.Max(0, BigInteger.Parse(claim.Cumulative, CultureInfo.InvariantCulture) - BigInteger.Parse(row.Claimed, CultureInfo.InvariantCulture));
        var leaf = new LeafView(claim.Index, found.Text.Account(row.Account), claim.Cumulative, claim.Prefix, Text.Hex(claim.ItemsHash));
        return TypedResults.Ok(new ClaimView(claim.Epoch, Text.Hex(claim.Root), leaf, [.. claim.Siblings.Select(s => s.ToString())],
            claimable.ToString(CultureInfo.InvariantCulture), ClaimTransactions.Build(found, claim), ClaimTransactions.BuildSolana(found, row, claim)));
    }
}
