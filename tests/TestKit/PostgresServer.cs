using DePin.DevTools;
using Npgsql;

namespace DePin.TestKit;

/// <summary>
/// The PostgreSQL server of this test process: the one in <c>DEPIN_TEST_POSTGRES</c> (a connection string of a role that may create
/// databases), else a private cluster that lives as long as the process. Test processes that run side by side have one each.
/// </summary>
public static class PostgresServer
{
    private const string Prefix = "depin-test-postgres-";
    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static string? connectionString;
    private static FileStream? heldLock;

    /// <summary>Connection string of the server's maintenance database.</summary>
    public static async Task<string> GetAsync(CancellationToken ct)
    {
        await Gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            return connectionString ??= await StartSharedAsync(ct).ConfigureAwait(false);
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>A cluster for one test alone, which may stop, kill and start it. Dispose it.</summary>
    public static async Task<PrivatePostgres> StartPrivateAsync(CancellationToken ct)
    {
        var (folder, hold) = Claim();
        return new PrivatePostgres(await PostgresCluster.StartAsync(new PostgresClusterOptions(Path.Combine(folder, "pg")) { Durable = false }, ct).ConfigureAwait(false), folder, hold);
    }

    private static async Task<string> StartSharedAsync(CancellationToken ct)
    {
        if (Environment.GetEnvironmentVariable("DEPIN_TEST_POSTGRES") is { Length: > 0 } given) return given;
        Reap();
        var (folder, hold) = Claim();
        heldLock = hold;
        var cluster = await PostgresCluster.StartAsync(new PostgresClusterOptions(Path.Combine(folder, "pg")) { Durable = false, MaxConnections = 400 }, ct).ConfigureAwait(false);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            NpgsqlConnection.ClearAllPools();
            cluster.StopAsync().Wait(TimeSpan.FromSeconds(20));
            Remove(folder);
            heldLock?.Dispose();
        };
        return cluster.ConnectionString("postgres");
    }

    // The lock is held by the kernel for as long as we live, so a folder whose lock can be taken belongs to nobody.
    private static (string Folder, FileStream Lock) Claim()
    {
        var folder = Directory.CreateTempSubdirectory(Prefix).FullName;
        var hold = new FileStream(Path.Combine(folder, "owner.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        return (folder, hold);
    }

    private static void Reap()
    {
        foreach (var folder in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            var file = Path.Combine(folder, "owner.lock");
            try
            {
                if (Directory.GetCreationTimeUtc(folder) > DateTime.UtcNow.AddMinutes(-2)) continue; // may be between creation and lock
                using var taken = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                Remove(folder);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // Held by a living process, or another user's.
            }
        }
    }

    internal static void Remove(string folder)
    {
        try { Directory.Delete(folder, true); }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException) { /* the next run reaps it */ }
    }
}

/// <summary>A cluster of one test: it can be stopped, killed and started under load.</summary>
public sealed class PrivatePostgres(PostgresCluster cluster, string folder, FileStream hold) : IAsyncDisposable
{
    /// <summary>The cluster.</summary>
    public PostgresCluster Cluster => cluster;

    /// <summary>Creates a database in it and returns its connection string.</summary>
    public async Task<string> CreateDatabaseAsync(CancellationToken ct, bool migrated = true)
    {
        var name = TestDatabase.NewName();
        await cluster.EnsureDatabaseAsync(name, ct).ConfigureAwait(false);
        var connectionString = cluster.ConnectionString(name);
        if (migrated) await TestDatabase.MigrateAsync(connectionString, ct).ConfigureAwait(false);
        return connectionString;
    }

    /// <summary>Fast stop and start on the same port.</summary>
    public async Task RestartAsync(CancellationToken ct)
    {
        await cluster.StopAsync().ConfigureAwait(false);
        await cluster.StartAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Immediate shutdown, a while without a server, and recovery on the same port.</summary>
    public async Task AbortAsync(TimeSpan outage, CancellationToken ct)
    {
        await cluster.AbortAsync().ConfigureAwait(false);
        await Task.Delay(outage, ct).ConfigureAwait(false);
        await cluster.StartAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Crash and recovery on the same port.</summary>
    public async Task CrashAsync(CancellationToken ct)
    {
        await cluster.KillAsync().ConfigureAwait(false);
        await cluster.StartAsync(ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync().ConfigureAwait(false);
        PostgresServer.Remove(folder);
        await hold.DisposeAsync().ConfigureAwait(false);
    }
}
