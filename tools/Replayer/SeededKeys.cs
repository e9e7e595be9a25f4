using DePin.Cryptography;

namespace DePin.Replayer;

/// <summary>Keys that follow from a seed, so that a second run is the same devices. For dev chains only: who knows the seed has the keys.</summary>
public static class SeededKeys
{
    private static readonly KeyType[] Mixed = [KeyType.P256, KeyType.Secp256k1, KeyType.Ed25519];

    /// <summary>The key of a name.</summary>
    public static PrivateKey Of(string seed, string name, KeyType type) =>
        PrivateKey.FromBytes(type, Keccak256.Hash(System.Text.Encoding.UTF8.GetBytes($"DePIN dev key v1\n{seed}\n{name}\n{type}")).AsSpan());

    /// <summary>Key types take turns over the devices of a network.</summary>
    public static KeyType TypeOf(int index) => Mixed[index % Mixed.Length];
}
