using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DePin.DevTools;

namespace DePin.Cli.Dev;

/// <summary>The data folder of a dev network: everything it keeps, so that removing it removes the network.</summary>
public sealed class DevFolder(string path)
{
    // Removed by reset only where this file says that the folder is ours.
    private const string Mark = "depin-dev-network";

    /// <summary>Absolute path.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>What the first start decided.</summary>
    public string Settings => In("settings.json");

    /// <summary>Contracts, chain and parameters.</summary>
    public string Manifest => In("network.json");

    /// <summary>State of the chain, written at every stop.</summary>
    public string ChainState => In("chain", "state.json");

    /// <summary>Logs of all processes.</summary>
    public string Logs => In("logs");

    /// <summary>Process id of the supervisor.</summary>
    public string PidFile => In("supervisor.pid");

    /// <summary>Exists while the network is ready.</summary>
    public string ReadyFile => In("ready");

    /// <summary>While this file exists the indexer rests; <see cref="IndexerRests"/> says that it does.</summary>
    public string RestIndexer => In("indexer.rest");

    /// <summary>Exists while the indexer rests on request.</summary>
    public string IndexerRests => In("indexer.rests");

    private string LockFile => In("supervisor.lock");

    /// <summary>The default: what the variable DEPIN_DATA says, else <c>.depin</c> of the clone.</summary>
    public static string Default() => Environment.GetEnvironmentVariable("DEPIN_DATA") is { Length: > 0 } chosen ? chosen : RepositoryRoot.Combine(".depin");

    /// <summary>A path inside.</summary>
    public string In(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Folder of an operator's keys, counted from 1.</summary>
    public string OperatorFolder(int number) => In("operators", number.ToString(CultureInfo.InvariantCulture));

    /// <summary>The part that is the network on Solana's.</summary>
    public DevFolder Solana => new(In("solana"));

    /// <summary>Creates the folder and marks it as ours.</summary>
    /// <exception cref="CliException">It holds something else.</exception>
    public void Create()
    {
        if (Directory.Exists(Path) && !File.Exists(In(Mark)) && Directory.EnumerateFileSystemEntries(Path).Any())
            throw new CliException($"{Path} exists and holds something that is not a dev network. Choose another folder with --data.");
        Directory.CreateDirectory(Path);
        File.WriteAllText(In(Mark), "A dev network of depin. Remove it with: depin dev reset\n");
    }

    /// <summary>Holds the folder for this process; released by the kernel however the process ends.</summary>
    /// <exception cref="CliException">Another supervisor holds it.</exception>
    public FileStream Hold()
    {
        try
        {
            var hold = new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(PidFile, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return hold;
        }
        catch (IOException)
        {
            throw new CliException($"A network runs already on {Path}. Stop it with: depin dev down");
        }
    }

    /// <summary>Process id of the running supervisor, or null.</summary>
    public int? RunningSupervisor()
    {
        if (!File.Exists(LockFile)) return null;
        try
        {
            using var free = new FileStream(LockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return null;
        }
        catch (IOException)
        {
            return File.Exists(PidFile) && int.TryParse(File.ReadAllText(PidFile), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
        }
    }

    /// <summary>Where the private cluster lives: inside, unless the account that must run it cannot reach that.</summary>
    public string ChoosePostgresFolder()
    {
        var inside = In("postgres");
        if (ServiceAccount.Choose().CanReach(System.IO.Path.Combine(inside, "data"))) return inside;
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path)))[..16];
        return System.IO.Path.Combine("/var/tmp", $"depin-postgres-{name}");
    }

    /// <summary>Removes the folder and its cluster, nothing else.</summary>
    /// <returns>Whether there was something.</returns>
    public bool Remove()
    {
        if (!Directory.Exists(Path)) return false;
        if (!File.Exists(In(Mark))) throw new CliException($"{Path} is no data folder of a dev network; it is left alone.");
        var cluster = DevSettings.Load(Settings)?.PostgresFolder;
        if (cluster is not null && !cluster.StartsWith(Path + "/", StringComparison.Ordinal) && Directory.Exists(cluster)) Directory.Delete(cluster, true);
        Directory.Delete(Path, true);
        return true;
    }
}
