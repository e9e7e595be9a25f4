using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using Dapper;
using DePin.Bench;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Protocol;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.Storage;
using DePin.Storage.Evidence;
using DePin.Storage.Read;
using Npgsql;
using static NpgsqlTypes.NpgsqlDbType;

// Storing a reward tree against a raw COPY of the same rows into tables of the same keys; then a claim proof at that size against a look-up of one
// leaf by its key. Sides take turns in one run on one PostgreSQL: ratios, not speeds (docs/benchmarks.md).
var accounts = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 7;
var ct = CancellationToken.None;
using var folder = new BenchFolder();
await using var cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions(folder.In("pg")), ct);
await cluster.EnsureDatabaseAsync("bench", ct);
await using var database = NpgsqlDataSource.Create(cluster.ConnectionString("bench"));
await new Migrator(database).MigrateAsync(ct);
const short Chain = 1;
var network = Keccak256.Hash("bench"u8);
var store = new EvidenceStore(database);
await store.RegisterNetworkAsync(new NetworkId(network), "bench", "eip155:31337", "{}", "{}", ct);
await ExecuteAsync("""
    create table raw_leaves (network_id bytea not null, epoch bigint not null, index bigint not null, account bytea not null, cumulative numeric(39, 0) not null,
        prefix numeric(39, 0) not null, items_hash bytea not null, primary key (network_id, epoch, index));
    create index on raw_leaves (network_id, account, epoch desc);
    create table raw_chunks (network_id bytea not null, epoch bigint not null, tier smallint not null, position integer not null, nodes bytea not null,
        primary key (network_id, epoch, tier, position));
    alter table raw_chunks alter column nodes set storage external;
    """);

var ledger = Enumerable.Range(0, accounts).Select(i => new LedgerEntry(
    new AccountId(Keccak256.Hash(BitConverter.GetBytes(i))), (UInt128)(i + 1) * 1_000_000_007_000_000_000, Keccak256.Hash(BitConverter.GetBytes(-i)))).ToImmutableArray();
var tree = RewardTree.Build(Bytes32.FromUInt64(1), ledger);
// What a raw COPY sends is in memory beforehand, in the types that the driver wants.
var id = network.ToArray();
var leaves = Enumerable.Range(0, accounts).Select(i => tree.LeafAt((uint)i)).Select(l => (l.Index, Account: l.Account.Value.ToArray(), Cumulative: (BigInteger)l.Cumulative, Prefix: (BigInteger)l.Prefix, Items: l.ItemsHash.ToArray())).ToArray();
var chunks = TreeChunks.Cut(tree.Tree).ToArray();
Console.WriteLine($"{accounts:N0} leaves, {chunks.Length:N0} chunks of the tree");

var (ours, raw) = (new List<double>(), new List<double>());
for (var round = 1; round <= rounds; round++)
{
    await PrepareEpochAsync(round);
    var (oursFirst, number) = (round % 2 == 0, round);
    if (oursFirst) ours.Add(await TimeAsync(() => StoreAsync(number)));
    raw.Add(await TimeAsync(() => RawAsync(number)));
    if (!oursFirst) ours.Add(await TimeAsync(() => StoreAsync(number)));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round}: raw COPY {raw[^1]:F2} s, stored {ours[^1]:F2} s = {ours[^1] / raw[^1]:F2}"));
    if (round == rounds) break;
    await ExecuteAsync("delete from evidence.epochs; truncate raw_leaves, raw_chunks; vacuum");
    await ExecuteAsync("truncate evidence.leaves, evidence.tree_chunks");
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"storing {accounts:N0} leaves with their tree: median {Median(ours) / Median(raw):F2} x a raw COPY of the same rows (target 1.30 x)"));
Ratio.OfTime("reward-store", Median(ours) / Median(raw));

await ExecuteAsync("vacuum analyze");
await using var asked = ReadSource.Create(cluster.ConnectionString("bench")); // as the API asks: plans are kept, for both sides
var reads = new RewardReads(asked);
var random = new Random(7);
for (var i = 0; i < 500; i++) _ = (await ProofAsync(), await LookUpAsync());
var (proofs, lookUps) = (new List<double>(), new List<double>());
for (var i = 0; i < 4_000; i++)
{
    lookUps.Add(await TimeAsync(LookUpAsync));
    proofs.Add(await TimeAsync(ProofAsync));
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"claim proof of {tree.Tree.Depth} siblings: median {Median(proofs) * 1e6:F0} µs, a leaf by its key {Median(lookUps) * 1e6:F0} µs = {Median(proofs) / Median(lookUps):F2} x (target 2.00 x)"));
Ratio.OfTime("claim-proof", Median(proofs) / Median(lookUps));
return 0;

async Task PrepareEpochAsync(int epoch)
{
    await using var connection = await database.OpenConnectionAsync(ct);
    await connection.ExecuteAsync(
        """
        insert into evidence.epochs values (@id, @epoch, 0, @word, decode(repeat('00', 348), 'hex'), @word, 0, now(), now(), @accounts, 0, 0, 0, 0, 0, 0, 0, 0, now());
        """, new { id, epoch = (long)epoch, word = id, accounts });
    await connection.ExecuteAsync(
        "delete from chain.root_versions; insert into chain.root_versions values (@Chain, @epoch, @root, @accounts, 0, 1, 9223372036854775807)",
        new { Chain, epoch = (long)epoch, root = tree.Root.ToArray(), accounts });
}

async Task<object> StoreAsync(int epoch)
{
    await using var connection = await database.OpenConnectionAsync(ct);
    await using var transaction = await connection.BeginTransactionAsync(ct);
    await TreeRows.CopyAsync(connection, network, epoch, tree, ct);
    await transaction.CommitAsync(ct);
    return epoch;
}

async Task<object> RawAsync(int epoch)
{
    await using var connection = await database.OpenConnectionAsync(ct);
    await using var transaction = await connection.BeginTransactionAsync(ct);
    await using (var writer = await connection.BeginBinaryImportAsync("copy raw_leaves from stdin (format binary)", ct))
    {
        foreach (var leaf in leaves)
        {
            await writer.StartRowAsync(ct);
            await writer.WriteAsync(id, Bytea, ct);
            await writer.WriteAsync((long)epoch, Bigint, ct);
            await writer.WriteAsync((long)leaf.Index, Bigint, ct);
            await writer.WriteAsync(leaf.Account, Bytea, ct);
            await writer.WriteAsync(leaf.Cumulative, Numeric, ct);
            await writer.WriteAsync(leaf.Prefix, Numeric, ct);
            await writer.WriteAsync(leaf.Items, Bytea, ct);
        }

        await writer.CompleteAsync(ct);
    }

    await using (var writer = await connection.BeginBinaryImportAsync("copy raw_chunks from stdin (format binary)", ct))
    {
        foreach (var chunk in chunks)
        {
            await writer.StartRowAsync(ct);
            await writer.WriteAsync(id, Bytea, ct);
            await writer.WriteAsync((long)epoch, Bigint, ct);
            await writer.WriteAsync(chunk.Tier, Smallint, ct);
            await writer.WriteAsync(chunk.Position, Integer, ct);
            await writer.WriteAsync(chunk.Nodes, Bytea, ct);
        }

        await writer.CompleteAsync(ct);
    }

    await transaction.CommitAsync(ct);
    return epoch;
}

async Task<object> ProofAsync()
{
    var index = (uint)random.Next(accounts);
    var proof = await reads.ClaimProofAsync(Chain, id, index, ct) ?? throw new InvalidOperationException("No proof.");
    return proof.Siblings.Count == tree.Tree.Depth && proof.Siblings[0] == tree.Tree.Proof((int)index)[0] ? proof : throw new InvalidOperationException("Another proof.");
}

async Task<object> LookUpAsync()
{
    await using var connection = await asked.OpenConnectionAsync(ct);
    return await connection.QuerySingleAsync<(long, byte[], string, string, byte[])>(
        "select index, account, cumulative::text, prefix::text, items_hash from evidence.leaves where network_id = @id and epoch = @epoch and index = @index",
        new { id, epoch = (long)rounds, index = (long)random.Next(accounts) });
}

async Task ExecuteAsync(string sql)
{
    foreach (var one in sql.Split("; ", StringSplitOptions.RemoveEmptyEntries))
    {
        await using var command = database.CreateCommand(one);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(ct);
    }
}

static async Task<double> TimeAsync(Func<Task<object>> work)
{
    var start = Stopwatch.GetTimestamp();
    await work();
    return Stopwatch.GetElapsedTime(start).TotalSeconds;
}

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
