namespace DePin.BindingsGenerator.Solana;

/// <summary>C# names for an IDL's: whatever the case they come in, no keyword and no two alike.</summary>
internal static class SolanaNames
{
    private static readonly HashSet<string> Keywords = new(StringComparer.Ordinal)
    {
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal", "default", "delegate", "do",
        "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "float", "for", "foreach", "goto", "if", "implicit", "in", "int",
        "interface", "internal", "is", "lock", "long", "namespace", "new", "null", "object", "operator", "out", "override", "params", "private", "protected",
        "public", "readonly", "record", "ref", "return", "sbyte", "sealed", "short", "sizeof", "stackalloc", "static", "string", "struct", "switch", "this", "throw", "true",
        "try", "typeof", "uint", "ulong", "unchecked", "unsafe", "ushort", "using", "virtual", "void", "volatile", "while",
    };

    /// <summary>Members that a record has anyway, and what generated members use by their simple names.</summary>
    public static readonly string[] Members =
    [
        "Equals", "GetHashCode", "ToString", "GetType", "ReferenceEquals", "MemberwiseClone", "Finalize", "Deconstruct", "Clone", "PrintMembers", "EqualityContract",
        "Discriminator", "TryDecode", "TryDecodePrefix", "TryDecodeResult", "Encode", "Read", "Write", "Size", "Offsets", "ToInstruction", "Addresses", "BorshArray", "BorshReader", "BorshWriter",
        "SolanaAccountList", "SolanaSeeds", "ArgumentOutOfRangeException",
    ];

    /// <summary>Types that generated code uses by their simple names.</summary>
    public static readonly string[] Types =
    [
        "Address", "Addresses", "BigInteger", "BorshArray", "BorshElementReader", "BorshElementWriter", "BorshOption", "BorshReader", "BorshWriter", "Bytes32", "ErrorCode", "Errors",
        "Int128", "IReadOnlyList", "ISolanaAccount", "ISolanaEvent", "ISolanaInstruction", "ProgramId", "ReadOnlySpan", "SolanaAccountList", "SolanaAccountMeta",
        "SolanaAddress", "SolanaError", "SolanaInstruction", "SolanaSeeds", "Span", "System", "DePin", "UInt128", "UInt256", "Object", "String", .. Members,
    ];

    // claim_many, claimMany → ClaimMany; MAX_SET → MaxSet; 2fa → _2fa
    public static string Pascal(string name)
    {
        var parts = new string([.. name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var result = string.Concat(parts.Select(part => part.Length > 1 && part.Any(char.IsAsciiLetterUpper) && !part.Any(char.IsAsciiLetterLower)
            ? char.ToUpperInvariant(part[0]) + part[1..].ToLowerInvariant()
            : char.ToUpperInvariant(part[0]) + part[1..]));
        return result.Length == 0 || char.IsAsciiDigit(result[0]) ? $"_{result}" : result;
    }

    /// <summary>A parameter or local for a property.</summary>
    public static string Camel(string property)
    {
        var name = char.ToLowerInvariant(property[0]) + property[1..];
        return Keywords.Contains(name) ? $"@{name}" : name;
    }
}

/// <summary>Names of one scope: one that is taken or reserved gets a suffix.</summary>
internal sealed class NameScope(string suffix, params IEnumerable<string> reserved)
{
    private readonly HashSet<string> _reserved = new(reserved, StringComparer.Ordinal);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    public string Take(string wanted)
    {
        if (_reserved.Contains(wanted)) wanted += suffix;
        var name = wanted;
        for (var i = 2; _reserved.Contains(name) || !_used.Add(name); i++) name = $"{wanted}{i}";
        return name;
    }
}
