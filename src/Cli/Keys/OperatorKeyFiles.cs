using DePin.Chain;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Signing;

namespace DePin.Cli.Keys;

/// <summary>The key files of an operator.</summary>
public static class OperatorKeyFiles
{
    /// <summary>Reads the keys of a folder, keystores or bare, making those that are missing: keystores where there is a password for new ones.</summary>
    /// <param name="folder">Made with mode 0700.</param>
    /// <param name="chain">Of the network: it decides the type of the transaction key.</param>
    /// <param name="password">Of keystores that are there; null where there is none to give.</param>
    /// <param name="fresh">For keystores to be made; null makes bare files.</param>
    public static OperatorKeyRing Ensure(string folder, ChainKind chain, Func<string>? password = null, Func<string>? fresh = null)
    {
        string? told = null, made = null;
        return new OperatorKeyRing(Of("report", KeyType.Secp256k1), Of("protocol", KeyType.Ed25519), Of("transaction", ChainAccount.KeyTypeOf(chain)));

        PrivateKey Of(string name, KeyType type)
        {
            if (KeyFile.Find(folder, name) is { } path) return KeyFile.Load(path, type, made is { } known ? () => known : password is null ? null : () => told ??= password());
            if (fresh is null) return One(Path.Combine(folder, name + ".key"), type);
            made ??= told ?? fresh(); // one password for the three
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var key = PrivateKey.Generate(type);
            KeyFile.SaveSealed(Path.Combine(folder, name + ".json"), key, made, KeystoreCost.Standard);
            return key;
        }
    }

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
}
