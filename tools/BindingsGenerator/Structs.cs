using DePin.Abi;

namespace DePin.BindingsGenerator;

/// <summary>A struct of the contracts: its C# name, the contract it is nested in (null = none) and its members.</summary>
internal sealed record StructDefinition(string Name, string? Contract, AbiType Type)
{
    public string FullName => Contract is null ? Name : $"{Contract}.{Name}";
}

/// <summary>All structs that the ABIs mention, each once, under the contract whose interface declares it.</summary>
internal sealed class Structs
{
    private readonly SortedDictionary<string, StructDefinition> _byInternalType = new(StringComparer.Ordinal);

    public Structs(SortedDictionary<string, ContractAbi> contracts)
    {
        foreach (var (name, abi) in contracts)
        {
            var all = abi.Constructor
                .Concat(abi.Functions.SelectMany(f => f.Inputs.Concat(f.Outputs)))
                .Concat(abi.Events.SelectMany(e => e.Inputs))
                .Concat(abi.Errors.SelectMany(e => e.Inputs));
            foreach (var parameter in all) Add(parameter.Type, parameter.InternalType, name, contracts);
        }
    }

    public IReadOnlyList<StructDefinition> Free => [.. _byInternalType.Values.Where(s => s.Contract is null)];

    public IReadOnlyList<StructDefinition> Of(string contract) => [.. _byInternalType.Values.Where(s => s.Contract == contract)];

    public StructDefinition Find(string internalType) => _byInternalType[Bare(internalType)];

    private void Add(AbiType type, string internalType, string contract, SortedDictionary<string, ContractAbi> contracts)
    {
        if (type.Element is { } element)
        {
            Add(element, internalType, contract, contracts);
            return;
        }

        if (type.Kind != AbiKind.Tuple) return;
        var key = Bare(internalType);
        foreach (var component in type.Components) Add(component.Type, component.InternalType, contract, contracts);
        if (_byInternalType.TryGetValue(key, out var known))
        {
            if (known.Type.Canonical != type.Canonical) throw new InvalidOperationException($"Two structs are named {key}.");
            return;
        }

        var parts = key.Split('.');
        var owner = parts.Length == 1 ? null
            : contracts.ContainsKey(parts[0]) ? parts[0]
            : parts[0].Length > 1 && contracts.ContainsKey(parts[0][1..]) ? parts[0][1..]
            : contract;
        _byInternalType.Add(key, new StructDefinition(parts[^1], owner, type));
    }

    // "struct IReportVerifier.Accepted[2]" → "IReportVerifier.Accepted"
    private static string Bare(string internalType)
    {
        var text = internalType.StartsWith("struct ", StringComparison.Ordinal)
            ? internalType["struct ".Length..]
            : throw new InvalidOperationException($"A tuple has the internal type '{internalType}'; a struct is expected.");
        var open = text.IndexOf('[', StringComparison.Ordinal);
        return open < 0 ? text : text[..open];
    }
}
