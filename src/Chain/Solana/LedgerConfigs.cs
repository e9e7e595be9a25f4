using DePin.ContractBindings.Solana;

namespace DePin.Chain.Solana;

/// <summary>Which set of operators a ledger has in force.</summary>
public static class LedgerConfigs
{
    /// <summary>The number of the set in force in an epoch: the newest that begins there or before. Null where the ledger has none so early.</summary>
    public static ulong? ConfigAt(this in Depin.LedgerAccount ledger, ulong epoch)
    {
        ulong? found = null;
        foreach (var set in ledger.Schedule.AsSpan(0, Math.Min(ledger.Scheduled, ledger.Schedule.Length)))
            if (set.FirstEpoch <= epoch && set.Count >= (found ?? 0)) found = set.Count;
        return found;
    }
}
