using System.Globalization;
using DePin.DevTools;
using DePin.Storage;
using Npgsql;

namespace DePin.Cli.Dev;

/// <summary>Starts the parts of a dev network in order, watches them, and stops them in the opposite order.</summary>
public sealed class DevNetwork(DevFolder folder, DevSettings settings, Output output) : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> running = new();
    private readonly List<GuardedProcess> hosts = [];
    private readonly Phases phases = new(output);
    private PostgresCluster? cluster;

    /// <summary>Runs until cancelled, until a part ends by itself, or until <paramref name="epochs"/> epochs are final.</summary>
    public async Task<int> RunAsync(ReplayOptions? replay, int? epochs, CancellationToken ct)
    {
        Directory.CreateDirectory(folder.Logs);
        File.Delete(folder.ReadyFile);
        var chain = await StartChainAsync(ct).ConfigureAwait(false);
        await StartPostgresAsync(ct).ConfigureAwait(false);
        await Task.Delay(Timeout.Infinite, ct).ConfigureAwait(false);
        return ExitCodes.Success;
    }

    /// <summary>Stops everything that runs, last first.</summary>
    public async ValueTask DisposeAsync()
    {
        File.Delete(folder.ReadyFile);
        if (running.Count > 0) output.Remark("Stopping.");
        while (running.TryPop(out var part)) await part.DisposeAsync().ConfigureAwait(false);
    }

    private Task<AnvilProcess> StartChainAsync(CancellationToken ct) => phases.RunAsync(
        "starting the chain",
        async _ =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.ChainState)!);
            var fresh = !File.Exists(folder.ChainState);
            var anvil = await AnvilProcess.StartAsync(
                new AnvilOptions
                {
                    Port = settings.Ports.Chain,
                    BlockTime = 1,
                    SlotsInAnEpoch = 1,
                    // The contracts are deployed in the hours before genesis, at the pace of a real chain.
                    Timestamp = fresh ? settings.Genesis - 7200 : null,
                    TimestampInterval = fresh ? 12 : settings.SecondsPerBlock,
                    StateFile = folder.ChainState,
                    LogFile = Path.Combine(folder.Logs, "chain.log"),
                },
                ct).ConfigureAwait(false);
            running.Push(anvil);
            return anvil;
        },
        anvil => $"chain {anvil.Options.ChainId} on {anvil.Url}");

    private Task<bool> StartPostgresAsync(CancellationToken ct) => phases.RunAsync(
        "starting PostgreSQL",
        async detail =>
        {
            if (settings.PostgresFolder is { } data)
            {
                cluster = await PostgresCluster.StartAsync(
                    new PostgresClusterOptions(data) { Port = settings.Ports.Postgres, LogFile = Path.Combine(folder.Logs, "postgres.log") }, ct).ConfigureAwait(false);
                running.Push(cluster);
            }

            for (var i = 1; i <= settings.Operators; i++) await PrepareDatabaseAsync(Part(i), detail, ct).ConfigureAwait(false);
            await PrepareDatabaseAsync("public", detail, ct).ConfigureAwait(false);
            return true;
        },
        _ => $"PostgreSQL {(cluster is null ? "as given" : $"on 127.0.0.1:{cluster.Port}")}, {settings.Operators + 1} databases migrated");

    private async Task PrepareDatabaseAsync(string part, Action<string> detail, CancellationToken ct)
    {
        detail($"database {part}");
        await DatabaseServer.EnsureDatabaseAsync(ServerConnection("postgres"), settings.Database(part), ct).ConfigureAwait(false);
        await using var dataSource = NpgsqlDataSource.Create(ServerConnection(settings.Database(part)));
        await new Migrator(dataSource).MigrateAsync(ct).ConfigureAwait(false);
    }

    private string ServerConnection(string database) => cluster?.ConnectionString(database)
        ?? new NpgsqlConnectionStringBuilder(settings.Postgres) { Database = database }.ConnectionString;

    private static string Part(int number) => string.Create(CultureInfo.InvariantCulture, $"operator{number}");
}
