using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Reflection;
using System.Text.Json;
using DePin.Abi;
using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Tests.Solana;

/// <summary>Generated types by the names that an IDL has for them, and their values from a witness's JSON. Only names and order are used: nothing of the generator.</summary>
internal sealed class BoundPrograms(Assembly assembly, string space)
{
    public const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    /// <summary>The record of an account, event or instruction.</summary>
    public Type Find(string program, string kind, string name)
    {
        var owner = assembly.GetTypes().Single(t => t.Namespace == space && !t.IsNested && Bare(t.Name) == Bare(program));
        var records = owner.GetNestedTypes().Where(t => t.GetInterfaces().Any(i => i.IsGenericType && Bare(i.Name).StartsWith($"isolana{kind}", StringComparison.Ordinal))).ToArray();
        return records.FirstOrDefault(t => t.Name == name) ?? records.Single(t => Bare(t.Name) == Bare(name) || Bare(t.Name) == Bare(name) + kind);
    }

    /// <summary>What a generated TryDecode gives; null where it says no.</summary>
    public static object? Decode(Type type, byte[] data) =>
        typeof(BoundPrograms).GetMethod(nameof(DecodeAs), Any)!.MakeGenericMethod(type).Invoke(null, [type.GetMethod("TryDecode")!, data]);

    public static byte[] Encode(object value) => (byte[])value.GetType().GetMethod("Encode")!.Invoke(value, null)!;

    /// <summary>The value that <paramref name="json"/> (solana-values.mjs) stands for; the members must have the names of the type's.</summary>
    public static object? Build(Type type, JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Null) return null;
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(bool)) return json.GetBoolean();
        var text = json.ValueKind == JsonValueKind.String ? json.GetString()! : "";
        if (type == typeof(string)) return text;
        if (type == typeof(SolanaAddress)) return SolanaAddress.Parse(text);
        if (type == typeof(Address)) return Address.Parse(text);
        if (type == typeof(Bytes32)) return Bytes32.Parse(text);
        if (type == typeof(byte[])) return Hex.Parse(text);
        if (type == typeof(UInt256)) return UInt256.Parse(text);
        if (type == typeof(UInt128)) return UInt128.Parse(text, CultureInfo.InvariantCulture);
        if (type == typeof(Int128)) return Int128.Parse(text, CultureInfo.InvariantCulture);
        if (type == typeof(BigInteger)) return BigInteger.Parse(text, CultureInfo.InvariantCulture);
        if (type.IsPrimitive) return Convert.ChangeType(text, type, CultureInfo.InvariantCulture);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(BorshOption<>)) return Activator.CreateInstance(type, true, Build(type.GetGenericArguments()[0], json));
        if (type.IsArray)
        {
            var items = json.EnumerateArray().Select(i => Build(type.GetElementType()!, i)).ToArray();
            var array = Array.CreateInstance(type.GetElementType()!, items.Length);
            for (var i = 0; i < items.Length; i++) array.SetValue(items[i], i);
            return array;
        }

        if (json.ValueKind == JsonValueKind.Object)
        {
            var name = Bare(json.GetProperty("variant").GetString()!);
            if (type.IsEnum) return Enum.Parse(type, Pick(Enum.GetNames(type), n => n, name));
            return Members(Pick(type.GetNestedTypes(), t => t.Name, name), json.GetProperty("members"));
        }

        return Members(type, json);
    }

    public static object Members(Type type, JsonElement json)
    {
        Assert.True(json.ValueKind == JsonValueKind.Array, $"{type} cannot be {json}.");
        var values = json.EnumerateArray().ToArray();
        if (values.Length == 0) return Activator.CreateInstance(type)!;
        var constructor = type.GetConstructors(BindingFlags.Public | BindingFlags.Instance).Single(k => k.GetParameters().Length == values.Length && k.GetParameters()[0].ParameterType != type);
        var parameters = constructor.GetParameters();
        return constructor.Invoke([.. parameters.Select((p, i) =>
        {
            Assert.True(Matches(p.Name!, Bare(values[i][0].GetString()!)), $"{type.Name} has {p.Name} where the IDL has {values[i][0]}.");
            return Build(p.ParameterType, values[i][1]) ?? (p.ParameterType.IsValueType ? Activator.CreateInstance(p.ParameterType) : null);
        })]);
    }

    /// <summary>All fields as text, so that arrays are compared by what they hold.</summary>
    public static string Show(object? value) => value switch
    {
        null => "none",
        byte[] bytes => Hex.ToString(bytes),
        string text => $"'{text}'",
        IEnumerable items => $"[{string.Join(",", items.Cast<object?>().Select(Show))}]",
        SolanaAddress or Address or Bytes32 or UInt256 or UInt128 or Int128 or BigInteger or bool or Enum => value.ToString()!,
        _ when value.GetType().IsPrimitive => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ => $"{value.GetType().Name}({string.Join(",", value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.GetIndexParameters().Length == 0).Select(p => $"{p.Name}={Show(p.GetValue(value))}"))})",
    };

    public static string Bare(string name) => name.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>Every account, event and instruction: Anchor's bytes give the values, the values give Anchor's bytes, and neither a byte less nor one more is taken.</summary>
    /// <returns>How many kinds were seen.</returns>
    public int CheckCodec(IEnumerable<JsonElement> cases)
    {
        var seen = new HashSet<Type>();
        foreach (var c in cases)
        {
            var kind = c.GetProperty("kind").GetString()!;
            var type = Find(c.GetProperty("program").GetString()!, kind, c.GetProperty("name").GetString()!);
            var encoded = Hex.Parse(c.GetProperty("encoded").GetString()!);
            var expected = Members(type, c.GetProperty("values"));
            Assert.Equal(Show(expected), Show(Decode(type, encoded)));
            Assert.Equal(Hex.ToString(encoded), Hex.ToString(Encode(expected)));
            Assert.Null(Decode(type, encoded[..^1]));
            Assert.Null(Decode(type, [.. encoded, 1]));
            Assert.Equal(kind == "account", Decode(type, [.. encoded, 0, 0, 0]) is not null);
            Assert.Null(Decode(type, [(byte)(encoded[0] ^ 1), .. encoded[1..]]));
            seen.Add(type);
        }

        return seen.Count;
    }

    /// <summary>Every instruction is Anchor's: its accounts with their flags in order, and its data.</summary>
    public void CheckInstructions(IEnumerable<JsonElement> cases)
    {
        foreach (var c in cases)
        {
            var name = c.GetProperty("name").GetString()!;
            var type = Find(c.GetProperty("program").GetString()!, "instruction", name);
            var build = type.GetMethod("ToInstruction")!;
            var accounts = Activator.CreateInstance(build.GetParameters()[1].ParameterType)!;
            foreach (var given in c.GetProperty("accounts").EnumerateArray())
            {
                var property = Pick(accounts.GetType().GetProperties(), p => p.Name, Bare(given[0].GetString()!));
                if (given[1].ValueKind == JsonValueKind.String) property.SetValue(accounts, SolanaAddress.Parse(given[1].GetString()!));
            }

            var instruction = (SolanaInstruction)typeof(BoundPrograms).GetMethod(nameof(Instruction), Any)!.MakeGenericMethod(type, accounts.GetType())
                .Invoke(null, [Members(type, c.GetProperty("values")), SolanaAddress.Parse(c.GetProperty("address").GetString()!), accounts, Metas(c.GetProperty("remaining")).ToArray()])!;
            Assert.Equal($"{name} {c.GetProperty("address")}", $"{name} {instruction.Program}");
            Assert.Equal(c.GetProperty("data").GetString(), Hex.ToString(instruction.Data.Span));
            Assert.Equal(name + ": " + string.Join(' ', Metas(c.GetProperty("keys"))), name + ": " + string.Join(' ', instruction.Accounts));
        }
    }

    private static T Pick<T>(T[] items, Func<T, string> name, string bare)
        where T : class => items.FirstOrDefault(i => Bare(name(i)) == bare) ?? items.Single(i => Matches(name(i), bare));

    // A name that was not free has a suffix.
    private static bool Matches(string found, string bare)
    {
        var name = Bare(found).TrimEnd("0123456789".ToCharArray());
        var wanted = bare.TrimEnd("0123456789".ToCharArray());
        return Bare(found) == bare || name == wanted || name == $"{bare}value" || name == $"{bare}variant";
    }

    private static IEnumerable<SolanaAccountMeta> Metas(JsonElement json) =>
        json.EnumerateArray().Select(k => new SolanaAccountMeta(SolanaAddress.Parse(k[0].GetString()!), k[1].GetBoolean(), k[2].GetBoolean()));

    private static SolanaInstruction Instruction<T, TAccounts>(T value, SolanaAddress program, TAccounts accounts, SolanaAccountMeta[] remaining)
        where T : struct, ISolanaInstruction<T, TAccounts> => value.ToInstruction(program, accounts, remaining);

    private static object? DecodeAs<T>(MethodInfo method, byte[] data) => method.CreateDelegate<TryDecode<T>>()(data, out var value) ? value : null;

    private delegate bool TryDecode<T>(ReadOnlySpan<byte> data, out T value);
}
