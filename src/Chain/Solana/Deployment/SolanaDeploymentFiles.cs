using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>
/// What lies beside a manifest while its network is deployed: the keys of program and mint, which only make their accounts and are of no more use then, and the state of the program's
/// deployment. All are removed when it is done.
/// </summary>
internal sealed class SolanaDeploymentFiles(string manifestPath)
{
    /// <summary>State of the program's deployment.</summary>
    public string State => manifestPath + ".program-state";

    private string ProgramKey => manifestPath + ".program-key";

    private string MintKey => manifestPath + ".mint-key";

    /// <summary>The program's key, made where there is none.</summary>
    public PrivateKey MakeProgramKey() => Make(ProgramKey);

    /// <summary>The mint's key, made where there is none.</summary>
    public PrivateKey MakeMintKey() => Make(MintKey);

    /// <summary>The key of the program at this address.</summary>
    /// <exception cref="DeploymentException">It is gone, or another.</exception>
    public PrivateKey LoadProgramKey(SolanaAddress address) => Load(ProgramKey, address);

    /// <summary>The key of the mint at this address.</summary>
    /// <exception cref="DeploymentException">It is gone, or another.</exception>
    public PrivateKey LoadMintKey(SolanaAddress address) => Load(MintKey, address);

    /// <summary>Removes the keys.</summary>
    public void Remove()
    {
        File.Delete(ProgramKey);
        File.Delete(MintKey);
    }

    private static PrivateKey Make(string path)
    {
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            SolanaKeyFile.Save(path, PrivateKey.Generate(KeyType.Ed25519));
        }

        return SolanaKeyFile.Load(path);
    }

    private PrivateKey Load(string path, SolanaAddress address)
    {
        if (!File.Exists(path)) throw new DeploymentException($"'{path}' is gone, and without that key {address} cannot be made. Restore it; or move '{manifestPath}' away and deploy anew.");
        var key = SolanaKeyFile.Load(path);
        return SolanaAddress.Of(key.PublicKey) == address ? key : throw new DeploymentException($"'{path}' is not the key of {address}, which '{manifestPath}' names. Restore it; or move the manifest away and deploy anew.");
    }
}
