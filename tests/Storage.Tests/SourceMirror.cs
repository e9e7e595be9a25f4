using DePin.Mirror;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

/// <summary>A database with a mirror of whatever source in it.</summary>
internal sealed class SourceMirror : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly IChainSource _source;
    private ChainFollower _follower;

    private SourceMirror(TestDatabase database, MirroredNetwork network, IChainSource source, EmissionSchedule emission)
    {
        (_database, _source) = (database, source);
        Database = new MirrorDatabase(database.ConnectionString, MirrorDatabase.Live);
        Mirror = new ChainMirror(Database, network);
        _follower = Follow(Mirror, new FollowerOptions());
        Emission = emission;
        Reader = new MirrorReader(Database, network, Emission);
    }

    public MirrorDatabase Database { get; }

    public ChainMirror Mirror { get; }

    public EmissionSchedule Emission { get; }

    public MirrorReader Reader { get; }

    public FollowerStatus Status => _follower.Status;

    public static async Task<SourceMirror> CreateAsync(MirroredNetwork network, IChainSource source, EmissionSchedule emission)
    {
        var mirror = new SourceMirror(await TestDatabase.CreateAsync(), network, source, emission);
        await mirror.Mirror.InitializeAsync(CancellationToken.None);
        return mirror;
    }

    /// <summary>As after a restart: what the follower knew is in the database alone.</summary>
    public void Restart(FollowerOptions options) => _follower = Follow(Mirror, options);

    public Task CatchUpAsync() => CatchUpAsync(_follower);

    public async Task ExecuteAsync(string sql)
    {
        await using var command = _database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql) => await _database.ScalarAsync<T>(sql, CancellationToken.None) ?? throw new InvalidOperationException($"No value: {sql}");

    public Task<IReadOnlyDictionary<string, string>> HashAsync() => MirrorContent.HashAsync(Database, Mirror.Network.ChainId, CancellationToken.None);

    public async Task<IReadOnlyDictionary<string, string>> HashOfFreshMirrorAsync()
    {
        await MirrorSchema.CreateRebuildAsync(_database.DataSource, CancellationToken.None);
        await using var fresh = new MirrorDatabase(_database.ConnectionString, MirrorDatabase.Rebuild);
        var mirror = new ChainMirror(fresh, Mirror.Network);
        await mirror.InitializeAsync(CancellationToken.None);
        await CatchUpAsync(Follow(mirror, new FollowerOptions { TipWindow = 1, MaxBlocksPerRange = 300 }));
        return await MirrorContent.HashAsync(fresh, Mirror.Network.ChainId, CancellationToken.None);
    }

    /// <summary>As <c>depin index rebuild</c> does.</summary>
    public Task<RebuildResult> RebuildAsync() => new MirrorRebuild(
        _database.DataSource, _database.ConnectionString, Mirror.Network, _source, new FollowerOptions(), TimeProvider.System, NullLoggerFactory.Instance).RunAsync(promote: true, null, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        await _database.DisposeAsync();
    }

    private ChainFollower Follow(ChainMirror mirror, FollowerOptions options) => new(mirror, _source, options, TimeProvider.System, NullLogger<ChainFollower>.Instance);

    private static async Task CatchUpAsync(ChainFollower follower)
    {
        while (await follower.StepAsync(CancellationToken.None) != Convergence.NothingNew)
        {
        }
    }
}
