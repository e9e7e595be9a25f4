using System.CommandLine;
using System.Text.Json;
using DePin.Client;

namespace DePin.Cli.Network;

/// <summary><c>depin accounts</c>: who earned what.</summary>
public static class AccountCommands
{
    private static readonly Argument<string[]> Addresses = new("address") { Description = "Payout accounts", Arity = ArgumentArity.ZeroOrMore };

    /// <summary>The command.</summary>
    public static Command Create() => new Command("accounts", "What providers earned, can claim and were paid") { Addresses, NetworkOptions.Api, NetworkOptions.Manifest }.Does(ListAsync);

    private static async Task<int> ListAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        using var api = NetworkOptions.ApiOf(parsed, parsed.GetValue(NetworkOptions.Manifest) is null ? null : NetworkOptions.LoadManifest(parsed).Id); // without one, the first network that the API serves
        var views = new List<AccountRewards>();
        await foreach (var address in parsed.GetValue(Addresses) is { Length: > 0 } given ? given.Select(Parse).ToAsyncEnumerable() : ProvidersAsync(api, ct))
        {
            if (await api.FindAccountAsync(address, ct).ConfigureAwait(false) is { } view) views.Add(view);
        }

        var decimals = views.Count == 0 ? Tokens.EvmDecimals : (byte)(await api.GetNetworkAsync(ct).ConfigureAwait(false)).Decimals;
        output.Answer(views.Select(v => JsonSerializer.SerializeToNode(v, ApiJson.Options)), views.Count == 0 ? ["No such payout account: an account has one once it owns a device or a stake."] : [.. views.Select(v =>
            $"{v.Account.Address}  earned {Tokens.Show(v.Account.Cumulative.BaseUnits, decimals)}, claimable {Tokens.Show(v.Claimable.BaseUnits, decimals)}, claimed {Tokens.Show(v.Account.Claimed.BaseUnits, decimals)}")]);
        return views.Count > 0 ? ExitCodes.Success : ExitCodes.Refused;
    }

    internal static IAsyncEnumerable<ChainAddress> ProvidersAsync(IDePinApi api, CancellationToken ct) => api.AllAccountsAsync(AccountOrder.Earned, ct).Select(account => account.Address);

    internal static ChainAddress Parse(string text) =>
        ChainAddress.TryParse(text, out var address) ? address : throw new CliException($"'{text}' is no account: 0x and 40 hexadecimal digits, or base58 on Solana, are expected.", ExitCodes.Usage);
}
