using System.CommandLine;
using System.Globalization;
using System.Text;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Cli.Keys;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Cli.Network;

/// <summary>What <c>depin operator</c> does on Solana.</summary>
internal static class SolanaOperators
{
    /// <summary>Rent of the operator's accounts and some fees, lamports.</summary>
    private const ulong LeastLamports = 5_000_000;

    /// <summary>Bonds and registers the node; the account is its transaction key, an Ed25519 key here.</summary>
    public static async Task<int> RegisterAsync(ParseResult parsed, Output output, SolanaNetworkManifest manifest, string folder, string endpoint, string? bondText, CancellationToken ct)
    {
        var (report, protocol, account) = OperatorKeyFiles.Ensure(folder, ChainKind.Solana, () => Passwords.Ask(parsed, output));
        var address = SolanaAddress.Of(account.PublicKey);
        var rpc = SolanaOptions.Client(parsed);
        await SolanaNetworkVerifier.CheckChainAsync(rpc, manifest, ct).ConfigureAwait(false);
        var registration = new SolanaOperatorRegistration(rpc, manifest, SolanaOptions.Fees);
        var bond = bondText is null ? registration.GetMinimumBond() : Bond(bondText, manifest.Decimals);
        if (await registration.FindAsync(report.Address, ct).ConfigureAwait(false) is { } known)
        {
            if (known.Account != address) throw new CliException($"{report.Address} is registered already, by account {known.Account}. Is this the right folder of keys?", ExitCodes.Refused);
            output.Answer(
                new { reportKey = report.Address, endpoint = EndpointOf(known), bond = known.Bond.ToString(CultureInfo.InvariantCulture), already = true },
                $"{report.Address} is registered already, with a bond of {Tokens.Show(known.Bond, manifest.Decimals)} and the end point {EndpointOf(known)}.");
            return ExitCodes.Success;
        }

        var held = await registration.GetBalanceAsync(address, ct).ConfigureAwait(false);
        if (held < bond) throw new CliException($"The bond is {Tokens.Show(bond, manifest.Decimals)} tokens, and account {address} holds {Tokens.Show(held, manifest.Decimals)} of mint {manifest.Mint}. Send it the rest (on a dev network: depin dev fund {address}).", ExitCodes.Refused);
        var lamports = (await rpc.GetBalanceAsync(address, Chain.Finality.Safe, ct).ConfigureAwait(false)).Value;
        if (lamports < LeastLamports) throw new CliException($"Account {address} holds {Tokens.Show(lamports, 9)} SOL, and rent and fees take {Tokens.Show(LeastLamports, 9)}. Send it the rest (on a dev network: depin dev fund {address}).", ExitCodes.Refused);
        await registration.RegisterAsync(account, report.Address, new Bytes32(protocol.PublicKey.Bytes), endpoint, bond, ct).ConfigureAwait(false);
        output.Answer(
            new { reportKey = report.Address, endpoint, bond = bond.ToString(CultureInfo.InvariantCulture) },
            $"{report.Address} is registered with a bond of {Tokens.Show(bond, manifest.Decimals)}. It signs from the epoch for which the owner schedules it (depin operator schedule --add {report.Address}); start it now: depin operator run");
        return ExitCodes.Success;
    }

    /// <summary>Where an operator is reached.</summary>
    public static string EndpointOf(in Depin.OperatorAccount found) => Encoding.UTF8.GetString(found.Endpoint.AsSpan(0, Math.Min(found.EndpointLength, found.Endpoint.Length)));

    private static ulong Bond(string text, byte decimals) =>
        Tokens.Parse(text, decimals) is var amount && amount <= ulong.MaxValue ? (ulong)amount : throw new CliException($"--bond {text} is more tokens than there can be.", ExitCodes.Usage);
}
