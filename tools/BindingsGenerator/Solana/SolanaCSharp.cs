namespace DePin.BindingsGenerator.Solana;

/// <summary>C# for an IDL's types: their names, expressions that read them and statements that write them.</summary>
internal sealed class SolanaCSharp(SolanaTypes types, string program)
{
    public string Name(IdlType type) => type switch
    {
        IdlType.Primitive p => p.Name switch
        {
            "bool" => "bool",
            "u8" => "byte",
            "i8" => "sbyte",
            "u16" => "ushort",
            "i16" => "short",
            "u32" => "uint",
            "i32" => "int",
            "u64" => "ulong",
            "i64" => "long",
            "u128" => "UInt128",
            "i128" => "Int128",
            "u256" => "UInt256",
            "i256" => "BigInteger",
            "f32" => "float",
            "f64" => "double",
            "string" => "string",
            "bytes" => "byte[]",
            "pubkey" => "SolanaAddress",
            _ => throw new InvalidDataException($"The type {p.Name} is unknown."),
        },
        IdlType.Option { Value: IdlType.Option inner } => $"BorshOption<{Name(inner)}>",
        IdlType.Option o => $"{Name(o.Value)}?",
        IdlType.Array a when Bytes(a) == 32 => "Bytes32",
        IdlType.Array a when Bytes(a) == 20 => "Address",
        IdlType.Array a => $"{Name(a.Element)}[]",
        IdlType.Vec v => $"{Name(v.Element)}[]",
        IdlType.Defined d => types.Find(d).Name,
        _ => throw new InvalidDataException($"{type} is no type of a value."),
    };

    public string Read(IdlType type, string r) => type switch
    {
        IdlType.Primitive { Name: "bytes" } => $"{r}.Bytes().ToArray()",
        IdlType.Primitive p => $"{r}.{Method(p.Name)}()",
        IdlType.Option { Value: IdlType.Option inner } => $"{r}.Some() ? new {Name(type)}(true, {Read(inner, r)}) : default",
        IdlType.Option o => $"{r}.Some() ? {Read(o.Value, r)} : null",
        IdlType.Array a when Bytes(a) == 32 => $"{r}.Bytes32()",
        IdlType.Array a when Bytes(a) == 20 => $"{r}.Address20()",
        IdlType.Array a when Bytes(a) is { } length => $"{r}.Fixed({length}).ToArray()",
        IdlType.Array a => $"BorshArray.ReadFixed<{Name(a.Element)}>(ref {r}, {SolanaTypes.Length(a)}, {Least(a.Element)}, static (ref BorshReader {r}x) => {Read(a.Element, r + "x")})",
        IdlType.Vec { Element: IdlType.Primitive { Name: "u8" } } => $"{r}.Bytes().ToArray()",
        IdlType.Vec v => $"BorshArray.Read<{Name(v.Element)}>(ref {r}, {Least(v.Element)}, static (ref BorshReader {r}x) => {Read(v.Element, r + "x")})",
        IdlType.Defined d when types.Find(d) is { IsPlainEnum: true } bound => $"({bound.Name}){r}.Variant({bound.Variants.Count})",
        IdlType.Defined d => $"{program}.{types.Find(d).Name}.Read(ref {r})", // qualified, for a property may have the type's name
        _ => throw new InvalidDataException($"{type} is no type of a value."),
    };

    public string Write(IdlType type, string value, string w) => type switch
    {
        IdlType.Primitive p => $"{w}.{Method(p.Name)}({value});",
        IdlType.Option { Value: IdlType.Option inner } => $"if ({w}.Some({value}.HasValue)) {{ {Write(inner, $"{value}.Value", w)} }}",
        IdlType.Option o when IsValue(o.Value) => $"if ({w}.Some({value}.HasValue)) {{ {Write(o.Value, $"{value}.GetValueOrDefault()", w)} }}",
        IdlType.Option o => $"if ({w}.Some({value} is not null)) {{ {Write(o.Value, $"{value}!", w)} }}",
        IdlType.Array a when Bytes(a) == 32 => $"{w}.Bytes32({value});",
        IdlType.Array a when Bytes(a) == 20 => $"{w}.Address20({value});",
        IdlType.Array a when Bytes(a) is { } length => $"{w}.Fixed({value}, {length});",
        IdlType.Array a => $"BorshArray.WriteFixed<{Name(a.Element)}>(ref {w}, {value}, {SolanaTypes.Length(a)}, static (ref BorshWriter {w}x, {Name(a.Element)} {w}v) => {{ {Write(a.Element, w + "v", w + "x")} }});",
        IdlType.Vec { Element: IdlType.Primitive { Name: "u8" } } => $"{w}.Bytes({value});",
        IdlType.Vec v => $"BorshArray.Write<{Name(v.Element)}>(ref {w}, {value}, static (ref BorshWriter {w}x, {Name(v.Element)} {w}v) => {{ {Write(v.Element, w + "v", w + "x")} }});",
        IdlType.Defined d when types.Find(d) is { IsPlainEnum: true } bound => $"{w}.Variant((byte){value}, {bound.Variants.Count});",
        IdlType.Defined => $"{value}.Write(ref {w});",
        _ => throw new InvalidDataException($"{type} is no type of a value."),
    };

    /// <summary>The length of [u8; N], null for other arrays.</summary>
    public static int? Bytes(IdlType.Array array) => array.Element is IdlType.Primitive { Name: "u8" } ? SolanaTypes.Length(array) : null;

    private bool IsValue(IdlType type) => type switch
    {
        IdlType.Primitive p => p.Name is not ("string" or "bytes"),
        IdlType.Array a => Bytes(a) is 20 or 32,
        IdlType.Defined d => types.Find(d) is { IsEnum: false } or { IsPlainEnum: true },
        _ => false,
    };

    // A vec of elements without bytes could be of any length.
    private int Least(IdlType element) =>
        types.LeastSize(element) is > 0 and var size ? size : throw new InvalidDataException($"An array or vec has elements without bytes ({Name(element)}); such types cannot be bound.");

    private static string Method(string primitive) => primitive switch
    {
        "bool" => "Bool",
        "u8" => "UInt8",
        "i8" => "Int8",
        "u16" => "UInt16",
        "i16" => "Int16",
        "u32" => "UInt32",
        "i32" => "Int32",
        "u64" => "UInt64",
        "i64" => "Int64",
        "u128" => "UInt128",
        "i128" => "Int128",
        "u256" => "UInt256",
        "i256" => "Int256",
        "f32" => "Float32",
        "f64" => "Float64",
        "string" => "String",
        "bytes" => "Bytes",
        _ => "Address",
    };
}
