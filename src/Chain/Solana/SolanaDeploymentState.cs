using System.Text.Json;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;

namespace DePin.Chain.Solana;

/// <summary>
/// What a deployment must remember when it is killed: little, for the chain shows what is done. The buffer's address is derived from the authority and a random word, so there is no
/// key of a buffer to keep or lose, and nobody can be in its way beforehand. Holds no secret.
/// </summary>
internal sealed record SolanaDeploymentState
{
    /// <summary>CAIP-2 of the cluster.</summary>
    public required string Chain { get; init; }

    /// <summary>The program.</summary>
    public required string Program { get; init; }

    /// <summary>Who deploys: authority of buffer and program.</summary>
    public required string Authority { get; init; }

    /// <summary>SHA-256 of the code in hexadecimal.</summary>
    public required string CodeHash { get; init; }

    /// <summary>The word that the buffer's address comes from: 32 characters.</summary>
    public required string Seed { get; init; }

    public SolanaAddress Buffer => ProgramAddress.CreateWithSeed(SolanaAddress.Parse(Authority), Seed, SolanaPrograms.UpgradeableLoader);

    /// <summary>Reads a file; null where there is none.</summary>
    /// <exception cref="DeploymentException">It is no such file.</exception>
    public static SolanaDeploymentState? Load(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            var state = JsonSerializer.Deserialize<SolanaDeploymentState>(File.ReadAllBytes(path)) ?? throw new JsonException("null");
            if (state.Seed.Length is < 1 or > ProgramAddress.MaxSeedBytes || !SolanaAddress.TryParse(state.Authority, out _) || !SolanaAddress.TryParse(state.Program, out _)) throw new JsonException("an address or the seed");
            return state;
        }
        catch (JsonException e)
        {
            throw new DeploymentException($"'{path}' is not the state of a deployment: move it away. If a deployment was under way, its buffer can still be found by its authority, and closed.", e);
        }
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(file, this, Indented);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
}
