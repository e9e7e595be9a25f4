using System.Globalization;
using DePin.Cryptography;
using DePin.Protocol.Proofs;

namespace DePin.DeviceSdk;

/// <summary>Proofs that are kept until certified, a file each, named by sequence: what a restart sends again.</summary>
internal sealed class ProofFolder(string folder)
{
    private const string Suffix = ".proof";

    /// <summary>The proofs, by ascending sequence. A file that is no proof, or not of this key where it is of this device, was cut off before anybody was told of it, and is removed.</summary>
    public List<SignedProof> Read(PublicKey key)
    {
        var proofs = new List<SignedProof>();
        foreach (var path in Directory.EnumerateFiles(folder, "*" + Suffix).Order(StringComparer.Ordinal))
        {
            if (SignedProof.TryRead(File.ReadAllBytes(path), out var proof, out _, out _)
                && (proof.Proof.Device.Value != key.DeviceId || key.Verify(proof.Proof.Envelope.Span, proof.Signature.Span)))
                proofs.Add(proof);
            else
                File.Delete(path);
        }

        return proofs;
    }

    /// <summary>Keeps a proof; it is durable when this returns.</summary>
    public void Keep(SignedProof proof)
    {
        using var file = File.OpenHandle(PathOf(proof), FileMode.Create, FileAccess.Write);
        RandomAccess.Write(file, proof.Encode(), 0);
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Forgets a proof.</summary>
    public void Forget(SignedProof proof) => File.Delete(PathOf(proof));

    private string PathOf(SignedProof proof) => Path.Combine(folder, proof.Proof.Sequence.ToString("x16", CultureInfo.InvariantCulture) + Suffix);
}
