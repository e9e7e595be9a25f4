using System.Collections;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DePin.Client;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Geo;
using DePin.Protocol.Reports;
using DePin.Protocol.Verification;
using DePin.TestKit;

namespace DePin.Api.Tests;

/// <summary>
/// The typed client (src/Client) against the API's own description, in both directions, and against the API itself: its records stand apart from the rows that the API serves, so that here is where a
/// difference shows.
/// </summary>
public sealed class ClientContractTests(ApiFixture fixture) : IClassFixture<ApiFixture>
{
    private static readonly Period Whenever = new(DateTimeOffset.UnixEpoch, new DateTimeOffset(2096, 2, 29, 23, 59, 59, 999, TimeSpan.FromHours(14)));
    private static readonly MethodInfo[] Methods = typeof(IDePinApi).GetMethods();
    private static readonly Type[] Integers = [typeof(int), typeof(uint), typeof(long), typeof(Epoch), typeof(Generation), typeof(ClassId), typeof(TokenId), typeof(MakerId), typeof(ModelId)];
    private static readonly Type[] Texts =
    [
        typeof(string), typeof(Uri), typeof(Address), typeof(ChainAddress), typeof(TransactionName), typeof(Bytes32), typeof(DeviceId), typeof(ProofId), typeof(NetworkId), typeof(ConfigDigest), typeof(ReportDigest), typeof(TokenAmount), typeof(BigInteger), typeof(H3Cell),
        typeof(ReadOnlyMemory<byte>), typeof(DateTimeOffset), typeof(ulong), // a counter
    ];

    private sealed record Operation(string Path, IReadOnlySet<string> Query, JsonElement? Schema)
    {
        public bool Is(string path) => Regex.IsMatch(path, "^" + Regex.Replace(Path, @"\\?\{[a-z]+\}", "[^/]+") + "$");
    }

    [Fact]
    public async Task The_client_has_a_method_for_each_operation_and_each_of_its_parameters_and_no_other()
    {
        var (operations, _) = await DescriptionAsync();
        var asked = operations.ToDictionary(o => o.Path, _ => new HashSet<string>(StringComparer.Ordinal));
        foreach (var method in Methods)
        {
            using var recorder = new Recorder();
            using var client = Client(recorder, "eip155:31337");
            await Assert.ThrowsAsync<ApiException>(() => ResultAsync(client, method, full: true));
            var request = Assert.Single(recorder.Requests);
            var operation = Assert.Single(operations, o => o.Is(request.AbsolutePath));
            var names = request.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=')[0]).ToList();
            Assert.True(names.All(operation.Query.Contains), $"{method.Name} sends {string.Join(", ", names.Except(operation.Query))}, which {operation.Path} does not have");
            if (!method.Name.StartsWith("All", StringComparison.Ordinal)) Assert.True(operation.Query.SetEquals(names), $"{method.Name} cannot send {string.Join(", ", operation.Query.Except(names))} of {operation.Path}");
            asked[operation.Path].Add(method.Name);
        }

        foreach (var (path, methods) in asked)
        {
            var whole = Assert.Single(methods, m => !m.StartsWith("All", StringComparison.Ordinal));
            if (operations.Single(o => o.Path == path).Query.Contains("cursor")) Assert.Contains(whole.Replace("List", "All", StringComparison.Ordinal), methods);
            else Assert.Single(methods);
        }
    }

    [Fact]
    public async Task The_clients_records_have_the_members_of_the_described_answers_and_no_others()
    {
        var (operations, schemas) = await DescriptionAsync();
        var compared = 0;
        foreach (var method in Methods.Where(m => typeof(Task).IsAssignableFrom(m.ReturnType)))
        {
            using var recorder = new Recorder();
            using var client = Client(recorder);
            await Assert.ThrowsAsync<ApiException>(() => ResultAsync(client, method, full: true));
            var operation = operations.Single(o => o.Is(recorder.Requests[0].AbsolutePath));
            Compare(method.Name, operation.Schema!.Value, method.ReturnType.GetGenericArguments()[0], false, schemas, ref compared);
        }

        Assert.True(compared > 200, $"only {compared} members: is the description complete?");
    }

    [Fact]
    public async Task Every_method_reads_what_the_API_answers_to_the_last_member()
    {
        foreach (var method in Methods)
        {
            using var recorder = new Recorder(fixture.Host.Server.CreateHandler());
            using var client = Client(recorder);
            var result = await ResultAsync(client, method, full: false);
            Assert.True(result is not null, method.Name);
            if (!typeof(Task).IsAssignableFrom(method.ReturnType)) continue;
            var type = method.ReturnType.GetGenericArguments()[0];
            var written = JsonSerializer.SerializeToNode(result, type, ApiJson.Strict);
            var served = JsonNode.Parse(Assert.Single(recorder.Answers));
            Assert.True(JsonNode.DeepEquals(Plain(served), Plain(written)), $"{method.Name}:\n{served}\nwas read as\n{written}");
        }
    }

    [Fact]
    public async Task What_is_not_there_is_null_and_what_is_not_yet_says_so()
    {
        using var client = fixture.Typed();
        var nobody = FakeNetworkActivity.AddressOf("nobody");
        Assert.Null(await client.FindDeviceAsync(new TokenId(99), default));
        Assert.Null(await client.ListProofsAsync(new TokenId(99), default, default, default));
        Assert.Null(await client.FindEpochAsync(new Epoch(77), default));
        Assert.Null(await client.FindAccountAsync(nobody, default));
        Assert.Null(await client.FindClaimAsync(nobody, default));
        Assert.Empty(await client.AllDeviceRewardsAsync(new TokenId(99), default, default).ToListAsync());
        using var elsewhere = Client(fixture.Host.Server.CreateHandler(), "eip155:1");
        var problem = await Assert.ThrowsAsync<ApiException>(() => elsewhere.FindDeviceAsync(new TokenId(1), default));
        Assert.Equal((HttpStatusCode.NotFound, "not-found"), (problem.Status, problem.Code));
        Assert.Contains("eip155:1", problem.Detail, StringComparison.Ordinal);

        var refused = await Assert.ThrowsAsync<ApiException>(() => client.ListDevicesAsync(new DeviceFilter(), ListOrder.Newest, new PageRequest(501), default));
        Assert.Equal((HttpStatusCode.BadRequest, "bad-parameter", false), (refused.Status, refused.Code, refused.IsTransient));
        Assert.Contains("from 1 to 500", refused.Message, StringComparison.Ordinal);
    }

    private DePinClient Client(HttpMessageHandler connections, string? network = null) =>
        DePinClient.Create(new DePinClientOptions { BaseAddress = fixture.Host.Server.BaseAddress, Network = network, Retries = 0, Strict = true, AttemptTimeout = TimeSpan.FromMinutes(2), Timeout = TimeSpan.FromMinutes(2) }, connections);

    private static async Task<object?> ResultAsync(DePinClient client, MethodInfo method, bool full)
    {
        var arguments = method.GetParameters().Select(p => Argument(method.Name, p, full)).ToArray();
        var called = method.Invoke(client, arguments)!;
        if (called is Task task)
        {
            await task;
            return task.GetType().GetProperty(nameof(Task<int>.Result))!.GetValue(task);
        }

        var walk = typeof(ClientContractTests).GetMethod(nameof(WalkAsync), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(method.ReturnType.GetGenericArguments()[0]);
        return await (Task<IList>)walk.Invoke(null, [called, method.Name == nameof(IDePinApi.FollowAsync) ? 1 : 500])!;
    }

    private static async Task<IList> WalkAsync<T>(IAsyncEnumerable<T> items, int atMost)
    {
        var seen = new List<T>();
        await foreach (var item in items)
        {
            seen.Add(item);
            if (seen.Count >= atMost) break;
        }

        return seen;
    }

    // Whatever a method can be asked; where the answer matters, what the fixture has.
    private static object? Argument(string method, ParameterInfo parameter, bool full) => parameter.ParameterType switch
    {
        var type when type == typeof(CancellationToken) => CancellationToken.None,
        var type when type == typeof(PageRequest) => full ? new PageRequest(7, "cursor") : new PageRequest(100),
        var type when type == typeof(DeviceFilter) => full
            ? new DeviceFilter { Owner = ApiFixture.Providers[0], Class = new ClassId(2), Status = DeviceStatus.Suspended, Cell = new H3Cell(0x8a1f91b1c8dffff), Registered = Whenever }
            : new DeviceFilter(),
        var type when type == typeof(DeviceRef) => (DeviceRef)new DeviceId(ApiFixture.DeviceId(1)),
        var type when type == typeof(ProofId) => new ProofId(FakeNetworkActivity.HashOf("proof 3")),
        var type when type == typeof(ChainAddress) => (ChainAddress)ApiFixture.Providers[0],
        var type when type == typeof(Epoch) => new Epoch(1),
        var type when type == typeof(int) => 5, // a map's resolution
        var type when type == typeof(ClassId?) => full ? new ClassId(2) : null,
        var type when type == typeof(Period) => full ? Whenever : default,
        var type when type == typeof(RewardFilter) => full ? new RewardFilter(new Epoch(1), new ClassId(2), Whenever) : default,
        var type when type == typeof(ProofFilter) => full ? new ProofFilter(Judgement.Reject, Whenever) : default,
        var type when type == typeof(EpochFilter) => full ? new EpochFilter(ReportStatus.Final, Whenever) : default,
        var type when type == typeof(ListOrder) => ListOrder.Oldest,
        var type when type == typeof(AccountOrder) => AccountOrder.Earned,
        var type when type == typeof(LiveKinds) => full ? LiveKinds.Reports : LiveKinds.All,
        var type when type == typeof(string) && method == nameof(IDePinApi.FollowAsync) => null, // no parameter of the query: a header
        _ => throw new InvalidOperationException($"Give the test a {parameter.ParameterType} for {method}."),
    };

    private static void Compare(string where, JsonElement schema, Type type, bool nullable, JsonElement schemas, ref int compared)
    {
        var (described, mayBeNull) = Resolve(schema, schemas);
        Assert.True(mayBeNull == nullable, $"{where} is {(mayBeNull ? "null at times" : "never null")} by the description, and {type} here");
        compared++;
        type = Nullable.GetUnderlyingType(type) ?? type;
        var kinds = Kinds(described);
        if (type == typeof(JsonElement)) Assert.True(kinds.Count == 0, $"{where} has a type by the description");
        else if (Integers.Contains(type)) Assert.True(kinds.Contains("integer"), $"{where} is {string.Join('/', kinds)}, no integer");
        else if (type == typeof(double) || type == typeof(decimal)) Assert.True(kinds.Contains("number"), $"{where} is {string.Join('/', kinds)}, no number");
        else if (type == typeof(bool)) Assert.Equal(["boolean"], kinds);
        else if (type.IsEnum || Texts.Contains(type)) Assert.True(kinds.SequenceEqual(["string"]), $"{where} is {string.Join('/', kinds)}, no text");
        else if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
            Compare($"{where}.*", described.GetProperty("additionalProperties"), type.GetGenericArguments()[1], false, schemas, ref compared);
        else if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)) Compare($"{where}[]", described.GetProperty("items"), type.GetGenericArguments()[0], false, schemas, ref compared);
        else
        {
            var members = ApiJson.Strict.GetTypeInfo(type).Properties.ToDictionary(p => p.Name);
            var properties = described.GetProperty("properties").EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
            Assert.True(properties.Keys.ToHashSet().SetEquals(members.Keys),
                $"{where}: the API also has {string.Join(", ", properties.Keys.Except(members.Keys))}; {type.Name} also has {string.Join(", ", members.Keys.Except(properties.Keys))}");
            foreach (var (name, member) in members) Compare($"{where}.{name}", properties[name], member.PropertyType, member.IsGetNullable && (!member.PropertyType.IsValueType || Nullable.GetUnderlyingType(member.PropertyType) is not null), schemas, ref compared);
        }
    }

    private static (JsonElement Schema, bool Nullable) Resolve(JsonElement schema, JsonElement schemas)
    {
        var nullable = schema.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.Array && type.EnumerateArray().Any(t => t.GetString() == "null");
        if (schema.TryGetProperty("oneOf", out var either))
        {
            var one = Assert.Single(either.EnumerateArray(), e => !(e.TryGetProperty("type", out var t) && t.ToString() == "null"));
            return (Resolve(one, schemas).Schema, either.GetArrayLength() > 1);
        }

        return schema.TryGetProperty("$ref", out var reference) ? Resolve(schemas.GetProperty(reference.GetString()!.Split('/')[^1]), schemas) : (schema, nullable);
    }

    private static List<string> Kinds(JsonElement schema) => !schema.TryGetProperty("type", out var type) ? []
        : type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(t => t.GetString()!).Where(t => t != "null")] : [type.GetString()!];

    // Times are the same whether they end with Z or +00:00.
    private static JsonNode? Plain(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, Plain(m.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Plain)]),
        JsonValue value when value.GetValueKind() == JsonValueKind.String && value.ToString() is [_, _, _, _, '-', _, _, '-', _, _, 'T', ..] and var text
            => JsonValue.Create(DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds()),
        _ => node?.DeepClone(),
    };

    [Fact]
    public async Task What_a_person_sees_signed_in_is_left_out_on_purpose_and_nothing_else()
    {
        // docs/decisions/0014: a sign-in is a person's at a page; a program has the operator's key and asks the chain.
        var left = (await fixture.GetAsync("/openapi/v1.json")).GetProperty("paths").EnumerateObject().Where(IsPersonal).Select(p => p.Name).ToList();
        Assert.Equal(["/v1/operator", "/v1/operator/{reportKey}/actions", "/v1/operator/{reportKey}/process", "/v1/operator/{reportKey}/reports", "/v1/session", "/v1/session/nonce"], left.Order(StringComparer.Ordinal));
    }

    private static bool IsPersonal(JsonProperty path) =>
        path.Value.EnumerateObject().All(o => o.Value.TryGetProperty("tags", out var tags) && tags.EnumerateArray().Any(t => t.GetString() == "Operator pages"));

    private async Task<(IReadOnlyList<Operation> Operations, JsonElement Schemas)> DescriptionAsync()
    {
        var document = await fixture.GetAsync("/openapi/v1.json");
        var operations = document.GetProperty("paths").EnumerateObject().Where(p => !IsPersonal(p)).Select(path =>
        {
            var get = path.Value.GetProperty("get");
            var parameters = get.TryGetProperty("parameters", out var list) ? list.EnumerateArray().Where(p => p.GetProperty("in").GetString() == "query").Select(p => p.GetProperty("name").GetString()!) : [];
            var content = get.GetProperty("responses").GetProperty("200").GetProperty("content");
            return new Operation(path.Name, parameters.ToHashSet(StringComparer.Ordinal), content.TryGetProperty("application/json", out var json) ? json.GetProperty("schema") : null);
        }).ToList();
        return (operations, document.GetProperty("components").GetProperty("schemas"));
    }

    /// <summary>Writes down what is asked and answered; without a server it fails everything.</summary>
    private sealed class Recorder(HttpMessageHandler? server = null) : DelegatingHandler(server ?? new HttpClientHandler())
    {
        public List<Uri> Requests { get; } = [];

        public List<string> Answers { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add(request.RequestUri!);
            if (server is null) return new HttpResponseMessage(HttpStatusCode.NotImplemented) { RequestMessage = request };
            var response = await base.SendAsync(request, cancellationToken);
            if (response.Content.Headers.ContentType?.MediaType == "application/json") Answers.Add(await response.Content.ReadAsStringAsync(cancellationToken));
            return response;
        }
    }
}
