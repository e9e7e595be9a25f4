using DePin.Abi;

namespace DePin.BindingsGenerator;

/// <summary>C# for ABI types: their names, and the expressions that read and write them.</summary>
internal static class CSharp
{
    private static readonly string[] Keywords = ["class", "operator", "params", "event", "ref", "in", "out", "base", "fixed", "lock", "object", "string", "decimal", "checked", "is", "as"];

    public static string Type(AbiType type, string internalType, Structs structs) => type.Kind switch
    {
        AbiKind.UInt => type.Size switch { <= 8 => "byte", <= 16 => "ushort", <= 32 => "uint", <= 64 => "ulong", <= 128 => "UInt128", _ => "UInt256" },
        AbiKind.Int => "BigInteger",
        AbiKind.Address => "Address",
        AbiKind.Bool => "bool",
        AbiKind.FixedBytes when type.Size == 32 => "Bytes32",
        AbiKind.FixedBytes or AbiKind.Bytes => "byte[]",
        AbiKind.String => "string",
        AbiKind.Tuple => structs.Find(internalType).FullName,
        _ => $"{Type(type.Element!, internalType, structs)}[]",
    };

    public static string Read(AbiType type, string internalType, Structs structs, string reader) => type.Kind switch
    {
        AbiKind.UInt => type.Size switch
        {
            8 => $"{reader}.UInt8()",
            16 => $"{reader}.UInt16()",
            <= 32 => $"{reader}.UInt32({type.Size})",
            <= 64 => $"{reader}.UInt64({type.Size})",
            <= 128 => $"{reader}.UInt128({type.Size})",
            _ => $"{reader}.UInt256({type.Size})",
        },
        AbiKind.Int => $"{reader}.Int({type.Size})",
        AbiKind.Address => $"{reader}.Address()",
        AbiKind.Bool => $"{reader}.Bool()",
        AbiKind.FixedBytes when type.Size == 32 => $"{reader}.Bytes32()",
        AbiKind.FixedBytes => $"{reader}.FixedBytes({type.Size}).ToArray()",
        AbiKind.Bytes => $"{reader}.Bytes().ToArray()",
        AbiKind.String => $"{reader}.String()",
        AbiKind.Tuple => $"{structs.Find(internalType).FullName}.Read(ref {reader})",
        AbiKind.Array => $"AbiArray.Read(ref {reader}, {type.Element!.HeadWords}, static (ref AbiReader {reader}x) => {Read(type.Element, internalType, structs, reader + "x")})",
        _ => $"AbiArray.ReadFixed(ref {reader}, {type.Size}, {Flag(type.Element!.IsDynamic)}, static (ref AbiReader {reader}x) => {Read(type.Element, internalType, structs, reader + "x")})",
    };

    public static string Write(AbiType type, string value, Structs structs, string encoder) => type.Kind switch
    {
        AbiKind.UInt => $"{encoder}.UInt({value})",
        AbiKind.Int => $"{encoder}.Int({value})",
        AbiKind.Address => $"{encoder}.Address({value})",
        AbiKind.Bool => $"{encoder}.Bool({value})",
        AbiKind.FixedBytes when type.Size == 32 => $"{encoder}.Bytes32({value})",
        AbiKind.FixedBytes => $"{encoder}.FixedBytes({value}, {type.Size})",
        AbiKind.Bytes => $"{encoder}.Bytes({value})",
        AbiKind.String => $"{encoder}.String({value})",
        AbiKind.Tuple => $"{value}.Write({encoder})",
        AbiKind.Array => $"AbiArray.Write({encoder}, {value}, {type.Element!.HeadWords}, static ({encoder}x, {encoder}v) => {Write(type.Element, encoder + "v", structs, encoder + "x")})",
        _ => $"AbiArray.WriteFixed({encoder}, {value}, {type.Size}, {Flag(type.Element!.IsDynamic)}, static ({encoder}x, {encoder}v) => {Write(type.Element, encoder + "v", structs, encoder + "x")})",
    };

    // CAP → Cap, DEFAULT_DELAY → DefaultDelay, indexOf → IndexOf, name_ → Name
    public static string Pascal(string name) =>
        string.Concat(name.Split('_', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Length > 1 && part.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c))
            ? char.ToUpperInvariant(part[0]) + part[1..].ToLowerInvariant()
            : char.ToUpperInvariant(part[0]) + part[1..]));

    public static string Camel(string property)
    {
        var name = char.ToLowerInvariant(property[0]) + property[1..];
        if (name is "e" or "creationCode") return $"{name}Value";
        return Keywords.Contains(name, StringComparer.Ordinal) ? $"@{name}" : name;
    }

    private static string Flag(bool value) => value ? "true" : "false";
}
