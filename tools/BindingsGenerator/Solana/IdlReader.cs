using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using DePin.Abi.Solana;

namespace DePin.BindingsGenerator.Solana;

/// <summary>
/// Reads an IDL of either form: Anchor's 0.1.0 (since Anchor 0.30), and the one before, which has no discriminators, writes "isMut" and "publicKey",
/// and keeps the types of accounts and events with them.
/// </summary>
internal sealed partial class IdlReader
{
    private static readonly string[] Primitives =
        ["bool", "u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "u128", "i128", "u256", "i256", "f32", "f64", "string", "bytes", "pubkey"];

    // What Anchor's client before 0.30 filled in by name.
    private static readonly Dictionary<string, string> KnownAccounts = new(StringComparer.Ordinal)
    {
        ["SystemProgram"] = "11111111111111111111111111111111",
        ["TokenProgram"] = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        ["AssociatedTokenProgram"] = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
        ["Rent"] = "SysvarRent111111111111111111111111111111111",
    };

    private readonly bool _old;

    private IdlReader(bool old) => _old = old;

    /// <exception cref="InvalidDataException">It is no IDL, or has what cannot be bound; the message says what.</exception>
    public static Idl Read(string text)
    {
        using var json = IdlText.Parse(text);
        var root = json.RootElement;
        try
        {
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("instructions", out _)) throw new InvalidDataException("Not an IDL: it has no \"instructions\".");
            var metadata = root.TryGetProperty("metadata", out var m) ? m : default;
            var spec = metadata.ValueKind == JsonValueKind.Object && metadata.TryGetProperty("spec", out var s) ? s.GetString() : null;
            if (spec is not (null or "0.1.0")) throw new InvalidDataException($"The IDL's spec is {spec}; 0.1.0 and the form before it are known.");
            return new IdlReader(old: spec is null).Program(root, metadata);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"The IDL is ill formed: {e.Message}", e);
        }
    }

    private Idl Program(JsonElement root, JsonElement metadata)
    {
        var types = List(root, "types").Select(Definition).ToList();
        if (_old)
        {
            types.AddRange(List(root, "accounts").Select(Definition));
            types.AddRange(List(root, "events").Select(e => new IdlDefinition(Name(e), Docs(e), [], Fields(e), null, null)));
        }

        var name = _old ? Name(root) : Name(metadata);
        var address = _old ? Text(metadata, "address") : Text(root, "address");
        return new Idl(
            name,
            address is { Length: > 0 } ? address : null,
            [.. List(root, "instructions").Select(Instruction)],
            [.. List(root, "accounts").Select(a => Tagged(a, "account"))],
            [.. List(root, "events").Select(e => Tagged(e, "event"))],
            [.. List(root, "errors").Select(e => new IdlError(e.GetProperty("code").GetUInt32(), Name(e), Text(e, "msg") ?? ""))],
            types);
    }

    private IdlTagged Tagged(JsonElement json, string kind) => new(Name(json), Discriminator(json, $"{kind}:{Name(json)}"));

    private IdlInstruction Instruction(JsonElement json) => new(
        Name(json),
        Docs(json),
        Discriminator(json, $"global:{Snake(Name(json))}"),
        [.. List(json, "accounts").Select(Account)],
        [.. List(json, "args").Select(Field)],
        json.TryGetProperty("returns", out var returns) && returns.ValueKind != JsonValueKind.Null ? Type(returns) : null);

    private IdlAccount Account(JsonElement json)
    {
        var name = Name(json);
        if (json.TryGetProperty("accounts", out _)) return new IdlAccount(name, [], false, false, false, null, null, [.. List(json, "accounts").Select(Account)]);
        var pda = json.TryGetProperty("pda", out var p) && p.ValueKind == JsonValueKind.Object ? Pda(p) : null;
        if (!_old) return new IdlAccount(name, Docs(json), Flag(json, "writable"), Flag(json, "signer"), Flag(json, "optional"), Text(json, "address"), pda, null);
        var known = KnownAccounts.GetValueOrDefault(SolanaNames.Pascal(name));
        return new IdlAccount(name, Docs(json), Flag(json, "isMut"), Flag(json, "isSigner"), Flag(json, "isOptional"), known, pda, null);
    }

    private IdlPda Pda(JsonElement json)
    {
        var program = json.TryGetProperty(_old ? "programId" : "program", out var p) && p.ValueKind == JsonValueKind.Object ? Seed(p) : null;
        return new IdlPda([.. List(json, "seeds").Select(Seed)], program);
    }

    private IdlSeed Seed(JsonElement json)
    {
        var kind = json.GetProperty("kind").GetString();
        if (kind == "const") return new IdlSeed.Const(_old ? OldConst(json) : Bytes(json.GetProperty("value")));
        var path = json.GetProperty("path").GetString()!.Split('.');
        return kind switch
        {
            "arg" => new IdlSeed.Arg(path),
            "account" => new IdlSeed.Account(path, Text(json, "account")),
            _ => throw new InvalidDataException($"A seed of the kind '{kind}' is unknown; const, arg and account are known."),
        };
    }

    private byte[] OldConst(JsonElement json)
    {
        var value = json.GetProperty("value");
        if (value.ValueKind == JsonValueKind.Array) return Bytes(value);
        if (Type(json.GetProperty("type")) is not IdlType.Primitive type) throw new InvalidDataException($"A constant seed has the type {json.GetProperty("type")}.");
        var writer = new BorshWriter(stackalloc byte[64]);
        switch (type.Name)
        {
            case "string": return Encoding.UTF8.GetBytes(value.GetString()!);
            case "pubkey": return SolanaAddress.Parse(value.GetString()!).ToArray();
            case "u8": writer.UInt8(value.GetByte()); break;
            case "u16": writer.UInt16(value.GetUInt16()); break;
            case "u32": writer.UInt32(value.GetUInt32()); break;
            case "u64": writer.UInt64(value.GetUInt64()); break;
            default: throw new InvalidDataException($"A constant seed has the type {type.Name}.");
        }

        return writer.ToArray();
    }

    private IdlDefinition Definition(JsonElement json)
    {
        var name = Name(json);
        if (json.TryGetProperty("serialization", out var serialization) && serialization.ValueKind == JsonValueKind.Object)
            throw new InvalidDataException($"{name} has a serialization of its own ({serialization}); bindings read Borsh and packed zero-copy types.");
        var type = json.GetProperty("type");
        var parameters = List(json, "generics").Select(g => g.ValueKind == JsonValueKind.String ? g.GetString()! : Name(g)).ToList();
        return type.GetProperty("kind").GetString() switch
        {
            "struct" => new IdlDefinition(name, Docs(json), parameters, Fields(type), null, null),
            "enum" => new IdlDefinition(name, Docs(json), parameters, null, [.. List(type, "variants").Select(v => new IdlVariant(Name(v), Fields(v)))], null),
            "type" or "alias" => new IdlDefinition(name, Docs(json), parameters, null, null, Type(type.TryGetProperty("alias", out var alias) ? alias : type.GetProperty("value"))),
            var kind => throw new InvalidDataException($"{name} is a {kind}; struct, enum and type are known."),
        };
    }

    // Members of a struct, variant or event: named ones, or the types of a tuple.
    private List<IdlField> Fields(JsonElement json) =>
        [.. List(json, "fields").Select(f => f.ValueKind == JsonValueKind.Object && f.TryGetProperty("name", out _) ? Field(f) : new IdlField(null, Type(f), []))];

    private IdlField Field(JsonElement json) => new(Name(json), Type(json.GetProperty("type")), Docs(json));

    private IdlType Type(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String)
        {
            var name = json.GetString()! is "publicKey" ? "pubkey" : json.GetString()!;
            return Primitives.Contains(name, StringComparer.Ordinal) ? new IdlType.Primitive(name) : throw Unknown(json);
        }

        if (json.ValueKind != JsonValueKind.Object || json.EnumerateObject().Count() != 1) throw Unknown(json);
        var (kind, value) = json.EnumerateObject().Select(p => (p.Name, p.Value)).First();
        switch (kind)
        {
            case "option": return new IdlType.Option(Type(value));
            case "vec": return new IdlType.Vec(Type(value));
            case "array":
                var length = value[1];
                return new IdlType.Array(Type(value[0]), length.ValueKind == JsonValueKind.Object ? length.GetProperty("generic").GetString()! : length.GetInt32().ToString(CultureInfo.InvariantCulture));
            case "defined" when value.ValueKind == JsonValueKind.String: return new IdlType.Defined(value.GetString()!, []);
            case "defined": return new IdlType.Defined(Name(value), [.. List(value, "generics").Select(Argument)]);
            case "definedWithTypeArgs": return new IdlType.Defined(Name(value), [.. List(value, "args").Select(Argument)]);
            case "generic" or "genericLenArray" when value.ValueKind == JsonValueKind.String: return new IdlType.Generic(value.GetString()!);
            case "genericLenArray": return new IdlType.Array(Type(value[0]), value[1].GetString()!);
            default: throw Unknown(json);
        }
    }

    private IdlType Argument(JsonElement json)
    {
        if (json.TryGetProperty("value", out var value)) return new IdlType.Constant(value.GetString()!);
        if (json.TryGetProperty("type", out var type)) return json.TryGetProperty("kind", out _) || json.EnumerateObject().Count() == 1 ? Type(type) : throw Unknown(json);
        throw Unknown(json);
    }

    private byte[] Discriminator(JsonElement json, string preimage)
    {
        if (_old) return SHA256.HashData(Encoding.UTF8.GetBytes(preimage))[..8];
        var bytes = Bytes(json.GetProperty("discriminator"));
        return bytes.Length > 0 ? bytes : throw new InvalidDataException($"{Name(json)} has an empty discriminator.");
    }

    // As Anchor's client did before IDLs carried discriminators: initializeFanoutV0 → initialize_fanout_v0
    private static string Snake(string name) => Acronym().Replace(Hump().Replace(name, "$1_$2"), "$1_$2").ToLowerInvariant();

    [GeneratedRegex("([a-z0-9])([A-Z])")]
    private static partial Regex Hump();

    [GeneratedRegex("([A-Z])([A-Z][a-z])")]
    private static partial Regex Acronym();

    private static InvalidDataException Unknown(JsonElement json) =>
        new($"The type {json.GetRawText()} is unknown. Known: {string.Join(", ", Primitives)}, option, vec, array, defined, generic.");

    private static byte[] Bytes(JsonElement json) => [.. json.EnumerateArray().Select(b => b.GetByte())];

    private static JsonElement.ArrayEnumerator List(JsonElement json, string name) =>
        json.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;

    private static List<string> Docs(JsonElement json) => [.. List(json, "docs").Select(d => d.GetString()!.Trim()).Where(d => d.Length > 0)];

    private static string Name(JsonElement json) => json.GetProperty("name").GetString() is { Length: > 0 } name ? name : throw new InvalidDataException("A name is empty.");

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool Flag(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
}
