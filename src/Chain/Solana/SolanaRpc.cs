using System.Text.Json;
using DePin.Abi.Solana;
using DePin.Chain.Rpc;
using DePin.Cryptography;

namespace DePin.Chain.Solana;

/// <summary>
/// A Solana node, or several that stand in for one another, over JSON-RPC. Transient failures (no answer, broken answers, 429, 5xx, a node that is behind)
/// are retried and failed over; what the node refuses is a <see cref="SolanaRpcException"/>. Where a commitment is asked for, the answer is of the newest
/// slot so settled, by the node's word: nodes may differ, and lag. Lamports, slots and heights are 64 bits. Safe to share between threads.
/// </summary>
public sealed class SolanaRpc
{
    /// <summary>Most accounts that a node gives at once.</summary>
    public const int MostAccounts = 100;

    /// <summary>Most transactions whose status a node tells at once.</summary>
    public const int MostStatuses = 256;

    /// <summary>Most lines of history that a node gives at once.</summary>
    public const int MostSignatures = 1_000;

    /// <summary>Most slots that getBlocks may span.</summary>
    public const int MostSlots = 500_000;

    private const int MostBytesToCompare = 128;
    private const int AtOnce = 8; // calls that are made one by one where a node refuses batches

    private readonly RpcTransport _transport;
    private readonly RpcTransport[] _each;
    private readonly int _maximumBatch;
    private volatile bool _refusesBatches;
    private GenesisHash? _genesis;

    /// <summary>Uses <paramref name="http"/> for every request; its own time-out should be infinite, the options' counts.</summary>
    public SolanaRpc(HttpClient http, RpcOptions options, TimeProvider? time = null)
        : this(http, [.. options.Urls.Select(url => new RpcEndPoint(url))], options, time)
    {
    }

    /// <summary>Uses end points that other clients may share. No batch is larger than what the slowest of them allows in a second.</summary>
    public SolanaRpc(HttpClient http, IReadOnlyList<RpcEndPoint> endPoints, RpcOptions options, TimeProvider? time = null)
    {
        _transport = new RpcTransport(http, endPoints, options, time ?? TimeProvider.System);
        var once = options with { Attempts = Math.Min(options.Attempts, 2) };
        _each = [.. endPoints.Select(e => new RpcTransport(http, [e], once, time ?? TimeProvider.System))];
        _maximumBatch = endPoints.Where(e => e.CallsPerSecond > 0).Select(e => (int)Math.Max(1, e.CallsPerSecond)).Append(options.MaximumBatch).Min();
    }

    /// <summary>Whether a node refused a batch, so that calls are made one by one from then on.</summary>
    public bool RefusesBatches => _refusesBatches;

    /// <summary>One call; <paramref name="read"/> may run more than once, each time from the start of a whole result.</summary>
    public Task<T> RequestAsync<T>(RpcCall call, RpcResultReader<T> read, CancellationToken ct) => RequestAsync(_transport, call, read, ct);

    /// <summary>Many calls in as few requests as the batch limit allows, or one by one where the node takes no batches; results in the calls' order. The first refusal ends it.</summary>
    public async Task<IReadOnlyList<T>> BatchAsync<T>(IReadOnlyList<RpcCall> calls, RpcResultReader<T> read, CancellationToken ct)
    {
        var results = new T[calls.Count];
        for (var from = 0; from < calls.Count;)
        {
            var part = calls.Skip(from).Take(_maximumBatch).ToArray();
            if (part.Length == 1 || _refusesBatches || !await TryBatchAsync(part, results.AsMemory(from), read, ct).ConfigureAwait(false))
            {
                var start = from;
                await Parallel.ForAsync(
                    0, part.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct },
                    async (i, c) => results[start + i] = await RequestAsync(part[i], read, c).ConfigureAwait(false)).ConfigureAwait(false);
            }

            from += part.Length;
        }

        return results;
    }

    /// <summary>The cluster, by its genesis hash; asked once.</summary>
    public async Task<ChainId> GetChainAsync(CancellationToken ct) => ChainId.Solana(await GetGenesisHashAsync(ct).ConfigureAwait(false));

    /// <summary>Hash of the cluster's first block; asked once.</summary>
    public async Task<Bytes32> GetGenesisHashAsync(CancellationToken ct) =>
        (_genesis ??= new GenesisHash(await RequestAsync(new RpcCall("getGenesisHash"), SolanaJson.Reader(SolanaJson.Hash), ct).ConfigureAwait(false))).Value;

    /// <summary>How far the first node that answers is behind the cluster, in slots: 0 = it is well, null = unwell and it does not tell how far.</summary>
    public async Task<ulong?> GetSlotsBehindAsync(CancellationToken ct)
    {
        try
        {
            await RequestAsync(new RpcCall("getHealth"), SolanaJson.Reader(static r => r.GetString()), ct).ConfigureAwait(false);
            return 0;
        }
        catch (SolanaRpcException e) when (e.Kind == RpcErrorKind.NodeBehind)
        {
            return e.SlotsBehind;
        }
    }

    /// <summary>What the node runs.</summary>
    public Task<SolanaVersion> GetVersionAsync(CancellationToken ct) => RequestAsync(new RpcCall("getVersion"), SolanaJson.Reader(static r => new SolanaVersion(
        r.GetProperty("solana-core").GetString()!, SolanaJson.Given(r, "feature-set")?.GetUInt32()) { IsSurfpool = SolanaJson.Given(r, "surfnet-version") is not null }), ct);

    /// <summary>The newest slot.</summary>
    public Task<ulong> GetSlotAsync(Finality finality, CancellationToken ct, ulong? minimumSlot = null) => NumberAsync("getSlot", Commitment(finality, minimumSlot), ct);

    /// <summary>Number of blocks: what a blockhash's validity is counted in.</summary>
    public Task<ulong> GetBlockHeightAsync(Finality finality, CancellationToken ct, ulong? minimumSlot = null) => NumberAsync("getBlockHeight", Commitment(finality, minimumSlot), ct);

    /// <summary>Slot and height of the newest block so settled, read at once, by each node that answers.</summary>
    /// <exception cref="RpcUnavailableException">None answers.</exception>
    public Task<IReadOnlyList<SolanaHeight>> GetHeightFromEachAsync(Finality finality, CancellationToken ct) => AskEachAsync(
        new RpcCall("getEpochInfo", Commitment(finality, null)), SolanaJson.Reader(static r => new SolanaHeight(r.GetProperty("absoluteSlot").GetUInt64(), r.GetProperty("blockHeight").GetUInt64())), ct);

    /// <summary>Where a transaction stands by the word of each node that answers: one alone may lag or lie. Null in an answer where that node knows of none.</summary>
    /// <exception cref="RpcUnavailableException">None answers.</exception>
    public Task<IReadOnlyList<SolanaContext<SolanaSignatureStatus?>>> GetSignatureStatusFromEachAsync(TransactionId id, CancellationToken ct) => AskEachAsync(
        StatusCall([id], history: true), SolanaJson.ContextReader(static r => Exactly(SolanaJson.Array(r, SolanaResults.SignatureStatus), 1)[0]), ct);

    /// <summary>The oldest slot whose block the node has.</summary>
    public Task<ulong> GetFirstAvailableBlockAsync(CancellationToken ct) => NumberAsync("getFirstAvailableBlock", null, ct);

    /// <summary>A block with all its transactions; null where the node knows of none (some say so instead of refusing). <paramref name="finality"/> is Safe or Finalized.</summary>
    /// <exception cref="SolanaRpcException"><see cref="RpcErrorKind.SlotSkipped"/>, <see cref="RpcErrorKind.BlockNotAvailable"/> yet, or <see cref="RpcErrorKind.BlockCleanedUp"/>.</exception>
    public Task<SolanaBlock?> GetBlockAsync(ulong slot, Finality finality, CancellationToken ct) =>
        RequestAsync(BlockCall(slot, finality, "full"), SolanaJson.Reader(r => SolanaResults.Block(slot, r)), ct);

    /// <summary>Blocks with all their transactions, in the order of <paramref name="slots"/>; null where the node knows of none.</summary>
    /// <exception cref="SolanaRpcException">As <see cref="GetBlockAsync"/>, for any of them.</exception>
    public Task<IReadOnlyList<SolanaBlock?>> GetBlocksAsync(IReadOnlyList<ulong> slots, Finality finality, CancellationToken ct) => BlocksAsync(slots, finality, "full", ct);

    /// <summary>Blocks without their transactions, in the order of <paramref name="slots"/>; null where the node knows of none.</summary>
    /// <exception cref="SolanaRpcException">As <see cref="GetBlockAsync"/>, for any of them.</exception>
    public Task<IReadOnlyList<SolanaBlock?>> GetBlockHeadersAsync(IReadOnlyList<ulong> slots, Finality finality, CancellationToken ct) => BlocksAsync(slots, finality, "none", ct);

    /// <summary>Slots with a block between two slots, both included, ascending; at most 500,000 slots apart.</summary>
    public Task<IReadOnlyList<ulong>> GetBlocksAsync(ulong first, ulong last, Finality finality, CancellationToken ct)
    {
        if (last < first || last - first >= MostSlots) throw new ArgumentOutOfRangeException(nameof(last), $"Between 1 and {MostSlots} slots may be asked for at once, not {first} to {last}.");
        return SlotsAsync("getBlocks", first, last, last, finality, ct);
    }

    /// <summary>Slots with a block from one slot on, ascending, at most <paramref name="limit"/> (500,000).</summary>
    public Task<IReadOnlyList<ulong>> GetBlocksWithLimitAsync(ulong first, int limit, Finality finality, CancellationToken ct)
    {
        if (limit is < 1 or > MostSlots) throw new ArgumentOutOfRangeException(nameof(limit), $"Between 1 and {MostSlots} blocks may be asked for at once, not {limit}.");
        return SlotsAsync("getBlocksWithLimit", first, (ulong)limit, ulong.MaxValue, finality, ct);
    }

    /// <summary>When a block was made, unix seconds as the cluster estimates; null where the node does not know.</summary>
    public Task<long?> GetBlockTimeAsync(ulong slot, CancellationToken ct) => RequestAsync(
        new RpcCall("getBlockTime", w => w.WriteNumberValue(slot)), SolanaJson.Reader(static r => r.ValueKind == JsonValueKind.Null ? (long?)null : r.GetInt64()), ct);

    /// <summary>
    /// Transactions that name an account, newest first, failed ones too: those older than <paramref name="before"/> and newer than <paramref name="until"/>, at most
    /// <paramref name="limit"/> (1,000). Not every node heeds the commitment: look at each line's own.
    /// </summary>
    public Task<IReadOnlyList<SolanaSignatureInfo>> GetSignaturesForAddressAsync(
        SolanaAddress address, TransactionId? before, TransactionId? until, int limit, Finality finality, CancellationToken ct, ulong? minimumSlot = null)
    {
        if (limit is < 1 or > MostSignatures) throw new ArgumentOutOfRangeException(nameof(limit), $"Between 1 and {MostSignatures} lines may be asked for at once, not {limit}.");
        return RequestAsync(new RpcCall("getSignaturesForAddress", w =>
        {
            w.WriteStringValue(address.ToString());
            w.WriteStartObject();
            if (before is { } b) w.WriteString("before", b.Text);
            if (until is { } u) w.WriteString("until", u.Text);
            w.WriteNumber("limit", limit);
            w.WriteString("commitment", SolanaJson.Name(Settled(finality)));
            if (minimumSlot is { } slot) w.WriteNumber("minContextSlot", slot);
            w.WriteEndObject();
        }), SolanaJson.Reader(r => r.GetArrayLength() <= limit
            ? (IReadOnlyList<SolanaSignatureInfo>)SolanaJson.Array(r, SolanaResults.SignatureInfo)
            : throw new JsonException($"at most {limit} lines were expected")), ct);
    }

    /// <summary>A transaction that was included; null where the node knows of none.</summary>
    public Task<SolanaTransactionRecord?> GetTransactionAsync(TransactionId id, Finality finality, CancellationToken ct) =>
        RequestAsync(TransactionCall(id, finality), SolanaJson.Reader(r => Same(id, SolanaResults.Transaction(r))), ct);

    /// <summary>Transactions that were included, in the order of their ids; null where the node knows of none.</summary>
    public async Task<IReadOnlyList<SolanaTransactionRecord?>> GetTransactionsAsync(IReadOnlyList<TransactionId> ids, Finality finality, CancellationToken ct)
    {
        var found = await BatchAsync([.. ids.Select(id => TransactionCall(id, finality))], SolanaJson.Reader(SolanaResults.Transaction), ct).ConfigureAwait(false);
        for (var i = 0; i < ids.Count; i++) _ = Same(ids[i], found[i]);
        return found;
    }

    /// <summary>Where transactions stand, at most 256; null where the node knows of none. <paramref name="history"/> looks beyond the last 150 blocks or so.</summary>
    public Task<SolanaContext<IReadOnlyList<SolanaSignatureStatus?>>> GetSignatureStatusesAsync(IReadOnlyList<TransactionId> ids, bool history, CancellationToken ct)
    {
        if (ids.Count is < 1 or > MostStatuses) throw new ArgumentException($"Between 1 and {MostStatuses} transactions may be asked for at once, not {ids.Count}.", nameof(ids));
        return RequestAsync(StatusCall(ids, history), SolanaJson.ContextReader(r => Exactly(SolanaJson.Array(r, SolanaResults.SignatureStatus), ids.Count)), ct);
    }

    /// <summary>An account and the slot it was read at; null where there is none.</summary>
    public Task<SolanaContext<SolanaAccount?>> GetAccountInfoAsync(SolanaAddress address, Finality finality, CancellationToken ct, ulong? minimumSlot = null, SolanaDataSlice? slice = null) =>
        RequestAsync(new RpcCall("getAccountInfo", w =>
        {
            w.WriteStringValue(address.ToString());
            WriteAccountOptions(w, finality, minimumSlot, slice);
        }), SolanaJson.ContextReader(SolanaResults.OptionalAccount), ct);

    /// <summary>Up to 100 accounts, all at one slot, in the order of their addresses; null where there is none.</summary>
    public Task<SolanaContext<IReadOnlyList<SolanaAccount?>>> GetMultipleAccountsAsync(
        IReadOnlyList<SolanaAddress> addresses, Finality finality, CancellationToken ct, ulong? minimumSlot = null, SolanaDataSlice? slice = null)
    {
        if (addresses.Count is < 1 or > MostAccounts) throw new ArgumentException($"Between 1 and {MostAccounts} accounts may be asked for at once, not {addresses.Count}.", nameof(addresses));
        return RequestAsync(new RpcCall("getMultipleAccounts", w =>
        {
            w.WriteStartArray();
            foreach (var address in addresses) w.WriteStringValue(address.ToString());
            w.WriteEndArray();
            WriteAccountOptions(w, finality, minimumSlot, slice);
        }), SolanaJson.ContextReader(r => Exactly(SolanaJson.Array(r, SolanaResults.OptionalAccount), addresses.Count)), ct);
    }

    /// <summary>All accounts of a program that pass every filter, at one slot, in no order. At most four filters, as nodes allow.</summary>
    public Task<SolanaContext<IReadOnlyList<SolanaKeyedAccount>>> GetProgramAccountsAsync(
        SolanaAddress program, IReadOnlyList<SolanaAccountFilter> filters, Finality finality, CancellationToken ct, ulong? minimumSlot = null, SolanaDataSlice? slice = null)
    {
        if (filters.Count > 4 || filters.OfType<SolanaAccountFilter.Memcmp>().Any(m => m.Bytes.Length is < 1 or > MostBytesToCompare))
            throw new ArgumentException($"At most four filters are allowed, comparing 1 to {MostBytesToCompare} bytes each.", nameof(filters));
        return RequestAsync(new RpcCall("getProgramAccounts", w =>
        {
            w.WriteStringValue(program.ToString());
            WriteAccountOptions(w, finality, minimumSlot, slice, filters);
        }), SolanaJson.ContextReader(static r => (IReadOnlyList<SolanaKeyedAccount>)SolanaJson.Array(r, SolanaResults.KeyedAccount)), ct);
    }

    /// <summary>A blockhash to build a transaction on.</summary>
    public Task<SolanaContext<SolanaBlockhash>> GetLatestBlockhashAsync(Finality finality, CancellationToken ct, ulong? minimumSlot = null) =>
        RequestAsync(new RpcCall("getLatestBlockhash", Commitment(finality, minimumSlot)), SolanaJson.ContextReader(SolanaResults.Blockhash), ct);

    /// <summary>Whether transactions with this blockhash may still be included.</summary>
    public Task<SolanaContext<bool>> IsBlockhashValidAsync(Bytes32 hash, Finality finality, CancellationToken ct) => RequestAsync(new RpcCall("isBlockhashValid", w =>
    {
        w.WriteStringValue(Base58.Encode(hash.AsSpan()));
        Commitment(finality, null)(w);
    }), SolanaJson.ContextReader(static r => r.GetBoolean()), ct);

    /// <summary>Lamports that an account of that many bytes must hold.</summary>
    public Task<ulong> GetMinimumBalanceForRentExemptionAsync(ulong length, CancellationToken ct) => NumberAsync("getMinimumBalanceForRentExemption", w => w.WriteNumberValue(length), ct);

    /// <summary>Lamports that an account holds.</summary>
    public Task<SolanaContext<ulong>> GetBalanceAsync(SolanaAddress address, Finality finality, CancellationToken ct) => RequestAsync(new RpcCall("getBalance", w =>
    {
        w.WriteStringValue(address.ToString());
        Commitment(finality, null)(w);
    }), SolanaJson.ContextReader(static r => r.GetUInt64()), ct);

    /// <summary>What a transaction would do now. Its signatures are not looked at.</summary>
    /// <param name="transaction">Signatures (zeros will do) and message.</param>
    /// <param name="replaceBlockhash">Whether the node puts a fresh blockhash in place of the transaction's; not for durable nonces.</param>
    /// <param name="finality">Which bank to run it on.</param>
    /// <param name="ct">Ends the wait.</param>
    public Task<SolanaContext<SolanaSimulation>> SimulateTransactionAsync(ReadOnlyMemory<byte> transaction, bool replaceBlockhash, Finality finality, CancellationToken ct) =>
        RequestAsync(new RpcCall("simulateTransaction", w =>
        {
            w.WriteBase64StringValue(transaction.Span);
            w.WriteStartObject();
            w.WriteString("encoding", "base64");
            w.WriteBoolean("sigVerify", false);
            w.WriteBoolean("replaceRecentBlockhash", replaceBlockhash);
            w.WriteString("commitment", SolanaJson.Name(finality));
            w.WriteEndObject();
        }), SolanaJson.ContextReader(SolanaResults.Simulation), ct);

    /// <summary>Sends signed bytes to one node; sending them again does no harm. Its answer says only that the node took them.</summary>
    /// <param name="transaction">Signatures and message.</param>
    /// <param name="preflight">Whether the node simulates it first, on this commitment; null = not at all.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="SolanaRpcException">Refused; with the reason and logs where it was simulated.</exception>
    public Task<TransactionId> SendTransactionAsync(ReadOnlyMemory<byte> transaction, Finality? preflight, CancellationToken ct) =>
        RequestAsync(SendCall(transaction, preflight), SendReader(transaction), ct);

    /// <summary>Sends signed bytes to every node at once, without preflight. Done as soon as all have answered or failed and one at least has taken them.</summary>
    /// <exception cref="SolanaRpcException">All that answered refused.</exception>
    /// <exception cref="RpcUnavailableException">None answered.</exception>
    public async Task<TransactionId> BroadcastTransactionAsync(ReadOnlyMemory<byte> transaction, CancellationToken ct)
    {
        var answers = await AskEachAsync(SendCall(transaction, null), SendReader(transaction), ct).ConfigureAwait(false);
        return answers[0];
    }

    /// <summary>Lamports from a test cluster's tap.</summary>
    public Task<TransactionId> RequestAirdropAsync(SolanaAddress address, ulong lamports, CancellationToken ct) => RequestAsync(new RpcCall("requestAirdrop", w =>
    {
        w.WriteStringValue(address.ToString());
        w.WriteNumberValue(lamports);
    }), SolanaJson.Reader(SolanaJson.Id), ct);

    /// <summary>Least priority fees of the last 150 slots or so, of transactions that wrote all of these accounts (at most 128).</summary>
    public Task<IReadOnlyList<SolanaPriorityFee>> GetRecentPrioritizationFeesAsync(IReadOnlyList<SolanaAddress> written, CancellationToken ct) =>
        RequestAsync(new RpcCall("getRecentPrioritizationFees", w =>
        {
            w.WriteStartArray();
            foreach (var address in written) w.WriteStringValue(address.ToString());
            w.WriteEndArray();
        }), SolanaJson.Reader(static r => (IReadOnlyList<SolanaPriorityFee>)SolanaJson.Array(
            r, static f => new SolanaPriorityFee(f.GetProperty("slot").GetUInt64(), f.GetProperty("prioritizationFee").GetUInt64()))), ct);

    private static Task<T> RequestAsync<T>(RpcTransport transport, RpcCall call, RpcResultReader<T> read, CancellationToken ct)
    {
        var body = RpcEnvelope.Write([call], batch: false);
        return transport.PostAsync(body, 1, answer => RpcEnvelope.ReadOne(answer, call.Method, SolanaRpcErrors.Read, read), ct);
    }

    // The answers of those that answer; where none does the first refusal, else that they are not to be reached.
    private async Task<IReadOnlyList<T>> AskEachAsync<T>(RpcCall call, RpcResultReader<T> read, CancellationToken ct)
    {
        if (_each.Length == 1) return [await RequestAsync(call, read, ct).ConfigureAwait(false)];
        var attempts = _each.Select(one => RequestAsync(one, call, read, ct)).ToArray();
        List<T> answers = [];
        Exception? failure = null;
        foreach (var attempt in attempts)
        {
            try
            {
                answers.Add(await attempt.ConfigureAwait(false));
            }
            catch (Exception e) when (e is RpcException or RpcUnavailableException)
            {
                failure = failure is RpcException ? failure : e;
            }
        }

        return answers.Count > 0 ? answers : throw failure!;
    }

    // False where the node does not take batches. An error for the whole has no id; the refusal of a single call has.
    private async Task<bool> TryBatchAsync<T>(RpcCall[] calls, Memory<T> results, RpcResultReader<T> read, CancellationToken ct)
    {
        var found = await _transport.PostAsync(RpcEnvelope.Write(calls, batch: true), calls.Length, answer =>
        {
            if (answer.TrimStart(" \t\r\n"u8) is not [(byte)'{', ..]) return RpcEnvelope.ReadBatch(answer, calls, SolanaRpcErrors.Read, (ref Utf8JsonReader r, int _) => read(ref r));
            try
            {
                return RpcEnvelope.ReadOne<T[]>(answer, "a batch", SolanaRpcErrors.Read, static (ref Utf8JsonReader _) => throw new JsonException("an array of answers was expected"));
            }
            catch (RpcException)
            {
                return null;
            }
        }, ct).ConfigureAwait(false);
        if (found is null)
        {
            _refusesBatches = true;
            return false;
        }

        found.CopyTo(results);
        return true;
    }

    private Task<ulong> NumberAsync(string method, Action<Utf8JsonWriter>? parameters, CancellationToken ct) =>
        RequestAsync(new RpcCall(method, parameters), SolanaJson.Reader(static r => r.GetUInt64()), ct);

    private Task<IReadOnlyList<ulong>> SlotsAsync(string method, ulong first, ulong second, ulong last, Finality finality, CancellationToken ct) => RequestAsync(new RpcCall(method, w =>
    {
        w.WriteNumberValue(first);
        w.WriteNumberValue(second);
        Commitment(Settled(finality), null)(w);
    }), SolanaJson.Reader(r => Ascending(SolanaJson.Array(r, static s => s.GetUInt64()), first, last)), ct);

    private async Task<IReadOnlyList<SolanaBlock?>> BlocksAsync(IReadOnlyList<ulong> slots, Finality finality, string details, CancellationToken ct)
    {
        // A reader of a batch does not learn which call it reads: what a block says of itself does not include its slot.
        var blocks = await BatchAsync([.. slots.Select(slot => BlockCall(slot, finality, details))], SolanaJson.Reader(static r => SolanaResults.Block(0, r)), ct).ConfigureAwait(false);
        return [.. blocks.Select((block, i) => block is null ? null : block with { Slot = slots[i], Transactions = [.. block.Transactions.Select(t => t with { Slot = slots[i] })] })];
    }

    private static RpcCall BlockCall(ulong slot, Finality finality, string details) => new("getBlock", w =>
    {
        w.WriteNumberValue(slot);
        w.WriteStartObject();
        w.WriteString("encoding", "base64");
        w.WriteString("transactionDetails", details);
        w.WriteBoolean("rewards", false);
        w.WriteNumber("maxSupportedTransactionVersion", 0);
        w.WriteString("commitment", SolanaJson.Name(Settled(finality)));
        w.WriteEndObject();
    });

    private static RpcCall StatusCall(IReadOnlyList<TransactionId> ids, bool history) => new("getSignatureStatuses", w =>
    {
        w.WriteStartArray();
        foreach (var id in ids) w.WriteStringValue(id.Text);
        w.WriteEndArray();
        w.WriteStartObject();
        w.WriteBoolean("searchTransactionHistory", history);
        w.WriteEndObject();
    });

    private static RpcCall TransactionCall(TransactionId id, Finality finality) => new("getTransaction", w =>
    {
        w.WriteStringValue(id.Text);
        w.WriteStartObject();
        w.WriteString("encoding", "base64");
        w.WriteNumber("maxSupportedTransactionVersion", 0);
        w.WriteString("commitment", SolanaJson.Name(Settled(finality)));
        w.WriteEndObject();
    });

    // The sender retries by itself, so the node need not.
    private static RpcCall SendCall(ReadOnlyMemory<byte> transaction, Finality? preflight) => new("sendTransaction", w =>
    {
        w.WriteBase64StringValue(transaction.Span);
        w.WriteStartObject();
        w.WriteString("encoding", "base64");
        w.WriteBoolean("skipPreflight", preflight is null);
        if (preflight is { } finality) w.WriteString("preflightCommitment", SolanaJson.Name(finality));
        w.WriteNumber("maxRetries", 0);
        w.WriteEndObject();
    });

    private static RpcResultReader<TransactionId> SendReader(ReadOnlyMemory<byte> transaction)
    {
        var id = SolanaResults.IdOf(transaction.Span);
        return SolanaJson.Reader(r => SolanaJson.Id(r) == id ? id : throw new JsonException("the answer is to another transaction"));
    }

    private static Action<Utf8JsonWriter> Commitment(Finality finality, ulong? minimumSlot) => w =>
    {
        w.WriteStartObject();
        w.WriteString("commitment", SolanaJson.Name(finality));
        if (minimumSlot is { } slot) w.WriteNumber("minContextSlot", slot);
        w.WriteEndObject();
    };

    private static void WriteAccountOptions(Utf8JsonWriter w, Finality finality, ulong? minimumSlot, SolanaDataSlice? slice, IReadOnlyList<SolanaAccountFilter>? filters = null)
    {
        w.WriteStartObject();
        w.WriteString("encoding", "base64");
        w.WriteString("commitment", SolanaJson.Name(finality));
        if (minimumSlot is { } slot) w.WriteNumber("minContextSlot", slot);
        if (slice is { } part)
        {
            w.WriteStartObject("dataSlice");
            w.WriteNumber("offset", part.Offset);
            w.WriteNumber("length", part.Length);
            w.WriteEndObject();
        }

        if (filters is not null)
        {
            w.WriteBoolean("withContext", true);
            w.WriteStartArray("filters");
            foreach (var filter in filters) WriteFilter(w, filter);
            w.WriteEndArray();
        }

        w.WriteEndObject();
    }

    private static void WriteFilter(Utf8JsonWriter w, SolanaAccountFilter filter)
    {
        w.WriteStartObject();
        switch (filter)
        {
            case SolanaAccountFilter.DataSize size:
                w.WriteNumber("dataSize", size.Length);
                break;
            case SolanaAccountFilter.Memcmp memcmp:
                w.WriteStartObject("memcmp");
                w.WriteNumber("offset", memcmp.Offset);
                w.WriteString("bytes", Base58.Encode(memcmp.Bytes.Span));
                w.WriteEndObject();
                break;
            default:
                throw new ArgumentException($"{filter.GetType().Name} is no filter that nodes know.", nameof(filter));
        }

        w.WriteEndObject();
    }

    // Blocks and history are kept of confirmed slots on.
    private static Finality Settled(Finality finality) => finality != Finality.Latest
        ? finality
        : throw new ArgumentException("Solana's nodes give blocks and history only from confirmed on. Ask for Safe or Finalized.", nameof(finality));

    private static SolanaTransactionRecord? Same(TransactionId id, SolanaTransactionRecord? found) =>
        found is null || found.Id == id ? found : throw new JsonException("the answer is of another transaction");

    private static IReadOnlyList<T> Exactly<T>(IReadOnlyList<T> list, int count) => list.Count == count ? list : throw new JsonException($"{count} values were expected");

    private static IReadOnlyList<ulong> Ascending(IReadOnlyList<ulong> slots, ulong first, ulong last)
    {
        for (var i = 0; i < slots.Count; i++)
        {
            if (slots[i] < first || slots[i] > last || (i > 0 && slots[i] <= slots[i - 1])) throw new JsonException("ascending slots of the range were expected");
        }

        return slots;
    }

    private sealed record GenesisHash(Bytes32 Value);
}
