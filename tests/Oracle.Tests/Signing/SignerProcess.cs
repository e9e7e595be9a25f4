using DePin.Chain.Deployment;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Protocol;
using DePin.Signing;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Signing;

/// <summary>A signer as people run it: <c>depin signer</c> in a process of its own, with keystores, a password file and a table in a folder.</summary>
public sealed class SignerProcess : IAsyncDisposable
{
    private const string Password = "correct horse battery staple";

    private readonly OperatorKeyRing _keys;
    private readonly NetworkId _network;
    private readonly List<string> _output = [];
    private GuardedProcess? _process;

    private SignerProcess(OperatorKeyRing keys, NetworkId network)
    {
        _keys = keys;
        _network = network;
    }

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("depin-signer");

    public string SocketPath => Path.Combine(Folder.FullName, "socket", "signer");

    public string PasswordFile => Path.Combine(Folder.FullName, "password");

    /// <summary>All that the processes said so far.</summary>
    public string Output
    {
        get
        {
            lock (_output) return string.Join('\n', _output);
        }
    }

    /// <summary>What must never be said.</summary>
    public IEnumerable<string> Secrets => [Password, .. new[] { _keys.Report, _keys.Protocol, _keys.Transaction }.Select(Secret)];

    /// <summary>Seals the keys, makes the table and starts.</summary>
    public static async Task<SignerProcess> StartAsync(OperatorKeyRing keys, EvmNetworkManifest manifest, CancellationToken ct)
    {
        var signer = new SignerProcess(keys, manifest.Id);
        await File.WriteAllTextAsync(signer.PasswordFile, Password + "\n", ct);
        File.SetUnixFileMode(signer.PasswordFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        KeyFile.SaveSealed(Path.Combine(signer.Folder.FullName, "report.json"), keys.Report, Password, KeystoreCost.Light);
        KeyFile.SaveSealed(Path.Combine(signer.Folder.FullName, "protocol.json"), keys.Protocol, Password, KeystoreCost.Light);
        KeyFile.SaveSealed(Path.Combine(signer.Folder.FullName, "transaction.json"), keys.Transaction, Password, KeystoreCost.Light);
        manifest.Save(Path.Combine(signer.Folder.FullName, "network.json"));
        Assert.Equal(0, await signer.RunAsync(["init"], ct));
        await signer.StartAsync(ct);
        return signer;
    }

    public async Task StartAsync(CancellationToken ct)
    {
        var process = _process = await GuardedProcess.StartAsync(Specification(["run", "--network", Path.Combine(Folder.FullName, "network.json")]), Keep, ct);
        await Eventually.HoldsAsync(
            () =>
            {
                if (process.HasExited) throw process.Ended();
                try
                {
                    RemoteSigner.Connect(SocketPath, _network, TimeSpan.FromMinutes(1)).Dispose();
                    return Task.FromResult(true);
                }
                catch (SignerUnreachableException)
                {
                    return Task.FromResult(false);
                }
            }, "the signer answers", ct);
    }

    /// <summary>Runs another <c>depin signer</c> on the same keys to its end; its exit code.</summary>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken ct)
    {
        await using var process = await GuardedProcess.StartAsync(Specification(arguments), Keep, ct);
        return await process.WaitAsync(ct);
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        if (_process is null) return;
        await _process.KillAsync();
        await _process.DisposeAsync();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Folder.Delete(recursive: true);
    }

    private ProcessSpecification Specification(IReadOnlyList<string> arguments)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        return new ProcessSpecification("dotnet",
            ["exec", RepositoryRoot.Combine("artifacts", "bin", "Cli", configuration, "DePin.Cli.dll"), "signer", .. arguments, "--keys", Folder.FullName, "--password-file", PasswordFile])
        {
            Name = "signer",
            WorkingDirectory = Folder.FullName,
            Environment = new Dictionary<string, string?> { ["DOTNET_gcServer"] = "0", ["DOTNET_TieredPGO"] = "0" },
        };
    }

    private void Keep(string line)
    {
        lock (_output) _output.Add(line);
    }

    private static string Secret(PrivateKey key)
    {
        var path = Path.GetTempFileName() + ".key";
        key.Save(path);
        var text = File.ReadAllText(path).Split(' ')[0];
        File.Delete(path);
        return text;
    }
}
