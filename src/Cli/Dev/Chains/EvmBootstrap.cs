using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Abi;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Cli.Keys;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Protocol;
using DePin.Sdk.Network;
using DePin.Signing;

namespace DePin.Cli.Dev.Chains;

/// <summary>Puts a network on a fresh dev chain: contracts, funded and bonded operators, their config, a maker. What is there already is left alone.</summary>
public sealed class EvmBootstrap(DevFolder folder, DevSettings settings, AnvilProcess anvil)
{
    private const string PlentyOfWei = "0x3635c9adc5dea00000"; // 1,000 coins of a dev chain
    private static readonly FeePolicy Quick = new() { PollInterval = TimeSpan.FromMilliseconds(100) };

    /// <summary>Client of the dev chain.</summary>
    public EvmRpc Rpc { get; } = new(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, new RpcOptions { Urls = [anvil.Url] });

    /// <summary>Owner of the contracts, arbiter, and holder of the genesis allocation.</summary>
    public PrivateKey Deployer { get; } = OperatorKeyFiles.One(folder.In("keys", "deployer.key"), KeyType.Secp256k1);

    /// <summary>Maker of the replayed devices.</summary>
    public PrivateKey Maker { get; } = OperatorKeyFiles.One(folder.In("keys", "maker.key"), KeyType.Secp256k1);

    /// <summary>Deploys the contracts, or checks those that are there.</summary>
    public async Task<EvmNetworkManifest> DeployAsync(Action<string> detail, CancellationToken ct)
    {
        foreach (var key in (PrivateKey[])[Deployer, Maker]) await anvil.Rpc.SetBalanceAsync(key.Address.ToString(), PlentyOfWei, ct).ConfigureAwait(false);
        var profile = DeploymentProfile.Load<EvmDeploymentProfile>(RepositoryRoot.Combine("contracts", "evm", "profiles", "dev.json"), new Dictionary<string, string>
        {
            ["genesis"] = settings.Genesis.ToString(CultureInfo.InvariantCulture),
            // On a dev chain one account owns, arbitrates and banks; a real network has a timelock and more than one person.
            ["owner"] = Deployer.Address.ToString(),
            ["arbiter"] = Deployer.Address.ToString(),
            ["slasher"] = Deployer.Address.ToString(),
            ["bank"] = Deployer.Address.ToString(),
            ["maker"] = Maker.Address.ToString(),
            ["replay"] = new JsonArray([.. settings.Replay.Select(r => new JsonObject { ["set"] = r.Name, ["shiftSeconds"] = r.ShiftSeconds, ["days"] = r.Days })]).ToJsonString(),
            ["replayShiftSeconds"] = (settings.Replay.Count > 0 ? settings.Replay[0].ShiftSeconds : 0).ToString(CultureInfo.InvariantCulture),
        });
        return await new NetworkDeployer(Rpc, Deployer, Quick).DeployAsync(
            profile,
            new DeploymentRequest("dev", RepositoryRoot.Combine("contracts", "evm", "artifacts"), folder.Manifest),
            progress =>
            {
                detail(string.Create(CultureInfo.InvariantCulture, $"{progress.What} ({progress.Done} of {progress.Total})"));
                return Task.CompletedTask;
            },
            ct).ConfigureAwait(false);
    }

    /// <summary>Bonds and registers the operators and schedules them for epoch 1.</summary>
    public async Task<IReadOnlyList<OperatorKeyRing>> EnrolOperatorsAsync(EvmNetworkManifest manifest, Action<string> detail, CancellationToken ct)
    {
        var operators = Enumerable.Range(1, settings.Operators).Select(i => OperatorKeyFiles.Ensure(folder.OperatorFolder(i), ChainKind.Evm)).ToList();
        var registration = new OperatorRegistration(Rpc, manifest, Quick);
        var registry = manifest.AddressOf("OperatorRegistry");
        var known = await Rpc.CallAsync(
            [.. operators.Select(o => (registry, (IContractCall<OperatorRegistry.Operator>)new OperatorRegistry.OperatorCall(o.Report.Address)))], BlockTag.Latest, ct).ConfigureAwait(false);
        var missing = operators.Where((_, i) => known[i].Account.IsZero).ToList();
        if (missing.Count > 0)
        {
            detail("funding bonds");
            var bond = await registration.GetMinimumBondAsync(ct).ConfigureAwait(false);
            foreach (var keys in missing) await anvil.Rpc.SetBalanceAsync(keys.Transaction.Address.ToString(), PlentyOfWei, ct).ConfigureAwait(false);
            using var sender = new TransactionSender(Rpc, Deployer, Quick);
            await sender.SendAllAsync(
                manifest.AddressOf("NetworkToken"), missing.ConvertAll(o => (IContractCall<bool>)new NetworkToken.TransferCall(o.Transaction.Address, bond)), null, ct).ConfigureAwait(false);
            detail("registering operators");
            await Task.WhenAll(missing.Select(o => registration.RegisterAsync(
                o.Transaction, o.Report.Address, new Bytes32(o.Protocol.PublicKey.Bytes), Endpoint(operators.IndexOf(o)), bond, ct))).ConfigureAwait(false);
        }

        // Once there is a config, who signs is the owner's business: a resumed network keeps what was scheduled since.
        if (await Rpc.CallAsync(registry, new OperatorRegistry.ConfigCountCall(), BlockTag.Latest, ct).ConfigureAwait(false) > 0) return operators;
        detail("scheduling the first config");
        await registration.ScheduleAsync(Deployer, [.. operators.Select(o => o.Report.Address)], 1, ct).ConfigureAwait(false);
        return operators;
    }

    private string Endpoint(int index) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{settings.Ports.Operator + index}");
}
