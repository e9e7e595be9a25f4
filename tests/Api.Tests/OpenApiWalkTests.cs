using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DePin.Api.Tests;

/// <summary>Walks the API's own description, so that a new endpoint is held to the same rules as the old ones.</summary>
public sealed partial class OpenApiWalkTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    private static readonly string[] Bad =
    [
        "zz!", "%00", "-1", "0x", "99999999999999999999999999", "'%20or%201=1%20--", "%F0%9F%92%A5", "AAAA", "fHx8fHx8", "1e9", "0xzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", "../../etc/passwd", "null",
    ];

    // Money: everything in base units of the token or in shares of it.
    private static readonly HashSet<string> Money = new(StringComparer.Ordinal)
    {
        "minted", "burned", "claimed", "staked", "budget", "allocated", "unallocated", "amount", "cumulative", "final", "balance", "claimable", "waiting", "prefix", "cumulativeTotal", "bond",
        "tokens", "shares", "thawingTokens", "paid", "rewards", "sinks", "used", "capacity", "fee", "weight", "challengeBond", "value", "minimumBond", "earned",
    };

    private sealed record Parameter(string Name, bool InPath, IReadOnlyList<string> Words);

    private sealed record Operation(string Path, IReadOnlyList<Parameter> Parameters, bool Streams)
    {
        public string Fill(string? name = null, string? value = null)
        {
            var path = Path;
            foreach (var p in Parameters.Where(p => p.InPath)) path = path.Replace($"{{{p.Name}}}", p.Name == name ? value : Good(Path, p.Name), StringComparison.Ordinal);
            return Parameters.Any(p => p.Name == name && !p.InPath) ? $"{path}?{name}={value}" : path;
        }

        private static string Good(string path, string name) => name switch
        {
            "epoch" => "1",
            "reportKey" => ApiFixture.OperatorKeys[0].ToString(),
            "address" => ApiFixture.Providers[0].ToString(),
            "id" when path.Contains("/proofs/{id}", StringComparison.Ordinal) => DePin.TestKit.FakeNetworkActivity.HashOf("proof 3").ToString(),
            "id" => ApiFixture.DeviceId(1).ToString(),
            _ => throw new InvalidOperationException($"Give the test a good value for {name} of {path}."),
        };
    }

    [Fact]
    public async Task Every_bad_parameter_of_every_endpoint_gets_a_problem_and_never_a_failure()
    {
        var asked = 0;
        await fixture.SignInAsync();
        foreach (var operation in await OperationsAsync())
        {
            foreach (var parameter in operation.Parameters)
            {
                var refused = 0;
                foreach (var value in Bad.Append(new string('7', 3_000)).Where(v => !parameter.InPath || v != "%00")) // a null in a path never gets past a real server
                {
                    var path = operation.Fill(parameter.Name, value);
                    using var response = await fixture.Client.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
                    if (operation.Streams && response.IsSuccessStatusCode) continue; // it would not end
                    var text = await response.Content.ReadAsStringAsync();
                    Assert.True((int)response.StatusCode < 500, $"{path}: {(int)response.StatusCode} {text}");
                    asked++;
                    if ((int)response.StatusCode < 400) continue;
                    refused++;
                    Assert.True(response.Content.Headers.ContentType?.MediaType == "application/problem+json", $"{path}: {(int)response.StatusCode} as {response.Content.Headers.ContentType}");
                    var problem = JsonSerializer.Deserialize<JsonElement>(text);
                    Assert.All(["type", "title", "detail", "code"], field => Assert.False(string.IsNullOrWhiteSpace(problem.GetProperty(field).GetString()), $"{path} lacks {field}: {text}"));
                    Assert.Equal((int)response.StatusCode, problem.GetProperty("status").GetInt32());
                }

                Assert.True(refused > 0, $"{operation.Path} takes anything as {parameter.Name}");
            }
        }

        Assert.True(asked > 400, $"only {asked} requests: is the description complete?");
    }

    [Fact]
    public async Task Money_is_text_everywhere_and_no_number_is_beyond_what_a_browser_holds()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await fixture.SignInAsync();
        foreach (var operation in (await OperationsAsync()).Where(o => !o.Streams)) Check(operation.Path, await fixture.GetAsync(operation.Fill()), seen);
        Assert.Empty(Money.Except(seen).Except(["challengeBond", "paid", "thawingTokens", "tokens", "shares", "rewards", "sinks", "used", "capacity", "unallocated", "minimumBond", "value", "earned"])); // what the fixture has no row of

        // The same by the description, which covers what the fixture has no row of.
        var described = new HashSet<string>(StringComparer.Ordinal);
        foreach (var schema in (await fixture.GetAsync("/openapi/v1.json")).GetProperty("components").GetProperty("schemas").EnumerateObject())
        {
            if (!schema.Value.TryGetProperty("properties", out var properties)) continue;
            foreach (var property in properties.EnumerateObject().Where(p => Money.Contains(p.Name)))
            {
                if (!property.Value.TryGetProperty("type", out var type)) continue; // an object of that name has members of its own
                if (type.ToString() == "array") continue; // so has a list
                described.Add(property.Name);
                var types = type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(t => t.GetString())] : new[] { type.GetString() };
                Assert.True(types.Contains("string") && !types.Contains("integer") && !types.Contains("number"), $"{schema.Name}.{property.Name} is {type}");
            }
        }

        Assert.Empty(Money.Except(described).Except(["rewards"]));
    }

    [Fact]
    public async Task Every_list_is_a_page_with_a_limit_and_walks_alike_in_steps_of_one()
    {
        await fixture.SignInAsync();
        var lists = (await OperationsAsync()).Where(o => o.Parameters.Any(p => p.Name == "cursor")).ToList();
        Assert.Equal(
            ["/v1/accounts", "/v1/accounts/{address}/claims", "/v1/accounts/{address}/epochs", "/v1/accounts/{address}/rewards", "/v1/devices", "/v1/devices/{id}/epochs", "/v1/devices/{id}/proofs", "/v1/devices/{id}/rewards", "/v1/emission", "/v1/epochs", "/v1/epochs/{epoch}/rewards", "/v1/makers", "/v1/map", "/v1/operator/{reportKey}/reports", "/v1/operators", "/v1/stakes"],
            lists.Select(o => o.Path).Order(StringComparer.Ordinal));
        foreach (var list in lists)
        {
            Assert.Contains(list.Parameters, p => p.Name == "limit");
            var whole = await WalkAsync(list.Fill(), 500);
            Assert.Equal(whole, await WalkAsync(list.Fill(), 1));
            Assert.Equal(whole.Count, whole.Distinct(StringComparer.Ordinal).Count());
            foreach (var word in list.Parameters.SingleOrDefault(p => p.Name == "sort")?.Words ?? [])
            {
                var sorted = await WalkAsync(list.Fill() + "?sort=" + word, 500);
                Assert.Equal(sorted, await WalkAsync(list.Fill() + "?sort=" + word, 1));
                Assert.Equal(whole.Order(StringComparer.Ordinal), sorted.Order(StringComparer.Ordinal)); // the same in another order
            }
        }
    }

    [Fact]
    public async Task What_is_no_path_or_no_read_gets_a_problem_too()
    {
        foreach (var (method, path, status, code) in new[] { (HttpMethod.Get, "/v1/nothing", 404, "not-found"), (HttpMethod.Get, "/v1/epochs/first", 404, "not-found"), (HttpMethod.Post, "/v1/devices", 405, "read-only") })
        {
            using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
            using var response = await fixture.Client.SendAsync(request);
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal(code, JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync()).GetProperty("code").GetString());
        }
    }

    [Fact]
    public async Task The_page_to_browse_the_description_needs_nothing_from_elsewhere()
    {
        var page = await fixture.Client.GetStringAsync(new Uri("/docs/index.html", UriKind.Relative));
        Assert.DoesNotMatch(Foreign(), page);
        foreach (Match reference in Local().Matches(page))
        {
            using var response = await fixture.Client.GetAsync(new Uri($"/docs/{reference.Groups[1].Value.TrimStart('.', '/')}", UriKind.Relative));
            Assert.True(response.IsSuccessStatusCode, reference.Value);
        }

        Assert.Contains("/openapi/v1.json", await fixture.Client.GetStringAsync(new Uri("/docs/index.js", UriKind.Relative)), StringComparison.Ordinal);
    }

    private async Task<List<string>> WalkAsync(string path, int limit)
    {
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await fixture.GetAsync(string.Create(CultureInfo.InvariantCulture, $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit={limit}{(cursor is null ? "" : $"&cursor={cursor}")}"));
            if (page.TryGetProperty("epochs", out var inner)) page = inner; // emission wraps its page
            var items = (page.TryGetProperty("items", out var list) ? list : page.GetProperty("operators")).EnumerateArray().Select(i => i.GetRawText()).ToList();
            Assert.True(items.Count <= limit, path);
            seen.AddRange(items);
            cursor = page.GetProperty("next").GetString();
        }
        while (cursor is not null);
        return seen;
    }

    private static void Check(string path, JsonElement value, HashSet<string> seen)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                {
                    if (Money.Contains(property.Name) && property.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null))
                    {
                        seen.Add(property.Name);
                        Assert.True(property.Value.ValueKind == JsonValueKind.String, $"{path}: {property.Name} is {property.Value}");
                    }

                    Check(path, property.Value, seen);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray()) Check(path, item, seen);
                break;
            case JsonValueKind.Number:
                Assert.True(Math.Abs(value.GetDouble()) < 9_007_199_254_740_992, $"{path}: {value}");
                break;
        }
    }

    private async Task<List<Operation>> OperationsAsync()
    {
        var operations = new List<Operation>();
        foreach (var path in (await fixture.GetAsync("/openapi/v1.json")).GetProperty("paths").EnumerateObject())
        {
            if (!path.Value.TryGetProperty("get", out var get)) continue;
            operations.Add(new Operation(path.Name, get.TryGetProperty("parameters", out var parameters)
                ? [.. parameters.EnumerateArray().Select(p => new Parameter(p.GetProperty("name").GetString()!, p.GetProperty("in").GetString() == "path",
                    p.GetProperty("schema").TryGetProperty("enum", out var words) ? [.. words.EnumerateArray().Select(w => w.GetString()!)] : []))]
                : [],
                get.GetProperty("responses").GetProperty("200").TryGetProperty("content", out var content) && content.TryGetProperty("text/event-stream", out _)));
        }

        Assert.True(operations.Count >= 18, "the description lacks endpoints");
        return operations;
    }

    [GeneratedRegex("""(src|href)\s*=\s*["'](https?:)?//""")]
    private static partial Regex Foreign();

    [GeneratedRegex("""(?:src|href)\s*=\s*["']([^"'#:]+)["']""")]
    private static partial Regex Local();
}
