using System.Text.Json;
using DePin.Abi;

namespace DePin.BindingsGenerator;

/// <summary>Turns the artifacts of a folder into C# files. The same artifacts give the same text on every machine.</summary>
public static class Generator
{
    private const string Space = "DePin.ContractBindings.Evm";

    private static readonly string[] Usings = ["System.Buffers.Binary", "System.Numerics", "DePin.Abi", "DePin.Cryptography"];

    /// <summary>File name → text.</summary>
    public static SortedDictionary<string, string> Generate(string artifacts)
    {
        var contracts = new SortedDictionary<string, ContractAbi>(StringComparer.Ordinal);
        if (Directory.Exists(artifacts))
        {
            foreach (var path in Directory.GetFiles(artifacts, "*.json"))
            {
                using var json = JsonDocument.Parse(File.ReadAllBytes(path));
                if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("abi", out var abi))
                    contracts.Add(Path.GetFileNameWithoutExtension(path), ContractAbi.Parse(abi));
            }
        }

        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (contracts.Count == 0) return files;
        var structs = new Structs(contracts);
        foreach (var (name, abi) in contracts) files.Add($"{name}.g.cs", new ContractFile(name, abi, structs).Write());
        if (structs.Free.Count > 0) files.Add("Structs.g.cs", StructsFile(structs));
        files.Add("ContractErrors.g.cs", ErrorsFile(contracts));
        return files;
    }

    internal static void Header(Code code, string source) => code.Header(source, Space, Usings);

    private static string StructsFile(Structs structs)
    {
        var code = new Code();
        Header(code, "the contracts' shared types");
        foreach (var s in structs.Free) ContractFile.WriteStruct(code, s, structs);
        return code.ToString();
    }

    private static string ErrorsFile(SortedDictionary<string, ContractAbi> contracts)
    {
        var code = new Code();
        Header(code, "the contracts' errors");
        code.Line("/// <summary>Every custom error of the contracts, for naming what a call reverted with.</summary>");
        code.Open("public static class ContractErrors");
        code.Line("/// <summary>By contract, in the order of its ABI.</summary>");
        code.Line("public static IReadOnlyList<ErrorDefinition> All { get; } =");
        code.Line("[");
        foreach (var (contract, abi) in contracts)
        {
            foreach (var error in abi.Errors)
            {
                var types = error.Signature[error.Name.Length..];
                var names = string.Join(", ", error.Inputs.Select(i => $"\"{i.Name}\""));
                code.Line($"    new(0x{ContractAbi.SelectorOf(error.Signature):x8}, \"{contract}\", \"{error.Name}\", \"{types}\", [{names}]),");
            }
        }

        code.Line("];");
        code.Close();
        return code.ToString();
    }
}
