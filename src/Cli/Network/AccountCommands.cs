using System.CommandLine;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using DePin.Abi;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Sdk.Network;

namespace DePin.Cli.Network;

/// <summary><c>depin accounts</c> and <c>depin claim</c>: who earned what, and paying it out.</summary>
public static class AccountCommands
{
    private const int MaxClaims = 50;
    private static readonly Argument<string[]> Addresses = new("address") { Description = "Payout accounts", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<bool> All = new("--all") { Description = "Every provider of the network" };

    /// <summary>The commands.</summary>
    public static IEnumerable<Command> Create()
    {
        yield return new Command("accounts", "What providers earned, can claim and were paid") { Addresses, NetworkOptions.Api }.Does(ListAsync);
        yield return new Command("claim", "Pay out what is claimable: always to the account or the recipient it chose, whoever sends it")
        {
            Addresses, All, NetworkOptions.Api, NetworkOptions.Manifest, NetworkOptions.Rpc, NetworkOptions.Key,
        }.Does(ClaimAsync);
    }

    private static async Task<int> ListAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        using var api = NetworkOptions.ApiOf(parsed);
        var views = new List<JsonNode>();
        foreach (var address in parsed.GetValue(Addresses) is { Length: > 0 } given ? given : await ProvidersAsync(api, ct).ConfigureAwait(false))
        {
            if (await api.TryGetAsync($"/v1/accounts/{address}", ct).ConfigureAwait(false) is { } view) views.Add(view);
        }

        output.Answer(views, [.. views.Select(v =>
            $"{v["account"]?["account"]}  earned {Tokens.Show(v["account"]?["cumulative"]?.ToString())}, claimable {Tokens.Show(v["claimable"]?.ToString())}, claimed {Tokens.Show(v["account"]?["claimed"]?.ToString())}")]);
        return views.Count > 0 ? ExitCodes.Success : ExitCodes.Refused;
    }

    private static async Task<int> ClaimAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        using var api = NetworkOptions.ApiOf(parsed);
        var network = NetworkOptions.Access(parsed);
        var accounts = parsed.GetValue(All) ? await ProvidersAsync(api, ct).ConfigureAwait(false) : parsed.GetValue(Addresses) ?? [];
        if (accounts.Count == 0) throw new CliException("Whose rewards? Name payout accounts, or pass --all.", ExitCodes.Usage);
        using var sender = new TransactionSender(network.Rpc, NetworkOptions.Sender(parsed), NetworkOptions.Fees);
        var paid = new List<object>();
        var lines = new List<string>();
        foreach (var group in (await ReadClaimsAsync(api, accounts, ct).ConfigureAwait(false)).Chunk(MaxClaims))
        {
            // Leaves of one request may come from two roots while an epoch becomes final; each root is claimed by itself.
            foreach (var root in group.GroupBy(c => c.Root))
            {
                var claims = root.Select(c => c.Claim).ToArray();
                var before = await ClaimedAsync(network, claims, ct).ConfigureAwait(false);
                var receipt = await sender.SendAsync(network.Contracts.Distributor, new RewardDistributor.ClaimManyCall(root.Key, claims), ct).ConfigureAwait(false);
                var after = await ClaimedAsync(network, claims, ct).ConfigureAwait(false);
                for (var i = 0; i < claims.Length; i++)
                {
                    var amount = after[i] - before[i];
                    paid.Add(new { account = claims[i].Leaf.Account, amount = amount.ToString(CultureInfo.InvariantCulture), block = receipt.BlockNumber });
                    lines.Add($"{claims[i].Leaf.Account}  {Tokens.Show((BigInteger)amount)}");
                }
            }
        }

        output.Answer(paid, lines.Count == 0 ? ["Nothing is claimable yet: rewards can be claimed once their epoch is final."] : [.. lines]);
        return paid.Count > 0 ? ExitCodes.Success : ExitCodes.Refused;
    }

    private static async Task<List<(Bytes32 Root, RewardDistributor.Claim Claim)>> ReadClaimsAsync(ApiClient api, IReadOnlyList<string> accounts, CancellationToken ct)
    {
        var claims = new List<(Bytes32, RewardDistributor.Claim)>();
        foreach (var account in accounts)
        {
            if (await api.TryGetAsync($"/v1/accounts/{account}/claim", ct).ConfigureAwait(false) is not { } view) continue;
            if (BigInteger.Parse(view["claimable"]!.ToString(), CultureInfo.InvariantCulture).IsZero) continue;
            var leaf = view["leaf"]!;
            claims.Add((Bytes32.Parse(view["root"]!.ToString()), new RewardDistributor.Claim(
                new RewardLeaf(
                    uint.Parse(leaf["index"]!.ToString(), CultureInfo.InvariantCulture),
                    Address.Parse(leaf["account"]!.ToString()),
                    UInt128.Parse(leaf["cumulative"]!.ToString(), CultureInfo.InvariantCulture),
                    UInt128.Parse(leaf["prefix"]!.ToString(), CultureInfo.InvariantCulture),
                    Bytes32.Parse(leaf["itemsHash"]!.ToString())),
                [.. view["proof"]!.AsArray().Select(p => Bytes32.Parse(p!.ToString()))])));
        }

        return claims;
    }

    private static Task<IReadOnlyList<UInt128>> ClaimedAsync(NetworkAccess network, RewardDistributor.Claim[] claims, CancellationToken ct) => network.Rpc.CallAsync(
        [.. claims.Select(c => (network.Contracts.Distributor, (IContractCall<UInt128>)new RewardDistributor.ClaimedCall(c.Leaf.Account)))], BlockTag.Latest, ct);

    private static async Task<IReadOnlyList<string>> ProvidersAsync(ApiClient api, CancellationToken ct)
    {
        var providers = new List<string>();
        string? cursor = null;
        do
        {
            var page = await api.GetAsync($"/v1/stakes?limit=200{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}", ct).ConfigureAwait(false);
            providers.AddRange((page["items"]?.AsArray() ?? []).Select(i => i!["provider"]!.ToString()));
            cursor = page["next"]?.ToString();
        }
        while (cursor is { Length: > 0 });
        return providers;
    }
}
