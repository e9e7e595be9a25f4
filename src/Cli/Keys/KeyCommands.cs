using System.CommandLine;
using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Cli.Keys;

/// <summary><c>depin keys</c>: key files. A private key is never printed.</summary>
public static class KeyCommands
{
    /// <summary>Of a key that is made.</summary>
    internal static Option<KeyType?> TypeOption { get; } = Option("ed25519, p256 or secp256k1 (default: secp256k1)");

    /// <summary>Of a key that is read.</summary>
    internal static Option<KeyType?> ReadTypeOption { get; } = Option("ed25519, p256 or secp256k1 (default: what the file says)");

    /// <summary>Reads a key file whose type the command line or the file names.</summary>
    internal static PrivateKey Load(ParseResult parsed, string path) =>
        PrivateKey.Load(path, parsed.GetValue(ReadTypeOption) ?? PrivateKey.TypeOf(path) ?? KeyType.Secp256k1);

    private static Option<KeyType?> Option(string description) => new("--type", "-t")
    {
        Description = description,
        CustomParser = result => result.Tokens[0].Value.ToLowerInvariant() switch
        {
            "ed25519" => KeyType.Ed25519,
            "p256" or "p-256" => KeyType.P256,
            "secp256k1" => KeyType.Secp256k1,
            var other => Fail(result, other),
        },
    };

    private static readonly Argument<string> Sealed = new("keystore") { Description = "Keystore to write (version 3 JSON), mode 0600" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var path = new Argument<string>("file") { Description = "Key file: 64 hexadecimal digits and the type, mode 0600" };
        return new Command("keys", "Make key files and show their public side")
        {
            new Command("new", "Make a key file; never overwrites one") { path, TypeOption }.Does((parsed, output, _) =>
            {
                var key = PrivateKey.Generate(parsed.GetValue(TypeOption) ?? KeyType.Secp256k1);
                Save(key, parsed.GetRequiredValue(path));
                Show(output, key, parsed.GetRequiredValue(path));
                return Task.FromResult(ExitCodes.Success);
            }),
            new Command("show", "Show the public side of a key file") { path, ReadTypeOption }.Does((parsed, output, _) =>
            {
                var file = parsed.GetRequiredValue(path);
                if (File.Exists(file) && KeyFile.IsKeystore(file)) Peek(output, file);
                else Show(output, Load(parsed, file), file);
                return Task.FromResult(ExitCodes.Success);
            }),
            new Command("seal", "Write a bare key into a keystore under a password; the bare file stays") { path, Sealed, ReadTypeOption, Passwords.File }.Does((parsed, output, _) =>
            {
                var key = Load(parsed, parsed.GetRequiredValue(path));
                var target = parsed.GetRequiredValue(Sealed);
                if (File.Exists(target)) throw new CliException($"The file {target} exists already and is never overwritten. Choose another.");
                KeyFile.SaveSealed(target, key, Passwords.New(parsed, output), KeystoreCost.Standard);
                Show(output, key, target);
                return Task.FromResult(ExitCodes.Success);
            }),
        };
    }

    internal static void Save(PrivateKey key, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (File.Exists(path)) throw new CliException($"The key file {path} exists already and is never overwritten. Choose another file, or move that one away if you are sure that nothing needs it.");
        key.Save(path);
    }

    internal static void Show(Output output, PrivateKey key, string path)
    {
        var account = key.Type switch
        {
            KeyType.Secp256k1 => key.Address.ToString(),
            KeyType.Ed25519 => SolanaAddress.Of(key.PublicKey).ToString(),
            _ => null,
        };
        output.Answer(
            new
            {
                file = path,
                type = key.Type,
                publicKey = "0x" + Convert.ToHexStringLower(key.PublicKey.Bytes),
                deviceId = key.PublicKey.DeviceId,
                address = account,
            },
            [
                $"file        {path}",
                $"type        {key.Type}",
                $"public key  0x{Convert.ToHexStringLower(key.PublicKey.Bytes)}",
                $"device id   {key.PublicKey.DeviceId}",
                .. account is not null ? (string[])[$"address     {account}{(key.Type == KeyType.Ed25519 ? " (on Solana)" : "")}"] : [],
            ]);
    }

    // What it says of itself: nobody asks for a password to see an address.
    private static void Peek(Output output, string path)
    {
        if (!Keystore.TryPeek(File.ReadAllBytes(path), out var type, out var publicSide)) throw new CliException($"{path} is neither a key file nor a keystore of version 3.");
        var text = publicSide is null ? null : publicSide.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? publicSide : "0x" + publicSide;
        var isAccount = type == KeyType.Secp256k1;
        output.Answer(
            new { file = path, keystore = true, type, publicKey = isAccount ? null : text, address = isAccount ? text : null },
            $"file        {path} (keystore)", $"type        {type}", $"{(isAccount ? "address    " : "public key ")} {text ?? "not named in the file"}");
    }

    private static KeyType? Fail(System.CommandLine.Parsing.ArgumentResult result, string given)
    {
        result.AddError($"'{given}' is no key type: ed25519, p256 or secp256k1.");
        return null;
    }
}
