using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

/// <summary>What a deployment refuses, and what it finds wrong on the cluster.</summary>
public sealed class SolanaDeploymentRefusalTests : SolanaDeploymentRig
{
    [Fact]
    public async Task Refuses_development_bounds_off_a_development_cluster()
    {
        await using var proxy = await RpcProxy.StartAsync(_node.Url, _ct);
        var rpc = new SolanaRpc(_http, new RpcOptions { Urls = [proxy.Url] });
        var deployer = new SolanaNetworkDeployer(rpc, _deployer, null, Fast);
        foreach (var (cluster, name) in new[] { (SolanaClusters.MainnetBeta, "mainnet-beta"), (SolanaClusters.Testnet, "testnet"), (SolanaClusters.Devnet, "devnet") })
        {
            var hash = Base58.Encode(cluster.AsSpan());
            proxy.Apply(new RpcFault.Lie((_, answer) =>
            {
                answer["result"] = hash;
                return answer;
            }), "getGenesisHash");
            rpc = new SolanaRpc(_http, new RpcOptions { Urls = [proxy.Url] });
            deployer = new SolanaNetworkDeployer(rpc, _deployer, null, Fast);
            await Expect($"Cluster {name} is not a development cluster", () => deployer.DeployAsync(Profile("dev"), Request(), null, _ct));
            await Expect("the profile is named dev", () => deployer.DeployAsync(Profile("dev"), Request(), null, _ct));
        }

        // Renaming the profile does not help, on no cluster: each bound is looked at.
        foreach (var target in new[] { deployer, NewDeployer() })
        {
            foreach (var (path, minimum, maximum, _) in SolanaProductionBounds.Bounds)
            {
                foreach (var value in minimum == 0 ? [maximum + 1] : new[] { minimum - 1, maximum + 1 })
                    await Expect($"deploy.{path} is {value}", () => target.DeployAsync(Profile("production", root => Set(root, path, value)), Request(), null, _ct));
            }

            await Expect("breakerMaxCapacity is 1780630000000001", () => target.DeployAsync(Profile("production", root => Set(root, "network.breakerMaxCapacity", 1_780_630_000_000_001)), Request(), null, _ct));
            await Expect("replayShiftSeconds", () => target.DeployAsync(Profile("production", root => root["network"]!["replayShiftSeconds"] = 86_400), Request(), null, _ct));
        }

        Assert.Empty(Directory.GetFiles(_folder));
        Assert.Contains("nobody's development cluster", Assert.Throws<DeploymentException>(() => Profile("dev", root => root["devClusters"] = new JsonArray(Base58.Encode(SolanaClusters.MainnetBeta.AsSpan())))).Message, StringComparison.Ordinal);

        // Listed, devnet is one; and production's profile goes anywhere, whoever the owner is.
        var listed = await deployer.DeployAsync(Profile("dev", root => root["devClusters"] = new JsonArray(Base58.Encode(SolanaClusters.Devnet.AsSpan()))), Request(), null, _ct);
        Assert.True(listed.Complete);
        Assert.Equal("solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1", listed.Chain.ToString());
        var production = await new SolanaNetworkDeployer(rpc, _deployer, null, Fast) { Program = SolanaAddress.Parse(listed.Program) }.DeployAsync(Profile("production"), Request("real"), null, _ct);
        Assert.True(production.Complete);
        Assert.Equal(2, production.OwnerCalls.Count);

        // A host that asks the node itself is told that it is of another cluster.
        await Expect("of the cluster", () => SolanaNetworkVerifier.CheckChainAsync(_rpc, listed, _ct));
        await SolanaNetworkVerifier.CheckChainAsync(rpc, listed, _ct);
    }

    [Fact]
    public async Task A_profile_that_the_program_does_not_fit_is_refused_by_name()
    {
        await Refuses("lacks deploy.network.bondThaw", root => root["deploy"]!["network"]!.AsObject().Remove("bondThaw"));
        await Refuses("deploy.network.bondThav means nothing", root => root["deploy"]!["network"]!["bondThav"] = 1);
        await Refuses("deploy.Token means nothing", root => root["deploy"]!["Token"] = new JsonObject());
        await Refuses("lacks deploy.staking", root => root["deploy"]!.AsObject().Remove("staking"));
        await Refuses("deploy.network.minBond must be a whole number from 0 to 18446744073709551615, not '18446744073709551616'", root => root["deploy"]!["network"]!["minBond"] = "18446744073709551616");
        await Refuses("deploy.network.reporterBps must be a whole number from 0 to 65535", root => root["deploy"]!["network"]!["reporterBps"] = -1);
        await Refuses("deploy.network.owner must be a Solana address", root => root["variables"]!["owner"] = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        await Refuses("deploy.network.minBond must be a text or a number", root => root["deploy"]!["network"]!["minBond"] = new JsonArray());
        await Refuses("deploy.token.genesis[0].amount", root => root["deploy"]!["token"]!["genesis"]![0]!["amount"] = "1.5");
        await Refuses("makers[0].active must be true or false", root => root["makers"]![0]!["active"] = "yes");
        await Refuses("models name maker 2", root => root["models"] = new JsonArray(new JsonObject { ["makerId"] = 2, ["class"] = 1, ["capabilities"] = 3, ["cadence"] = 60, ["metadata"] = $"0x{new string('7', 64)}" }));
        await Refuses("decimals is 10", root => root["deploy"]!["token"]!["decimals"] = 10);
        await Refuses("deploy.token.program must be token or token-2022, not 'token2022'", root => root["deploy"]!["token"]!["program"] = "token2022");
        await Refuses("names the variable 'nobody'", root => root["deploy"]!["network"]!["owner"] = "$nobody");
        await Refuses("must lie after the cluster's present time", root => root["deploy"]!["network"]!["genesis"] = 86_400);
        await Refuses("must be a multiple of the epoch's length", root => root["deploy"]!["network"]!["genesis"] = 4_000_000_001);
        await Refuses("do not fit one transaction", root =>
        {
            var genesis = root["deploy"]!["token"]!["genesis"]!.AsArray();
            while (genesis.Count < 12) genesis.Add(new JsonObject { ["account"] = AddressOf(PrivateKey.Generate(KeyType.Ed25519)), ["amount"] = 1 });
        });
        await Refuses("at most 18446744073709551615 fit", root => root["deploy"]!["token"]!["genesis"] = new JsonArray(Enumerable.Range(0, 2).Select(_ => (JsonNode)new JsonObject { ["account"] = "@deployer", ["amount"] = "18446744073709551615" }).ToArray()));
        Assert.Empty(Directory.GetFiles(_folder));

        // What only the program knows to be wrong is its own refusal, by name.
        await Refuses("network: The transaction failed: CapacityOutOfBounds", root => Set(root, "network.breakerCapacity", 1));

        // The wrong kind, both ways.
        Assert.Contains("is for a Solana cluster", Assert.Throws<DeploymentException>(() => DeploymentProfile.Load<EvmDeploymentProfile>(RepositoryRoot.Combine("contracts", "solana", "profiles", "dev.json"), Genesis)).Message, StringComparison.Ordinal);
        Assert.Contains("is for an EVM chain", Assert.Throws<DeploymentException>(() => DeploymentProfile.Load<SolanaDeploymentProfile>(RepositoryRoot.Combine("contracts", "evm", "profiles", "dev.json"), Genesis)).Message, StringComparison.Ordinal);
        Assert.Contains("kind is 'sui'", Assert.Throws<DeploymentException>(() => Profile("dev", root => root["kind"] = "sui")).Message, StringComparison.Ordinal);

        Task Refuses(string message, Action<JsonObject> change) => Expect(message, async () => await NewDeployer().DeployAsync(Profile("dev", change), Request(), null, _ct));
    }

    [Fact]
    public async Task Accounts_that_are_not_as_the_manifest_says_are_found_out()
    {
        var manifest = await NewDeployer().DeployAsync(Profile("dev"), Request(), null, _ct);
        var network = manifest.Accounts;
        await Tampered("the network's settings of operators", network.Account, Depin.NetworkAccount.Offsets.MinBond);
        await Tampered("the network's emission", network.Account, Depin.NetworkAccount.Offsets.EmissionDecay);
        await Tampered("the network's challenges", network.Account, Depin.NetworkAccount.Offsets.ChallengeWindow);
        await Tampered("the network's cluster", network.Account, Depin.NetworkAccount.Offsets.Chain);
        await Tampered("the network's arbiter", network.Account, Depin.NetworkAccount.Offsets.Arbiter);
        await Tampered("the network's epochs", network.Account, Depin.NetworkAccount.Offsets.Genesis);
        await Tampered("the network's accounts", network.Account, Depin.NetworkAccount.Offsets.Vault);
        await Tampered("the network's token", network.Account, Depin.NetworkAccount.Offsets.Mint);
        await Tampered("the ledger's network", network.Ledger, Depin.LedgerAccount.Offsets.Network);
        await Tampered("the domain of rewards", network.Distributor, Depin.DistributorAccount.Offsets.Domain);
        await Tampered("the outflow breaker", network.Distributor, Depin.DistributorAccount.Offsets.MaxCapacity);
        await Tampered("the registry's key delay", Depin.Addresses.Registry(network.Program, network.Account), Depin.DeviceRegistryAccount.Offsets.KeyDelay);
        await Tampered("the staking's settings", Depin.Addresses.Staking(network.Program, network.Account), Depin.StakingAccount.Offsets.Slasher);
        await Tampered("the mint's authority", network.Mint, 4);
        await Tampered("the token account", Depin.Addresses.Vault(network.Program, network.Account), 32);
        await Tampered("is no LedgerAccount", network.Ledger, 0);
        await Tampered("does not hold the artifact's bytes", UpgradeableLoader.ProgramData(network.Program), LoaderProgramData.CodeOffset + 5_000);

        // The owner may move on, and the breaker's capacity: no fault of the deployment's.
        await ChangeAsync(network.Account, Depin.NetworkAccount.Offsets.Owner);
        await ChangeAsync(network.Distributor, Depin.DistributorAccount.Offsets.Capacity);
        await NewDeployer().DeployAsync(Profile("dev"), Request(), null, _ct);

        // A manifest that was edited.
        var text = await File.ReadAllTextAsync(Request().ManifestPath, _ct);
        await File.WriteAllTextAsync(Request().ManifestPath, text.Replace("\"minimumBond\": \"5000000000000\"", "\"minimumBond\": \"5\"", StringComparison.Ordinal), _ct);
        await Expect("is damaged: its settings", () => NewDeployer().DeployAsync(Profile("dev"), Request(), null, _ct));

        // A cluster that was started anew, with another genesis hash or the same.
        await using var anew = await SurfpoolNode.StartAsync(ct: _ct);
        await using var proxy = await RpcProxy.StartAsync(anew.Url, _ct);
        await Expect("of the cluster", () => SolanaNetworkVerifier.CheckChainAsync(new SolanaRpc(_http, new RpcOptions { Urls = [proxy.Url] }), manifest, _ct));
        proxy.Apply(new RpcFault.Lie((_, answer) =>
        {
            answer["result"] = manifest.ChainGenesisHash;
            return answer;
        }), "getGenesisHash");
        await Expect("started anew", () => SolanaNetworkVerifier.CheckChainAsync(new SolanaRpc(_http, new RpcOptions { Urls = [proxy.Url] }), manifest, _ct));
        manifest.Complete = false;
        await Expect("is not complete", () => SolanaNetworkVerifier.CheckChainAsync(_rpc, manifest, _ct));

        async Task Tampered(string message, SolanaAddress account, int offset)
        {
            var before = await ChangeAsync(account, offset);
            await Expect(message, () => NewDeployer().DeployAsync(Profile("dev"), Request(), null, _ct));
            await _node.Rpc.SetDataAsync(account.ToString(), before, _ct);
        }

        async Task<byte[]> ChangeAsync(SolanaAddress account, int offset)
        {
            var before = (await AccountAsync(account)).Data.ToArray();
            var after = before.ToArray();
            after[offset] ^= 1;
            await _node.Rpc.SetDataAsync(account.ToString(), after, _ct);
            return before;
        }
    }
}
