using System.Globalization;
using System.Text.Json;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Cryptography;

namespace DePin.Mirror;

/// <summary>An EVM node, or several, as the follower's source.</summary>
public sealed class EvmChainSource(EvmRpc rpc, MirroredNetwork network) : IChainSource
{
    private readonly Address[] _addresses = [.. network.Contracts.Values.Select(c => Address.FromBytes32(c.Value)).Order()];

    /// <inheritdoc/>
    public bool SkipsNumbers => false;

    /// <summary>The node must be of the manifest's chain.</summary>
    /// <exception cref="MirrorMismatchException">It is of another.</exception>
    public async Task CheckChainAsync(CancellationToken ct)
    {
        var id = await AskAsync(rpc.GetChainIdAsync(ct));
        var expected = string.Create(CultureInfo.InvariantCulture, $"eip155:{id}");
        if (expected != network.Caip2) throw new MirrorMismatchException($"The node is of chain {expected}, the network of {network.Caip2}. Give the RPC URL of the right chain.");
    }

    /// <inheritdoc/>
    public async Task<ChainHeads> GetHeadsAsync(CancellationToken ct)
    {
        var heads = await AskAsync(rpc.GetHeadersAsync([BlockTag.Latest, BlockTag.Finalized], ct));
        return new ChainHeads(
            Convert(heads[0] ?? throw new ChainSourceException("The node has no newest block.")),
            heads[1] is { } header ? new BlockPoint(header.Number, header.Hash) : null);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BlockHeader>> GetHeadersAsync(ulong from, ulong to, CancellationToken ct) =>
        [.. (await AskAsync(rpc.GetHeadersAsync(from, to, ct))).TakeWhile(h => h is not null).Select(h => Convert(h!))];

    /// <inheritdoc/>
    public Task<LogBatch> GetLogsAsync(ulong from, ulong to, CancellationToken ct) =>
        AskAsync(rpc.GetLogsAsync(new EvmLogFilter { FromBlock = from, ToBlock = to, Addresses = _addresses }, static () => new LogBatch(), ct));

    /// <inheritdoc/>
    public async Task<LogBatch> GetLogsByHashAsync(IReadOnlyList<BlockPoint> blocks, CancellationToken ct)
    {
        var answers = await AskAsync(rpc.GetLogsAsync(blocks.Select(b => new EvmLogFilter { BlockHash = b.Hash, Addresses = _addresses }), static () => new LogBatch(), ct));
        if (answers.Count == 1) return answers[0];
        var joined = new LogBatch();
        foreach (var answer in answers)
        {
            for (var i = 0; i < answer.Count; i++) joined.AddFrom(answer, i);
        }

        return joined;
    }

    /// <inheritdoc/>
    public Task<LogBatch> GetBlockLogsAsync(BlockPoint block, CancellationToken ct) =>
        AskAsync(rpc.GetLogsAsync(new EvmLogFilter { BlockHash = block.Hash }, static () => new LogBatch(), ct));

    private static BlockHeader Convert(EvmHeader header) =>
        new(header.Number, header.Hash, header.ParentHash, header.Timestamp, header.LogsBloom.Span.IndexOfAnyExcept((byte)0) < 0 ? default : header.LogsBloom, header.Proven);

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
}
