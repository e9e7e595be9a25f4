using System.Text.Json;
using DePin.Abi;

namespace DePin.Chain.Deployment;

/// <summary>A place in the deployed code that the constructor fills in.</summary>
public readonly record struct ImmutableReference(string Name, int Start, int Length);

/// <summary>A compiled contract.</summary>
public sealed record ContractArtifact(string Name, ContractAbi Abi, byte[] Bytecode, byte[] DeployedBytecode, IReadOnlyList<ImmutableReference> Immutables)
{
    /// <summary>Reads <c>&lt;folder&gt;/&lt;name&gt;.json</c>.</summary>
    /// <exception cref="DeploymentException">It is missing or no artifact.</exception>
    public static ContractArtifact Load(string folder, string name)
    {
        var path = Path.Combine(folder, $"{name}.json");
        if (!File.Exists(path)) throw new DeploymentException($"There is no artifact '{path}'. Build the contracts, or name the folder that holds their artifacts.");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = json.RootElement;
            var references = root.GetProperty("immutableReferences").EnumerateObject()
                .SelectMany(r => r.Value.EnumerateArray().Select(p => new ImmutableReference(r.Name, p.GetProperty("start").GetInt32(), p.GetProperty("length").GetInt32())));
            return new ContractArtifact(
                name, ContractAbi.Parse(root.GetProperty("abi")), Hex.Parse(root.GetProperty("bytecode").GetString()!), Hex.Parse(root.GetProperty("deployedBytecode").GetString()!),
                [.. references.OrderBy(r => r.Start)]);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            throw new DeploymentException($"'{path}' is not a contract artifact: {e.Message}", e);
        }
    }
}
