using System.Globalization;
using Dapper;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Storage.Jobs;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace DePin.Jobs.Tests;

/// <summary>A database with a mirrored fake chain, into which a test imports epochs as the indexer would.</summary>
internal sealed class JobsNetwork : IAsyncDisposable
{
    private readonly MirrorDatabase mirrored;
    private readonly ChainFollower follower;

    private JobsNetwork(TestDatabase database)
    {
        Database = database;
        Store = new HousekeepingStore(database.DataSource);
        mirrored = new MirrorDatabase(database.ConnectionString, MirrorDatabase.Live);
        Mirror = new ChainMirror(mirrored, Chain.Network);
        follower = new ChainFollower(Mirror, Chain, new FollowerOptions(), TimeProvider.System, NullLogger<ChainFollower>.Instance);
    }

    public TestDatabase Database { get; }

    public FakeChain Chain { get; } = new(FakeChain.DefaultNetwork) { FinalityDepth = 2 };

    public ChainMirror Mirror { get; }

    public HousekeepingStore Store { get; }

    public static async Task<JobsNetwork> CreateAsync()
    {
        var network = new JobsNetwork(await TestDatabase.CreateAsync());
        await network.Mirror.InitializeAsync(CancellationToken.None);
        await using var connection = await network.Database.DataSource.OpenConnectionAsync();
        await connection.ExecuteAsync("insert into evidence.networks values (@id, 'Fixture', 'eip155:31337', '{}', '{}')", new { id = network.Chain.Network.NetworkId.ToArray() });
        return network;
    }

    public static IOptions<JobsOptions> Options(int keepVerdicts = 90, int keepTrees = 3) =>
        Microsoft.Extensions.Options.Options.Create(new JobsOptions { Database = "", Manifest = "", Rpc = [], KeepVerdictEpochs = keepVerdicts, KeepTreeEpochs = keepTrees });

    /// <summary>Mines epoch after epoch, each accepted and final, with its root in the distributor.</summary>
    public void MineFinalEpochs(long from, long to)
    {
        for (var epoch = from; epoch <= to; epoch++)
        {
            var root = FakeNetworkActivity.HashOf(string.Create(CultureInfo.InvariantCulture, $"root {epoch}"));
            var report = FakeReport.Of((ulong)epoch, root);
            Chain.Mine(86_400, FakeLog.Of(EventKind.ReportAccepted, epoch, 0L, report.Digest.Value, report.Encode(), 0b0111, 1_700_300_000L));
            Chain.Mine(FakeLog.Of(EventKind.ReportFinalized, epoch, report.Digest.Value, root, 7_350L, 3), FakeLog.Of(EventKind.RootAdvanced, epoch, root, 3, 7_350L));
        }
    }

    public async Task FollowAsync()
    {
        while (await follower.StepAsync(CancellationToken.None) != Convergence.NothingNew)
        {
        }
    }

    /// <summary>Mines four operators, the first of the account, in a configuration; and one more with a bond that is in none.</summary>
    public void MineOperators(Address account, Address outsider)
    {
        var keys = Enumerable.Range(0, 4).Select(i => FakeNetworkActivity.AddressOf($"operator {i}")).Order().ToArray();
        Chain.Mine([.. keys.Select((k, i) => FakeLog.Of(EventKind.OperatorRegistered, k, i == 0 ? account : FakeNetworkActivity.AddressOf($"account {i}"), FakeNetworkActivity.HashOf($"key {i}"), "http://127.0.0.1:1", 1_000L)),
            FakeLog.Of(EventKind.OperatorRegistered, FakeNetworkActivity.AddressOf("outsider"), outsider, FakeNetworkActivity.HashOf("key 5"), "http://127.0.0.1:1", 1_000L)]);
        Schedule(1, keys);
    }

    /// <summary>Mines a configuration without the operators of <see cref="MineOperators"/>, in force from the next epoch on.</summary>
    public void MineConfigurationOfOthers(long firstEpoch) => Schedule(2, [.. Enumerable.Range(10, 4).Select(i => FakeNetworkActivity.AddressOf($"operator {i}")).Order()], firstEpoch);

    private void Schedule(long count, Address[] keys, long firstEpoch = 1) => Chain.Mine(FakeLog.Of(EventKind.ConfigScheduled, count, firstEpoch, FakeNetworkActivity.HashOf($"config {count}"), 4, 3,
        FakeNetworkActivity.HashOf("parameters"), FakeNetworkActivity.HashOf("rules"), keys, keys.Select(k => FakeNetworkActivity.HashOf(k.ToString())).ToArray()));

    /// <summary>An epoch as imported: <paramref name="proofs"/> verdicts, every fourth rejected, of three devices of two accounts.</summary>
    public async Task ImportAsync(long epoch, int proofs = 40)
    {
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            insert into evidence.epochs values (@network, @epoch, 0, @hash, @report, @hash, 1, to_timestamp(0), to_timestamp(86400), 2, 3, 0, 0, 0, 0, 1000, @allocated, 0, now());
            insert into evidence.lines select @network, @epoch, case when d < 2 then @hash else @other end, 2, sha256(convert_to('device ' || d, 'utf8')), 1, 10, 100 + d, 10, 3, d
                from generate_series(0, 2) d where @proofs > 0;
            insert into evidence.verdicts select @network, @epoch, sha256(convert_to(@epoch || '/' || i, 'utf8')), sha256(convert_to('device ' || i % 3, 'utf8')), 2, i, to_timestamp(i),
                case when i % 4 = 0 then 1 else 0 end, case when i % 4 = 0 then 5 else 0 end, 1000000 from generate_series(1, @proofs) i;
            """,
            new { network = Chain.Network.NetworkId.ToArray(), epoch, proofs, allocated = proofs > 0 ? 303 : 0, hash = new byte[32], other = FakeNetworkActivity.HashOf("other").ToArray(), report = new byte[348] });
    }

    /// <summary>Every row of a table as text: two runs that did the same leave the same.</summary>
    public async Task<string> RowsAsync(string table) =>
        await Database.ScalarAsync<string>($"select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from {table} t", CancellationToken.None) ?? "";

    public async Task<T?> ScalarAsync<T>(string sql) => await Database.ScalarAsync<T>(sql, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await mirrored.DisposeAsync();
        await Database.DisposeAsync();
    }
}

/// <summary>A clock that a test sets.</summary>
internal sealed class SetClock(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}
