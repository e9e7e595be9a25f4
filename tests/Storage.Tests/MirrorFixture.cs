using DePin.Mirror;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

/// <summary>A database of its own with a mirror of a fake chain in it.</summary>
internal sealed class MirrorFixture : IAsyncDisposable
{
    private readonly List<MirrorDatabase> _opened = [];

    private MirrorFixture(TestDatabase database, FakeChain chain)
    {
        (Database, Chain) = (database, chain);
        Mirrored = Open(MirrorDatabase.Live);
        Mirror = new ChainMirror(Mirrored, chain.Network);
        Follower = NewFollower();
    }

    public TestDatabase Database { get; }

    public FakeChain Chain { get; }

    public MirrorDatabase Mirrored { get; }

    public ChainMirror Mirror { get; }

    public ChainFollower Follower { get; }

    public FollowerOptions Options { get; } = new()
    {
        PollInterval = TimeSpan.FromMilliseconds(20),
        MaxBackoff = TimeSpan.FromMilliseconds(400),
        RequestTimeout = TimeSpan.FromSeconds(20),
        TipWindow = 12,
    };

    public static async Task<MirrorFixture> CreateAsync(FakeChain? chain = null)
    {
        var fixture = new MirrorFixture(await TestDatabase.CreateAsync(), chain ?? new FakeChain(FakeChain.DefaultNetwork));
        await fixture.Mirror.InitializeAsync(CancellationToken.None);
        return fixture;
    }

    public ChainFollower NewFollower(FollowerOptions? options = null) => new(Mirror, Chain, options ?? Options, TimeProvider.System, NullLogger<ChainFollower>.Instance);

    public async Task CatchUpAsync(ChainFollower? follower = null)
    {
        while (await (follower ?? Follower).StepAsync(CancellationToken.None) != Convergence.NothingNew)
        {
        }
    }

    public Task<IReadOnlyDictionary<string, string>> HashAsync() => MirrorContent.HashAsync(Mirrored, Chain.Network.ChainId, CancellationToken.None);

    /// <summary>Hashes of a mirror that is made afresh of the chain as it is now.</summary>
    public async Task<IReadOnlyDictionary<string, string>> HashOfFreshMirrorAsync(FollowerOptions? options = null)
    {
        await MirrorSchema.CreateRebuildAsync(Database.DataSource, CancellationToken.None);
        await using var fresh = new MirrorDatabase(Database.ConnectionString, MirrorDatabase.Rebuild);
        var mirror = new ChainMirror(fresh, Chain.Network);
        await mirror.InitializeAsync(CancellationToken.None);
        await CatchUpAsync(new ChainFollower(mirror, Chain, options ?? Options, TimeProvider.System, NullLogger<ChainFollower>.Instance));
        return await MirrorContent.HashAsync(fresh, Chain.Network.ChainId, CancellationToken.None);
    }

    /// <summary>As <c>depin index rebuild</c> does.</summary>
    public Task<RebuildResult> RebuildAsync(bool promote) => new MirrorRebuild(
        Database.DataSource, Database.ConnectionString, Chain.Network, Chain, Options, TimeProvider.System, NullLoggerFactory.Instance).RunAsync(promote, null, CancellationToken.None);

    public async Task<T> ScalarAsync<T>(string sql) =>
        await Database.ScalarAsync<T>(sql, CancellationToken.None) ?? throw new InvalidOperationException($"No value: {sql}");

    public async ValueTask DisposeAsync()
    {
        foreach (var database in _opened) await database.DisposeAsync();
        await Database.DisposeAsync();
    }

    private MirrorDatabase Open(string schema)
    {
        var database = new MirrorDatabase(Database.ConnectionString, schema);
        _opened.Add(database);
        return database;
    }
}
