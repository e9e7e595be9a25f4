using System.CommandLine;
using System.Text.Json.Nodes;

namespace DePin.Cli.Network;

/// <summary><c>depin accounts</c>: who earned what.</summary>
public static class AccountCommands
{
    private static readonly Argument<string[]> Addresses = new("address") { Description = "Payout accounts", Arity = ArgumentArity.ZeroOrMore };

    /// <summary>The command.</summary>
    public static Command Create() => new Command("accounts", "What providers earned, can claim and were paid") { Addresses, NetworkOptions.Api }.Does(ListAsync);

    private static async Task<int> ListAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        using var api = NetworkOptions.ApiOf(parsed);
        var views = new List<JsonNode>();
        foreach (var address in parsed.GetValue(Addresses) is { Length: > 0 } given ? given : await ProvidersAsync(api, ct).ConfigureAwait(false))
        {
            if (await api.FindAsync($"/v1/accounts/{address}", ct).ConfigureAwait(false) is { } view) views.Add(view);
        }

        output.Answer(views, views.Count == 0 ? ["No such payout account: an account has one once it owns a device or a stake."] : [.. views.Select(v =>
            $"{v["account"]?["account"]}  earned {Tokens.Show(v["account"]?["cumulative"]?.ToString())}, claimable {Tokens.Show(v["claimable"]?.ToString())}, claimed {Tokens.Show(v["account"]?["claimed"]?.ToString())}")]);
        return views.Count > 0 ? ExitCodes.Success : ExitCodes.Refused;
    }

    internal static async Task<IReadOnlyList<string>> ProvidersAsync(ApiClient api, CancellationToken ct)
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
