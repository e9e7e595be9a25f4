using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.Chain.Evm;

/// <summary>Reads the logs of a network's contracts block by block. Logs are asked for by block hash, so header and logs belong together.</summary>
public sealed class EvmChainReader(EvmRpc rpc, ulong chainId, IReadOnlyList<Address> contracts) : IChainReader
{
    /// <inheritdoc/>
    public ChainId Chain { get; } = ChainId.Evm(chainId);

    /// <inheritdoc/>
    public async Task<BlockRef> GetTipAsync(Finality finality, CancellationToken ct)
    {
        var header = await rpc.GetHeaderAsync(BlockTag.Of(finality), ct).ConfigureAwait(false);
        return header?.Block ?? throw new InvalidOperationException($"The node has no {BlockTag.Of(finality)} block yet.");
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ChainBlock>> ReadAfterAsync(ulong number, int max, CancellationToken ct)
    {
        var tip = await GetTipAsync(Finality.Latest, ct).ConfigureAwait(false);
        if (tip.Number <= number) return [];
        var to = Math.Min(tip.Number, checked(number + (ulong)max));
        var headers = new List<EvmHeader>();
        foreach (var header in await rpc.GetHeadersAsync(number + 1, to, ct).ConfigureAwait(false))
        {
            // A reorg between two requests shows as a gap or a broken link: what links is enough for now.
            if (header is null || (headers.Count > 0 && header.ParentHash != headers[^1].Hash)) break;
            headers.Add(header);
        }

        var logs = await rpc.GetLogsAsync(headers.Select(h => new EvmLogFilter { BlockHash = h.Hash, Addresses = contracts }), static () => new EvmLogBatch(), ct).ConfigureAwait(false);
        return [.. headers.Select((header, i) => new ChainBlock(header.Block, header.ParentHash, header.Timestamp, Logs(logs[i])))];
    }

    private static ImmutableArray<ChainLog> Logs(EvmLogBatch batch)
    {
        var logs = ImmutableArray.CreateBuilder<ChainLog>(batch.Count);
        for (var i = 0; i < batch.Count; i++)
        {
            var view = batch.View(i);
            ref readonly var header = ref batch[i];
            logs.Add(new ChainLog(header.Address, [.. view.Topics], view.Data.ToArray(), header.TransactionHash, header.TransactionIndex, header.LogIndex));
        }

        return logs.MoveToImmutable();
    }
}
