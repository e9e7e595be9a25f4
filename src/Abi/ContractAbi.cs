using System.Text;
using System.Text.Json;
using DePin.Cryptography;

namespace DePin.Abi;

/// <summary>A function of a contract.</summary>
public sealed record AbiFunction(string Name, IReadOnlyList<AbiParameter> Inputs, IReadOnlyList<AbiParameter> Outputs, string StateMutability)
{
    /// <summary>Name and canonical types.</summary>
    public string Signature => ContractAbi.SignatureOf(Name, Inputs);

    /// <summary>Whether it only reads.</summary>
    public bool IsView => StateMutability is "view" or "pure";
}

/// <summary>An event of a contract.</summary>
public sealed record AbiEvent(string Name, IReadOnlyList<AbiParameter> Inputs, bool Anonymous)
{
    /// <summary>Name and canonical types.</summary>
    public string Signature => ContractAbi.SignatureOf(Name, Inputs);

    /// <summary>keccak of the signature.</summary>
    public Bytes32 Topic0 => Keccak256.Hash(Encoding.ASCII.GetBytes(Signature));
}

/// <summary>A custom error of a contract.</summary>
public sealed record AbiError(string Name, IReadOnlyList<AbiParameter> Inputs)
{
    /// <summary>Name and canonical types.</summary>
    public string Signature => ContractAbi.SignatureOf(Name, Inputs);
}

/// <summary>A contract's ABI as the compiler writes it, in its order.</summary>
public sealed record ContractAbi(
    IReadOnlyList<AbiParameter> Constructor, IReadOnlyList<AbiFunction> Functions, IReadOnlyList<AbiEvent> Events, IReadOnlyList<AbiError> Errors)
{
    /// <summary>Name and canonical types, as hashed for selectors and topics.</summary>
    public static string SignatureOf(string name, IEnumerable<AbiParameter> inputs) => $"{name}({string.Join(',', inputs.Select(p => p.Type.Canonical))})";

    /// <summary>First four bytes of keccak of a signature.</summary>
    public static uint SelectorOf(string signature) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(Keccak256.Hash(Encoding.ASCII.GetBytes(signature)).AsSpan());

    /// <summary>Reads the "abi" array of an artifact.</summary>
    public static ContractAbi Parse(JsonElement abi)
    {
        IReadOnlyList<AbiParameter> constructor = [];
        var functions = new List<AbiFunction>();
        var events = new List<AbiEvent>();
        var errors = new List<AbiError>();
        foreach (var entry in abi.EnumerateArray())
        {
            var inputs = entry.TryGetProperty("inputs", out var list) ? Parameters(list) : [];
            var name = entry.TryGetProperty("name", out var n) ? n.GetString()! : "";
            switch (entry.GetProperty("type").GetString())
            {
                case "constructor":
                    constructor = inputs;
                    break;
                case "function":
                    functions.Add(new AbiFunction(name, inputs, Parameters(entry.GetProperty("outputs")), entry.GetProperty("stateMutability").GetString()!));
                    break;
                case "event":
                    events.Add(new AbiEvent(name, inputs, entry.TryGetProperty("anonymous", out var anonymous) && anonymous.GetBoolean()));
                    break;
                case "error":
                    errors.Add(new AbiError(name, inputs));
                    break;
            }
        }

        return new ContractAbi(constructor, functions, events, errors);
    }

    private static AbiParameter[] Parameters(JsonElement list) =>
        [.. list.EnumerateArray().Select(p => new AbiParameter(
            p.GetProperty("name").GetString()!,
            AbiType.Parse(p.GetProperty("type").GetString()!, p.TryGetProperty("components", out var components) ? Parameters(components) : null),
            p.TryGetProperty("indexed", out var indexed) && indexed.GetBoolean(),
            p.TryGetProperty("internalType", out var inner) ? inner.GetString()! : ""))];
}
