using System.Globalization;

namespace DePin.BindingsGenerator.Solana;

/// <summary>A member of a C# type.</summary>
/// <param name="Key">The IDL's name for it, or its place in a tuple.</param>
internal sealed record Member(string Key, string Property, IdlType Type, IReadOnlyList<string> Docs);

internal sealed record Variant(string Name, IReadOnlyList<Member> Members);

/// <summary>A type of the IDL as C# has it: a struct (members) or an enum (variants).</summary>
internal sealed record BoundType(string Name, IdlDefinition Definition, IReadOnlyList<Member> Members, IReadOnlyList<Variant> Variants)
{
    public bool IsEnum => Definition.Variants is not null;

    /// <summary>A C# enum; otherwise an enum is a record with a record for each variant.</summary>
    public bool IsPlainEnum => IsEnum && Variants.All(v => v.Members.Count == 0);
}

/// <summary>The types of one IDL: generic ones once for each set of arguments, other names for types resolved.</summary>
internal sealed class SolanaTypes
{
    private readonly Dictionary<string, IdlDefinition> _definitions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, BoundType> _bound = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);
    private readonly string _program;
    private readonly Func<string, string> _name;

    /// <param name="idl">Its types are bound; those that nothing can be bound to are refused.</param>
    /// <param name="program">The class that they are nested in.</param>
    /// <param name="name">A free C# name for a type of the IDL.</param>
    /// <exception cref="InvalidDataException">A type is missing, is there twice, contains itself, or has what cannot be bound.</exception>
    public SolanaTypes(Idl idl, string program, Func<string, string> name)
    {
        (_program, _name) = (program, name);
        foreach (var definition in idl.Types)
        {
            if (_definitions.TryAdd(definition.Name, definition) || Same(_definitions[definition.Name], definition)) continue;
            throw new InvalidDataException($"Two different types are named {definition.Name}.");
        }

        foreach (var definition in _definitions.Values.Where(d => d.Parameters.Count == 0 && d.Alias is null)) Find(new IdlType.Defined(definition.Name, []));
        All = [.. _bound.Values];
    }

    /// <summary>In the IDL's order.</summary>
    public IReadOnlyList<BoundType> All { get; private set; }

    /// <summary>Members with properties that are free in a type of the name <paramref name="owner"/>.</summary>
    public IReadOnlyList<Member> Members(IEnumerable<IdlField> fields, string owner, params IEnumerable<string> reserved)
    {
        var scope = new NameScope("Value", [owner, _program, .. SolanaNames.Members, .. reserved]);
        return [.. fields.Select((f, i) => new Member(f.Name ?? i.ToString(CultureInfo.InvariantCulture), scope.Take(f.Name is null ? $"Item{i}" : Property(f.Name)), Resolve(f.Type), f.Docs))];
    }

    // TryReadX reads one element of X.
    private static string Property(string name) => SolanaNames.Pascal(name) is var pascal && pascal.StartsWith("TryRead", StringComparison.Ordinal) ? $"{pascal}Value" : pascal;

    /// <summary>The type that <paramref name="type"/> means, other names for types resolved.</summary>
    public IdlType Resolve(IdlType type) => type switch
    {
        IdlType.Option option => new IdlType.Option(Resolve(option.Value)),
        IdlType.Vec vec => new IdlType.Vec(Resolve(vec.Element)),
        IdlType.Array array => new IdlType.Array(Resolve(array.Element), array.Length),
        IdlType.Defined defined when Definition(defined.Name) is { Alias: { } alias } d => Once(d.Name, () => Resolve(Substitute(alias, Arguments(d, defined)))),
        IdlType.Defined defined => Bound(defined),
        IdlType.Generic generic => throw new InvalidDataException($"The type parameter {generic.Name} stands outside of a generic type."),
        _ => type,
    };

    public BoundType Find(IdlType.Defined type) => Bind(type);

    public BoundType FindByName(string name) => Bind(new IdlType.Defined(name, []));

    /// <summary>Bytes of every value of the type, if all have the same number.</summary>
    public int? FixedSize(IdlType type) => type switch
    {
        IdlType.Primitive p => PrimitiveSize(p.Name),
        IdlType.Array a => FixedSize(a.Element) is { } size ? checked(size * Length(a)) : null,
        IdlType.Defined d when Find(d) is { IsPlainEnum: true } => 1,
        IdlType.Defined d when Find(d) is { IsEnum: false } bound => bound.Members.Aggregate((int?)0, (sum, m) => sum + FixedSize(m.Type)),
        _ => null,
    };

    /// <summary>Bytes that a value of the type has at least.</summary>
    public int LeastSize(IdlType type) => type switch
    {
        IdlType.Primitive p => PrimitiveSize(p.Name) ?? 4,
        IdlType.Option => 1,
        IdlType.Vec => 4,
        IdlType.Array a => checked(LeastSize(a.Element) * Length(a)),
        IdlType.Defined d when Find(d) is { IsEnum: true } bound => 1 + (bound.Variants.Count == 0 ? 0 : bound.Variants.Min(v => v.Members.Sum(m => LeastSize(m.Type)))),
        IdlType.Defined d => Find(d).Members.Sum(m => LeastSize(m.Type)),
        _ => 0,
    };

    public static int Length(IdlType.Array array) =>
        int.TryParse(array.Length, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            ? length
            : throw new InvalidDataException($"An array's length is '{array.Length}'; a number is expected.");

    private static int? PrimitiveSize(string name) => name switch
    {
        "bool" or "u8" or "i8" => 1,
        "u16" or "i16" => 2,
        "u32" or "i32" or "f32" => 4,
        "u64" or "i64" or "f64" => 8,
        "u128" or "i128" => 16,
        "u256" or "i256" or "pubkey" => 32,
        _ => null,
    };

    private IdlType.Defined Bound(IdlType.Defined type)
    {
        Bind(type);
        return type;
    }

    private BoundType Bind(IdlType.Defined type)
    {
        var definition = Definition(type.Name);
        var key = Key(type);
        if (_bound.TryGetValue(key, out var known)) return known;
        return Once(key, () =>
        {
            var arguments = Arguments(definition, type);
            var name = _name(type.Arguments.Count == 0 ? definition.Name : string.Join('_', [definition.Name, .. type.Arguments.Select(Word)]));
            var bound = new BoundType(name, definition,
                Members(Substitute(definition.Fields ?? [], arguments), name),
                Variants(definition.Variants ?? [], arguments, name));
            if (bound.Variants.Count > 256) throw new InvalidDataException($"The enum {definition.Name} has more than 256 variants.");
            _bound.Add(key, bound);
            All = [.. _bound.Values];
            return bound;
        });
    }

    private List<Variant> Variants(IReadOnlyList<IdlVariant> variants, Dictionary<string, IdlType> arguments, string owner)
    {
        var scope = new NameScope("Variant", [owner, .. SolanaNames.Types]);
        var names = variants.Select(v => scope.Take(SolanaNames.Pascal(v.Name))).ToList();
        return [.. variants.Select((v, i) => new Variant(names[i], Members(Substitute(v.Fields, arguments), names[i], [owner, .. names])))];
    }

    // Anchor's own client cannot lay out a type that contains itself, and reading one would need a bound on its depth.
    private T Once<T>(string key, Func<T> make)
    {
        if (!_open.Add(key)) throw new InvalidDataException($"The type {key} contains itself; such types cannot be bound.");
        var made = make();
        _open.Remove(key);
        return made;
    }

    private IdlDefinition Definition(string name) =>
        _definitions.TryGetValue(name, out var definition) ? definition : throw new InvalidDataException($"The type {name} is used, but the IDL does not define it.");

    private static Dictionary<string, IdlType> Arguments(IdlDefinition definition, IdlType.Defined type)
    {
        if (definition.Parameters.Count != type.Arguments.Count)
            throw new InvalidDataException($"The type {definition.Name} takes {definition.Parameters.Count} arguments and is given {type.Arguments.Count}.");
        return definition.Parameters.Zip(type.Arguments).ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal);
    }

    private static IEnumerable<IdlField> Substitute(IEnumerable<IdlField> fields, Dictionary<string, IdlType> arguments) => fields.Select(f => f with { Type = Substitute(f.Type, arguments) });

    private static IdlType Substitute(IdlType type, Dictionary<string, IdlType> arguments) => type switch
    {
        _ when arguments.Count == 0 => type,
        IdlType.Generic g when arguments.TryGetValue(g.Name, out var argument) => argument,
        IdlType.Option o => new IdlType.Option(Substitute(o.Value, arguments)),
        IdlType.Vec v => new IdlType.Vec(Substitute(v.Element, arguments)),
        IdlType.Array a => new IdlType.Array(Substitute(a.Element, arguments), arguments.TryGetValue(a.Length, out var length) && length is IdlType.Constant c ? c.Value : a.Length),
        IdlType.Defined d => new IdlType.Defined(d.Name, [.. d.Arguments.Select(a => Substitute(a, arguments))]),
        _ => type,
    };

    private static string Key(IdlType.Defined type) => type.Arguments.Count == 0 ? type.Name : $"{type.Name}<{string.Join(", ", type.Arguments.Select(Word))}>";

    private static string Word(IdlType type) => type switch
    {
        IdlType.Primitive p => p.Name,
        IdlType.Constant c => c.Value,
        IdlType.Option o => $"Option{SolanaNames.Pascal(Word(o.Value))}",
        IdlType.Vec v => $"Vec{SolanaNames.Pascal(Word(v.Element))}",
        IdlType.Array a => $"{SolanaNames.Pascal(Word(a.Element))}x{a.Length}",
        IdlType.Defined d => string.Join('_', [d.Name, .. d.Arguments.Select(Word)]),
        _ => "T",
    };

    private static bool Same(IdlDefinition a, IdlDefinition b) => string.Equals(Describe(a), Describe(b), StringComparison.Ordinal);

    private static string Describe(IdlDefinition d) =>
        $"{string.Join(',', d.Parameters)}|{(d.Variants is null ? "struct" : "enum")}|{Describe(d.Fields)}|{string.Join(',', d.Variants?.Select(v => v.Name + Describe(v.Fields)) ?? [])}|{Describe(d.Alias)}";

    private static string Describe(IReadOnlyList<IdlField>? fields) => string.Join(',', fields?.Select(f => $"{f.Name}:{Describe(f.Type)}") ?? []);

    private static string Describe(IdlType? type) => type switch
    {
        null => "",
        IdlType.Defined d => $"{d.Name}<{string.Join(',', d.Arguments.Select(Describe))}>",
        IdlType.Generic g => g.Name,
        IdlType.Option o => $"{Describe(o.Value)}?",
        IdlType.Vec v => $"{Describe(v.Element)}[]",
        IdlType.Array a => $"{Describe(a.Element)}[{a.Length}]",
        _ => Word(type),
    };
}
