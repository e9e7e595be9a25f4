using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Registry;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

public sealed class SolanaNetworkDeploymentTests : SolanaDeploymentRig
{
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

    private sealed class KilledException : Exception;
}
