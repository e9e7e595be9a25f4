using System.Globalization;
using System.Numerics;
using System.Text.Json;
using DePin.Cryptography;

namespace DePin.Abi;

/// <summary>
/// Encodes and decodes by a type known only at run time; generated bindings do without it. Values are <see cref="BigInteger"/> (any
/// number), <see cref="Address"/>, <see cref="bool"/>, <see cref="string"/>, <c>byte[]</c> (bytes and bytesN) and <c>object[]</c> (arrays and tuples).
/// </summary>
public static class AbiCodec
{
    /// <summary>The encoding of <paramref name="values"/> as the members of one tuple, after <paramref name="prefix"/>.</summary>
    /// <exception cref="ArgumentException">A value is not of its type; the message names the parameter.</exception>
    public static byte[] Encode(IReadOnlyList<AbiParameter> parameters, IReadOnlyList<object> values, ReadOnlySpan<byte> prefix = default)
    {
        if (parameters.Count != values.Count) throw new ArgumentException($"{parameters.Count} values are expected, got {values.Count}.", nameof(values));
        var encoder = new AbiEncoder(prefix, parameters.Sum(p => p.Type.HeadWords));
        for (var i = 0; i < parameters.Count; i++) Write(encoder, parameters[i].Type, values[i], parameters[i].Name);
        return encoder.ToArray();
    }

    /// <summary>The members of one tuple; false unless <paramref name="data"/> is their canonical encoding and nothing more.</summary>
    public static bool TryDecode(IReadOnlyList<AbiParameter> parameters, ReadOnlySpan<byte> data, out object[] values)
    {
        var reader = new AbiReader(data, parameters.Sum(p => p.Type.HeadWords));
        values = new object[parameters.Count];
        for (var i = 0; i < values.Length; i++) values[i] = Read(ref reader, parameters[i].Type);
        return reader.Complete();
    }

    /// <summary>A value from JSON: numbers as numbers, or as strings in decimal or hexadecimal; bytes in hexadecimal; tuples as objects by member name, or as arrays.</summary>
    /// <exception cref="FormatException">The JSON does not fit the type; the message names <paramref name="where"/>.</exception>
    public static object FromJson(AbiType type, JsonElement json, string where)
    {
        switch (type.Kind)
        {
            case AbiKind.UInt or AbiKind.Int:
                return Number(json, where);
            case AbiKind.Bool when json.ValueKind is JsonValueKind.True or JsonValueKind.False:
                return json.GetBoolean();
            case AbiKind.Address when json.ValueKind == JsonValueKind.String && Cryptography.Address.TryParse(json.GetString(), out var address):
                return address;
            case AbiKind.String when json.ValueKind == JsonValueKind.String:
                return json.GetString()!;
            case AbiKind.Bytes or AbiKind.FixedBytes when json.ValueKind == JsonValueKind.String && Hex.TryParse(json.GetString()!, out var bytes):
                return bytes;
            case AbiKind.Array or AbiKind.FixedArray when json.ValueKind == JsonValueKind.Array:
                return json.EnumerateArray().Select((item, i) => FromJson(type.Element!, item, $"{where}[{i}]")).ToArray();
            case AbiKind.Tuple when json.ValueKind == JsonValueKind.Array && json.GetArrayLength() == type.Components.Count:
                return json.EnumerateArray().Select((item, i) => FromJson(type.Components[i].Type, item, $"{where}.{type.Components[i].Name}")).ToArray();
            case AbiKind.Tuple when json.ValueKind == JsonValueKind.Object:
                return type.Components.Select(c => json.TryGetProperty(c.Name, out var member)
                    ? FromJson(c.Type, member, $"{where}.{c.Name}")
                    : throw new FormatException($"{where} lacks '{c.Name}' ({c.Type}).")).ToArray();
            default:
                throw new FormatException($"{where} must be {type}, got {json.GetRawText()}.");
        }
    }

    /// <summary>A value as one reads it in a message: numbers in decimal, bytes in hexadecimal.</summary>
    public static string Format(object value) => value switch
    {
        byte[] bytes => Hex.ToString(bytes),
        object[] items => $"[{string.Join(", ", items.Select(Format))}]",
        string text => $"'{text}'",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    internal static void Write(AbiEncoder encoder, AbiType type, object value, string where)
    {
        switch (type.Kind, value)
        {
            case (AbiKind.UInt, BigInteger number) when number.Sign >= 0 && number.GetBitLength() <= type.Size:
                encoder.UInt((UInt256)number);
                break;
            case (AbiKind.Int, BigInteger number) when number >= -(BigInteger.One << (type.Size - 1)) && number < BigInteger.One << (type.Size - 1):
                encoder.Int(number);
                break;
            case (AbiKind.Address, Address address):
                encoder.Address(address);
                break;
            case (AbiKind.Bool, bool flag):
                encoder.Bool(flag);
                break;
            case (AbiKind.FixedBytes, byte[] bytes) when bytes.Length == type.Size:
                encoder.FixedBytes(bytes, type.Size);
                break;
            case (AbiKind.FixedBytes, Bytes32 word) when type.Size == 32:
                encoder.Bytes32(word);
                break;
            case (AbiKind.Bytes, byte[] bytes):
                encoder.Bytes(bytes);
                break;
            case (AbiKind.String, string text):
                encoder.String(text);
                break;
            case (AbiKind.Array, object[] items):
                encoder.BeginArray(items.Length, type.Element!.HeadWords);
                for (var i = 0; i < items.Length; i++) Write(encoder, type.Element, items[i], $"{where}[{i}]");
                encoder.End();
                break;
            case (AbiKind.FixedArray, object[] items) when items.Length == type.Size:
                if (type.IsDynamic) encoder.BeginTuple(type.ContentWords);
                for (var i = 0; i < items.Length; i++) Write(encoder, type.Element!, items[i], $"{where}[{i}]");
                if (type.IsDynamic) encoder.End();
                break;
            case (AbiKind.Tuple, object[] items) when items.Length == type.Components.Count:
                if (type.IsDynamic) encoder.BeginTuple(type.ContentWords);
                for (var i = 0; i < items.Length; i++) Write(encoder, type.Components[i].Type, items[i], $"{where}.{type.Components[i].Name}");
                if (type.IsDynamic) encoder.End();
                break;
            default:
                throw new ArgumentException($"{where} must be {type}, got {Format(value)}.", nameof(value));
        }
    }

    private static object Read(ref AbiReader reader, AbiType type)
    {
        switch (type.Kind)
        {
            case AbiKind.UInt:
                return (BigInteger)reader.UInt256(type.Size);
            case AbiKind.Int:
                return reader.Int(type.Size);
            case AbiKind.Address:
                return reader.Address();
            case AbiKind.Bool:
                return reader.Bool();
            case AbiKind.FixedBytes:
                return reader.FixedBytes(type.Size).ToArray();
            case AbiKind.Bytes:
                return reader.Bytes().ToArray();
            case AbiKind.String:
                return reader.String();
            case AbiKind.Array:
                var count = reader.BeginArray(type.Element!.HeadWords);
                var items = new object[count];
                for (var i = 0; i < count; i++) items[i] = Read(ref reader, type.Element);
                reader.End();
                return items;
            default:
                var members = new object[type.Kind == AbiKind.Tuple ? type.Components.Count : type.Size];
                if (type.IsDynamic) reader.BeginTuple(type.ContentWords);
                for (var i = 0; i < members.Length && reader.Ok; i++) members[i] = Read(ref reader, type.Kind == AbiKind.Tuple ? type.Components[i].Type : type.Element!);
                if (type.IsDynamic) reader.End();
                return members;
        }
    }

    private static BigInteger Number(JsonElement json, string where)
    {
        var text = json.ValueKind switch
        {
            JsonValueKind.Number => json.GetRawText(),
            JsonValueKind.String => json.GetString()!,
            _ => "",
        };
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && text.Length > 2
            && BigInteger.TryParse(string.Concat("0", text.AsSpan(2)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex)) return hex;
        if (BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)) return number;
        throw new FormatException($"{where} must be a whole number, got {json.GetRawText()}.");
    }
}
