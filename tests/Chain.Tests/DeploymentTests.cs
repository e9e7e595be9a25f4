using System.Text.Json.Nodes;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.Chain.Tests;

public sealed class DeploymentTests : IDisposable
{
    private static readonly PrivateKey Deployer = PrivateKey.Parse(KeyType.Secp256k1, AnvilNode.PrivateKeys[0]);
    private static readonly FeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50) };

    private readonly string _folder = Directory.CreateTempSubdirectory("depin-deploy").FullName;
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationToken _ct = CancellationToken.None;

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Deploys_a_network_admits_operators_and_finds_it_again()
    {
        await using var node = await AnvilNode.StartAsync(ct: _ct);
        var rpc = Rpc(node);
        var profile = await DevProfileAsync(rpc);
        var manifest = await NewDeployer(rpc).DeployAsync(profile, Request(), null, _ct);
        Assert.True(manifest.Complete);
        Assert.Equal(8, manifest.Contracts.Count);
        Assert.Empty(manifest.OwnerCalls);

        var token = manifest.AddressOf("NetworkToken");
        Assert.Equal(manifest.AddressOf("EmissionController"), await rpc.CallAsync(token, new NetworkToken.MinterCall(), BlockTag.Latest, _ct));
        Assert.Equal(1_000_000u, (await rpc.CallAsync(manifest.AddressOf("DeviceRegistry"), new DeviceRegistry.MakerCall(1), BlockTag.Latest, _ct)).Quota);

        var operators = new OperatorRegistration(rpc, manifest, Fast);
        var bond = await operators.GetMinimumBondAsync(_ct);
        var keys = new List<Address>();
        for (var i = 0; i < 4; i++)
        {
            var account = PrivateKey.Generate(KeyType.Secp256k1);
            var report = PrivateKey.Generate(KeyType.Secp256k1);
            var protocol = PrivateKey.Generate(KeyType.Ed25519);
            keys.Add(report.Address);
            for (var twice = 0; twice < 2; twice++)
            {
                await operators.FundAsync(Deployer, account.Address, twice == 0 ? bond : 0, 1_000_000_000_000_000_000, _ct);
                await operators.RegisterAsync(account, report.Address, new Bytes32(protocol.PublicKey.Bytes), $"http://127.0.0.1:{9000 + i}", bond, _ct);
            }
        }

        await operators.ScheduleAsync(Deployer, keys, 1, _ct);
        await operators.ScheduleAsync(Deployer, keys, 1, _ct);
        var config = await rpc.CallAsync(manifest.AddressOf("OperatorRegistry"), new OperatorRegistry.ConfigAtCall(1), BlockTag.Latest, _ct);
        Assert.Equal((1ul, 4, 3), (config.Count, config.N, config.Q));
        Assert.Equal(keys.Order(), config.ReportKeys);
        Assert.Equal(profile.Parameters.Hash, config.ParametersHash);

        // Asked again, it only checks.
        var nonce = await rpc.GetTransactionCountAsync(Deployer.Address, BlockTag.Latest, _ct);
        await NewDeployer(rpc).DeployAsync(profile, Request(), null, _ct);
        Assert.Equal(nonce, await rpc.GetTransactionCountAsync(Deployer.Address, BlockTag.Latest, _ct));
        Assert.Equal(manifest.Id, NetworkManifest.Load<EvmNetworkManifest>(Request().ManifestPath).Id);
    }

    [Fact]
    public async Task Goes_on_where_it_was_killed_at_every_point()
    {
        await using var node = await AnvilNode.StartAsync(ct: _ct);
        var rpc = Rpc(node);
        var profile = await DevProfileAsync(rpc);
        var kills = 0;
        var seen = new HashSet<string>();
        EvmNetworkManifest? manifest = null;
        while (manifest is null)
        {
            try
            {
                manifest = await NewDeployer(rpc).DeployAsync(profile, Request(), progress =>
                {
                    if (!seen.Add(progress.What)) return Task.CompletedTask;
                    kills++;
                    throw new KilledException();
                }, _ct);
            }
            catch (KilledException)
            {
                Assert.True(kills < 200);
            }
        }

        Assert.Equal(3 * manifest.Steps.Count, kills);
        Assert.Equal((ulong)manifest.Steps.Count, await rpc.GetTransactionCountAsync(Deployer.Address, BlockTag.Latest, _ct));
        Assert.All(manifest.Steps, step => Assert.Single(step.Hashes));
    }

    [Fact]
    public async Task Refuses_to_overwrite_the_manifest_of_another_network_or_chain()
    {
        await using var node = await AnvilNode.StartAsync(ct: _ct);
        var profile = await DevProfileAsync(Rpc(node));
        await NewDeployer(Rpc(node)).DeployAsync(profile, Request(), null, _ct);
        await using var other = await AnvilNode.StartAsync(new AnvilOptions { Timestamp = 1_700_000_000 }, _ct);
        var error = await Assert.ThrowsAsync<DeploymentException>(() => NewDeployer(Rpc(other)).DeployAsync(profile, Request(), null, _ct));
        Assert.Contains("another network or another chain", error.Message, StringComparison.Ordinal);
        var elsewhere = Request() with { Network = "second" };
        await Assert.ThrowsAsync<DeploymentException>(() => NewDeployer(Rpc(node)).DeployAsync(profile, elsewhere, null, _ct));

        // A host started against the other chain notices too.
        var manifest = NetworkManifest.Load<EvmNetworkManifest>(Request().ManifestPath);
        await NetworkVerifier.CheckChainAsync(Rpc(node), manifest, _ct);
        error = await Assert.ThrowsAsync<DeploymentException>(() => NetworkVerifier.CheckChainAsync(Rpc(other), manifest, _ct));
        Assert.Contains("block 0 differs", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_development_bounds_off_a_development_chain()
    {
        await using var node = await AnvilNode.StartAsync(new AnvilOptions { ChainId = 10 }, _ct);
        var rpc = Rpc(node);
        var error = await Assert.ThrowsAsync<DeploymentException>(async () => await NewDeployer(rpc).DeployAsync(await DevProfileAsync(rpc), Request(), null, _ct));
        Assert.Contains("not a development chain", error.Message, StringComparison.Ordinal);

        // Renaming the profile does not help: each bound is looked at.
        foreach (var (contract, path, minimum, maximum) in ProductionBounds.Bounds)
        {
            foreach (var value in minimum == 0 ? [maximum + 1] : new[] { minimum - 1, maximum + 1 })
            {
                var weak = await ProfileAsync(rpc, "production", root => Set(root, contract, path, value));
                error = await Assert.ThrowsAsync<DeploymentException>(() => NewDeployer(rpc).DeployAsync(weak, Request(), null, _ct));
                Assert.Contains($"{contract}.{path} is {value}", error.Message, StringComparison.Ordinal);
            }
        }

        var wide = await ProfileAsync(rpc, "production", root => root["deploy"]!["RewardDistributor"]!["settings"]!["maxCapacity"] = "1780630000000000000000001");
        error = await Assert.ThrowsAsync<DeploymentException>(() => NewDeployer(rpc).DeployAsync(wide, Request(), null, _ct));
        Assert.Contains("maxCapacity", error.Message, StringComparison.Ordinal);
        var shifted = await ProfileAsync(rpc, "production", root => root["network"]!["replayShiftSeconds"] = 86_400);
        error = await Assert.ThrowsAsync<DeploymentException>(() => NewDeployer(rpc).DeployAsync(shifted, Request(), null, _ct));
        Assert.Contains("replayShiftSeconds", error.Message, StringComparison.Ordinal);
        var replayed = await ProfileAsync(rpc, "production", root => root["network"]!["replay"] = System.Text.Json.Nodes.JsonNode.Parse("""[ { "set": "old", "shiftSeconds": 0, "days": 1 } ]"""));
        error = await Assert.ThrowsAsync<DeploymentException>(() => NewDeployer(rpc).DeployAsync(replayed, Request(), null, _ct));
        Assert.Contains("network.replay names old", error.Message, StringComparison.Ordinal);

        Assert.False(File.Exists(Request().ManifestPath));
        var manifest = await NewDeployer(rpc).DeployAsync(await ProfileAsync(rpc, "production", _ => { }), Request(), null, _ct);
        Assert.True(manifest.Complete);
    }

    [Fact]
    public async Task A_chain_that_the_profile_lists_is_a_development_chain()
    {
        await using var node = await AnvilNode.StartAsync(new AnvilOptions { ChainId = 84532 }, _ct);
        var rpc = Rpc(node);
        var listed = await ProfileAsync(rpc, "dev", root => root["devChains"] = new JsonArray(84532));
        Assert.True((await NewDeployer(rpc).DeployAsync(listed, Request(), null, _ct)).Complete);
    }

    [Fact]
    public async Task Models_are_added_by_the_deployer_or_left_to_those_who_may()
    {
        await using var node = await AnvilNode.StartAsync(ct: _ct);
        var rpc = Rpc(node);
        JsonArray models = [new JsonObject { ["makerId"] = 1, ["class"] = 1, ["capabilities"] = 3, ["cadence"] = 60, ["metadata"] = $"0x{new string('7', 64)}" }];
        var profile = await ProfileAsync(rpc, "dev", root => root["models"] = models.DeepClone());
        var manifest = await NewDeployer(rpc).DeployAsync(profile, Request(), null, _ct);
        var model = await rpc.CallAsync(manifest.AddressOf("DeviceRegistry"), new DeviceRegistry.ModelCall(1), BlockTag.Latest, _ct);
        Assert.Equal((1u, (ushort)1, 3u, 60u), (model.MakerId, model.Class, model.Capabilities, model.Cadence));

        // Somebody else owns the second network and makes its devices: the manifest holds the calls for them.
        var owner = PrivateKey.Parse(KeyType.Secp256k1, AnvilNode.PrivateKeys[1]);
        profile = await ProfileAsync(rpc, "dev", root =>
        {
            root["models"] = models.DeepClone();
            root["variables"]!["owner"] = owner.Address.ToString();
            root["variables"]!["maker"] = owner.Address.ToString();
        });
        var second = new DeploymentRequest("second", Artifacts, Path.Combine(_folder, "second.json"));
        manifest = await NewDeployer(rpc).DeployAsync(profile, second, null, _ct);
        Assert.Equal(2, manifest.OwnerCalls.Count);
        using var sender = new TransactionSender(rpc, owner, Fast);
        foreach (var call in manifest.OwnerCalls)
        {
            Assert.Equal(owner.Address, Address.Parse(call.From));
            await sender.SendAsync(new TransactionRequest(Address.Parse(call.To), Convert.FromHexString(call.Data[2..])), _ct);
        }

        model = await rpc.CallAsync(manifest.AddressOf("DeviceRegistry"), new DeviceRegistry.ModelCall(1), BlockTag.Latest, _ct);
        Assert.Equal(3u, model.Capabilities);
    }

    [Fact]
    public async Task A_profile_that_the_constructors_do_not_fit_is_refused_by_name()
    {
        await using var node = await AnvilNode.StartAsync(ct: _ct);
        var rpc = Rpc(node);
        await Expect("lacks deploy.PayoutRegistry.recipientDelay", root => root["deploy"]!["PayoutRegistry"]!.AsObject().Remove("recipientDelay"));
        await Expect("deploy.PayoutRegistry.delay is not a parameter", root => root["deploy"]!["PayoutRegistry"]!["delay"] = 1);
        await Expect("lacks 'bondThaw'", root => root["deploy"]!["OperatorRegistry"]!["settings"]!.AsObject().Remove("bondThaw"));
        await Expect("names the contract 'Nowhere'", root => root["deploy"]!["PayoutRegistry"]!["deviceRegistry"] = "@Nowhere");
        await Expect("must lie after the chain's present time", root => root["deploy"]!["ReportVerifier"]!["settings"]!["genesis"] = 1);
        await Expect("must be a multiple of the epoch's length", root => root["deploy"]!["ReportVerifier"]!["settings"]!["genesis"] = 4_000_000_001);
        Assert.Equal(0ul, await rpc.GetTransactionCountAsync(Deployer.Address, BlockTag.Latest, _ct));

        async Task Expect(string message, Action<JsonObject> change)
        {
            var profile = await ProfileAsync(rpc, "dev", change);
            var error = await Assert.ThrowsAsync<DeploymentException>(() => NewDeployer(rpc).DeployAsync(profile, Request(), null, _ct));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Code_that_is_not_the_artifact_is_found_out_immutables_included()
    {
        await using var node = await AnvilNode.StartAsync(ct: _ct);
        var rpc = Rpc(node);
        var profile = await DevProfileAsync(rpc);
        var manifest = await NewDeployer(rpc).DeployAsync(profile, Request(), null, _ct);
        var artifact = ContractArtifact.Load(Artifacts, "OperatorRegistry");
        var addresses = manifest.Contracts.Keys.ToDictionary(name => name, manifest.AddressOf);
        var address = manifest.AddressOf("OperatorRegistry");
        var code = await rpc.GetCodeAsync(address, BlockTag.Latest, _ct);
        var arguments = profile.Arguments("OperatorRegistry", artifact.Abi, addresses);
        Assert.Null(CodeVerifier.Check(artifact, code, arguments, address, 31337, addresses));
        code[100] ^= 1;
        Assert.Contains("at byte 100", CodeVerifier.Check(artifact, code, arguments, address, 31337, addresses), StringComparison.Ordinal);
        code[100] ^= 1;
        foreach (var reference in artifact.Immutables.DistinctBy(i => i.Name))
        {
            var places = artifact.Immutables.Where(i => i.Name == reference.Name).ToArray();
            foreach (var place in places) code[place.Start + place.Length - 1] ^= 1;
            Assert.Contains($"the immutable {reference.Name}", CodeVerifier.Check(artifact, code, arguments, address, 31337, addresses), StringComparison.Ordinal);
            foreach (var place in places) code[place.Start + place.Length - 1] ^= 1;
        }
    }

    private static void Set(JsonObject root, string contract, string path, ulong value)
    {
        var parts = path.Split('.');
        var node = root["deploy"]![contract]!;
        foreach (var part in parts[..^1]) node = node[part]!;
        node[parts[^1]] = value;
    }

    private static string Artifacts => RepositoryRoot.Combine("contracts", "evm", "artifacts");

    private DeploymentRequest Request() => new("test", Artifacts, NetworkManifest.PathFor(_folder, ChainId.Evm(31337), "test"));

    private static NetworkDeployer NewDeployer(EvmRpc rpc) => new(rpc, Deployer, Fast);

    private EvmRpc Rpc(AnvilNode node) => new(_http, new RpcOptions { Urls = [node.Url] });

    private Task<EvmDeploymentProfile> DevProfileAsync(EvmRpc rpc) => ProfileAsync(rpc, "dev", _ => { });

    private async Task<EvmDeploymentProfile> ProfileAsync(EvmRpc rpc, string name, Action<JsonObject> change)
    {
        var root = JsonNode.Parse(await File.ReadAllTextAsync(RepositoryRoot.Combine("contracts", "evm", "profiles", $"{name}.json"), _ct))!.AsObject();
        change(root);
        var head = await rpc.GetHeaderAsync(BlockTag.Latest, _ct);
        var variables = new Dictionary<string, string> { ["genesis"] = $"{((head!.Timestamp / 86_400) + 2) * 86_400}" };
        if (name == "production")
        {
            foreach (var text in new[] { "networkName", "tokenName", "tokenSymbol" }) variables[text] = "Test";
            foreach (var account in new[] { "owner", "arbiter", "slasher", "treasury", "operatorsPay", "bank" }) variables[account] = PrivateKey.Generate(KeyType.Secp256k1).Address.ToString();
        }

        return DeploymentProfile.Parse<EvmDeploymentProfile>(root.ToJsonString(), variables);
    }

    private sealed class KilledException : Exception;
}
