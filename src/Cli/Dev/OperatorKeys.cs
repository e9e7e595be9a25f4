using DePin.Cryptography;

namespace DePin.Cli.Dev;

/// <summary>The three keys of an operator, in files of their own.</summary>
/// <param name="Report">secp256k1: signs report digests and nothing else.</param>
/// <param name="Protocol">Ed25519: receipts, acknowledgements, round messages.</param>
/// <param name="Transaction">secp256k1: pays for transactions and owns the bond.</param>
public sealed record OperatorKeys(PrivateKey Report, PrivateKey Protocol, PrivateKey Transaction)
{
    /// <summary>Reads the keys of a folder, making those that are missing.</summary>
    public static OperatorKeys Ensure(string folder) => new(
        One(Path.Combine(folder, "report.key"), KeyType.Secp256k1),
        One(Path.Combine(folder, "protocol.key"), KeyType.Ed25519),
        One(Path.Combine(folder, "transaction.key"), KeyType.Secp256k1));

    /// <summary>Reads a key file, making it when it is missing.</summary>
    public static PrivateKey One(string path, KeyType type)
    {
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            PrivateKey.Generate(type).Save(path);
        }

        return PrivateKey.Load(path, type);
    }

    /// <inheritdoc/>
    public override string ToString() => $"keys of operator {Report.Address}";
}
