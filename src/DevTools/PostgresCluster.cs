using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace DePin.DevTools;

/// <summary>Where a private cluster keeps its data and how it runs.</summary>
/// <param name="DataFolder">Absolute folder of the cluster; created when missing. One that is not ours is refused.</param>
public sealed record PostgresClusterOptions(string DataFolder)
{
    /// <summary>Port on 127.0.0.1; 0 takes a free one at the first start and keeps it.</summary>
    public int Port { get; init; }

    /// <summary>False turns <c>fsync</c> off: right for tests, whose data dies with them anyway.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Most connections at once.</summary>
    public int MaxConnections { get; init; } = 200;

    /// <summary>Server log; null for <c>server.log</c> in the folder that holds the data.</summary>
    public string? LogFile { get; init; }
}

/// <summary>A PostgreSQL server of our own: a cluster in its own folder, on loopback, run by the binaries that npm brought.</summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    /// <summary>Superuser of the cluster.</summary>
    public const string User = "postgres";

    private const string SecretFile = "superuser.password";
    private readonly PostgresClusterOptions options;
    private readonly ServiceAccount account = ServiceAccount.Choose();
    private readonly string binaries;
    private readonly string password;
    private GuardedProcess? server;

    private PostgresCluster(PostgresClusterOptions options, string binaries, string password)
    {
        this.options = options;
        this.binaries = binaries;
        this.password = password;
        Port = options.Port;
    }

    /// <summary>Port that the server listens on.</summary>
    public int Port { get; private set; }

    /// <summary>True while the server runs.</summary>
    public bool IsRunning => server is { HasExited: false };

    private string Data => Path.Combine(options.DataFolder, "data");

    /// <summary>Creates the cluster unless it exists, and starts it.</summary>
    public static async Task<PostgresCluster> StartAsync(PostgresClusterOptions options, CancellationToken ct)
    {
        var account = ServiceAccount.Choose();
        if (!account.CanReach(Path.Combine(options.DataFolder, "data")))
            throw new InvalidOperationException($"The account {account.Name}, which must run PostgreSQL here, cannot reach {options.DataFolder}. Choose a data folder that others may search.");
        Directory.CreateDirectory(options.DataFolder);
        account.Own(options.DataFolder);
        var secret = Path.Combine(options.DataFolder, SecretFile);
        if (!File.Exists(secret))
        {
            await WriteSecretAsync(secret, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), ct).ConfigureAwait(false);
            account.Own(secret);
        }

        var cluster = new PostgresCluster(options, PostgresBinaries.Locate(account), (await File.ReadAllTextAsync(secret, ct).ConfigureAwait(false)).Trim());
        if (!File.Exists(Path.Combine(cluster.Data, "PG_VERSION"))) await cluster.InitializeAsync(secret, ct).ConfigureAwait(false);
        await cluster.StartAsync(ct).ConfigureAwait(false);
        return cluster;
    }

    /// <summary>Connection string of a database of this cluster.</summary>
    public string ConnectionString(string database) => ConnectionString(Port, password, database);

    /// <summary>Connection string of a database of a cluster that another process runs; only who may read its folder gets one.</summary>
    public static string ConnectionString(string dataFolder, int port, string database) =>
        ConnectionString(port, File.ReadAllText(Path.Combine(dataFolder, SecretFile)).Trim(), database);

    private static string ConnectionString(int port, string password, string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Username = User,
        Password = password,
        Database = database,
        Timeout = 30,
    }.ConnectionString;

    /// <summary>Starts a stopped server on its port and waits until it answers.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        if (IsRunning) return;
        for (var attempt = 1; ; attempt++)
        {
            if (Port == 0) Port = LoopbackPort.Free();
            try
            {
                await LaunchAsync(ct).ConfigureAwait(false);
                return;
            }
            catch (InvalidOperationException) when (attempt < 5 && options.Port == 0 && LoopbackPort.IsTaken(Port))
            {
                Port = 0;
            }
        }
    }

    /// <summary>Fast shutdown: open connections are cut, committed work is kept.</summary>
    public async Task StopAsync()
    {
        if (server is null) return;
        await server.DisposeAsync().ConfigureAwait(false);
        server = null;
    }

    /// <summary>Immediate shutdown, as <c>pg_ctl -m immediate</c>: every server process quits at once; the next start recovers from the log.</summary>
    public async Task AbortAsync()
    {
        if (server is null) return;
        server.Signal("QUIT");
        await server.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        await server.DisposeAsync().ConfigureAwait(false);
        server = null;
    }

    /// <summary>Crash: every server process is killed; the next start recovers from the log.</summary>
    public async Task KillAsync()
    {
        if (server is null) return;
        await server.KillAsync().ConfigureAwait(false);
        await server.DisposeAsync().ConfigureAwait(false);
        server = null;
    }

    /// <summary>Creates a database unless it exists.</summary>
    public Task EnsureDatabaseAsync(string database, CancellationToken ct) => DatabaseServer.EnsureDatabaseAsync(ConnectionString("postgres"), database, ct);

    /// <summary>Stops the server; the data stays.</summary>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task InitializeAsync(string secret, CancellationToken ct)
    {
        if (Directory.Exists(Data) && Directory.EnumerateFileSystemEntries(Data).Any())
            throw new InvalidOperationException($"{Data} holds something that is not a cluster of this program. Choose another data folder or remove it.");
        var (file, arguments) = account.Wrap(Path.Combine(binaries, "bin", "initdb"),
            [
                "-D", Data, "-U", User, "--auth=scram-sha-256", $"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-instructions",
                .. options.Durable ? (string[])[] : ["--no-sync"],
            ]);
        await using var initdb = await GuardedProcess.StartAsync(
            new ProcessSpecification(file, arguments) { Name = "initdb", WorkingDirectory = options.DataFolder, Environment = Homed() }, null, ct).ConfigureAwait(false);
        if (await initdb.WaitAsync(ct).ConfigureAwait(false) != 0) throw initdb.Ended();
    }

    private async Task LaunchAsync(CancellationToken ct)
    {
        string[] settings =
        [
            "-D", Data, "-p", Port.ToString(CultureInfo.InvariantCulture), "-h", "127.0.0.1", "-k", "",
            "-c", $"max_connections={options.MaxConnections}",
            .. options.Durable ? (string[])[] : ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_wal_size=2GB"],
        ];
        var (file, arguments) = account.Wrap(Path.Combine(binaries, "bin", "postgres"), settings);
        server = await GuardedProcess.StartAsync(
            new ProcessSpecification(file, arguments)
            {
                Name = "postgres",
                StopSignal = "INT",
                WorkingDirectory = options.DataFolder,
                Environment = Homed(),
                LogFile = options.LogFile ?? Path.Combine(options.DataFolder, "server.log"),
            },
            null,
            ct).ConfigureAwait(false);
        var giveUp = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (server.HasExited)
            {
                var ended = server.Ended();
                await StopAsync().ConfigureAwait(false);
                throw ended;
            }

            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false;Timeout=5");
                await connection.OpenAsync(ct).ConfigureAwait(false);
                return;
            }
            catch (NpgsqlException) when (TimeProvider.System.GetElapsedTime(giveUp) < TimeSpan.FromSeconds(90))
            {
                await Task.Delay(50, ct).ConfigureAwait(false);
            }
        }
    }

    // initdb and the server look at HOME; root's is closed to the account that runs them.
    private Dictionary<string, string?> Homed() => new() { ["HOME"] = options.DataFolder, ["LC_ALL"] = "C" };

    private static async Task WriteSecretAsync(string path, string text, CancellationToken ct)
    {
        await using var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await using var writer = new StreamWriter(stream);
        await writer.WriteAsync(text.AsMemory(), ct).ConfigureAwait(false);
    }
}
