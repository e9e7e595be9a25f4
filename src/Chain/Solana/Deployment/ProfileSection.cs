using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>Reads an object of a profile whose variables are filled in: each member once, none left over.</summary>
/// <param name="values">The object.</param>
/// <param name="where">Its place in the profile, for messages.</param>
/// <param name="deployer">What <c>"@deployer"</c> stands for.</param>
internal sealed class ProfileSection(JsonObject values, string where, SolanaAddress deployer)
{
    private const string Deployer = "@deployer";
    private readonly List<string> _read = [];

    public ulong U64(string name) => (ulong)Number(name, ulong.MaxValue);

    public uint U32(string name) => (uint)Number(name, uint.MaxValue);

    public ushort U16(string name) => (ushort)Number(name, ushort.MaxValue);

    public byte U8(string name) => (byte)Number(name, byte.MaxValue);

    public UInt128 U128(string name) => (UInt128)Number(name, UInt128.MaxValue);

    public bool Flag(string name) => Take(name) is JsonValue value && value.GetValueKind() is JsonValueKind.True or JsonValueKind.False
        ? values[name]!.GetValue<bool>()
        : throw new DeploymentException($"The profile's {where}.{name} must be true or false.");

    public SolanaAddress Account(string name)
    {
        var text = Text(name);
        return text == Deployer ? deployer
            : SolanaAddress.TryParse(text, out var address) ? address
            : throw new DeploymentException($"The profile's {where}.{name} must be a Solana address in base58, or {Deployer}, not '{text}'.");
    }

    /// <summary>Null where there is none.</summary>
    public string? OptionalText(string name)
    {
        if (values[name] is not null) return Text(name);
        _read.Add(name);
        return null;
    }

    /// <summary>An address of 20 bytes; zero where there is none.</summary>
    public Address OptionalKey(string name)
    {
        if (values[name] is null) return default;
        var text = Text(name);
        return Address.TryParse(text, out var address) ? address : throw new DeploymentException($"The profile's {where}.{name} must be 0x and 40 hexadecimal digits, not '{text}'.");
    }

    public Bytes32 Word(string name)
    {
        var text = Text(name);
        return Bytes32.TryParse(text, out var word) ? word : throw new DeploymentException($"The profile's {where}.{name} must be 0x and 64 hexadecimal digits, not '{text}'.");
    }

    public IReadOnlyList<ProfileSection> List(string name) => ListOf(Take(name), $"{where}.{name}", deployer);

    /// <summary>All members are read: others mean nothing, and are likely misspelt.</summary>
    public void End()
    {
        if (values.Select(v => v.Key).FirstOrDefault(k => !_read.Contains(k)) is { } unknown)
            throw new DeploymentException($"The profile's {where}.{unknown} means nothing. There are: {string.Join(", ", _read)}.");
    }

    public static IReadOnlyList<ProfileSection> ListOf(JsonNode? list, string where, SolanaAddress deployer) => list is JsonArray items
        ? [.. items.Select((item, i) => new ProfileSection(item as JsonObject ?? throw new DeploymentException($"The profile's {where}[{i}] must be an object."), $"{where}[{i}]", deployer))]
        : throw new DeploymentException($"The profile's {where} must be a list.");

    private BigInteger Number(string name, UInt128 most)
    {
        var text = Text(name);
        return BigInteger.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number
            : throw new DeploymentException($"The profile's {where}.{name} must be a whole number from 0 to {most}, not '{text}'.");
    }

    private string Text(string name) => Take(name) is JsonValue value && value.GetValueKind() is JsonValueKind.String or JsonValueKind.Number
        ? values[name]!.ToString()
        : throw new DeploymentException($"The profile's {where}.{name} must be a text or a number.");

    private JsonNode Take(string name)
    {
        if (!_read.Contains(name)) _read.Add(name);
        return values[name] ?? throw new DeploymentException($"The profile lacks {where}.{name}.");
    }
}
