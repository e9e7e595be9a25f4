using System.Text.Json;
using System.Text.Json.Nodes;
using DePin.Abi;
using DePin.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>The profile of a network on an EVM chain. <c>"@Contract"</c> stands for the address that a contract of the same deployment will have.</summary>
public sealed class EvmDeploymentProfile : DeploymentProfile
{
    internal EvmDeploymentProfile(JsonObject root, IReadOnlyDictionary<string, JsonNode> variables)
        : base(root, variables)
    {
        DevChains = [.. (root["devChains"] as JsonArray ?? []).Select(c => c!.GetValue<ulong>())];
        Contracts = [.. Section("deploy").Select(c => c.Key)];
    }

    /// <summary>Chain ids besides 31337 and 1337 on which bounds meant for development are allowed.</summary>
    public IReadOnlyList<ulong> DevChains { get; }

    /// <summary>The contracts in the order in which they are created.</summary>
    public IReadOnlyList<string> Contracts { get; }

    /// <summary>Whether development bounds are allowed on a chain.</summary>
    public bool IsDevChain(ulong chainId) => chainId is 31337 or 1337 || DevChains.Contains(chainId);

    /// <summary>The constructor arguments of a contract, by the ABI's names and order.</summary>
    /// <exception cref="DeploymentException">The profile lacks a parameter, has one that the constructor does not, or a value does not fit.</exception>
    public IReadOnlyList<object> Arguments(string contract, ContractAbi abi, IReadOnlyDictionary<string, Address> addresses)
    {
        var values = Section("deploy")[contract] as JsonObject ?? throw new DeploymentException($"The profile's deploy.{contract} must be an object.");
        foreach (var (name, _) in values)
        {
            if (abi.Constructor.All(p => Bare(p.Name) != Bare(name)))
                throw new DeploymentException($"The profile's deploy.{contract}.{name} is not a parameter of the constructor. It takes: {string.Join(", ", abi.Constructor.Select(p => Bare(p.Name)))}.");
        }

        return [.. abi.Constructor.Select(parameter =>
        {
            var where = $"deploy.{contract}.{Bare(parameter.Name)}";
            var value = values.FirstOrDefault(v => Bare(v.Key) == Bare(parameter.Name));
            if (value.Key is null) throw new DeploymentException($"The profile lacks {where} ({parameter.Type}).");
            var argument = Convert(parameter.Type, value.Value, addresses, where);

            // The EmissionController takes sinks in ascending order, so that none is listed twice; a profile need not know its accounts' order.
            return Bare(parameter.Name) == "sinks" && argument is object[] sinks ? sinks.OrderBy(s => (Address)((object[])s)[0]).ToArray() : argument;
        })];
    }

    /// <summary>The entries of an optional list, such as "makers", as members of these types.</summary>
    public IReadOnlyList<IReadOnlyList<object>> List(string section, IReadOnlyList<AbiParameter> members, IReadOnlyDictionary<string, Address> addresses) =>
        [.. (Member(section) as JsonArray ?? []).Select((entry, i) => (IReadOnlyList<object>)Convert(AbiType.Tuple(members), entry, addresses, $"{section}[{i}]"))];

    private object Convert(AbiType type, JsonNode? value, IReadOnlyDictionary<string, Address> addresses, string where)
    {
        try
        {
            using var json = JsonDocument.Parse(Resolve(value, name => addresses.TryGetValue(name, out var address) ? JsonValue.Create(address.ToString()) : null, where).ToJsonString());
            return AbiCodec.FromJson(type, json.RootElement, where);
        }
        catch (FormatException e)
        {
            throw new DeploymentException($"The profile's {e.Message}", e);
        }
    }

    // Solidity marks constructor parameters that would hide a member with an underscore.
    private static string Bare(string name) => name.Trim('_');
}
