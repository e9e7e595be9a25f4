using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Protocol;

namespace DePin.Mirror;

/// <summary>
/// A Solana cluster, or several nodes of it, as the follower's source. A block's number is its slot; slots without a block are left out. The newest block is the newest confirmed
/// one, which may be undone; the finalized one is rooted. Events are the calls by which the program tells them to itself, in successful transactions, laid out by <see cref="SolanaEvents"/>. Its
/// lines in the log are not read: the runtime cuts a log at 10,000 bytes, so that whoever writes first could hide what follows.
/// </summary>
/// <remarks>Every block is read whole: right everywhere, and much to read where a cluster is busy. Of Surfpool's runtime, whose clock leaps, only some slots are read: <see cref="SurfpoolSlots"/>.</remarks>
public sealed class SolanaChainSource : IChainSource
{
    private const int TransactionHashLength = 64;
    private const int HeaderLength = 3;

    /// <summary>What the data of an event by call begins with: the first eight bytes of SHA-256 of "anchor:event", backwards, as Anchor has it.</summary>
    private static ReadOnlySpan<byte> EventTag => [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

    private const ulong LongestGap = 4_096; // slots without any block that a cluster may leave while it still has a newest one

    private readonly SolanaRpc _rpc;
    private readonly MirroredNetwork _network;
    private readonly SolanaAddress _program;
    private readonly SolanaAddress _account;
    private readonly SurfpoolSlots _surfpool;
    private bool? _isSurfpool;

    /// <param name="rpc">The cluster.</param>
    /// <param name="network">A network on Solana.</param>
    public SolanaChainSource(SolanaRpc rpc, MirroredNetwork network)
    {
        if (network.Kind != ChainKind.Solana) throw new ArgumentException($"{network.Caip2} is not Solana.", nameof(network));
        (_rpc, _network) = (rpc, network);
        _program = SolanaAddress.From(network.Contracts[ContractKind.SettlementProgram].Value);
        _account = SolanaAddress.From(network.Contracts[ContractKind.NetworkAccount].Value);
        _surfpool = new SurfpoolSlots(rpc, _account);
    }

    /// <inheritdoc/>
    public bool SkipsNumbers => true;

    /// <summary>The node must be of the manifest's cluster.</summary>
    /// <exception cref="MirrorMismatchException">It is of another.</exception>
    public async Task CheckChainAsync(CancellationToken ct)
    {
        var genesis = await AskAsync(_rpc.GetGenesisHashAsync(ct));
        if (genesis != _network.Chain)
            throw new MirrorMismatchException($"The node is of the cluster with genesis {Base58.Encode(genesis.AsSpan())}, the network of {Base58.Encode(_network.Chain.AsSpan())}. Give the RPC URL of the right cluster.");
    }

    /// <inheritdoc/>
    public async Task<ChainHeads> GetHeadsAsync(CancellationToken ct)
    {
        if (await IsSurfpoolAsync(ct))
        {
            var seen = await AskAsync(_surfpool.LookAsync(ct));
            var final = await AskAsync(_rpc.GetSlotAsync(Finality.Finalized, ct));
            return new ChainHeads(await AskAsync(_surfpool.NewestAsync(seen, ct)), (await AskAsync(_surfpool.NewestAsync(Math.Min(final, seen), ct))).Point);
        }

        var confirmed = await AskAsync(_rpc.GetSlotAsync(Finality.Safe, ct));
        var latest = await NewestAsync(confirmed, Finality.Safe, ct) ?? throw new ChainSourceException($"The node has no block in the slots up to {confirmed}.");
        var rooted = await AskAsync(_rpc.GetSlotAsync(Finality.Finalized, ct));
        return new ChainHeads(latest, (await NewestAsync(rooted, Finality.Finalized, ct))?.Point);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BlockHeader>> GetHeadersAsync(ulong from, ulong to, CancellationToken ct)
    {
        if (await IsSurfpoolAsync(ct)) return await AskAsync(_surfpool.HeadersAsync(from, to, ct));
        var slots = await AskAsync(_rpc.GetBlocksAsync(from, to, Finality.Safe, ct));
        return await HeadersAsync(slots, Finality.Safe, ct);
    }

    /// <inheritdoc/>
    public async Task<LogBatch> GetLogsAsync(ulong from, ulong to, CancellationToken ct)
    {
        if (await IsSurfpoolAsync(ct)) return await LogsAsync(await AskAsync(_surfpool.WithTransactionsAsync(from, to, ct)), null, ct);
        var slots = await AskAsync(_rpc.GetBlocksAsync(from, to, Finality.Safe, ct));
        return await LogsAsync(slots, null, ct);
    }

    /// <inheritdoc/>
    public async Task<LogBatch> GetLogsByHashAsync(IReadOnlyList<BlockPoint> blocks, CancellationToken ct)
    {
        if (blocks.Count > 0 && await IsSurfpoolAsync(ct))
        {
            var filled = await AskAsync(_surfpool.WithTransactionsAsync(blocks.Min(b => b.Number), blocks.Max(b => b.Number), ct));
            blocks = [.. blocks.Where(b => filled.Contains(b.Number))];
        }

        return await LogsAsync([.. blocks.Select(b => b.Number)], blocks, ct);
    }

    /// <inheritdoc/>
    public Task<LogBatch> GetBlockLogsAsync(BlockPoint block, CancellationToken ct) => GetLogsByHashAsync([block], ct);

    private async Task<BlockHeader?> NewestAsync(ulong slot, Finality finality, CancellationToken ct)
    {
        for (ulong window = 8; ; window *= 8)
        {
            var first = slot > window ? slot - window : 0;
            var slots = await AskAsync(_rpc.GetBlocksAsync(first, slot, finality, ct));
            if (slots.Count > 0) return (await HeadersAsync([slots[^1]], finality, ct))[0];
            if (first == 0 || window > LongestGap) return null;
        }
    }

    private async Task<BlockHeader[]> HeadersAsync(IReadOnlyList<ulong> slots, Finality finality, CancellationToken ct)
    {
        var blocks = await AskAsync(_rpc.GetBlockHeadersAsync(slots, finality, ct));
        var headers = new BlockHeader[slots.Count];
        for (var i = 0; i < headers.Length; i++)
        {
            var block = blocks[i] ?? throw Missing(slots[i]);
            headers[i] = new BlockHeader(block.Slot, block.Hash, block.ParentHash, await TimeAsync(block, ct), default) { ParentNumber = block.ParentSlot };
        }

        return headers;
    }

    private async Task<LogBatch> LogsAsync(IReadOnlyList<ulong> slots, IReadOnlyList<BlockPoint>? expected, CancellationToken ct)
    {
        if (slots.Count == 0) return new LogBatch(TransactionHashLength);
        var blocks = await AskAsync(_rpc.GetBlocksAsync(slots, Finality.Safe, ct));
        var batch = new LogBatch(TransactionHashLength);
        var collector = new Collector(this, batch);
        for (var i = 0; i < slots.Count; i++)
        {
            var block = blocks[i] ?? throw Missing(slots[i]);
            if (_isSurfpool == true) block = SurfpoolBlocks.Mend(block);
            if (expected is not null && block.Hash != expected[i].Hash) throw new ChainSourceException($"The node has another block in slot {block.Slot}: the chain moved while it was read.");
            collector.Add(block);
        }

        return batch;
    }

    private async ValueTask<bool> IsSurfpoolAsync(CancellationToken ct) => _isSurfpool ??= (await AskAsync(_rpc.GetVersionAsync(ct))).IsSurfpool;

    private async ValueTask<ulong> TimeAsync(SolanaBlock block, CancellationToken ct) => (ulong)(block.Time
        ?? await AskAsync(_rpc.GetBlockTimeAsync(block.Slot, ct)) ?? throw new ChainSourceException($"The node does not know when the block in slot {block.Slot} was made."));

    private static ChainSourceException Missing(ulong slot) => new($"The node names slot {slot} and does not have its block: it lags.");

    private static async Task<T> AskAsync<T>(Task<T> request)
    {
        try
        {
            return await request;
        }
        catch (RpcException error) when (error.Kind == RpcErrorKind.RangeTooLarge)
        {
            throw new RangeTooLargeException(error.Message, error);
        }
        catch (Exception error) when (error is RpcException or RpcUnavailableException or JsonException or HttpRequestException or OverflowException)
        {
            throw new ChainSourceException(error.Message, error);
        }
    }

    /// <summary>Takes the program's events out of blocks.</summary>
    private sealed class Collector(SolanaChainSource source, LogBatch batch)
    {
        private readonly EventForm _form = new();
        private readonly AccountId _emitter = source._network.Contracts[ContractKind.SettlementProgram];
        private readonly byte[] _id = new byte[TransactionHashLength];

        public void Add(SolanaBlock block)
        {
            var index = 0;
            for (var i = 0; i < block.Transactions.Length; i++)
            {
                var transaction = block.Transactions[i];
                if (transaction.Meta.Error is not null || ProgramIndex(transaction) is not { } program) continue;
                if (transaction.Meta.InnerInstructions.IsDefault) throw new ChainSourceException($"The node keeps no inner instructions of transaction {transaction.Id}. Use one that does.");
                if (!Base58.TryDecode(transaction.Id.Text, _id)) throw new ChainSourceException($"The node named a transaction '{transaction.Id}'.");
                foreach (var call in transaction.Meta.InnerInstructions)
                {
                    if (call.ProgramIndex != program || !call.Data.Span.StartsWith(EventTag) || !SolanaEvents.TryWrite(call.Data.Span[EventTag.Length..], source._account, _form)) continue;
                    batch.Add(block.Slot, block.Hash, index++, i, _id, _emitter, _form.Topics, _form.Data);
                }
            }
        }

        /// <summary>The program's place among the transaction's accounts: its own, then those from tables, written before read. Null where it is not among them.</summary>
        private int? ProgramIndex(SolanaTransactionRecord transaction)
        {
            if (transaction.Bytes.Span.IndexOf(source._program.AsSpan()) < 0 && transaction.Meta.LoadedReadOnly.Length + transaction.Meta.LoadedWritable.Length == 0) return null;
            var index = KeysOf(transaction).AddRange(transaction.Meta.LoadedWritable).AddRange(transaction.Meta.LoadedReadOnly).IndexOf(source._program);
            return index < 0 ? null : index;
        }

        /// <summary>The message's own accounts. Nothing else of it is read: what the runtime took in must not stop the mirror, whatever else our decoder thinks of it.</summary>
        private static ImmutableArray<SolanaAddress> KeysOf(SolanaTransactionRecord transaction)
        {
            var rest = transaction.Bytes.Span;
            if (ShortVec.TryRead(ref rest, out var signatures) && rest.Length > TransactionHashLength * signatures)
            {
                rest = rest[(TransactionHashLength * signatures)..];
                if ((rest[0] & 0x80) != 0) rest = rest[1..]; // a version
                if (rest.Length > HeaderLength)
                {
                    rest = rest[HeaderLength..];
                    if (ShortVec.TryRead(ref rest, out var count) && rest.Length >= SolanaAddress.Size * count) return ImmutableArray.Create(MemoryMarshal.Cast<byte, SolanaAddress>(rest[..(SolanaAddress.Size * count)]));
                }
            }

            throw new ChainSourceException($"The node gave a transaction {transaction.Id} that ends too early.");
        }
    }
}
