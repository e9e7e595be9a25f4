using System.Buffers.Binary;
using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cryptography;

namespace DePin.TestKit;

/// <summary>
/// Makes of a Surfpool's answers what a cluster's node would say of the same transactions: blocks that link to one another, slots that were skipped, and newest blocks that give way to others. A block's
/// transactions are those of one of the runtime's slots, byte for byte; in which slot of the cluster they stand is the test's to say. The runtime itself undoes nothing: after a fork its transactions
/// are included again in the same order, or the accounts are not theirs.
/// </summary>
public sealed class ForkedCluster : IAsyncDisposable
{
    private const int SkippedSlot = -32007;
    private const ulong SlotMilliseconds = 400;
    private readonly RpcProxy _proxy;
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly Lock _gate = new();
    private readonly List<Block> _blocks = [];
    private readonly ulong _genesisTime;
    private ulong _branch;
    private ulong _skipped;
    private ulong? _lost;

    private sealed record Block(ulong Slot, ulong ParentSlot, Bytes32 Hash, Bytes32 ParentHash, ulong? Source);

    private ForkedCluster(RpcProxy proxy, ulong firstSlot, ulong genesisTime)
    {
        (_proxy, _genesisTime) = (proxy, genesisTime);
        Rpc = new SolanaRpc(_http, new RpcOptions { Urls = [proxy.Url], FirstDelay = TimeSpan.FromMilliseconds(5), MaximumDelay = TimeSpan.FromMilliseconds(20) });
        _blocks.Add(new Block(firstSlot, firstSlot - 1, HashOf(Bytes32.Zero, firstSlot, null), Bytes32.Zero, null));
    }

    /// <summary>The node.</summary>
    public Uri Url => _proxy.Url;

    /// <summary>Asks it.</summary>
    public SolanaRpc Rpc { get; }

    /// <summary>Blocks between the newest and the newest rooted one. Default 8.</summary>
    public int RootDepth { get; set; } = 8;

    /// <summary>Slot of the newest block.</summary>
    public ulong Tip
    {
        get
        {
            lock (_gate) return _blocks[^1].Slot;
        }
    }

    /// <summary>A cluster with one empty block.</summary>
    /// <param name="runtime">The Surfpool.</param>
    /// <param name="firstSlot">That block's slot, at least 1.</param>
    /// <param name="genesisTime">Unix seconds of slot 0.</param>
    /// <param name="ct">Ends the wait.</param>
    public static async Task<ForkedCluster> StartAsync(Uri runtime, ulong firstSlot, ulong genesisTime, CancellationToken ct)
    {
        var cluster = new ForkedCluster(await RpcProxy.StartAsync(runtime, ct).ConfigureAwait(false), firstSlot, genesisTime);
        cluster.Answer("getVersion", static (_, answer) => answer["result"]!.AsObject().Remove("surfnet-version"));
        cluster.Answer("getSlot", (call, answer) => answer["result"] = cluster.Newest(call["params"]?[0]));
        cluster.Answer("getBlocks", (call, answer) =>
        {
            var (first, last) = (call["params"]![0]!.GetValue<ulong>(), call["params"]![1]!.GetValue<ulong>());
            answer["result"] = new JsonArray([.. cluster.Slots(first, Math.Min(last, cluster.Newest(call["params"]!.AsArray().ElementAtOrDefault(2)))).Select(slot => (JsonNode)slot)]);
        });
        cluster.Answer("getBlockTime", (call, answer) => answer["result"] = cluster.TimeOf(call["params"]![0]!.GetValue<ulong>()));
        cluster.Answer("getProgramAccounts", (_, answer) => answer["result"]!["context"]!["slot"] = cluster.Tip);
        cluster._proxy.Apply(new RpcFault.Lie(cluster.TellBlock, cluster.AskBlock), "getBlock");
        return cluster;
    }

    /// <summary>Of the runtime's slots those with a transaction of an account, after one, ascending.</summary>
    public static async Task<IReadOnlyList<ulong>> TransactionsAsync(SolanaRpc runtime, SolanaAddress account, ulong after, CancellationToken ct)
    {
        const int most = 1_000;
        var found = await runtime.GetSignaturesForAddressAsync(account, null, null, most, Finality.Safe, ct).ConfigureAwait(false);
        if (found.Count == most) throw new InvalidOperationException("More transactions than one answer holds.");
        return [.. found.Select(s => s.Slot).Where(slot => slot > after).Distinct().Order()];
    }

    /// <summary>The next block's slot leaves out so many.</summary>
    public void Skip(int slots)
    {
        lock (_gate) _skipped += (ulong)slots;
    }

    /// <summary>The next block.</summary>
    /// <param name="source">The runtime's slot whose transactions it holds; null = none.</param>
    public void Append(ulong? source = null)
    {
        lock (_gate)
        {
            var parent = _blocks[^1];
            var slot = parent.Slot + 1 + _skipped;
            _skipped = 0;
            _blocks.Add(new Block(slot, parent.Slot, HashOf(parent.Hash, slot, source), parent.Hash, source));
        }
    }

    /// <summary>Undoes the newest blocks; what is appended next is another branch.</summary>
    /// <returns>What they held, in order.</returns>
    public IReadOnlyList<ulong> Drop(int depth)
    {
        lock (_gate)
        {
            var dropped = _blocks[^depth..];
            _blocks.RemoveRange(_blocks.Count - depth, depth);
            _branch++;
            return [.. dropped.Where(b => b.Source is not null).Select(b => b.Source!.Value)];
        }
    }

    /// <summary>The node names this slot and does not have its block; null = it has all.</summary>
    public ulong? Lost
    {
        get
        {
            lock (_gate) return _lost;
        }

        set
        {
            lock (_gate) _lost = value;
        }
    }

    /// <summary>The node leaves the slot of <see cref="Lost"/> out, as if it had been skipped.</summary>
    public bool LeavesLostOut { get; set; }

    /// <summary>Slots of the blocks that hold transactions.</summary>
    public IReadOnlyList<ulong> Filled
    {
        get
        {
            lock (_gate) return [.. _blocks.Where(b => b.Source is not null).Select(b => b.Slot)];
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync().ConfigureAwait(false);
        _http.Dispose();
    }

    private void Answer(string method, Action<JsonObject, JsonNode> change) => _proxy.Apply(
        new RpcFault.Lie((call, answer) =>
        {
            answer.AsObject().Remove("error");
            change(call, answer);
            return answer;
        }),
        method);

    private ulong Newest(JsonNode? options)
    {
        lock (_gate) return _blocks[options?["commitment"]?.GetValue<string>() == "finalized" ? Math.Max(0, _blocks.Count - 1 - RootDepth) : ^1].Slot;
    }

    private List<ulong> Slots(ulong first, ulong last)
    {
        lock (_gate) return [.. _blocks.Select(b => b.Slot).Where(slot => slot >= first && slot <= last && !(LeavesLostOut && slot == _lost))];
    }

    private long TimeOf(ulong slot) => (long)(_genesisTime + (slot * SlotMilliseconds / 1_000));

    private Block? Find(JsonObject call)
    {
        var slot = call["params"]![0]!.GetValue<ulong>();
        lock (_gate) return slot == _lost ? null : _blocks.Find(b => b.Slot == slot);
    }

    // An empty block is any of the runtime's without what is in it.
    private JsonObject AskBlock(JsonObject call)
    {
        call["params"]![0] = Find(call)?.Source ?? 0;
        return call;
    }

    private JsonNode TellBlock(JsonObject call, JsonNode answer)
    {
        if (Lost is { } lost && call["params"]![0]!.GetValue<ulong>() == lost) return RpcProxy.Wrap(call, "result", null);
        if (Find(call) is not { } block)
            return RpcProxy.Wrap(call, "error", new JsonObject { ["code"] = SkippedSlot, ["message"] = "Slot was skipped, or missing due to ledger jump to recent snapshot" });

        var result = answer["result"] as JsonObject ?? new JsonObject { ["transactions"] = new JsonArray() };
        (result["parentSlot"], result["blockhash"], result["previousBlockhash"]) = (block.ParentSlot, Base58.Encode(block.Hash.AsSpan()), Base58.Encode(block.ParentHash.AsSpan()));
        (result["blockTime"], result["blockHeight"]) = (TimeOf(block.Slot), block.Slot);
        if (block.Source is null && result["transactions"] is JsonArray transactions) transactions.Clear();
        return RpcProxy.Wrap(call, "result", result.DeepClone());
    }

    private Bytes32 HashOf(Bytes32 parent, ulong slot, ulong? source)
    {
        Span<byte> numbers = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(numbers, slot);
        BinaryPrimitives.WriteUInt64LittleEndian(numbers[8..], source ?? 0);
        BinaryPrimitives.WriteUInt64LittleEndian(numbers[16..], _branch);
        return Keccak256.Hash([.. parent.AsSpan(), .. numbers]);
    }
}
