using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DePin.Protocol;

namespace DePin.Chain.Deployment;

/// <summary>
/// A deployment profile: one JSON file with every parameter of a network. <c>"$name"</c> stands for a variable; variables whose value in the file is null must be given.
/// <c>"kind"</c> names the kind of chain (none: EVM), whose own profile reads what is created there.
/// </summary>
public abstract class DeploymentProfile
{
    private const string EvmKind = "evm";
    private const string SolanaKind = "solana";

    private readonly JsonObject _root;
    private readonly IReadOnlyDictionary<string, JsonNode> _variables;

    private protected DeploymentProfile(JsonObject root, IReadOnlyDictionary<string, JsonNode> variables)
    {
        _root = root;
        _variables = variables;
        Name = root["profile"]?.GetValue<string>() ?? throw new DeploymentException("The profile has no \"profile\" name.");
        Parameters = NetworkParameters.Parse(Encoding.UTF8.GetBytes(Resolve(Section("network"), null, "network").ToJsonString()));
    }

    /// <summary>"dev" or "production", for people.</summary>
    public string Name { get; }

    /// <summary>The network's parameter document.</summary>
    public NetworkParameters Parameters { get; }

    /// <summary>Reads a profile file of whichever kind; <paramref name="variables"/> override those of the file.</summary>
    /// <exception cref="DeploymentException">The file is not a profile, or a variable is missing or unknown.</exception>
    public static DeploymentProfile Load(string path, IReadOnlyDictionary<string, string> variables)
    {
        if (!File.Exists(path)) throw new DeploymentException($"The deployment profile '{path}' does not exist.");
        return Parse(File.ReadAllText(path), variables);
    }

    /// <summary>Reads a profile file of one kind of chain.</summary>
    /// <exception cref="DeploymentException">As <see cref="Load(string, IReadOnlyDictionary{string, string})"/>, or it is of another kind.</exception>
    public static T Load<T>(string path, IReadOnlyDictionary<string, string> variables)
        where T : DeploymentProfile => OfKind<T>(Load(path, variables));

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

        var values = Variables(root, variables);
        return (root["kind"] is { } kind ? kind.ToString() : EvmKind) switch
        {
            EvmKind => new EvmDeploymentProfile(root, values),
            SolanaKind => new SolanaDeploymentProfile(root, values),
            var other => throw new DeploymentException($"The profile's kind is '{other}'; there are {EvmKind} and {SolanaKind}."),
        };
    }

    /// <summary>Reads the text of a profile of one kind of chain.</summary>
    /// <exception cref="DeploymentException">As <see cref="Parse(string, IReadOnlyDictionary{string, string})"/>, or it is of another kind.</exception>
    public static T Parse<T>(string json, IReadOnlyDictionary<string, string> variables)
        where T : DeploymentProfile => OfKind<T>(Parse(json, variables));

    /// <summary>A member of the file; null where it has none.</summary>
    private protected JsonNode? Member(string name) => _root[name];

    /// <summary>A member of the file that is an object.</summary>
    private protected JsonObject Section(string name) => _root[name] as JsonObject ?? throw new DeploymentException($"The profile has no \"{name}\" object.");

    /// <summary>Puts in the variables' values, and for <c>"@name"</c> what <paramref name="places"/> gives; null leaves those as they are.</summary>
    private protected JsonNode Resolve(JsonNode? node, Func<string, JsonNode?>? places, string where)
    {
        switch (node)
        {
            case JsonObject members:
                return new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)Resolve(m.Value, places, $"{where}.{m.Key}"))));
            case JsonArray items:
                return new JsonArray([.. items.Select((item, i) => Resolve(item, places, $"{where}[{i}]"))]);
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                var text = value.GetValue<string>();
                if (text.StartsWith('$'))
                {
                    return _variables.TryGetValue(text[1..], out var variable)
                        ? variable.DeepClone()
                        : throw new DeploymentException($"The profile's {where} names the variable '{text[1..]}', which is not declared under \"variables\".");
                }

                return text.StartsWith('@') && places is not null
                    ? places(text[1..]) ?? throw new DeploymentException($"The profile's {where} names the contract '{text[1..]}', which is not deployed.")
                    : JsonValue.Create(text);
            case null:
                throw new DeploymentException($"The profile's {where} is null.");
            default:
                return node.DeepClone();
        }
    }

    private static T OfKind<T>(DeploymentProfile profile)
        where T : DeploymentProfile =>
        profile as T ?? throw new DeploymentException($"Profile '{profile.Name}' is for {(profile is SolanaDeploymentProfile ? "a Solana cluster" : "an EVM chain")}, and the network is to be on another kind of chain. Choose the profile of that kind.");

    private static Dictionary<string, JsonNode> Variables(JsonObject root, IReadOnlyDictionary<string, string> given)
    {
        var declared = root["variables"] as JsonObject ?? [];
        var values = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach (var name in given.Keys)
        {
            if (!declared.ContainsKey(name)) throw new DeploymentException($"The profile has no variable '{name}'. It has: {string.Join(", ", declared.Select(d => d.Key))}.");
        }

        foreach (var (name, standard) in declared)
        {
            values[name] = given.TryGetValue(name, out var text) ? Value(text)
                : standard?.DeepClone() ?? throw new DeploymentException($"The profile's variable '{name}' has no value; give one.");
        }

        return values;

        // A number where it can be one: network parameters distinguish numbers from strings. A text in brackets is a list.
        static JsonNode Value(string text) => text.StartsWith('[') ? JsonNode.Parse(text)! : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number) : JsonValue.Create(text);
    }
}
