using DePin.Abi;

namespace DePin.BindingsGenerator;

/// <summary>The file of one contract: a static class holding a record for each struct, call, event and error.</summary>
internal sealed class ContractFile(string name, ContractAbi abi, Structs structs)
{
    private static readonly string[] Reserved = ["Selector", "Topic0", "Encode", "TryDecode", "TryDecodeResult", "Equals", "GetHashCode", "ToString", "Read", "Write", "GetType"];

    private readonly Code _code = new();
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    public string Write()
    {
        Generator.Header(_code, $"contracts/evm/artifacts/{name}.json");
        _code.Line($"/// <summary>Structs, calls, events and errors of {name}.</summary>");
        _code.Open($"public static class {name}");
        foreach (var s in structs.Of(name)) WriteStruct(_code, s, structs);
        WriteConstructor();
        foreach (var function in abi.Functions) WriteCall(function);
        foreach (var e in abi.Events.Where(e => !e.Anonymous)) WriteEvent(e);
        foreach (var error in abi.Errors) WriteError(error);
        _code.Close();
        return _code.ToString();
    }

    public static void WriteStruct(Code code, StructDefinition s, Structs structs)
    {
        var members = s.Type.Components;
        code.Line($"/// <summary>{s.Name} {Escape(s.Type.Canonical)}</summary>");
        code.Open($"public readonly record struct {s.Name}({Declare(members, structs, s.Name)})");
        code.Open($"internal static {s.Name} Read(ref AbiReader r)");
        if (s.Type.IsDynamic) code.Line($"r.BeginTuple({s.Type.ContentWords});");
        code.Line($"var value = new {s.Name}({string.Join(", ", members.Select(m => CSharp.Read(m.Type, m.InternalType, structs, "r")))});");
        if (s.Type.IsDynamic) code.Line("r.End();");
        code.Line("return value;");
        code.Close();
        code.Open("internal void Write(AbiEncoder e)");
        if (s.Type.IsDynamic) code.Line($"e.BeginTuple({s.Type.ContentWords});");
        foreach (var (member, property) in Named(members, s.Name)) code.Line(CSharp.Write(member.Type, property, structs, "e") + ";");
        if (s.Type.IsDynamic) code.Line("e.End();");
        code.Close();
        code.Close();
    }

    private void WriteConstructor()
    {
        _code.Line("/// <summary>Creation code with the constructor's arguments.</summary>");
        var declared = Declare(abi.Constructor, structs, "", parameters: true);
        _code.Open($"public static byte[] EncodeConstructor(ReadOnlySpan<byte> creationCode{(declared.Length > 0 ? ", " : "")}{declared})");
        _code.Line($"var e = new AbiEncoder(creationCode, {Words(abi.Constructor)});");
        foreach (var (parameter, property) in Named(abi.Constructor, "")) _code.Line(CSharp.Write(parameter.Type, CSharp.Camel(property), structs, "e") + ";");
        _code.Line("return e.ToArray();");
        _code.Close();
    }

    private void WriteCall(AbiFunction function)
    {
        var type = Unique($"{CSharp.Pascal(function.Name)}Call");
        var selector = ContractAbi.SelectorOf(function.Signature);
        var result = function.Outputs.Count switch
        {
            0 => "NoResult",
            1 => CSharp.Type(function.Outputs[0].Type, function.Outputs[0].InternalType, structs),
            _ => type[..^4] + "Result",
        };
        if (function.Outputs.Count > 1)
        {
            _code.Line($"/// <summary>What {function.Name} returns.</summary>");
            _code.Line($"public readonly record struct {result}({Declare(function.Outputs, structs, result)});");
            _code.Line();
        }

        _code.Line($"/// <summary>{Escape(function.Signature)}, {function.StateMutability}</summary>");
        _code.Open($"public readonly record struct {type}({Declare(function.Inputs, structs, type)}) : IContractCall<{result}>");
        _code.Line("/// <summary>The function's selector.</summary>");
        _code.Line($"public const uint Selector = 0x{selector:x8};");
        _code.Line();
        _code.Line("/// <inheritdoc/>");
        _code.Open("public byte[] Encode()");
        _code.Line($"var e = new AbiEncoder([{string.Join(", ", Enumerable.Range(0, 4).Select(i => $"0x{(byte)(selector >> (24 - (8 * i))):x2}"))}], {Words(function.Inputs)});");
        foreach (var (input, property) in Named(function.Inputs, type)) _code.Line(CSharp.Write(input.Type, property, structs, "e") + ";");
        _code.Line("return e.ToArray();");
        _code.Close();
        _code.Line("/// <inheritdoc/>");
        _code.Open($"public bool TryDecodeResult(ReadOnlySpan<byte> data, out {result} result)");
        if (function.Outputs.Count == 0)
        {
            _code.Line("result = default;");
            _code.Line("return data.IsEmpty;");
        }
        else
        {
            _code.Line($"var r = new AbiReader(data, {Words(function.Outputs)});");
            var reads = string.Join(", ", function.Outputs.Select(o => CSharp.Read(o.Type, o.InternalType, structs, "r")));
            _code.Line(function.Outputs.Count == 1 ? $"result = {reads};" : $"result = new {result}({reads});");
            _code.Line("return r.Complete();");
        }

        _code.Close();
        _code.Close();
    }

    private void WriteEvent(AbiEvent e)
    {
        var type = Unique($"{CSharp.Pascal(e.Name)}Event");
        var inputs = e.Inputs.Select(i => i.Indexed && (i.Type.IsDynamic || i.Type.HeadWords > 1)
            ? i with { Type = AbiType.Parse("bytes32"), InternalType = "bytes32" } // only its hash is in the log
            : i).ToList();
        var indexed = inputs.Count(i => i.Indexed);
        _code.Line($"/// <summary>{Escape(e.Signature)}</summary>");
        _code.Open($"public readonly record struct {type}({Declare(inputs, structs, type)}) : IContractEvent<{type}>");
        _code.Line("private static readonly Bytes32 Topic = new(");
        _code.Line($"    [{string.Join(", ", e.Topic0.ToArray().Select(b => $"0x{b:x2}"))}]);");
        _code.Line();
        _code.Line("/// <inheritdoc/>");
        _code.Line("public static Bytes32 Topic0 => Topic;");
        _code.Line();
        _code.Line("/// <inheritdoc/>");
        _code.Open($"public static bool TryDecode(in EvmLogView log, out {type} value)");
        _code.Line("value = default;");
        _code.Line($"if (!log.Is(in Topic, {indexed})) return false;");
        _code.Line("var t = log.IndexedReader();");
        _code.Line($"var d = new AbiReader(log.Data, {Words(inputs.Where(i => !i.Indexed))});");
        _code.Line($"value = new {type}({string.Join(", ", inputs.Select(i => CSharp.Read(i.Type, i.InternalType, structs, i.Indexed ? "t" : "d")))});");
        _code.Line("return t.Complete() && d.Complete();");
        _code.Close();
        _code.Close();
    }

    private void WriteError(AbiError error)
    {
        var type = Unique($"{CSharp.Pascal(error.Name)}Error");
        _code.Line($"/// <summary>{Escape(error.Signature)}</summary>");
        _code.Open($"public readonly record struct {type}({Declare(error.Inputs, structs, type)}) : IContractError<{type}>");
        _code.Line("/// <inheritdoc/>");
        _code.Line($"public static uint Selector => 0x{ContractAbi.SelectorOf(error.Signature):x8};");
        _code.Line();
        _code.Line("/// <inheritdoc/>");
        _code.Open($"public static bool TryDecode(ReadOnlySpan<byte> revertData, out {type} value)");
        _code.Line("value = default;");
        _code.Line("if (revertData.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(revertData) != Selector) return false;");
        _code.Line($"var r = new AbiReader(revertData[4..], {Words(error.Inputs)});");
        if (error.Inputs.Count > 0) _code.Line($"value = new {type}({string.Join(", ", error.Inputs.Select(i => CSharp.Read(i.Type, i.InternalType, structs, "r")))});");
        _code.Line("return r.Complete();");
        _code.Close();
        _code.Close();
    }

    private static string Declare(IEnumerable<AbiParameter> members, Structs structs, string owner, bool parameters = false) =>
        string.Join(", ", Named(members, owner).Select(m => $"{CSharp.Type(m.Parameter.Type, m.Parameter.InternalType, structs)} {(parameters ? CSharp.Camel(m.Property) : m.Property)}"));

    private static IEnumerable<(AbiParameter Parameter, string Property)> Named(IEnumerable<AbiParameter> parameters, string owner)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var position = 0;
        foreach (var parameter in parameters)
        {
            var bare = parameter.Name.Trim('_');
            var property = bare.Length == 0 ? $"Item{position}" : CSharp.Pascal(bare);
            if (property == owner || Reserved.Contains(property, StringComparer.Ordinal)) property += "Value";
            if (!seen.Add(property)) property += position;
            yield return (parameter, property);
            position++;
        }
    }

    private static int Words(IEnumerable<AbiParameter> parameters) => parameters.Sum(p => p.Type.HeadWords);

    private static string Escape(string text) => text.Replace("<", "&lt;", StringComparison.Ordinal);

    // An overload gets its number.
    private string Unique(string type)
    {
        if (_used.Add(type)) return type;
        for (var i = 2; ; i++)
        {
            var suffix = type.EndsWith("Call", StringComparison.Ordinal) ? "Call" : type[^5..]; // Event, Error
            var numbered = $"{type[..^suffix.Length]}{i}{suffix}";
            if (_used.Add(numbered)) return numbered;
        }
    }
}
