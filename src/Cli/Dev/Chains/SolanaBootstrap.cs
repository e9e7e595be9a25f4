using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cli.Keys;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Protocol;

namespace DePin.Cli.Dev.Chains;

/// <summary>Puts a network on a fresh Solana runtime: program, token, funded and bonded operators, their config, a maker. What is there already is left alone.</summary>
public sealed class SolanaBootstrap(DevFolder folder, DevSettings settings, SurfpoolProcess surfpool, Func<int, string> endpoint)
{
    private const ulong PlentyOfLamports = 10_000_000_000_000;
    private static readonly SolanaFeePolicy Quick = new() { PollInterval = TimeSpan.FromMilliseconds(100), ResendEvery = TimeSpan.FromSeconds(1) };

    /// <summary>Client of the runtime.</summary>
    public SolanaRpc Rpc { get; } = new(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, new RpcOptions { Urls = [surfpool.Url] });

    /// <summary>Owner of the network, arbiter, and holder of the genesis allocation.</summary>
    public PrivateKey Deployer { get; } = OperatorKeyFiles.One(folder.In("keys", "deployer.key"), KeyType.Ed25519);

    /// <summary>Maker of the replayed devices.</summary>
    public PrivateKey Maker { get; } = OperatorKeyFiles.One(folder.In("keys", "maker.key"), KeyType.Ed25519);

    /// <summary>Time of the newest confirmed slot, unix seconds.</summary>
    public async Task<long> GetTimeAsync(CancellationToken ct) =>
        await Rpc.GetBlockTimeAsync(await Rpc.GetSlotAsync(Finality.Safe, ct).ConfigureAwait(false), ct).ConfigureAwait(false)
            ?? throw new InvalidOperationException("The runtime does not know when its newest block was made.");

    /// <summary>Deploys the program and the network.</summary>
    public async Task<SolanaNetworkManifest> DeployAsync(Action<string> detail, CancellationToken ct)
    {
        foreach (var key in (PrivateKey[])[Deployer, Maker]) await FundAsync(SolanaAddress.Of(key.PublicKey), ct).ConfigureAwait(false);
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
        return await new SolanaNetworkDeployer(Rpc, Deployer, [Maker], Quick).DeployAsync(
            profile,
            new DeploymentRequest("dev", RepositoryRoot.Combine("contracts", "solana", "artifacts"), folder.Manifest),
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
        var registration = new SolanaOperatorRegistration(Rpc, NetworkManifest.Load<SolanaNetworkManifest>(folder.Manifest), Quick);
        var bond = registration.GetMinimumBond();
        detail("funding bonds");
        await Task.WhenAll(operators.Select(async o =>
        {
            await FundAsync(SolanaAddress.Of(o.Transaction.PublicKey), ct).ConfigureAwait(false);
            await registration.FundAsync(Deployer, SolanaAddress.Of(o.Transaction.PublicKey), bond, 0, ct).ConfigureAwait(false);
        })).ConfigureAwait(false);
        detail("registering operators");
        await Task.WhenAll(operators.Select((o, i) => registration.RegisterAsync(
            o.Transaction, o.Report.Address, new Bytes32(o.Protocol.PublicKey.Bytes), endpoint(i), bond, ct))).ConfigureAwait(false);
        detail("scheduling the first config");
        await registration.ScheduleAsync(Deployer, [.. operators.Select(o => o.Report.Address)], 1, ct).ConfigureAwait(false);
        return operators.Count;
    }

    private Task FundAsync(SolanaAddress account, CancellationToken ct) => surfpool.Rpc.SetBalanceAsync(account.ToString(), PlentyOfLamports, ct);
}
