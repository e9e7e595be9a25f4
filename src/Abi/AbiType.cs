using System.Globalization;

namespace DePin.Abi;

/// <summary>The kinds of ABI type.</summary>
public enum AbiKind
{
    /// <summary>uint8 to uint256.</summary>
    UInt,

    /// <summary>int8 to int256.</summary>
    Int,

    /// <summary>address.</summary>
    Address,

    /// <summary>bool.</summary>
    Bool,

    /// <summary>bytes1 to bytes32.</summary>
    FixedBytes,

    /// <summary>bytes.</summary>
    Bytes,

    /// <summary>string.</summary>
    String,

    /// <summary>T[].</summary>
    Array,

    /// <summary>T[k].</summary>
    FixedArray,

    /// <summary>A struct.</summary>
    Tuple,
}

/// <summary>A named value of a function, event, error or struct. <see cref="InternalType"/> is the compiler's word for its type, such as "struct RewardLeaf".</summary>
public sealed record AbiParameter(string Name, AbiType Type, bool Indexed = false, string InternalType = "");

/// <summary>An ABI type.</summary>
public sealed class AbiType
{
    private AbiType(AbiKind kind, int size, AbiType? element, IReadOnlyList<AbiParameter> components)
    {
        Kind = kind;
        Size = size;
        Element = element;
        Components = components;
        IsDynamic = kind switch
        {
            AbiKind.Bytes or AbiKind.String or AbiKind.Array => true,
            AbiKind.FixedArray => element!.IsDynamic,
            AbiKind.Tuple => components.Any(c => c.Type.IsDynamic),
            _ => false,
        };
        ContentWords = kind switch
        {
            AbiKind.FixedArray => size * element!.HeadWords,
            AbiKind.Tuple => components.Sum(c => c.Type.HeadWords),
            _ => 1,
        };
        Canonical = kind switch
        {
            AbiKind.UInt => $"uint{size}",
            AbiKind.Int => $"int{size}",
            AbiKind.FixedBytes => $"bytes{size}",
            AbiKind.Array => $"{element!.Canonical}[]",
            AbiKind.FixedArray => $"{element!.Canonical}[{size}]",
            AbiKind.Tuple => $"({string.Join(',', components.Select(c => c.Type.Canonical))})",
            _ => kind.ToString().ToLowerInvariant(),
        };
    }

    /// <summary>Which kind.</summary>
    public AbiKind Kind { get; }

    /// <summary>Bits of a number, bytes of bytesN, length of a fixed array; otherwise 0.</summary>
    public int Size { get; }

    /// <summary>Of an array.</summary>
    public AbiType? Element { get; }

    /// <summary>Of a tuple.</summary>
    public IReadOnlyList<AbiParameter> Components { get; }

    /// <summary>Whether its head is an offset.</summary>
    public bool IsDynamic { get; }

    /// <summary>Words in the head of the frame around it.</summary>
    public int HeadWords => IsDynamic ? 1 : ContentWords;

    /// <summary>Words of the frame that its members' heads take (a tuple or fixed array).</summary>
    public int ContentWords { get; }

    /// <summary>As in a signature: tuples as their members in parentheses.</summary>
    public string Canonical { get; }

    /// <summary>A struct of these members.</summary>
    public static AbiType Tuple(IReadOnlyList<AbiParameter> components) => new(AbiKind.Tuple, 0, null, components);

    /// <summary>Reads a type such as <c>uint64</c>, <c>(address,uint256[2])[]</c> or, with <paramref name="components"/>, <c>tuple[3]</c>.</summary>
    /// <exception cref="FormatException">It is no ABI type.</exception>
    public static AbiType Parse(string text, IReadOnlyList<AbiParameter>? components = null)
    {
        if (text.EndsWith(']'))
        {
            var open = text.LastIndexOf('[');
            if (open <= 0) throw Unknown(text);
            var element = Parse(text[..open], components);
            var length = text[(open + 1)..^1];
            if (length.Length == 0) return new AbiType(AbiKind.Array, 0, element, []);
            return new AbiType(AbiKind.FixedArray, Number(length, 1, int.MaxValue, 1, text), element, []);
        }

        if (text.StartsWith('('))
        {
            if (!text.EndsWith(')')) throw Unknown(text);
            return Tuple([.. Split(text[1..^1]).Select((t, i) => new AbiParameter($"item{i}", Parse(t)))]);
        }

        return text switch
        {
            "tuple" => Tuple(components ?? throw Unknown(text)),
            "address" => new AbiType(AbiKind.Address, 0, null, []),
            "bool" => new AbiType(AbiKind.Bool, 0, null, []),
            "bytes" => new AbiType(AbiKind.Bytes, 0, null, []),
            "string" => new AbiType(AbiKind.String, 0, null, []),
            "uint" => Parse("uint256"),
            "int" => Parse("int256"),
            _ when text.StartsWith("uint", StringComparison.Ordinal) => new AbiType(AbiKind.UInt, Number(text[4..], 8, 256, 8, text), null, []),
            _ when text.StartsWith("int", StringComparison.Ordinal) => new AbiType(AbiKind.Int, Number(text[3..], 8, 256, 8, text), null, []),
            _ when text.StartsWith("bytes", StringComparison.Ordinal) => new AbiType(AbiKind.FixedBytes, Number(text[5..], 1, 32, 1, text), null, []),
            _ => throw Unknown(text),
        };
    }

    /// <summary>Splits a list of types at its outermost commas.</summary>
    public static IReadOnlyList<string> Split(string list)
    {
        var parts = new List<string>();
        var depth = 0;
        var from = 0;
        for (var i = 0; i < list.Length; i++)
        {
            if (list[i] == '(') depth++;
            else if (list[i] == ')') depth--;
            if (list[i] != ',' || depth != 0) continue;
            parts.Add(list[from..i]);
            from = i + 1;
        }

        if (list.Length > 0) parts.Add(list[from..]);
        return parts;
    }

    /// <inheritdoc/>
    public override string ToString() => Canonical;

    private static int Number(string digits, int minimum, int maximum, int multiple, string type) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= minimum && number <= maximum && number % multiple == 0
            ? number
            : throw Unknown(type);

    private static FormatException Unknown(string text) => new($"'{text}' is not an ABI type.");
}
