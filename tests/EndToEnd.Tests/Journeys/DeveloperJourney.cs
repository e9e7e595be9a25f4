using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text.Json.Nodes;
using DePin.Cli.Dev;
using DePin.Client;
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
        using var api = network.Client();
        var device = (await api.AllDevicesAsync(new DeviceFilter(), ListOrder.Oldest, default).FirstAsync()).DeviceId.ToString();
        var account = (await api.AllStakePoolsAsync(default).FirstAsync()).Provider.ToString();
        var proof = (await AnyProofAsync(api)).ProofId.ToString();
        var values = new Dictionary<string, string> { ["address"] = account, ["reportKey"] = account, ["epoch"] = "1" };
        var (asked, guarded) = (0, 0);
        foreach (var (path, operations) in description["paths"]!.AsObject())
        {
            var get = operations!["get"] ?? throw new InvalidOperationException($"{path} is no read");
            var url = path.Replace("{id}", path.Contains("/proofs/", StringComparison.Ordinal) ? proof : device, StringComparison.Ordinal);
            foreach (var (name, value) in values) url = url.Replace($"{{{name}}}", value, StringComparison.Ordinal);
            Assert.DoesNotContain("{", url, StringComparison.Ordinal);
            using var response = await http.GetAsync(new Uri(url, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead); // the live stream does not end
            var named = get["responses"]!.AsObject();
            Assert.True(named.ContainsKey(((int)response.StatusCode).ToString(CultureInfo.InvariantCulture)), $"{url} answers {(int)response.StatusCode}, which the description does not name");
            // What is one person's asks who it is, and nothing else does.
            var mine = named.ContainsKey("401");
            Assert.True(mine ? response.StatusCode == HttpStatusCode.Unauthorized : response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Conflict, $"{url}: {(int)response.StatusCode}");
            guarded += mine ? 1 : 0;
            asked++;
        }

        Assert.True(asked >= 15, $"only {asked} paths are described");
        Assert.Equal(4, guarded);
    }

    [Fact]
    public async Task A_reward_is_followed_from_its_proofs_to_a_claim_that_the_contract_takes()
    {
        await network.FinalAsync(1);
        using var api = network.Client();
        await using var sql = NpgsqlDataSource.Create(Storage.DatabaseRole.As(
            DevDatabases.Of(DevSettings.Load(Path.Combine(network.Data, "settings.json"))!).ConnectionString("api"), Storage.DatabaseRole.Api));

        // Pages together are the whole list, each device once, and SQL counts the same.
        await Eventually.HoldsAsync(async () => await ScalarAsync<long>(sql, "select count(*) from chain.devices") == (await InPagesOfThreeAsync(api)).Distinct().Count(), "as many devices by page as by SQL", default);

        // An account whose claim can be proved: its lines add up to what the leaf says, and the leaf is under the root.
        var (account, claim) = await FindClaimAsync(api);
        var sum = await api.AllAccountRewardsAsync(account, default, default).Where(l => l.Epoch <= claim.Epoch).AggregateAsync(TokenAmount.Zero, (total, l) => total + l.Amount);
        Assert.Equal(claim.Leaf.Cumulative, sum);
        Assert.Equal(sum.ToString(), await ScalarAsync<string>(sql, $"select sum(amount)::text from evidence.lines where epoch <= {claim.Epoch} and account = decode('{account.ToBytes32().ToString()[2..]}', 'hex')"));

        var transaction = claim.Transaction!;
        using var rpcClient = new HttpClient();
        var rpc = new Chain.Evm.EvmRpc(rpcClient, new Chain.Rpc.RpcOptions { Urls = [new Uri(network.Rpc)] });
        var domain = await rpc.CallAsync(transaction.To, new ContractBindings.Evm.RewardDistributor.DomainCall(), Chain.Evm.BlockTag.Latest, default);
        var proof = new ClaimProof(new RewardLeaf(claim.Leaf.Index, AccountId.From(account), claim.Leaf.Cumulative.ToUInt128(), claim.Leaf.Prefix.ToUInt128(), claim.Leaf.ItemsHash), [.. claim.Proof]);
        Assert.True(proof.Verify(claim.Root, domain, (uint)await ScalarAsync<int>(sql, $"select accounts from evidence.epochs where epoch = {claim.Epoch}")));

        // The unsigned transaction does what it says: a dry run pays out.
        using var anvil = new DevTools.AnvilRpc(new Uri(network.Rpc));
        var paid = await anvil.CallAsync("eth_call", [new JsonObject { ["to"] = transaction.To.ToString(), ["data"] = "0x" + Convert.ToHexStringLower(transaction.Data.Span) }, "latest"], default);
        Assert.True(BigInteger.Parse("0" + paid!.ToString()[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture) > 0);
    }

    // Accounts with rewards whose claim the contract would take now: not all is claimed and the breaker has room.
    private static async Task<(Address Account, ReadyClaim Claim)> FindClaimAsync(DePinClient api)
    {
        await foreach (var pool in api.AllStakePoolsAsync(default))
        {
            if (await RunningNetwork.TryAsync(ct => api.FindClaimAsync(pool.Provider, ct)) is { Claimable.IsZero: false } claim) return (pool.Provider.ToEvm(), claim);
        }

        throw new InvalidOperationException("No account has anything to claim.");
    }

    private static async Task<ProofVerdict> AnyProofAsync(DePinClient api)
    {
        await foreach (var device in api.AllDevicesAsync(new DeviceFilter(), ListOrder.Oldest, default))
        {
            if (await api.AllProofsAsync(device.DeviceId, default, default).FirstOrDefaultAsync() is { } proof) return proof;
        }

        throw new InvalidOperationException("No device has a judged proof.");
    }

    private static async Task<List<DeviceId>> InPagesOfThreeAsync(DePinClient api)
    {
        var devices = new List<DeviceId>();
        var at = new PageRequest(3);
        do
        {
            var page = await api.ListDevicesAsync(new DeviceFilter(), ListOrder.Oldest, at, default);
            devices.AddRange(page.Items.Select(d => d.DeviceId));
            at = at with { Cursor = page.Next };
        }
        while (at.Cursor is not null);
        return devices;
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlDataSource sql, string query)
    {
        await using var command = sql.CreateCommand(query);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
