using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Sdk.Network;

namespace DePin.Sdk.Registration;

/// <summary>Payout accounts on Solana: an owner needs one before it gets a device, a provider before it stakes. Whoever pays opens them.</summary>
public static class SolanaPayouts
{
    private const int InOneTransaction = 6;

    /// <summary>Gives an account the next place in the rewards.</summary>
    /// <param name="network">The network.</param>
    /// <param name="payer">Pays the rent, about 0.0019 SOL.</param>
    /// <param name="account">Who gets it, for ever.</param>
    /// <param name="next">How many have one: its index, unless somebody is faster. What counts is the page it is on.</param>
    public static SolanaInstruction Open(SolanaNetwork network, SolanaAddress payer, SolanaAddress account, uint next) => new Depin.OpenPayoutInstruction(account)
        .ToInstruction(network.Program, new Depin.OpenPayoutAccounts { Payer = payer, Network = network.Account, Page = network.PageOf(next) });

    /// <summary>The instruction that opens an account's place, or nothing where it has one.</summary>
    public static async Task<IReadOnlyList<SolanaInstruction>> OpenIfMissingAsync(SolanaNetworkAccess access, SolanaAddress payer, SolanaAddress account, CancellationToken ct)
    {
        var network = access.Accounts;
        if (await access.Rpc.FindAsync<Depin.PayoutAccount>(network.Program, network.Payout(account), Finality.Safe, ct).ConfigureAwait(false) is not null) return [];
        var ledger = await access.Rpc.ReadAsync<Depin.LedgerAccount>(network.Program, network.Ledger, Finality.Safe, ct).ConfigureAwait(false);
        return [Open(network, payer, account, ledger.PayoutCount)];
    }

    /// <summary>Opens places for those accounts that have none.</summary>
    public static async Task OpenMissingAsync(SolanaNetworkAccess access, SolanaTransactionGroup group, SolanaAddress payer, IReadOnlyList<SolanaAddress> accounts, CancellationToken ct)
    {
        var network = access.Accounts;
        while (true)
        {
            var found = await access.Rpc.FindManyAsync<Depin.PayoutAccount>(network.Program, [.. accounts.Select(network.Payout)], Finality.Safe, ct).ConfigureAwait(false);
            var missing = accounts.Where((_, i) => found[i] is null).ToList();
            if (missing.Count == 0) return;
            // No further than the page goes: whichever comes first then makes it.
            var next = (await access.Rpc.ReadAsync<Depin.LedgerAccount>(network.Program, network.Ledger, Finality.Safe, ct).ConfigureAwait(false)).PayoutCount;
            var room = (int)(SolanaNetwork.PageSlots - (next % SolanaNetwork.PageSlots));
            await group.SendAllAsync(
                [.. missing.Take(room).Select(account => Open(network, payer, account, next)).Chunk(InOneTransaction).Select(part => new SolanaTransactionRequest(part))], null, ct).ConfigureAwait(false);
        }
    }
}
