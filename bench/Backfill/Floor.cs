using DePin.Chain.Evm;
using DePin.Cryptography;
using DePin.Mirror;
using Npgsql;

namespace DePin.Bench.Backfill;

/// <summary>The least that can be done: fetch the logs and COPY them into one table with its key and a checkpoint; no headers, no checks, no state.</summary>
internal static class Floor
{
    public static Task<double> BackfillAsync(NpgsqlDataSource database, EvmRpc rpc, MirroredNetwork network, ulong blocks, int perBlock, long events, CancellationToken ct) =>
        FloorTable.BackfillAsync(database, (from, to) => FetchAsync(rpc, network, from, to, ct), blocks, perBlock, events, ct);

    /// <summary>Polls, fetches, inserts.</summary>
    public static async Task LoopAsync(NpgsqlDataSource database, EvmRpc rpc, MirroredNetwork network, TimeSpan poll, CancellationToken ct)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(ct);
            var at = await rpc.GetBlockNumberAsync(ct);
            while (!ct.IsCancellationRequested)
            {
                var tip = await rpc.GetBlockNumberAsync(ct);
                if (tip > at)
                {
                    await FloorTable.WriteAsync(connection, await FetchAsync(rpc, network, at + 1, tip, ct), tip, ct);
                    at = tip;
                    continue;
                }

                await Task.Delay(poll, ct);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private static Task<LogBatch> FetchAsync(EvmRpc rpc, MirroredNetwork network, ulong from, ulong to, CancellationToken ct) =>
        rpc.GetLogsAsync(new EvmLogFilter { FromBlock = from, ToBlock = to, Addresses = [.. network.Contracts.Values.Select(c => Address.FromBytes32(c.Value))] }, static () => new LogBatch(), ct);
}
