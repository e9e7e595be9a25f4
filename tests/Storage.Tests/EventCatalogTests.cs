using System.Text.Json;
using DePin.Mirror;

namespace DePin.Storage.Tests;

public sealed class EventCatalogTests
{
    [Fact]
    public void Knows_every_event_of_the_compiled_contracts_and_no_other()
    {
        var folder = Path.Combine(DevTools.RepositoryRoot.Find(), "contracts", "evm", "artifacts");
        var compiled = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var contract in ContractKinds.Evm)
        {
            using var artifact = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, $"{contract}.json")));
            foreach (var item in artifact.RootElement.GetProperty("abi").EnumerateArray().Where(i => i.GetProperty("type").GetString() == "event"))
            {
                var inputs = item.GetProperty("inputs").EnumerateArray().ToList();
                Assert.True(inputs.SkipWhile(i => i.GetProperty("indexed").GetBoolean()).All(i => !i.GetProperty("indexed").GetBoolean())
                    || item.GetProperty("name").GetString() == "ReportCancelled", "The one event whose indexed arguments are not its first ones.");
                compiled.Add($"{contract}.{item.GetProperty("name").GetString()}({string.Join(",", inputs.Select(TypeOf))}) {inputs.Count(i => i.GetProperty("indexed").GetBoolean())}");
            }
        }

        Assert.Equal(compiled, new SortedSet<string>(EventCatalog.All.Select(e => $"{e.Contract}.{e.Signature} {e.Indexed}"), StringComparer.Ordinal));
    }

    [Fact]
    public void Numbers_and_topics_are_unique_within_a_contract()
    {
        Assert.Equal(EventCatalog.All.Count, EventCatalog.All.Select(e => e.Kind).Distinct().Count());
        Assert.All(EventCatalog.All, e => Assert.Same(e, EventCatalog.Find(e.Contract, e.Topic)));
        Assert.All(EventCatalog.All, e => Assert.Equal((short)e.Contract, (short)e.Kind / 100));
    }

    private static string TypeOf(JsonElement input)
    {
        var type = input.GetProperty("type").GetString()!;
        return type.StartsWith("tuple", StringComparison.Ordinal)
            ? $"({string.Join(",", input.GetProperty("components").EnumerateArray().Select(TypeOf))}){type["tuple".Length..]}"
            : type;
    }
}
