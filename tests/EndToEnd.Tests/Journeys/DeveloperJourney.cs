using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text.Json.Nodes;
using DePin.Cli.Dev;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Rewards;
using DePin.TestKit;
using Npgsql;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>Somebody who builds on the network with what it publishes alone: the API's description, the API, and SQL that only reads.</summary>
[Collection(RunningNetwork.Shared)]
public sealed class DeveloperJourney(RunningNetwork network)
{
    [Fact]
    public async Task Everything_that_the_description_names_answers_as_it_says()
    {
        await network.FinalAsync(1);
        using var http = new HttpClient { BaseAddress = network.Api };
        var description = JsonNode.Parse(await http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)))!;
        var device = (await GetAsync(http, "/v1/devices?limit=1"))["items"]![0]!["deviceId"]!.ToString();
        var account = (await GetAsync(http, "/v1/stakes?limit=1"))["items"]![0]!["provider"]!.ToString();
        var proof = (await ProofsAsync(http)).First()["proofId"]!.ToString();
        var values = new Dictionary<string, string> { ["address"] = account, ["epoch"] = "1" };
        var asked = 0;
        foreach (var (path, operations) in description["paths"]!.AsObject())
        {
            var get = operations!["get"] ?? throw new InvalidOperationException($"{path} is no read");
            var url = path.Replace("{id}", path.Contains("/proofs/", StringComparison.Ordinal) ? proof : device, StringComparison.Ordinal);
            foreach (var (name, value) in values) url = url.Replace($"{{{name}}}", value, StringComparison.Ordinal);
            Assert.DoesNotContain("{", url, StringComparison.Ordinal);
            using var response = await http.GetAsync(new Uri(url, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead); // the live stream does not end
            Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Conflict, $"{url}: {(int)response.StatusCode}");
            Assert.True(get["responses"]!.AsObject().ContainsKey(((int)response.StatusCode).ToString(CultureInfo.InvariantCulture)) || response.StatusCode == HttpStatusCode.Conflict, $"{url} answers {(int)response.StatusCode}, which the description does not name");
            asked++;
        }

        Assert.True(asked >= 15, $"only {asked} paths are described");
    }

    [Fact]
    public async Task A_reward_is_followed_from_its_proofs_to_a_claim_that_the_contract_takes()
    {
        await network.FinalAsync(1);
        using var http = new HttpClient { BaseAddress = network.Api };
        await using var sql = NpgsqlDataSource.Create(Storage.DatabaseRole.As(
            DevDatabases.Of(DevSettings.Load(Path.Combine(network.Data, "settings.json"))!).ConnectionString("api"), Storage.DatabaseRole.Api));

        // Pages together are the whole list, each device once, and SQL counts the same.
        await Eventually.HoldsAsync(async () => await ScalarAsync<long>(sql, "select count(*) from chain.devices") == (await ListAsync(http, "/v1/devices", 3)).Select(d => d["deviceId"]!.ToString()).Distinct().Count(), "as many devices by page as by SQL", default);

        // An account whose claim can be proved: its lines add up to what the leaf says, and the leaf is under the root.
        var (account, claim) = await FindClaimAsync(http);
        var epoch = claim["epoch"]!.GetValue<long>();
        var lines = (await ListAsync(http, $"/v1/accounts/{account}/rewards", 50)).Where(l => l["epoch"]!.GetValue<long>() <= epoch).ToList();
        var sum = lines.Aggregate(BigInteger.Zero, (total, l) => total + BigInteger.Parse(l["amount"]!.ToString(), CultureInfo.InvariantCulture));
        Assert.Equal(claim["leaf"]!["cumulative"]!.ToString(), sum.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(sum.ToString(CultureInfo.InvariantCulture), await ScalarAsync<string>(sql, string.Create(CultureInfo.InvariantCulture,
            $"select sum(amount)::text from evidence.lines where epoch <= {epoch} and account = decode('{new string('0', 24)}{account[2..]}', 'hex')")));

        var distributor = Address.Parse(claim["transaction"]!["to"]!.ToString());
        using var rpcClient = new HttpClient();
        var rpc = new Chain.Evm.EvmRpc(rpcClient, new Chain.Evm.EvmRpcOptions { Urls = [new Uri(network.Rpc)] });
        var domain = await rpc.CallAsync(distributor, new ContractBindings.Evm.RewardDistributor.DomainCall(), Chain.Evm.BlockTag.Latest, default);
        var leaf = claim["leaf"]!;
        var proof = new ClaimProof(
            new RewardLeaf(leaf["index"]!.GetValue<uint>(), new AccountId(Address.Parse(account).ToBytes32()), UInt128.Parse(leaf["cumulative"]!.ToString(), CultureInfo.InvariantCulture),
                UInt128.Parse(leaf["prefix"]!.ToString(), CultureInfo.InvariantCulture), Bytes32.Parse(leaf["itemsHash"]!.ToString())),
            [.. claim["proof"]!.AsArray().Select(p => Bytes32.Parse(p!.ToString()))]);
        var leaves = (uint)await ScalarAsync<int>(sql, string.Create(CultureInfo.InvariantCulture, $"select accounts from evidence.epochs where epoch = {epoch}"));
        Assert.True(proof.Verify(Bytes32.Parse(claim["root"]!.ToString()), domain, leaves));

        // The unsigned transaction does what it says: a dry run pays out.
        var transaction = claim["transaction"]!;
        using var anvil = new DevTools.AnvilRpc(new Uri(network.Rpc));
        var paid = await anvil.CallAsync("eth_call", [new JsonObject { ["to"] = transaction["to"]!.ToString(), ["data"] = transaction["data"]!.ToString() }, "latest"], default);
        Assert.True(BigInteger.Parse("0" + paid!.ToString()[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture) > 0);
    }

    // Accounts with rewards whose claim the contract would take now: not all is claimed and the breaker has room.
    private static async Task<(string Account, JsonNode Claim)> FindClaimAsync(HttpClient http)
    {
        foreach (var stake in await ListAsync(http, "/v1/stakes", 50))
        {
            var account = stake["provider"]!.ToString();
            using var response = await http.GetAsync(new Uri($"/v1/accounts/{account}/claim", UriKind.Relative));
            if (!response.IsSuccessStatusCode) continue;
            var claim = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            if (claim["claimable"]!.ToString() != "0") return (account, claim);
        }

        throw new InvalidOperationException("No account has anything to claim.");
    }

    private static async Task<List<JsonNode>> ProofsAsync(HttpClient http)
    {
        foreach (var device in await ListAsync(http, "/v1/devices", 50))
        {
            var proofs = (await GetAsync(http, $"/v1/devices/{device["deviceId"]}/proofs?limit=5"))["items"]!.AsArray();
            if (proofs.Count > 0) return [.. proofs.Select(p => p!)];
        }

        throw new InvalidOperationException("No device has a judged proof.");
    }

    private static async Task<List<JsonNode>> ListAsync(HttpClient http, string path, int pageSize)
    {
        var items = new List<JsonNode>();
        string? cursor = null;
        do
        {
            var page = await GetAsync(http, string.Create(CultureInfo.InvariantCulture, $"{path}?limit={pageSize}{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}"));
            items.AddRange(page["items"]!.AsArray().Select(i => i!));
            cursor = page["next"]?.ToString();
        }
        while (cursor is { Length: > 0 });
        return items;
    }

    private static async Task<JsonNode> GetAsync(HttpClient http, string path)
    {
        while (true)
        {
            using var response = await http.GetAsync(new Uri(path, UriKind.Relative));
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                await Task.Delay(TimeSpan.FromSeconds(1));
                continue;
            }

            Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode}");
            return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        }
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlDataSource sql, string query)
    {
        await using var command = sql.CreateCommand(query);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
