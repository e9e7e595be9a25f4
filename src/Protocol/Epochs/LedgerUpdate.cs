using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;

namespace DePin.Protocol.Epochs;

/// <summary>Books an epoch's lines: cumulatives only rise, and each earner's chain of items takes the epoch's lines in.</summary>
internal static class LedgerUpdate
{
    /// <summary>The ledger after the epoch. <paramref name="lines"/> are ascending by (payout index, class, device, rule).</summary>
    public static ImmutableArray<LedgerEntry> Run(
        ImmutableArray<LedgerEntry> before, ImmutableArray<AccountId> accounts, ImmutableArray<RewardLine> lines, Epoch epoch)
    {
        if (before.Length > accounts.Length)
            throw new EpochInputException($"the ledger has {before.Length} accounts, the registry at the anchor {accounts.Length}: the snapshot is older than the state");
        var after = new LedgerEntry[accounts.Length];
        for (var i = 0; i < after.Length; i++)
        {
            after[i] = i < before.Length ? before[i] : new LedgerEntry(accounts[i], 0, default);
            if (after[i].Account != accounts[i])
                throw new EpochInputException($"payout index {i} is account {accounts[i]} in the registry but {after[i].Account} in the ledger: the snapshot is of another chain");
        }

        var starts = new List<int>();
        for (var i = 0; i < lines.Length; i++)
        {
            if (i == 0 || lines[i].PayoutIndex != lines[i - 1].PayoutIndex) starts.Add(i);
        }
        starts.Add(lines.Length);
        // Each account is written by one thread alone.
        Parallel.For(0, starts.Count - 1, i =>
        {
            var own = lines.AsSpan()[starts[i]..starts[i + 1]];
            UInt128 earned = 0;
            foreach (var line in own) earned = checked(earned + line.Amount);
            if (earned == 0) return;
            ref var entry = ref after[own[0].PayoutIndex];
            entry = entry with
            {
                Cumulative = checked(entry.Cumulative + earned),
                ItemsHash = ItemsChain.Next(entry.ItemsHash, epoch, ItemsChain.LinesTree(own).Root),
            };
        });
        return ImmutableCollectionsMarshal.AsImmutableArray(after);
    }
}
