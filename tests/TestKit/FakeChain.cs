using DePin.Chain.Deployment;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;

namespace DePin.TestKit;

/// <summary>
/// A chain in memory that a test mines, reorganizes and breaks. Blocks are one second apart unless told; their hashes depend on parent, content and
/// branch, so a reorganized block is another block. Thread-safe.
/// </summary>
public sealed class FakeChain : IChainSource
{
    private sealed record Block(BlockHeader Header, LogBatch Logs);

    private readonly Lock _gate = new();
    private readonly List<Block> _blocks = [];
    private readonly Dictionary<Bytes32, Block> _known = [];
    private ulong _branch;
    private ulong _skipped;
    private ulong _finalized;

    /// <param name="network">The network whose contracts emit.</param>
    /// <param name="genesisTime">Timestamp of block 0, unix seconds.</param>
    public FakeChain(MirroredNetwork network, ulong genesisTime = 1_700_000_000)
    {
        Network = network;
        Add(genesisTime, []);
    }

    /// <summary>A network with eight made-up contracts whose first block is 1.</summary>
    public static MirroredNetwork DefaultNetwork { get; } = new(1, "eip155:31337", EvmNetworkManifest.IdOf(31_337, AddressOf(ContractKind.ReportVerifier)).Value, 1, 86_400,
        ContractKinds.Evm.ToDictionary(k => k, k => AccountId.From(AddressOf(k))));

    /// <summary>The network that is followed.</summary>
    public MirroredNetwork Network { get; }

    /// <summary>Blocks between the newest and the newest finalized. Default 64.</summary>
    public int FinalityDepth { get; set; } = 64;

    /// <summary>Logs above which a range is refused. Default: none is.</summary>
    public int MaxLogsPerAnswer { get; set; } = int.MaxValue;

    /// <summary>Blocks by which the node that answers range queries is behind: it answers the newest ones with nothing.</summary>
    public int LogLag { get; set; }

    /// <summary>Blocks by which the whole node is behind.</summary>
    public int NodeLag { get; set; }

    /// <summary>Range answers lose every log from this position on, silently. Default: none.</summary>
    public int? TruncateAnswersAt { get; set; }

    /// <summary>Newest blocks of which the node has the header but no logs yet, by range and by hash alike.</summary>
    public int UnindexedBlocks { get; set; }

    /// <summary>Runs before every answer: delay, throw, or hang in it. Argument: name of the call.</summary>
    public Func<string, CancellationToken, Task>? BeforeAnswer { get; set; }

    /// <summary>Calls answered.</summary>
    public long Calls => Interlocked.Read(ref _calls);

    private long _calls;

    /// <summary>The newest block.</summary>
    public BlockHeader Tip
    {
        get
        {
            lock (_gate) return _blocks[^1].Header;
        }
    }

    /// <summary>Header of a block that is on the chain now.</summary>
    public BlockHeader HeaderAt(ulong number)
    {
        lock (_gate) return _blocks.First(b => b.Header.Number == number).Header;
    }

    /// <summary>Mines a block one second after the newest.</summary>
    public BlockHeader Mine(params FakeLog[] logs) => Mine(1, logs);

    /// <summary>Mines a block.</summary>
    public BlockHeader Mine(ulong secondsLater, params FakeLog[] logs)
    {
        lock (_gate) return Add(_blocks[^1].Header.Timestamp + secondsLater, logs);
    }

    /// <summary>The next block's number leaves out so many; the source says that it does that from now on.</summary>
    public void Skip(int numbers)
    {
        lock (_gate)
        {
            _skipped += (ulong)numbers;
            SkipsNumbers = true;
        }
    }

    /// <inheritdoc/>
    public bool SkipsNumbers { get; private set; }

    /// <summary>Drops the newest <paramref name="depth"/> blocks; what is mined next is another branch.</summary>
    public void Drop(int depth)
    {
        lock (_gate)
        {
            _blocks.RemoveRange(_blocks.Count - depth, depth);
            _branch++;
        }
    }

    /// <inheritdoc/>
    public async Task<ChainHeads> GetHeadsAsync(CancellationToken ct)
    {
        await BeforeAsync("heads", ct).ConfigureAwait(false);
        lock (_gate)
        {
            var latest = _blocks[Math.Max(0, _blocks.Count - 1 - NodeLag)].Header;
            _finalized = Math.Max(_finalized, (ulong)Math.Max(0, (long)latest.Number - FinalityDepth));
            return new ChainHeads(latest, _blocks.Last(b => b.Header.Number <= _finalized).Header.Point);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BlockHeader>> GetHeadersAsync(ulong from, ulong to, CancellationToken ct)
    {
        await BeforeAsync("headers", ct).ConfigureAwait(false);
        lock (_gate) return [.. Between(from, to, NodeLag).Select(b => b.Header)];
    }

    /// <inheritdoc/>
    public async Task<LogBatch> GetLogsAsync(ulong from, ulong to, CancellationToken ct)
    {
        await BeforeAsync("logs", ct).ConfigureAwait(false);
        lock (_gate)
        {
            var all = Between(from, to, NodeLag + Math.Max(LogLag, UnindexedBlocks)).ToList();
            if (all.Sum(b => b.Logs.Count) > MaxLogsPerAnswer) throw new RangeTooLargeException($"More than {MaxLogsPerAnswer} logs.");
            return Join(all, TruncateAnswersAt ?? int.MaxValue);
        }
    }

    /// <inheritdoc/>
    public async Task<LogBatch> GetLogsByHashAsync(IReadOnlyList<BlockPoint> blocks, CancellationToken ct)
    {
        await BeforeAsync("logs by hash", ct).ConfigureAwait(false);
        lock (_gate)
        {
            var known = blocks.Select(b => _known.GetValueOrDefault(b.Hash) ?? throw new ChainSourceException($"Unknown block {b.Hash}.")).ToList();
            return Join(known.Where(b => b.Header.Number + (ulong)UnindexedBlocks <= _blocks[^1].Header.Number), int.MaxValue);
        }
    }

    /// <inheritdoc/>
    public Task<LogBatch> GetBlockLogsAsync(BlockPoint block, CancellationToken ct) => GetLogsByHashAsync([block], ct);

    private static Address AddressOf(ContractKind kind) => new(Keccak256.Hash([(byte)kind]).AsSpan()[12..]);

    private IEnumerable<Block> Between(ulong from, ulong to, int lag) =>
        _blocks.Take(Math.Max(0, _blocks.Count - lag)).Where(b => b.Header.Number >= from && b.Header.Number <= to);

    private static LogBatch Join(IEnumerable<Block> blocks, int limit)
    {
        var joined = new LogBatch();
        foreach (var logs in blocks.Select(b => b.Logs))
        {
            for (var i = 0; i < logs.Count && joined.Count < limit; i++) joined.AddFrom(logs, i);
        }

        return joined;
    }

    private BlockHeader Add(ulong timestamp, FakeLog[] logs)
    {
        var parent = _blocks.Count == 0 ? Bytes32.Zero : _blocks[^1].Header.Hash;
        var content = logs.SelectMany(l => (byte[])[(byte)l.Contract, .. l.Topics.SelectMany(t => t.ToArray()), .. l.Data]).ToArray();
        var hash = Keccak256.Hash([.. parent.AsSpan(), .. Bytes32.FromUInt64(timestamp).AsSpan(), .. Bytes32.FromUInt64(_branch).AsSpan(), .. content]);
        var before = _blocks.Count == 0 ? default(BlockHeader) : _blocks[^1].Header;
        var number = before is null ? 0 : before.Number + 1 + _skipped;
        _skipped = 0;
        var bloom = new byte[256];
        var batch = new LogBatch();
        for (var i = 0; i < logs.Length; i++)
        {
            var address = Network.Contracts[logs[i].Contract];
            new BloomBits(address.ToNative()).AddTo(bloom);
            foreach (var topic in logs[i].Topics) new BloomBits(topic.AsSpan()).AddTo(bloom);
            var transaction = Keccak256.Hash([.. hash.AsSpan(), (byte)(i / 3)]);
            batch.Add(number, hash, i, i / 3, transaction.AsSpan(), address, [.. logs[i].Topics.SelectMany(t => t.ToArray())], logs[i].Data);
        }

        var block = new Block(new BlockHeader(number, hash, parent, timestamp, bloom) { ParentNumber = before?.Number ?? 0 }, batch);
        _blocks.Add(block);
        _known[hash] = block;
        return block.Header;
    }

    private async Task BeforeAsync(string call, CancellationToken ct)
    {
        Interlocked.Increment(ref _calls);
        if (BeforeAnswer is { } hook) await hook(call, ct).ConfigureAwait(false);
    }
}
