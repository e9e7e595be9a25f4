using System.Numerics;
using DePin.Cryptography;
using DePin.Protocol.Rewards;
using Npgsql;
using static NpgsqlTypes.NpgsqlDbType;

namespace DePin.Storage.Evidence;

/// <summary>Writes a reward tree: a row of <c>evidence.leaves</c> for each account, and the nodes in <c>evidence.tree_chunks</c>.</summary>
public static class TreeRows
{
    /// <summary>Copies the tree of an epoch, in the caller's transaction.</summary>
    public static async Task CopyAsync(NpgsqlConnection connection, Bytes32 network, long epoch, RewardTree tree, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(tree);
        await CopyLeavesAsync(connection, network.ToArray(), epoch, tree, ct);
        if (tree.LeafCount > 0) await CopyChunksAsync(connection, network.ToArray(), epoch, tree.Tree, ct);
    }

    private static async Task CopyLeavesAsync(NpgsqlConnection connection, byte[] network, long epoch, RewardTree tree, CancellationToken ct)
    {
        await using var writer = await connection.BeginBinaryImportAsync(
            "copy evidence.leaves (network_id, epoch, index, account, cumulative, prefix, items_hash) from stdin (format binary)", ct);
        for (uint i = 0; i < tree.LeafCount; i++)
        {
            var leaf = tree.LeafAt(i);
            await writer.StartRowAsync(ct);
            await writer.WriteAsync(network, Bytea, ct);
            await writer.WriteAsync(epoch, Bigint, ct);
            await writer.WriteAsync((long)leaf.Index, Bigint, ct);
            await writer.WriteAsync(leaf.Account.Value.ToArray(), Bytea, ct);
            await writer.WriteAsync((BigInteger)leaf.Cumulative, Numeric, ct);
            await writer.WriteAsync((BigInteger)leaf.Prefix, Numeric, ct);
            await writer.WriteAsync(leaf.ItemsHash.ToArray(), Bytea, ct);
        }

        await writer.CompleteAsync(ct);
    }

    private static async Task CopyChunksAsync(NpgsqlConnection connection, byte[] network, long epoch, PositionalTree tree, CancellationToken ct)
    {
        await using var writer = await connection.BeginBinaryImportAsync(
            "copy evidence.tree_chunks (network_id, epoch, tier, position, nodes) from stdin (format binary)", ct);
        foreach (var chunk in TreeChunks.Cut(tree))
        {
            await writer.StartRowAsync(ct);
            await writer.WriteAsync(network, Bytea, ct);
            await writer.WriteAsync(epoch, Bigint, ct);
            await writer.WriteAsync(chunk.Tier, Smallint, ct);
            await writer.WriteAsync(chunk.Position, Integer, ct);
            await writer.WriteAsync(chunk.Nodes, Bytea, ct);
        }

        await writer.CompleteAsync(ct);
    }
}
