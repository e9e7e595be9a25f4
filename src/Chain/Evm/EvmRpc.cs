using System.Globalization;
using System.Text.Json;
using DePin.Abi;
using DePin.Chain.Rpc;
using DePin.Cryptography;

namespace DePin.Chain.Evm;

/// <summary>
/// An EVM node, or several that stand in for one another, over JSON-RPC. Transient failures (no answer, broken or truncated answers,
/// 429, 5xx) are retried and failed over; what the node itself refuses is an <see cref="RpcException"/>, what a contract refuses an
/// <see cref="EvmRevertException"/>. Safe to share between threads.
/// </summary>
public sealed class EvmRpc
{
    private readonly RpcTransport _transport;
    private readonly int _maximumBatch;
    private ulong? _chainId;

    /// <summary>Uses <paramref name="http"/> for every request; its own time-out should be infinite, the options' counts.</summary>
    public EvmRpc(HttpClient http, RpcOptions options, TimeProvider? time = null)
        : this(http, [.. options.Urls.Select(url => new RpcEndPoint(url))], options, time)
    {
    }

    /// <summary>Uses end points that other clients may share. No batch is larger than what the slowest of them allows in a second.</summary>
    public EvmRpc(HttpClient http, IReadOnlyList<RpcEndPoint> endPoints, RpcOptions options, TimeProvider? time = null)
    {
        _transport = new RpcTransport(http, endPoints, options, time ?? TimeProvider.System);
        _maximumBatch = endPoints.Where(e => e.CallsPerSecond > 0).Select(e => (int)Math.Max(1, e.CallsPerSecond)).Append(options.MaximumBatch).Min();
    }

    /// <summary>Most calls in one request.</summary>
    public int MaximumBatch => _maximumBatch;

    /// <summary>One call; <paramref name="read"/> may run more than once, each time from the start of a whole result.</summary>
    public async Task<T> RequestAsync<T>(RpcCall call, RpcResultReader<T> read, CancellationToken ct)
    {
        var body = RpcEnvelope.Write([call], batch: false);
        return await _transport.PostAsync(body, 1, answer => RpcEnvelope.ReadOne(answer, call.Method, EvmRpcErrors.Read, read), ct).ConfigureAwait(false);
    }

    /// <summary>Many calls in as few requests as the batch limit allows; results in the calls' order.</summary>
    public async Task<IReadOnlyList<T>> BatchAsync<T>(IReadOnlyList<RpcCall> calls, RpcResultReader<T> read, CancellationToken ct)
    {
        if (calls.Count == 0) return [];
        if (calls.Count == 1) return [await RequestAsync(calls[0], read, ct).ConfigureAwait(false)];
        var results = new List<T>(calls.Count);
        for (var from = 0; from < calls.Count; from += _maximumBatch)
        {
            var part = calls.Skip(from).Take(_maximumBatch).ToArray();
            var body = RpcEnvelope.Write(part, batch: true);
            results.AddRange(await _transport.PostAsync(body, part.Length, answer => RpcEnvelope.ReadBatch(answer, part, EvmRpcErrors.Read, (ref Utf8JsonReader r, int _) => read(ref r)), ct).ConfigureAwait(false));
        }

        return results;
    }

    /// <summary>EIP-155 chain id; asked once.</summary>
    public async Task<ulong> GetChainIdAsync(CancellationToken ct) => _chainId ??= await NumberAsync(new RpcCall("eth_chainId"), ct).ConfigureAwait(false);

    /// <summary>Height of the newest block.</summary>
    public Task<ulong> GetBlockNumberAsync(CancellationToken ct) => NumberAsync(new RpcCall("eth_blockNumber"), ct);

    /// <summary>A block's header; null where the node has no such block.</summary>
    public Task<EvmHeader?> GetHeaderAsync(BlockTag block, CancellationToken ct) => RequestAsync(EvmResults.HeaderCall(block), EvmResults.Header, ct);

    /// <summary>Headers of a few blocks in one batch; null where the node has none.</summary>
    public Task<IReadOnlyList<EvmHeader?>> GetHeadersAsync(IReadOnlyList<BlockTag> blocks, CancellationToken ct) => BatchAsync([.. blocks.Select(EvmResults.HeaderCall)], EvmResults.Header, ct);

    /// <summary>Headers of blocks by number, batched; null where the node has none.</summary>
    public Task<IReadOnlyList<EvmHeader?>> GetHeadersAsync(ulong from, ulong to, CancellationToken ct)
    {
        var calls = new List<RpcCall>();
        for (var number = from; number <= to; number++) calls.Add(EvmResults.HeaderCall(BlockTag.At(number)));
        return BatchAsync(calls, EvmResults.Header, ct);
    }

    /// <summary>Logs into a sink that <paramref name="create"/> makes for each attempt, so that a broken answer leaves nothing behind.</summary>
    /// <exception cref="RpcException"><see cref="RpcErrorKind.RangeTooLarge"/>: ask for fewer blocks.</exception>
    public Task<TSink> GetLogsAsync<TSink>(EvmLogFilter filter, Func<TSink> create, CancellationToken ct)
        where TSink : IEvmLogSink => RequestAsync(EvmResults.LogsCall(filter), (ref Utf8JsonReader reader) =>
        {
            var sink = create();
            EvmLogReader.ReadArray(ref reader, sink);
            return sink;
        }, ct);

    /// <summary>Logs of a filter.</summary>
    public Task<EvmLogBatch> GetLogsAsync(EvmLogFilter filter, CancellationToken ct) => GetLogsAsync(filter, static () => new EvmLogBatch(), ct);

    /// <summary>Logs of many filters (each one block by hash, say) in one batch, one sink each, in order.</summary>
    public Task<IReadOnlyList<TSink>> GetLogsAsync<TSink>(IEnumerable<EvmLogFilter> filters, Func<TSink> create, CancellationToken ct)
        where TSink : IEvmLogSink => BatchAsync([.. filters.Select(EvmResults.LogsCall)], (ref Utf8JsonReader reader) =>
        {
            var sink = create();
            EvmLogReader.ReadArray(ref reader, sink);
            return sink;
        }, ct);

    /// <summary>Wei that an account holds.</summary>
    public Task<UInt256> GetBalanceAsync(Address account, BlockTag block, CancellationToken ct) => RequestAsync(EvmResults.AccountCall("eth_getBalance", account, block), JsonHex.Number256, ct);

    /// <summary>Transactions that an account has sent: its next nonce.</summary>
    public Task<ulong> GetTransactionCountAsync(Address account, BlockTag block, CancellationToken ct) => NumberAsync(EvmResults.AccountCall("eth_getTransactionCount", account, block), ct);

    /// <summary>Code of an account; empty where it has none.</summary>
    public Task<byte[]> GetCodeAsync(Address account, BlockTag block, CancellationToken ct) => RequestAsync(EvmResults.AccountCall("eth_getCode", account, block), JsonHex.Bytes, ct);

    /// <summary>What a call would return.</summary>
    /// <exception cref="EvmRevertException">The contract refused.</exception>
    public Task<byte[]> CallAsync(EvmCall call, BlockTag block, CancellationToken ct) => ExplainAsync(
        RequestAsync(EvmResults.ContractCall("eth_call", call, block), JsonHex.Bytes, ct), "the call");

    /// <summary>Calls a function of a contract and decodes what it returns.</summary>
    /// <exception cref="EvmRevertException">The contract refused.</exception>
    /// <exception cref="InvalidOperationException">What came back is not what the function returns: another contract, or none, is at the address.</exception>
    public async Task<T> CallAsync<T>(Address contract, IContractCall<T> call, BlockTag block, CancellationToken ct)
    {
        var name = NameOf(call);
        var data = await ExplainAsync(RequestAsync(EvmResults.ContractCall("eth_call", new EvmCall(contract, call.Encode()), block), JsonHex.Bytes, ct), name).ConfigureAwait(false);
        return Decode(call, data, name, contract);
    }

    /// <summary>Calls many functions in batches, all at one block.</summary>
    public async Task<IReadOnlyList<T>> CallAsync<T>(IReadOnlyList<(Address Contract, IContractCall<T> Call)> calls, BlockTag block, CancellationToken ct)
    {
        var requests = calls.Select(c => EvmResults.ContractCall("eth_call", new EvmCall(c.Contract, c.Call.Encode()), block)).ToArray();
        var answers = await ExplainAsync(BatchAsync(requests, JsonHex.Bytes, ct), "a call of the batch").ConfigureAwait(false);
        return [.. answers.Select((data, i) => Decode(calls[i].Call, data, NameOf(calls[i].Call), calls[i].Contract))];
    }

    /// <summary>Units of gas that a transaction would take at the newest block.</summary>
    /// <exception cref="EvmRevertException">The contract would refuse.</exception>
    public Task<ulong> EstimateGasAsync(EvmCall call, CancellationToken ct) => ExplainAsync(
        NumberAsync(EvmResults.ContractCall("eth_estimateGas", call, BlockTag.Latest), ct), "the transaction");

    /// <summary>Wei a unit of gas that the node suggests as tip.</summary>
    public Task<UInt256> GetMaxPriorityFeeAsync(CancellationToken ct) => RequestAsync(new RpcCall("eth_maxPriorityFeePerGas"), JsonHex.Number256, ct);

    /// <summary>Wei a unit of gas that the node suggests for legacy transactions.</summary>
    public Task<UInt256> GetGasPriceAsync(CancellationToken ct) => RequestAsync(new RpcCall("eth_gasPrice"), JsonHex.Number256, ct);

    /// <summary>Sends a signed transaction; returns its hash as the node has it.</summary>
    public Task<Bytes32> SendRawTransactionAsync(ReadOnlyMemory<byte> transaction, CancellationToken ct) =>
        RequestAsync(new RpcCall("eth_sendRawTransaction", w => w.WriteStringValue(Hex.ToString(transaction.Span))), JsonHex.Word, ct);

    /// <summary>The receipt; null while the transaction is in no block of the node's chain.</summary>
    public Task<EvmReceipt?> GetReceiptAsync(Bytes32 transaction, CancellationToken ct) =>
        RequestAsync(new RpcCall("eth_getTransactionReceipt", w => w.WriteStringValue(transaction.ToString())), EvmResults.Receipt, ct);

    /// <summary>Where a transaction stands; null where the node does not know it.</summary>
    public Task<EvmTransactionInfo?> GetTransactionAsync(Bytes32 transaction, CancellationToken ct) =>
        RequestAsync(new RpcCall("eth_getTransactionByHash", w => w.WriteStringValue(transaction.ToString())), EvmResults.Transaction, ct);

    private Task<ulong> NumberAsync(RpcCall call, CancellationToken ct) => RequestAsync(call, JsonHex.Number, ct);

    private static T Decode<T>(IContractCall<T> call, byte[] data, string name, Address contract)
    {
        if (data.Length == 0 && typeof(T) != typeof(NoResult))
            throw new InvalidOperationException($"{name} at {contract} returned nothing: there is no contract at this address on this chain. Check the network manifest and the RPC URL.");
        return call.TryDecodeResult(data, out var result)
            ? result
            : throw new InvalidOperationException($"{name} at {contract} returned {data.Length.ToString(CultureInfo.InvariantCulture)} bytes that are not its result: another contract is at this address. Check the network manifest.");
    }

    private static string NameOf(object call)
    {
        var type = call.GetType();
        var name = type.Name.EndsWith("Call", StringComparison.Ordinal) ? type.Name[..^4] : type.Name;
        return type.DeclaringType is { } contract ? $"{contract.Name}.{name}" : name;
    }

    private static async Task<T> ExplainAsync<T>(Task<T> request, string what)
    {
        try
        {
            return await request.ConfigureAwait(false);
        }
        catch (RpcException e) when (e.Kind == RpcErrorKind.Reverted)
        {
            throw RevertDecoder.Decode(e.RevertData, e.RevertData is null ? $"{what} ({e.NodeMessage})" : what);
        }
    }
}
