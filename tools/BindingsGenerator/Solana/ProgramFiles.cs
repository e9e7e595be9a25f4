using System.Text;

namespace DePin.BindingsGenerator.Solana;

/// <summary>The files of one program: parts of one static class that holds a record for each type, account, event and instruction.</summary>
internal sealed class ProgramFiles
{
    private static readonly string[] Usings = ["System", "System.Collections.Generic", "System.Numerics", "DePin.Abi", "DePin.Abi.Solana", "DePin.Cryptography"];

    private readonly Idl _idl;
    private readonly string _source;
    private readonly string _space;
    private readonly string _program;
    private readonly NameScope _names;
    private readonly SolanaTypes _types;
    private readonly SolanaCSharp _cs;

    public ProgramFiles(Idl idl, string source, string space)
    {
        (_idl, _source, _space) = (idl, source, space);
        _program = new NameScope("Program", SolanaNames.Types).Take(SolanaNames.Pascal(idl.Name));
        _names = new NameScope("Type", [_program, "NameOfAccount", "NameOfEvent", "NameOfInstruction", .. SolanaNames.Types]);
        var accounts = idl.Accounts.Select(a => a.Name).ToHashSet(StringComparer.Ordinal);
        var events = idl.Events.Select(a => a.Name).ToHashSet(StringComparer.Ordinal);
        _types = new SolanaTypes(idl, _program, name => _names.Take(accounts.Contains(name) ? Ending(name, "Account") : events.Contains(name) ? Ending(name, "Event") : SolanaNames.Pascal(name)));
        _cs = new SolanaCSharp(_types, _program);
    }

    /// <summary>File name → text; parts without content are left out.</summary>
    public SortedDictionary<string, string> Write()
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var instructions = new InstructionsFile(_idl, _types, _cs, _names);
        Add("Instructions", $"Instructions of the program {_idl.Name}.", code => instructions.Write(code));
        Add("Accounts", $"Accounts of the program {_idl.Name}.", code => Tagged(code, _idl.Accounts, "Account", "CompleteBeforeZeros"));
        Add("Events", $"Events of the program {_idl.Name}.", code => Tagged(code, _idl.Events, "Event", "Complete"));
        Add("Addresses", $"Addresses of the program {_idl.Name}, and those that its instructions take.", code => instructions.WriteAddresses(code, _idl.Address));
        Add("Errors", $"Errors of the program {_idl.Name}.", Errors);

        // Last, for an instruction's argument may be the first to use a generic type.
        var tagged = _idl.Accounts.Concat(_idl.Events).Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        Add("Types", $"Types that the program {_idl.Name} shares among its accounts, events and instructions.", code =>
        {
            foreach (var type in _types.All.Where(t => !tagged.Contains(t.Definition.Name))) new TypeWriter(code, _types, _cs).Write(type);
        });
        return files;

        void Add(string part, string summary, Action<Code> write)
        {
            var code = new Code();
            code.Header(_source, _space, Usings);
            code.Line($"/// <summary>{Escape(summary)}</summary>");
            code.Open($"public static partial class {_program}");
            var empty = code.ToString();
            write(code);
            if (code.ToString() == empty) return;
            code.Close();
            files.Add($"{_program}.{part}.g.cs", code.ToString());
        }
    }

    /// <summary>A summary of a program's words; <paramref name="otherwise"/> where it has none.</summary>
    public static string Summary(IReadOnlyList<string> docs, string otherwise) => $"/// <summary>{Escape(docs.Count > 0 ? string.Join(' ', docs) : otherwise)}</summary>";

    public static string Escape(string text) =>
        new([.. text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
            .Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\u0085' ? ' ' : c)]);

    public static string Literal(string text)
    {
        var result = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\') result.Append('\\').Append(c);
            else if (c is >= ' ' and < '\u007f') result.Append(c);
            else result.Append("\\u").Append(((int)c).ToString("x4", System.Globalization.CultureInfo.InvariantCulture));
        }

        return result.Append('"').ToString();
    }

    public static string Bytes(byte[] bytes) => $"[{string.Join(", ", bytes.Select(b => $"0x{b:x2}"))}]";

    public static string Ending(string name, string suffix)
    {
        var pascal = SolanaNames.Pascal(name);
        return pascal.EndsWith(suffix, StringComparison.Ordinal) ? pascal : pascal + suffix;
    }

    /// <summary>A function that names what begins with one of the discriminators.</summary>
    public static void NameOf(Code code, string kind, IEnumerable<(string Name, string Type)> all)
    {
        code.Line($"/// <summary>The IDL's name of the {kind.ToLowerInvariant()} whose data this is, by its first bytes; null if it is none of the program's.</summary>");
        code.Open($"public static string? NameOf{kind}(ReadOnlySpan<byte> data)");
        foreach (var (name, type) in all) code.Line($"if (data.StartsWith({type}.Discriminator)) return {Literal(name)};");
        code.Line("return null;");
        code.Close();
    }

    private void Tagged(Code code, IReadOnlyList<IdlTagged> all, string kind, string complete)
    {
        if (all.Count == 0) return;
        foreach (var tagged in all)
        {
            var type = _types.FindByName(tagged.Name);
            if (type.IsEnum) throw new InvalidDataException($"{tagged.Name} is an enum; an account or event is a struct.");
            new TypeWriter(code, _types, _cs).Write(type, tagged.Discriminator, kind, complete);
        }

        NameOf(code, kind, all.Select(t => (t.Name, _types.FindByName(t.Name).Name)));
    }

    private void Errors(Code code)
    {
        if (_idl.Errors.Count == 0) return;
        var scope = new NameScope("Error", SolanaNames.Members);
        var names = _idl.Errors.Select(e => scope.Take(SolanaNames.Pascal(e.Name))).ToList();
        code.Line("/// <summary>The numbers of the program's errors.</summary>");
        code.Open("public enum ErrorCode : uint");
        foreach (var (error, name) in _idl.Errors.Zip(names))
        {
            code.Line(Summary([], error.Message.Length > 0 ? error.Message : error.Name));
            code.Line($"{name} = {error.Code},");
        }

        code.Close();
        code.Line("/// <summary>The program's errors with their names and messages.</summary>");
        code.Open("public static class Errors");
        code.Line("/// <summary>In the IDL's order.</summary>");
        code.Line("public static IReadOnlyList<SolanaError> All { get; } =");
        code.Line("[");
        foreach (var error in _idl.Errors) code.Line($"    new({error.Code}, {Literal(error.Name)}, {Literal(error.Message)}),");
        code.Line("];");
        code.Line();
        code.Line("/// <summary>The error of this number; null if the program has none.</summary>");
        code.Open("public static SolanaError? Find(uint code)");
        code.Open("foreach (var error in All)");
        code.Line("if (error.Code == code) return error;");
        code.Close();
        code.Line("return null;");
        code.Close();
        code.Close();
    }
}
