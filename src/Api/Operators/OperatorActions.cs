using System.Globalization;
using System.Numerics;
using DePin.Api.Endpoints;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Storage.Read;

namespace DePin.Api.Operators;

/// <summary>What an operator may do on chain, as unsigned transactions: all of <c>OperatorRegistry</c> that its account may call, but for registering, which needs keys that only the operator's machine has.</summary>
internal static class OperatorActions
{
    /// <summary>Most characters of an end point: each costs gas for ever.</summary>
    public const int MaximumEndpoint = 256;

    public static IReadOnlyList<OperatorActionView> Of(Network network, OwnOperatorRow row, OperatorStanding standing, OperatorRules rules, UInt128? amount, string? endpoint)
    {
        if (network.EvmChainId is null)
            return [Not("elsewhere", "Change the end point, the bond, or leave", "On Solana the operator's own account signs these, with a wallet that this page does not speak to. Do it where the account's key is: depin operator --help.")];
        if (!network.Contracts.TryGetValue("OperatorRegistry", out var registry) || !network.Contracts.TryGetValue("NetworkToken", out var token)) return [];
        var key = new Address(row.ReportKey);
        return
        [
            new OperatorActionView("endpoint", "Change the end point", true, "Devices and peers find it at the new address with the next blocks. Have the process listen there first.",
                endpoint is null ? [] : [new($"Register {endpoint}", Transaction(registry, new OperatorRegistry.SetEndpointCall(key, endpoint).Encode()))]),
            Bond(),
            Exit(),
            standing.IsWithdrawable
                ? new OperatorActionView("withdraw", "Withdraw the bond", true, $"{rules.Tokens(BigInteger.Parse(row.Bond, CultureInfo.InvariantCulture))} tokens go to your account.", [new("Withdraw", Transaction(registry, new OperatorRegistry.WithdrawBondCall(key).Encode()))])
                : Not("withdraw", "Withdraw the bond", WhyNoWithdrawal()),
        ];

        OperatorActionView Bond()
        {
            const string Title = "Add to the bond";
            if (row.Slashed) return Not("bond", Title, "The bond was slashed: nothing can be added.");
            if (row.ExitAt != 0) return Not("bond", Title, "The bond thaws or is gone: nothing can be added.");
            return new OperatorActionView("bond", Title, true, "It leaves only as the whole bond does. The token is first told that the registry may take the amount, then the registry takes it.", amount is not { } value ? [] :
            [
                new($"Let the registry take {rules.Tokens(value)} tokens", Transaction(token, new NetworkToken.ApproveCall(Address.Parse(registry), value).Encode())),
                new($"Add {rules.Tokens(value)} tokens to the bond", Transaction(registry, new OperatorRegistry.AddBondCall(key, value).Encode())),
            ]);
        }

        OperatorActionView Exit()
        {
            const string Title = "Leave and ask for the bond";
            if (standing.MayLeave)
            {
                var thaw = rules.ThawSeconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $" for {seconds / 3600.0:0.#} hours of chain time") : "";
                return new OperatorActionView("exit", Title, true, $"The bond thaws{thaw} and can then be withdrawn. There is no way back: the key is in no set again.", [new("Ask for the bond", Transaction(registry, new OperatorRegistry.RequestExitCall(key).Encode()))]);
            }

            return Not("exit", Title, row.Slashed ? "The bond was slashed." : row.ExitAt != 0 ? "It was asked for already."
                : standing.InNewestSet ? "The newest set holds this operator. The registry's owner takes it out (depin operator schedule --remove <report key>); the bond can be asked for when the last epoch that it signs is final."
                : string.Create(CultureInfo.InvariantCulture, $"Epoch {standing.LockedByEpoch}, the last that it could sign, is not final yet."));
        }

        string WhyNoWithdrawal() => row.Slashed ? "The bond was slashed." : row.ExitAt == 0 ? "It was not asked for yet." : row.Bond == "0" ? "It was withdrawn."
            : $"It thaws until {OperatorStanding.Time(row.ExitAt).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} of chain time.";

        TransactionView Transaction(string to, byte[] data) => new(network.Caip2, to, Text.Hex(data), "0");
    }

    private static OperatorActionView Not(string name, string title, string why) => new(name, title, false, why, []);
}
