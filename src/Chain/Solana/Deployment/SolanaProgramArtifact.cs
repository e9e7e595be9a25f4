using System.Security.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>The compiled program.</summary>
/// <param name="Code">The shared object.</param>
/// <param name="Hash">Its SHA-256 in hexadecimal.</param>
public sealed record SolanaProgramArtifact(ReadOnlyMemory<byte> Code, string Hash)
{
    private const string File = "depin.so";

    /// <summary>Reads <c>&lt;folder&gt;/depin.so</c>.</summary>
    /// <exception cref="DeploymentException">It is missing.</exception>
    public static SolanaProgramArtifact Load(string folder)
    {
        var path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path)) throw new DeploymentException($"There is no program '{path}'. Build it (scripts/solana-build), or name the folder that holds it.");
        var code = System.IO.File.ReadAllBytes(path);
        return new SolanaProgramArtifact(code, Convert.ToHexStringLower(SHA256.HashData(code)));
    }
}
