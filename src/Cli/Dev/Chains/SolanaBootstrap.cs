using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Solana;
using DePin.Cli.Keys;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Protocol;

namespace DePin.Cli.Dev.Chains;

/// <summary>Puts a network on Solana: program, token, funded and bonded operators, their config, a maker. What is there already is left alone.</summary>
/// <param name="folder">Its part of the data folder.</param>
/// <param name="settings">What the start decided.</param>
/// <param name="rpc">The cluster.</param>
/// <param name="fees">What to pay.</param>
/// <param name="purse">Where SOL comes from.</param>
/// <param name="endpoint">Where an operator listens, counted from 0.</param>
public sealed class SolanaBootstrap(DevFolder folder, DevSettings settings, SolanaRpc rpc, SolanaFeePolicy fees, Func<PrivateKey, ISolanaPurse> purse, Func<int, string> endpoint)
{
    private const ulong Sol = 1_000_000_000;

    /// <summary>The set, and fees.</summary>
    private const ulong Change = Sol / 20;

    /// <summary>The maker's and an operator's SOL: rent of what they make, and fees of thousands of transactions.</summary>
    private const ulong Account = Sol / 10;

    /// <summary>A device with a provider of its own: rent of its account, payout, tokens, pool and position, and what the provider is given for fees.</summary>
    private const ulong Device = 3 * Sol / 100;

    /// <summary>What devices take besides: models, a batch, a page of payouts, and fees.</summary>
    private const ulong Models = Sol / 10;

    /// <summary>Owner of the network, arbiter, and holder of the genesis allocation.</summary>
    public PrivateKey Deployer { get; } = OperatorKeyFiles.One(folder.In("keys", "deployer.key"), KeyType.Ed25519);

    /// <summary>Maker of the replayed devices.</summary>
    public PrivateKey Maker { get; } = OperatorKeyFiles.One(folder.In("keys", "maker.key"), KeyType.Ed25519);

    private ISolanaPurse Purse => field ??= purse(Deployer);

    /// <summary>Deploys the program and the network, goes on with that, or checks what is there.</summary>
    public async Task<SolanaNetworkManifest> DeployAsync(Action<string> detail, CancellationToken ct)
    {
        var deployment = new SolanaNetworkDeployer(rpc, Deployer, [Maker], fees);
        var request = new DeploymentRequest("dev", RepositoryRoot.Combine("contracts", "solana", "artifacts"), folder.Manifest);
        if (await deployment.GetPriceAsync(request, ct).ConfigureAwait(false) is > 0 and var price)
        {
            detail("funding the deployer");
            await Purse.FillAsync(AddressOf(Deployer), price + Account, ct).ConfigureAwait(false);
            await Purse.FillAsync(AddressOf(Maker), Account, ct).ConfigureAwait(false);
        }

        var (deployer, maker) = (SolanaAddress.Of(Deployer.PublicKey).ToString(), SolanaAddress.Of(Maker.PublicKey).ToString());
        var solana = settings.Solana!;
        var profile = DeploymentProfile.Load<SolanaDeploymentProfile>(RepositoryRoot.Combine("contracts", "solana", "profiles", "dev.json"), new Dictionary<string, string>
        {
            ["genesis"] = solana.Genesis.ToString(CultureInfo.InvariantCulture),
            // On a dev chain one account owns, arbitrates and banks; a real network has a multisignature and more than one person.
            ["owner"] = deployer,
            ["arbiter"] = deployer,
            ["slasher"] = deployer,
            ["bank"] = deployer,
            ["maker"] = maker,
            ["replay"] = new JsonArray([.. solana.Replay.Select(r => new JsonObject { ["set"] = r.Name, ["shiftSeconds"] = r.ShiftSeconds, ["days"] = r.Days })]).ToJsonString(),
            ["replayShiftSeconds"] = (solana.Replay.Count > 0 ? solana.Replay[0].ShiftSeconds : 0).ToString(CultureInfo.InvariantCulture),
        });
        profile.AllowOnDevnet();
        return await deployment.DeployAsync(
            profile,
            request,
            progress =>
            {
                detail(string.Create(CultureInfo.InvariantCulture, $"{progress.What} ({progress.Done} of {progress.Total})"));
                return Task.CompletedTask;
            },
            ct).ConfigureAwait(false);
    }

    /// <summary>Bonds and registers the operators and schedules them for epoch 1.</summary>
    public async Task<int> EnrolOperatorsAsync(Action<string> detail, CancellationToken ct)
    {
        var operators = Enumerable.Range(1, settings.Operators).Select(i => OperatorKeyFiles.Ensure(folder.OperatorFolder(i), ChainKind.Solana)).ToList();
        var registration = new SolanaOperatorRegistration(rpc, NetworkManifest.Load<SolanaNetworkManifest>(folder.Manifest), fees);
        var known = await Task.WhenAll(operators.Select(o => registration.FindAsync(o.Report.Address, ct))).ConfigureAwait(false);
        var missing = operators.Where((_, i) => known[i] is null).ToList();
        if (missing.Count > 0)
        {
            detail("funding bonds");
            var bond = registration.GetMinimumBond();
            await Purse.FillAsync(AddressOf(Deployer), ((ulong)missing.Count * Account) + Change, ct).ConfigureAwait(false);
            await Task.WhenAll(missing.Select(async o =>
            {
                await Purse.FillAsync(AddressOf(o.Transaction), Account, ct).ConfigureAwait(false);
                await registration.FundAsync(Deployer, AddressOf(o.Transaction), bond, 0, ct).ConfigureAwait(false);
            })).ConfigureAwait(false);
            detail("registering operators");
            await Task.WhenAll(missing.Select(o => registration.RegisterAsync(
                o.Transaction, o.Report.Address, new Bytes32(o.Protocol.PublicKey.Bytes), endpoint(operators.IndexOf(o)), bond, ct))).ConfigureAwait(false);
        }

        // Once there is a set, who signs is the owner's business: a resumed network keeps what was scheduled since.
        if (await registration.GetConfigCountAsync(ct).ConfigureAwait(false) > 0) return operators.Count;
        detail("scheduling the first config");
        await registration.ScheduleAsync(Deployer, [.. operators.Select(o => o.Report.Address)], 1, ct).ConfigureAwait(false);
        return operators.Count;
    }

    /// <summary>Sees to it that the deployer can pay for so many devices in all, each with a provider of its own.</summary>
    public async Task FundDevicesAsync(int devices, CancellationToken ct)
    {
        var accounts = NetworkManifest.Load<SolanaNetworkManifest>(folder.Manifest).Accounts;
        var there = (await rpc.ReadAsync<Depin.DeviceRegistryAccount>(accounts.Program, accounts.Registry, Finality.Safe, ct).ConfigureAwait(false)).Devices;
        if (there < (ulong)devices) await Purse.FillAsync(AddressOf(Deployer), (((ulong)devices - there) * Device) + Models, ct).ConfigureAwait(false);
    }

    private static SolanaAddress AddressOf(PrivateKey key) => SolanaAddress.Of(key.PublicKey);
}
