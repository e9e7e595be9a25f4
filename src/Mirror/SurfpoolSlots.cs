using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Solana;

namespace DePin.Mirror;

/// <summary>
/// Which slots of Surfpool's runtime are mirrored. It has a block in every slot, made up when asked for, and its clock can leap over thousands of them: all but a few say nothing. Mirrored are
/// those with a transaction of the network, and every <see cref="Stride"/>th, by which the network's clock goes on. That follows from the chain alone, so that every mirror of it, by whatever ranges it
/// was read, has the same blocks and the same anchors. Each names the one before it; the runtime never replaces a block (<see cref="SurfpoolBlocks"/>).
/// </summary>
/// <remarks>
/// Times are those that the runtime computes from the slot, which never go back. For a slot with a transaction <c>getBlockTime</c> says some seconds more, and <c>getSignaturesForAddress</c> the
/// computed one.
/// </remarks>
/// <param name="rpc">The runtime.</param>
/// <param name="network">The account that stands in every transaction of the network.</param>
internal sealed class SurfpoolSlots(SolanaRpc rpc, SolanaAddress network)
{
    /// <summary>Of the slots without a transaction one in so many is mirrored: at 400 ms a slot every 26 s.</summary>
    public const ulong Stride = 64;

    private const int Page = 1_000; // signatures, the most that may be asked for
    private const int Reread = 32; // signatures that are asked for again each time: what stands beside each other in a slot has no order
    private const int AtOnce = 8;

    private readonly Lock _gate = new();
    private readonly SortedSet<ulong> _slots = []; // with transactions of the network
    private readonly Dictionary<ulong, long> _times = []; // of those
    private TransactionId? _until;
    private ulong? _seen; // up to it the slots are known

    /// <summary>Reads which transactions there are.</summary>
    /// <returns>The newest slot up to which they are known.</returns>
    public async Task<ulong> LookAsync(CancellationToken ct)
    {
        // The slot first: what is included by then is told of by then.
        var confirmed = await rpc.GetSlotAsync(Finality.Safe, ct);
        TransactionId? until;
        lock (_gate) until = _until;
        var found = new List<SolanaSignatureInfo>();
        for (TransactionId? before = null; ;)
        {
            var page = await rpc.GetSignaturesForAddressAsync(network, before, until, Page, Finality.Safe, ct);
            found.AddRange(page);
            if (page.Count < Page) break;
            before = page[^1].Id;
        }

        lock (_gate)
        {
            foreach (var one in found.Where(s => s.Slot <= confirmed))
            {
                if (_times.ContainsKey(one.Slot)) continue;
                if (one.Slot <= _seen) throw Late(one.Slot);
                _times.Add(one.Slot, one.Time ?? throw Timeless(one.Slot));
                _slots.Add(one.Slot);
            }

            if (found.Count > Reread) _until = found[Reread].Id;
            return (_seen = Math.Max(_seen ?? 0, confirmed)).Value;
        }
    }

    /// <summary>The headers of the mirrored slots of a range, as far as the node has it.</summary>
    public async Task<BlockHeader[]> HeadersAsync(ulong from, ulong to, CancellationToken ct)
    {
        var slots = await ListAsync(from, to, ct);
        var headers = new BlockHeader[slots.Length];
        await Parallel.ForAsync(0, slots.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct }, async (i, token) => headers[i] = await HeaderAsync(slots[i], i == 0 ? Before(slots[0]) : slots[i - 1], token));
        return headers;
    }

    /// <summary>The newest mirrored slot up to one.</summary>
    public Task<BlockHeader> NewestAsync(ulong slot, CancellationToken ct)
    {
        var newest = Before(slot + 1);
        return HeaderAsync(newest, Before(newest), ct);
    }

    /// <summary>Slots of a range with transactions of the network, ascending.</summary>
    public async Task<ulong[]> WithTransactionsAsync(ulong from, ulong to, CancellationToken ct)
    {
        await ReachAsync(to, ct);
        lock (_gate) return from > to ? [] : [.. _slots.GetViewBetween(from, to)];
    }

    private async Task<ulong[]> ListAsync(ulong from, ulong to, CancellationToken ct)
    {
        to = Math.Min(to, await ReachAsync(to, ct));
        if (from > to) return [];
        lock (_gate)
        {
            var slots = new SortedSet<ulong>(_slots.GetViewBetween(from, to));
            for (var slot = (from + Stride - 1) / Stride * Stride; slot <= to; slot += Stride) slots.Add(slot);
            return [.. slots];
        }
    }

    private async Task<ulong> ReachAsync(ulong slot, CancellationToken ct)
    {
        ulong? seen;
        lock (_gate) seen = _seen;
        return seen >= slot ? seen.Value : await LookAsync(ct);
    }

    /// <summary>The mirrored slot before one; 0 before the first.</summary>
    private ulong Before(ulong slot)
    {
        if (slot == 0) return 0;
        var regular = (slot - 1) / Stride * Stride;
        lock (_gate) return _slots.GetViewBetween(regular, slot - 1) is { Count: > 0 } between ? between.Max : regular;
    }

    private async Task<BlockHeader> HeaderAsync(ulong slot, ulong parent, CancellationToken ct)
    {
        long? time;
        lock (_gate) time = _times.TryGetValue(slot, out var known) ? known : null;
        time ??= await rpc.GetBlockTimeAsync(slot, ct) ?? throw Timeless(slot);
        return new BlockHeader(slot, SurfpoolBlocks.HashOf(slot), SurfpoolBlocks.HashOf(parent), (ulong)time, default) { ParentNumber = parent };
    }

    private static ChainSourceException Timeless(ulong slot) => new($"The node does not know when the block in slot {slot} was made.");

    private static ChainSourceException Late(ulong slot) => new($"The node told too late of a transaction in slot {slot}: mirrors may have gone past it. Run 'depin index rebuild', or start the dev network anew.");
}
