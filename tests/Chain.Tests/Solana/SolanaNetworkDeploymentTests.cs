using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Protocol;
using DePin.Protocol.Registry;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

public sealed class SolanaNetworkDeploymentTests : IAsyncLifetime, IDisposable
{
    private const ulong Sol = 1_000_000_000;
    private static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50), ResendEvery = TimeSpan.FromSeconds(1) };
    private static readonly JsonArray Models = [new JsonObject { ["makerId"] = 1, ["class"] = 1, ["capabilities"] = 3, ["cadence"] = 60, ["metadata"] = $"0x{new string('7', 64)}" }];

    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly PrivateKey _deployer = PrivateKey.Generate(KeyType.Ed25519);
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-solana-deploy").FullName;
    private readonly CancellationToken _ct = CancellationToken.None;
    private SurfpoolNode _node = null!;
    private SolanaRpc _rpc = null!;

    public async Task InitializeAsync()
    {
        _node = await SurfpoolNode.StartAsync(ct: _ct);
        _rpc = new SolanaRpc(_http, new RpcOptions { Urls = [_node.Url] });
        await _rpc.RequestAirdropAsync(Deployer, 100 * Sol, _ct);
        await Eventually.HoldsAsync(async () => await LamportsAsync(Deployer) > 0, "the airdrop arrived", _ct);
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        Dispose();
    }

    public void Dispose()
    {
        _http.Dispose();
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Deploys_a_network_admits_operators_and_finds_it_again()
    {
        var profile = Profile("dev");
        var manifest = await NewDeployer().DeployAsync(profile, Request(), null, _ct);
        Assert.True(manifest.Complete);
        Assert.Empty(manifest.OwnerCalls);
        Assert.Equal([Request().ManifestPath], Directory.GetFiles(_folder, "*", SearchOption.AllDirectories)); // no key is left
        await SolanaNetworkVerifier.CheckChainAsync(_rpc, manifest, _ct);

        var network = manifest.Accounts;
        var registration = new SolanaOperatorRegistration(_rpc, manifest, Fast);
        Assert.Equal(600_000_000_000_000_000ul, await registration.GetBalanceAsync(Deployer, _ct));
        var maker = await ReadAsync<Depin.DeviceMakerAccount>(Depin.Addresses.Maker(network.Program, network.Account, 1));
        Assert.Equal((Deployer, 1_000_000u, (byte)1), (maker.Account, maker.Quota, maker.Active));
        Assert.Equal(Deployer, (await new SolanaProgramDeployer(_rpc, Sender(_deployer)).ReadAsync(network.Program, Finality.Safe, _ct))!.Authority!.Value);

        var bond = registration.GetMinimumBond();
        Assert.Equal(5_000 * Sol, bond);
        var operators = new SortedDictionary<Address, Bytes32>();
        for (var i = 0; i < 4; i++)
        {
            var account = PrivateKey.Generate(KeyType.Ed25519);
            var report = PrivateKey.Generate(KeyType.Secp256k1).Address;
            operators[report] = new Bytes32(PrivateKey.Generate(KeyType.Ed25519).PublicKey.Bytes);
            for (var twice = 0; twice < 2; twice++)
            {
                await registration.FundAsync(_deployer, SolanaAddress.Of(account.PublicKey), twice == 0 ? bond : 0, Sol / 100, _ct);
                await registration.RegisterAsync(account, report, operators[report], $"http://127.0.0.1:{9000 + i}", bond, _ct);
            }

            Assert.Equal(0ul, await registration.GetBalanceAsync(SolanaAddress.Of(account.PublicKey), _ct));
            Assert.Equal(bond, (await registration.FindAsync(report, _ct))!.Value.Bond);
        }

        await registration.ScheduleAsync(_deployer, [.. operators.Keys.Reverse()], 1, _ct);
        await registration.ScheduleAsync(_deployer, [.. operators.Keys], 1, _ct);
        Assert.Equal(1ul, await registration.GetConfigCountAsync(_ct));
        var config = (await registration.GetConfigAsync(1, _ct))!.Value;
        Assert.Equal((4, 3), (config.N, config.Q));
        var expected = new NetworkConfig
        {
            Kind = ChainKind.Solana,
            Chain = manifest.Cluster,
            Verifier = new AccountId(network.Ledger.ToBytes32()),
            Distributor = new AccountId(network.Distributor.ToBytes32()),
            Token = new AccountId(network.Mint.ToBytes32()),
            ConfigCount = 1,
            FirstEpoch = new Epoch(1),
            Operators = [.. operators.Select(o => new OperatorKeys(o.Key, o.Value))],
            ParametersHash = profile.Parameters.Hash,
            RulesHash = profile.Parameters.RulesHash,
        };
        Assert.Equal(expected.Digest.Value, config.Digest);
        Assert.Equal(expected.NetworkId, manifest.Id);
        Assert.Equal(expected.Quorum, config.Q);

        // The second set follows the first.
        await registration.ScheduleAsync(_deployer, [.. operators.Keys], 5, _ct);
        Assert.Equal((1ul, 4ul), ((await registration.GetConfigAsync(1, _ct))!.Value.FirstEpoch, (await registration.GetConfigAsync(1, _ct))!.Value.LastEpoch));

        // What fits a transaction.
        Address[] many = [.. Enumerable.Range(0, 25).Select(_ => PrivateKey.Generate(KeyType.Secp256k1).Address)];
        var widest = registration.ScheduleInstruction(Deployer, many[..22], 9, 2);
        Assert.Equal(many[..22].Order().Select(network.Operator), widest.Accounts[^22..].Select(a => a.Address));
        Assert.InRange(SolanaMessage.Measure(Deployer, [widest], null), 1, SolanaMessage.MaxTransactionBytes);
        Assert.Contains("At most 22 operators fit", Assert.Throws<DeploymentException>(() => registration.ScheduleInstruction(Deployer, many, 9, 2)).Message, StringComparison.Ordinal);

        // Asked again, it only checks.
        var balance = await LamportsAsync(Deployer);
        var written = await File.ReadAllTextAsync(Request().ManifestPath, _ct);
        await NewDeployer().DeployAsync(profile, Request(), null, _ct);
        Assert.Equal(balance, await LamportsAsync(Deployer));
        Assert.Equal(written, await File.ReadAllTextAsync(Request().ManifestPath, _ct));
    }

    [Fact]
    public async Task Deploys_a_network_on_a_token_of_Token_2022_and_says_which_extension_of_a_mint_it_refuses()
    {
        var profile = Profile("dev", root => root["deploy"]!["token"]!["program"] = "token-2022");
        await Assert.ThrowsAsync<KilledException>(() => NewDeployer().DeployAsync(profile, Request(), p => p.What == "mint sent" ? throw new KilledException() : Task.CompletedTask, _ct));
        var mint = SolanaAddress.Parse(NetworkManifest.Load<SolanaNetworkManifest>(Request().ManifestPath).Mint);
        await Eventually.HoldsAsync(async () => (await _rpc.GetAccountInfoAsync(mint, Finality.Safe, _ct)).Value is not null, "the mint is there", _ct);
        var made = await AccountAsync(mint);
        Assert.Equal((SolanaPrograms.Token2022, TokenMint.Size), (made.Owner, made.Data.Length));

        // As if the mint had been made with extensions: what is wrong is said before the network is asked for.
        await Sender(_deployer).SendAsync(new SolanaTransactionRequest(SystemProgram.Transfer(Deployer, mint, Sol / 100)), _ct); // rent of the longer ones
        var balance = await LamportsAsync(Deployer);
        foreach (var (name, type) in new[] { ("PermanentDelegate", 12), ("TransferHook", 14), ("MintCloseAuthority", 3), ("999", 999) })
        {
            await _node.Rpc.SetDataAsync(mint.ToString(), Extended(made.Data, 18, type), _ct);
            await Expect($"has the extension {name},", () => NewDeployer().DeployAsync(profile, Request(), null, _ct));
        }

        await _node.Rpc.SetDataAsync(mint.ToString(), (byte[])[.. Extended(made.Data, 18), 19], _ct);
        await Expect("is no mint that a network takes", () => NewDeployer().DeployAsync(profile, Request(), null, _ct));
        Assert.Equal(balance, await LamportsAsync(Deployer)); // nothing was sent

        // With a pointer to metadata it is taken.
        await _node.Rpc.SetDataAsync(mint.ToString(), Extended(made.Data, 18), _ct);
        var manifest = await NewDeployer().DeployAsync(profile, Request(), null, _ct);
        Assert.Equal((true, SolanaPrograms.Token2022.ToString()), (manifest.Complete, manifest.TokenProgram));
        var network = manifest.Accounts;
        Assert.Equal(SolanaPrograms.Token2022, (await ReadAsync<Depin.NetworkAccount>(network.Account)).TokenProgram);
        Assert.Equal(SolanaPrograms.Token2022, (await AccountAsync(network.TokensOf(Deployer))).Owner);
        var registration = new SolanaOperatorRegistration(_rpc, manifest, Fast);
        Assert.Equal(600_000_000_000_000_000ul, await registration.GetBalanceAsync(Deployer, _ct));
        var (account, report, bond) = (PrivateKey.Generate(KeyType.Ed25519), PrivateKey.Generate(KeyType.Secp256k1).Address, registration.GetMinimumBond());
        await registration.FundAsync(_deployer, SolanaAddress.Of(account.PublicKey), bond + 7, Sol / 100, _ct);
        await registration.RegisterAsync(account, report, new Bytes32(PrivateKey.Generate(KeyType.Ed25519).PublicKey.Bytes), "http://127.0.0.1:9000", bond, _ct);
        Assert.Equal(7ul, await registration.GetBalanceAsync(SolanaAddress.Of(account.PublicKey), _ct));
        await NewDeployer().DeployAsync(profile, Request(), null, _ct); // only checks

        // A manifest of before there was a choice means SPL Token, which this network is not of; one that was edited is damaged.
        var text = await File.ReadAllTextAsync(Request().ManifestPath, _ct);
        var line = $"  \"tokenProgram\": \"{SolanaPrograms.Token2022}\",\n";
        Assert.Contains(line, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Request().ManifestPath, text.Replace(line, "", StringComparison.Ordinal), _ct);
        Assert.Equal(SolanaPrograms.Token, NetworkManifest.Load<SolanaNetworkManifest>(Request().ManifestPath).Accounts.TokenProgram);
        await Expect("the network's token is not what the deployment says", () => NewDeployer().DeployAsync(profile, Request(), null, _ct));
        await File.WriteAllTextAsync(Request().ManifestPath, text.Replace(SolanaPrograms.Token2022.ToString(), SolanaPrograms.Memo.ToString(), StringComparison.Ordinal), _ct);
        await Expect("is damaged: its token program", () => NewDeployer().DeployAsync(profile, Request(), null, _ct));
        await File.WriteAllTextAsync(Request().ManifestPath, text, _ct);
        await Expect("manifest of another network", () => NewDeployer().DeployAsync(Profile("dev"), Request(), null, _ct));

        static byte[] Extended(ReadOnlyMemory<byte> mint, params int[] types) =>
            [.. mint.Span, .. new byte[TokenAccount.Size - TokenMint.Size], 1, .. types.SelectMany(t => (byte[])[(byte)t, (byte)(t >> 8), 64, 0, .. new byte[64]])];
    }

    [Fact]
    public async Task Goes_on_where_it_was_killed_at_every_point()
    {
        var (owner, maker) = (PrivateKey.Generate(KeyType.Ed25519), PrivateKey.Generate(KeyType.Ed25519));
        var profile = Profile("dev", root =>
        {
            root["models"] = Models.DeepClone();
            root["variables"]!["owner"] = AddressOf(owner);
            root["variables"]!["maker"] = AddressOf(maker);
        });
        var seen = new HashSet<string>();
        SolanaNetworkManifest? manifest = null;
        while (manifest is null)
        {
            try
            {
                manifest = await NewDeployer(owner, maker).DeployAsync(profile, Request(), progress =>
                {
                    Assert.True(progress.Done <= progress.Total);
                    if (!seen.Add(progress.What)) return Task.CompletedTask;
                    if (progress.What == "mint sent") Assert.NotEqual(UnixFileMode.None, File.GetUnixFileMode(Request().ManifestPath + ".mint-key") & UnixFileMode.UserRead);
                    throw new KilledException();
                }, _ct);
            }
            catch (KilledException)
            {
                Assert.False(NetworkManifest.Load(Request().ManifestPath).Complete);
                Assert.True(seen.Count < 50);
            }
        }

        string[] steps = ["mint", "network", "open_registry", "open_staking", "maker 1", "model of maker 1, class 1"];
        Assert.Equal(((string[])["code", "program", .. steps, .. steps.Select(s => $"{s} sent")]).Order(), seen.Order());
        Assert.True(manifest.Complete);
        Assert.Empty(manifest.OwnerCalls);
        Assert.Equal([Request().ManifestPath], Directory.GetFiles(_folder));
        Assert.Empty(await new SolanaProgramDeployer(_rpc, Sender(_deployer)).FindBuffersAsync(_ct));
        var network = manifest.Accounts;
        Assert.Equal(600_000_000_000_000_000ul, TokenMint.Decode((await AccountAsync(network.Mint)).Data.Span).Supply);
        Assert.Equal(1u, (await ReadAsync<Depin.DeviceRegistryAccount>(Depin.Addresses.Registry(network.Program, network.Account))).Models);
        var model = await ReadAsync<Depin.DeviceModelAccount>(Depin.Addresses.Model(network.Program, network.Account, 1));
        Assert.Equal((1u, (ushort)1, 3u, 60u), (model.MakerId, model.Class, model.Capabilities, model.Cadence));
    }

    [Fact]
    public async Task A_transaction_that_lands_late_is_found_done_by_the_one_that_fails_for_it()
    {
        var profile = Profile("dev");
        await Assert.ThrowsAsync<KilledException>(() => NewDeployer().DeployAsync(profile, Request(), p => p.What == "maker 1" ? throw new KilledException() : Task.CompletedTask, _ct));
        await using var proxy = await RpcProxy.StartAsync(_node.Url, _ct);
        var hidden = new HashSet<string>();
        proxy.Apply(new RpcFault.Lie((call, answer) =>
        {
            if (hidden.Add(call["params"]![0]!.ToString())) answer["result"]!["value"] = null; // as if it were not there yet, when it is looked for first
            return answer;
        }), "getAccountInfo");
        var sent = new List<string>();
        var manifest = await new SolanaNetworkDeployer(new SolanaRpc(_http, new RpcOptions { Urls = [proxy.Url] }), _deployer, null, Fast).DeployAsync(profile, Request(), p =>
        {
            sent.Add(p.What);
            return Task.CompletedTask;
        }, _ct);
        Assert.True(manifest.Complete);
        var network = manifest.Accounts;
        Assert.Superset(new HashSet<string>([manifest.Mint, network.Account.ToString(), Depin.Addresses.Registry(network.Program, network.Account).ToString(), Depin.Addresses.Staking(network.Program, network.Account).ToString()]), hidden);
        Assert.DoesNotContain("mint sent", sent); // refused before it was
        Assert.Equal(600_000_000_000_000_000ul, TokenMint.Decode((await AccountAsync(network.Mint)).Data.Span).Supply);
    }

    [Fact]
    public async Task What_others_must_sign_is_left_to_them_and_found_done_later()
    {
        var (owner, maker) = (PrivateKey.Generate(KeyType.Ed25519), PrivateKey.Generate(KeyType.Ed25519));
        var profile = Profile("dev", root =>
        {
            root["models"] = new JsonArray(Models[0]!.DeepClone(), Models[0]!.DeepClone()); // twice the same are two models
            root["variables"]!["owner"] = AddressOf(owner);
            root["variables"]!["maker"] = AddressOf(maker);
        });
        var manifest = await NewDeployer().DeployAsync(profile, Request(), null, _ct);
        Assert.True(manifest.Complete);
        Assert.Equal(["open_registry", "open_staking", "maker 1", "model of maker 1, class 1", "model of maker 1, class 1"], manifest.OwnerCalls.Select(c => c[..c.IndexOf(':', StringComparison.Ordinal)]));
        foreach (var key in new[] { owner, maker }) await Sender(_deployer).SendAsync(new SolanaTransactionRequest(SystemProgram.Transfer(Deployer, SolanaAddress.Of(key.PublicKey), Sol)), _ct);

        // As the owner's and the maker's own tools would: a recent blockhash, a signature. Those of the owner first; then the maker's key is at hand.
        foreach (var call in manifest.OwnerCalls.Take(3)) await SignAndSendAsync(call, owner);
        manifest = await NewDeployer().DeployAsync(profile, Request(), null, _ct);
        Assert.Equal(2, manifest.OwnerCalls.Count);
        await SignAndSendAsync(manifest.OwnerCalls[0], maker);
        manifest = await NewDeployer(maker).DeployAsync(profile, Request(), null, _ct);
        Assert.Empty(manifest.OwnerCalls);
        Assert.Empty(NetworkManifest.Load<SolanaNetworkManifest>(Request().ManifestPath).OwnerCalls);
        Assert.Equal(2u, (await ReadAsync<Depin.DeviceRegistryAccount>(Depin.Addresses.Registry(manifest.Accounts.Program, manifest.Accounts.Account))).Models);
        Assert.Equal(2u, (await ReadAsync<Depin.DeviceModelAccount>(Depin.Addresses.Model(manifest.Accounts.Program, manifest.Accounts.Account, 2))).ModelId);
    }

    [Fact]
    public async Task A_program_that_is_there_is_used_if_it_is_the_artifact_and_a_manifest_is_resumed_only_by_its_own_deployment()
    {
        var first = await NewDeployer().DeployAsync(Profile("dev"), Request(), null, _ct);
        var balance = await LamportsAsync(Deployer);
        var second = await Using(first.Program).DeployAsync(Profile("dev"), Request("second"), null, _ct);
        Assert.Equal(first.Program, second.Program);
        Assert.NotEqual(first.NetworkId, second.NetworkId);
        Assert.True(balance - await LamportsAsync(Deployer) < Sol / 10); // no code was deployed

        await Expect("manifest of another network", () => NewDeployer().DeployAsync(Profile("dev"), Request() with { Network = "third" }, null, _ct));
        await Expect("manifest of another network", () => NewDeployer().DeployAsync(Profile("dev", root => root["deploy"]!["registry"]!["keyDelay"] = 86_401), Request(), null, _ct));
        await Expect("manifest of another network", () => Using(first.Program).DeployAsync(Profile("dev"), Request(), null, _ct));
        await Expect("manifest of another network", () => new SolanaNetworkDeployer(_rpc, PrivateKey.Generate(KeyType.Ed25519), null, Fast).DeployAsync(Profile("dev"), Request(), null, _ct));

        // Another release of the program.
        var artifacts = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(artifacts, "depin.so"), [.. await File.ReadAllBytesAsync(Path.Combine(Artifacts, "depin.so"), _ct), 1], _ct);
        await Expect("is not the one that network 'test' was deployed from", () => NewDeployer().DeployAsync(Profile("dev"), Request() with { ArtifactsFolder = artifacts }, null, _ct));
        await Expect("does not hold the artifact's bytes", () => Using(first.Program).DeployAsync(Profile("dev"), Request("third") with { ArtifactsFolder = artifacts }, null, _ct));
        await Expect("There is no program", () => Using(AddressOf(PrivateKey.Generate(KeyType.Ed25519))).DeployAsync(Profile("dev"), Request("third"), null, _ct));
        await Expect("is no upgradeable program", () => Using(first.Mint).DeployAsync(Profile("dev"), Request("third"), null, _ct));
        Assert.False(File.Exists(Request("third").ManifestPath));

        SolanaNetworkDeployer Using(string program) => new(_rpc, _deployer, null, Fast) { Program = SolanaAddress.Parse(program) };
    }

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

    private static async Task Expect(string message, Func<Task> action) => Assert.Contains(message, (await Assert.ThrowsAsync<DeploymentException>(action)).Message, StringComparison.Ordinal);

    private static void Set(JsonObject root, string path, ulong value)
    {
        var parts = path.Split('.');
        root["deploy"]![parts[0]]![parts[1]] = value;
    }

    private static string AddressOf(PrivateKey key) => SolanaAddress.Of(key.PublicKey).ToString();

    private async Task SignAndSendAsync(string call, PrivateKey signer)
    {
        var words = call.Split(' ');
        Assert.Equal(AddressOf(signer), words[^3]);
        var message = SolanaMessage.Decode(Convert.FromBase64String(words[^1]));
        Assert.Equal((SolanaAddress.Of(signer.PublicKey), default), (message.Payer, message.Lifetime));
        await Sender(signer).SendAsync(new SolanaTransactionRequest(message.ToInstructions()), _ct);
    }

    private async Task<SolanaAccount> AccountAsync(SolanaAddress address) => (await _rpc.GetAccountInfoAsync(address, Finality.Safe, _ct)).Value!;

    private SolanaAddress Deployer => SolanaAddress.Of(_deployer.PublicKey);

    private static string Artifacts => RepositoryRoot.Combine("contracts", "solana", "artifacts");

    private DeploymentRequest Request(string name = "test") => new(name, Artifacts, Path.Combine(_folder, $"{name}.json"));

    private SolanaNetworkDeployer NewDeployer(params PrivateKey[] others) => new(_rpc, _deployer, others, Fast);

    private SolanaTransactionSender Sender(PrivateKey key) => new(_rpc, key, Fast);

    private async Task<ulong> LamportsAsync(SolanaAddress address) => (await _rpc.GetBalanceAsync(address, Finality.Safe, _ct)).Value;

    private async Task<T> ReadAsync<T>(SolanaAddress address)
        where T : struct, ISolanaAccount<T> => T.TryDecode((await _rpc.GetAccountInfoAsync(address, Finality.Safe, _ct)).Value!.Data.Span, out var value) ? value : throw new InvalidDataException();

    private static Dictionary<string, string> Genesis { get; } = new() { ["genesis"] = (((DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86_400) + 2) * 86_400).ToString(CultureInfo.InvariantCulture) };

    private static SolanaDeploymentProfile Profile(string name, Action<JsonObject>? change = null)
    {
        var root = JsonNode.Parse(File.ReadAllText(RepositoryRoot.Combine("contracts", "solana", "profiles", $"{name}.json")))!.AsObject();
        change?.Invoke(root);
        var variables = new Dictionary<string, string>(Genesis);
        if (name == "production")
        {
            variables["networkName"] = "Test";
            foreach (var account in new[] { "owner", "arbiter", "slasher", "bank" }) variables[account] = SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey).ToString();
        }

        return DeploymentProfile.Parse<SolanaDeploymentProfile>(root.ToJsonString(), variables);
    }

    private sealed class KilledException : Exception;
}
