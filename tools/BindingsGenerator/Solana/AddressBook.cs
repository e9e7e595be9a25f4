using System.Text;

namespace DePin.BindingsGenerator.Solana;

/// <summary>How an instruction's account follows from its others and its arguments.</summary>
/// <param name="CanDerive">Whether it does; otherwise a seed lies in an account's data, or the program names no way at all.</param>
/// <param name="Call">The expression for it.</param>
/// <param name="Sources">The accounts that it follows from.</param>
internal sealed record AddressDerivation(bool CanDerive, string Call, IReadOnlyList<PlannedAccount> Sources);

/// <summary>The class Addresses of a program: its derived addresses, one function for each set of seeds, and the fixed ones.</summary>
internal sealed class AddressBook(Idl idl, SolanaTypes types, SolanaCSharp cs)
{
    private const string TokenAccount = "TokenAccount"; // the SPL Token program's, which Anchor knows without an IDL

    private readonly NameScope _names = new("Address", SolanaNames.Types);
    private readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _functions = new(StringComparer.Ordinal);
    private readonly Code _code = new();
    private string? _eventAuthority;

    /// <summary>The property that holds a fixed address; where that is the program's own, wherever the caller says that the program stands.</summary>
    public string Known(string name, string address)
    {
        if (address == idl.Address) return "program";
        if (!DePin.Abi.Solana.SolanaAddress.TryParse(address, out _)) throw new InvalidDataException($"The account {name} has the address '{address}', which is none.");
        if (_known.TryGetValue(address, out var property)) return $"Addresses.{property}";
        property = _names.Take(SolanaNames.Pascal(name));
        _known.Add(address, property);
        _code.Line($"/// <summary>{address}</summary>");
        _code.Line($"public static SolanaAddress {property} {{ get; }} = SolanaAddress.Parse({ProgramFiles.Literal(address)});");
        _code.Line();
        return $"Addresses.{property}";
    }

    /// <summary>The function for the account that Anchor's emit_cpi! takes.</summary>
    public string EventAuthority()
    {
        if (_eventAuthority is null)
        {
            _eventAuthority = _names.Take("EventAuthority");
            Function(_eventAuthority, "SolanaAddress program", "program", ["\"__event_authority\"u8.ToArray()"], "Who signs events that the program calls itself with.");
        }

        return $"Addresses.{_eventAuthority}";
    }

    /// <summary>Adds the function for these seeds; null where they cannot be written in C#.</summary>
    public AddressDerivation? Derivation(PlannedAccount account, IdlPda pda, AccountPlan plan)
    {
        var parameters = new List<Parameter>();
        var seeds = pda.Seeds.Select(s => Seed(s, account, plan, parameters)).ToList();
        var program = pda.Program is { } named ? Program(named, account, plan, parameters) : Own(parameters);
        if (program is null || seeds.Any(s => s is null)) return null;

        var unique = parameters.DistinctBy(p => p.Key).ToList();
        var scope = new NameScope("Value");
        var renamed = unique.ToDictionary(p => p.Key, p => scope.Take(p.Name), StringComparer.Ordinal);
        string Fill(string text) => unique.Aggregate(text, (t, p) => t.Replace($"<{p.Key}>", renamed[p.Key], StringComparison.Ordinal));
        var declared = string.Join(", ", unique.Select(p => $"{p.Type} {renamed[p.Key]}"));
        IReadOnlyList<string> expressions = [.. seeds.Select(s => Fill(s!))];
        string Place(string text) => unique.Select((p, i) => (p, i)).Aggregate(text, (t, x) => t.Replace($"<{x.p.Key}>", $"<{x.i}>", StringComparison.Ordinal));
        var key = $"{account.Item.Name}({string.Join(", ", unique.Select(p => p.Type))}){string.Join('|', seeds.Select(s => Place(s!)))}@{Place(program)}";
        if (!_functions.TryGetValue(key, out var function))
        {
            function = _names.Take(account.Property);
            _functions.Add(key, function);
            Function(function, declared, Fill(program), expressions, $"The account {ProgramFiles.Escape(account.Item.Name)} by its seeds.");
        }

        var derives = unique.All(p => p.Argument is not null) && unique.All(p => p.Source is not { Item.Optional: true });
        return new AddressDerivation(derives, $"Addresses.{function}({string.Join(", ", unique.Select(p => p.Argument))})", [.. unique.Where(p => p.Source is not null).Select(p => p.Source!)]);
    }

    public void Write(Code code, string? program)
    {
        if (program is not null)
        {
            code.Line("/// <summary>Where the program stands, as its IDL says.</summary>");
            code.Line($"public static SolanaAddress ProgramId {{ get; }} = SolanaAddress.Parse({ProgramFiles.Literal(program)});");
            code.Line();
        }

        var body = _code.ToString();
        if (body.Length == 0) return;
        code.Line("/// <summary>Addresses that the program's instructions take: fixed ones, and those that seeds give.</summary>");
        code.Open("public static class Addresses");
        foreach (var line in body.Split('\n')) code.Line(line);
        code.Close();
    }

    private static string Own(List<Parameter> parameters)
    {
        parameters.Insert(0, new Parameter("program", "program", "SolanaAddress", "program", null));
        return "<program>";
    }

    private void Function(string name, string parameters, string program, IReadOnlyList<string> seeds, string summary)
    {
        _code.Line($"/// <summary>{summary}</summary>");
        _code.Line($"public static SolanaAddress {name}({parameters}) =>");
        _code.Line($"    ProgramAddress.Find({string.Join(", ", [program, .. seeds])}).Address;");
        _code.Line();
    }

    private string? Program(IdlSeed seed, PlannedAccount account, AccountPlan plan, List<Parameter> parameters) => seed switch
    {
        IdlSeed.Const { Value: { Length: 32 } bytes } => $"new SolanaAddress({ProgramFiles.Bytes(bytes)})",
        IdlSeed.Const => throw new InvalidDataException($"The program that gives {account.Item.Name} its address is not 32 bytes long."),
        _ => Value(seed, account, plan, parameters) is (IdlType.Primitive { Name: "pubkey" }, { } expression) ? expression : null,
    };

    private string? Seed(IdlSeed seed, PlannedAccount account, AccountPlan plan, List<Parameter> parameters)
    {
        if (seed is IdlSeed.Const constant) return Constant(constant.Value);
        return Value(seed, account, plan, parameters) is ({ } type, { } expression) && IsSeed(type) ? $"SolanaSeeds.Of({expression})" : null;
    }

    private (IdlType? Type, string? Expression) Value(IdlSeed seed, PlannedAccount account, AccountPlan plan, List<Parameter> parameters)
    {
        if (seed is IdlSeed.Arg arg)
        {
            if (plan.FindArg(arg.Path[0]) is not { } member) return default;
            if (Field(member.Type, [.. arg.Path.Skip(1)]) is not var (type, chain) || !IsSeed(type)) return default;
            return (type, Add($"arg {string.Join('.', arg.Path)}", arg.Path, type, $"{member.Property}{chain}", null, parameters));
        }

        var (path, kind) = seed is IdlSeed.Account a ? (a.Path, a.Kind) : throw new InvalidOperationException("A constant is no value.");
        var (source, rest) = plan.FindAccount(path, account.Group);
        var key = $"account {string.Join('.', path)}";
        var pubkey = new IdlType.Primitive("pubkey");
        if (source is null) return default;
        if (rest.Count == 0) return (pubkey, Add(key, [source.Property], pubkey, source.Local, source, parameters));

        // A field of the account's data: whoever knows it may derive the address, the instruction alone does not.
        return kind is not null && DataField(kind, rest) is { } type2 && IsSeed(type2) ? (type2, Add(key, path, type2, null, null, parameters)) : default;
    }

    private string Add(string key, IReadOnlyList<string> path, IdlType type, string? argument, PlannedAccount? source, List<Parameter> parameters)
    {
        parameters.Add(new Parameter(key, SolanaNames.Camel(string.Concat(path.Select(SolanaNames.Pascal))), cs.Name(type), argument, source));
        return $"<{key}>";
    }

    private IdlType? DataField(string kind, IReadOnlyList<string> path)
    {
        var definition = idl.Types.FirstOrDefault(t => t.Parameters.Count == 0 && AccountPlan.Same([t.Name], [kind]));
        if (definition is not null) return Field(new IdlType.Defined(definition.Name, []), path)?.Type;
        return SolanaNames.Pascal(kind) == TokenAccount && path.Count == 1
            ? SolanaNames.Pascal(path[0]) switch { "Mint" or "Owner" => new IdlType.Primitive("pubkey"), "Amount" => new IdlType.Primitive("u64"), _ => null }
            : null;
    }

    // The type of a field of a struct, and the C# that leads to it.
    private (IdlType Type, string Chain)? Field(IdlType type, IReadOnlyList<string> path)
    {
        var chain = "";
        foreach (var name in path)
        {
            if (type is not IdlType.Defined defined || types.Find(defined).Members.FirstOrDefault(m => AccountPlan.Same([m.Key], [name])) is not { } member) return null;
            (type, chain) = (member.Type, $"{chain}.{member.Property}");
        }

        return (type, chain);
    }

    private static bool IsSeed(IdlType type) => type switch
    {
        IdlType.Primitive p => p.Name is not ("bool" or "f32" or "f64"),
        IdlType.Array a => SolanaCSharp.Bytes(a) is not null,
        IdlType.Vec { Element: IdlType.Primitive { Name: "u8" } } => true,
        _ => false,
    };

    private static string Constant(byte[] bytes) =>
        bytes.Length > 0 && bytes.All(b => b is >= 0x20 and < 0x7f) ? $"{ProgramFiles.Literal(Encoding.ASCII.GetString(bytes))}u8.ToArray()" : ProgramFiles.Bytes(bytes);

    /// <summary>A parameter of a function; <paramref name="Argument"/> is what an instruction gives for it, null if it does not know.</summary>
    private sealed record Parameter(string Key, string Name, string Type, string? Argument, PlannedAccount? Source);
}
