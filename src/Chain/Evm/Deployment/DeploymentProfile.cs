using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DePin.Abi;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Chain.Deployment;

/// <summary>
/// A deployment profile: one JSON file with every parameter of a network. <c>"$name"</c> stands for a variable, <c>"@Contract"</c> for
/// the address that a contract of the same deployment will have. Variables whose value in the file is null must be given.
/// </summary>
public sealed class DeploymentProfile
{
    private readonly JsonObject _root;
    private readonly Dictionary<string, JsonNode> _variables;

    private DeploymentProfile(JsonObject root, Dictionary<string, JsonNode> variables)
    {
        _root = root;
        _variables = variables;
        Name = root["profile"]?.GetValue<string>() ?? throw new DeploymentException("The profile has no \"profile\" name.");
        DevChains = [.. (root["devChains"] as JsonArray ?? []).Select(c => c!.GetValue<ulong>())];
        Contracts = [.. Section("deploy").Select(c => c.Key)];
        Parameters = NetworkParameters.Parse(System.Text.Encoding.UTF8.GetBytes(Resolve(Section("network"), null, "network").ToJsonString()));
    }

    /// <summary>"dev" or "production", for people.</summary>
    public string Name { get; }

    /// <summary>Chain ids besides 31337 and 1337 on which bounds meant for development are allowed.</summary>
    public IReadOnlyList<ulong> DevChains { get; }

    /// <summary>The contracts in the order in which they are created.</summary>
    public IReadOnlyList<string> Contracts { get; }

    /// <summary>The network's parameter document.</summary>
    public NetworkParameters Parameters { get; }

    /// <summary>Whether development bounds are allowed on a chain.</summary>
    public bool IsDevChain(ulong chainId) => chainId is 31337 or 1337 || DevChains.Contains(chainId);

    /// <summary>Reads a profile file; <paramref name="variables"/> override those of the file.</summary>
    /// <exception cref="DeploymentException">The file is not a profile, or a variable is missing or unknown.</exception>
    public static DeploymentProfile Load(string path, IReadOnlyDictionary<string, string> variables)
    {
        if (!File.Exists(path)) throw new DeploymentException($"The deployment profile '{path}' does not exist.");
        return Parse(File.ReadAllText(path), variables);
    }

    /// <summary>Reads a profile's text.</summary>
    /// <exception cref="DeploymentException">The text is not a profile, or a variable is missing or unknown.</exception>
    public static DeploymentProfile Parse(string json, IReadOnlyDictionary<string, string> variables)
    {
        JsonObject root;
        try
        {
            root = JsonNode.Parse(json, null, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip })?.AsObject() ?? throw new JsonException("it is null");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DeploymentException($"The deployment profile is not a JSON object: {e.Message}", e);
        }

        var declared = root["variables"] as JsonObject ?? [];
        var values = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach (var name in variables.Keys)
        {
            if (!declared.ContainsKey(name)) throw new DeploymentException($"The profile has no variable '{name}'. It has: {string.Join(", ", declared.Select(d => d.Key))}.");
        }

        foreach (var (name, standard) in declared)
        {
            values[name] = variables.TryGetValue(name, out var given) ? Value(given)
                : standard?.DeepClone() ?? throw new DeploymentException($"The profile's variable '{name}' has no value; give one.");
        }

        return new DeploymentProfile(root, values);

        // A number where it can be one: network parameters distinguish numbers from strings. A text in brackets is a list.
        static JsonNode Value(string text) => text.StartsWith('[') ? JsonNode.Parse(text)! : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number) : JsonValue.Create(text);
    }

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
        [.. (_root[section] as JsonArray ?? []).Select((entry, i) => (IReadOnlyList<object>)Convert(AbiType.Tuple(members), entry, addresses, $"{section}[{i}]"))];

    private object Convert(AbiType type, JsonNode? value, IReadOnlyDictionary<string, Address> addresses, string where)
    {
        try
        {
            using var json = JsonDocument.Parse(Resolve(value, addresses, where).ToJsonString());
            return AbiCodec.FromJson(type, json.RootElement, where);
        }
        catch (FormatException e)
        {
            throw new DeploymentException($"The profile's {e.Message}", e);
        }
    }

    private JsonObject Section(string name) => _root[name] as JsonObject ?? throw new DeploymentException($"The profile has no \"{name}\" object.");

    private JsonNode Resolve(JsonNode? node, IReadOnlyDictionary<string, Address>? addresses, string where)
    {
        switch (node)
        {
            case JsonObject members:
                return new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)Resolve(m.Value, addresses, $"{where}.{m.Key}"))));
            case JsonArray items:
                return new JsonArray([.. items.Select((item, i) => Resolve(item, addresses, $"{where}[{i}]"))]);
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                var text = value.GetValue<string>();
                if (text.StartsWith('$'))
                {
                    return _variables.TryGetValue(text[1..], out var variable)
                        ? variable.DeepClone()
                        : throw new DeploymentException($"The profile's {where} names the variable '{text[1..]}', which is not declared under \"variables\".");
                }

                if (text.StartsWith('@') && addresses is not null)
                {
                    return addresses.TryGetValue(text[1..], out var address)
                        ? JsonValue.Create(address.ToString())
                        : throw new DeploymentException($"The profile's {where} names the contract '{text[1..]}', which is not deployed.");
                }

                return JsonValue.Create(text);
            case null:
                throw new DeploymentException($"The profile's {where} is null.");
            default:
                return node.DeepClone();
        }
    }

    // Solidity marks constructor parameters that would hide a member with an underscore.
    private static string Bare(string name) => name.Trim('_');
}
