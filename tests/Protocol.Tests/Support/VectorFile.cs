using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Cryptography;

namespace DePin.Protocol.Tests.Support;

/// <summary>Reads contracts/vectors/*.json, which independent tools wrote.</summary>
internal static class VectorFile
{
    public static JsonObject Load(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "contracts", "vectors", $"{name}.json");
            if (File.Exists(path)) return JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        }
        throw new FileNotFoundException($"contracts/vectors/{name}.json is not above {AppContext.BaseDirectory}; run: scripts/vectors");
    }

    public static JsonArray Rows(this JsonNode node, string key) => node[key]!.AsArray();

    public static string Text(this JsonNode node, string key) => node[key]!.GetValue<string>();

    public static byte[] Bytes(this JsonNode node, string key) => Hex(node.Text(key));

    public static Bytes32 Word(this JsonNode node, string key) => Bytes32.Parse(node.Text(key));

    public static AccountId Account(this JsonNode node, string key) => new(Bytes32.LeftPad(node.Bytes(key)));

    public static UInt128 Number(this JsonNode node, string key) => node[key]!.Number();

    public static UInt128 Number(this JsonNode node) => UInt128.Parse(node.ToString(), CultureInfo.InvariantCulture);

    public static byte[] Hex(string text) => Convert.FromHexString(text.AsSpan(2));
}
