using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Oracle.Batch;
using DePin.Oracle.Evidence;
using DePin.Oracle.Network;
using DePin.Oracle.Round;
using DePin.Oracle.Transmit;
using DePin.Protocol;
using DePin.Protocol.Verification.Sensing;
using DePin.Sdk.Registration;
using DePin.Signing;
using DePin.TestKit;

namespace DePin.Oracle.Tests;

/// <summary>Periods of a <see cref="SolanaNetworkOfOperators"/>, in seconds of chain time.</summary>
public sealed record SolanaPeriods
{
    /// <summary>Of an epoch; divides a day.</summary>
    public ulong Epoch { get; init; } = 86_400;

    /// <summary>In which a report may be challenged; the program adds its tolerance.</summary>
    public ulong Window { get; init; } = 7_200;

    /// <summary>By which a challenge extends it.</summary>
    public ulong Extension { get; init; } = 432_000;

    /// <summary>Between an epoch's end and its round.</summary>
    public int Grace { get; init; } = 5_760;
}

/// <summary>The real program on a Surfpool, with bonded operators and three registered thermometers. Epochs are a day and the challenge window is two hours unless told otherwise.</summary>
public sealed class SolanaNetworkOfOperators : IAsyncDisposable
{
    public const int Devices = 3;

    private const ulong Day = 86_400;
    private const ulong Sol = 1_000_000_000;
    private static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(100), ResendEvery = TimeSpan.FromSeconds(1) };

    private readonly SurfpoolNode _node;
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("depin-solana-oracle");
    private readonly CancellationTokenSource _stop = new();
    private readonly List<int> _ports = [];
    private Task _ticker = Task.CompletedTask;

    private SolanaNetworkOfOperators(SurfpoolNode node) => (_node, Rpc) = (node, new SolanaRpc(_http, new RpcOptions { Urls = [node.Url] }));

    public SurfpoolNode Node => _node;

    public SolanaRpc Rpc { get; }

    public SolanaNetworkManifest Manifest { get; private set; } = null!;

    public IReadOnlyList<OperatorKeyRing> Operators { get; private set; } = [];

    /// <summary>Owns the network and the devices, and earns what they earn.</summary>
    public PrivateKey Owner { get; } = PrivateKey.Generate(KeyType.Ed25519);

    public IReadOnlyList<PrivateKey> DeviceKeys { get; } = [.. Enumerable.Range(0, Devices).Select(i => PrivateKey.Generate(i == 0 ? KeyType.Secp256k1 : i == 1 ? KeyType.P256 : KeyType.Ed25519))];

    public static async Task<SolanaNetworkOfOperators> StartAsync(CancellationToken ct, SolanaPeriods? periods = null)
    {
        var network = new SolanaNetworkOfOperators(await SurfpoolNode.StartAsync(new SurfpoolOptions { SlotTime = TimeSpan.FromMilliseconds(400) }, ct));
        try
        {
            await network.DeployAsync(periods ?? new SolanaPeriods(), ct);
            await network.EnrolOperatorsAsync(ct);
            await network.EnrolDevicesAsync(ct);
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    public string EndpointOf(int number) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_ports[number]}");

    /// <summary>Jumps to a second of an epoch.</summary>
    public Task TravelAsync(ulong epoch, ulong second, CancellationToken ct) => _node.Rpc.TravelToTimeAsync((long)(Manifest.Genesis + ((epoch - 1) * Manifest.EpochLength) + second), ct);

    /// <summary>From here on half an hour of chain time every so often, beginning at a second of an epoch; until disposed.</summary>
    public void StartClock(ulong epoch, ulong second, TimeSpan every)
    {
        var now = (long)(Manifest.Genesis + ((epoch - 1) * Manifest.EpochLength) + second);
        _ticker = Task.Run(async () =>
        {
            var clock = new SurfpoolClock(_node.Rpc);
            for (; !_stop.IsCancellationRequested; now += 1_800)
            {
                await clock.MoveAsync(now, CancellationToken.None);
                await Task.Delay(every, CancellationToken.None);
            }
        });
    }

    /// <summary>An operator with its own database, follower and loops; not started.</summary>
    /// <param name="number">Which.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <param name="stageDelay">Between one operator's turn and the next.</param>
    /// <param name="rpc">Its providers; null = the runtime alone.</param>
    /// <param name="signer">Who signs; null = its keys.</param>
    /// <param name="round">Wall times of the agreement; null = generous ones.</param>
    public async Task<ChainOperator> CreateOperatorAsync(int number, CancellationToken ct, TimeSpan? stageDelay = null, Uri[]? rpc = null, IOperatorSigner? signer = null, RoundOptions? round = null)
    {
        var database = await TestDatabase.CreateAsync(ct: ct);
        var parameters = Manifest.NetworkParameters;
        var mirrored = Manifest.ToMirroredNetwork(chainId: 2);
        var providers = new ChainProviders(_http, [.. (rpc ?? [_node.Url]).Select(url => new RpcProviderOptions { Url = url })], 0, "Oracle", TimeProvider.System);
        var setup = new OracleSetup
        {
            Facts = new NetworkFacts(Manifest.Id, Manifest.Genesis, Manifest.EpochLength, (ulong)parameters.LateSeconds, (ulong)parameters.EpochGraceSeconds),
            Keys = signer ?? Operators[number],
            Database = database.ConnectionString,
            Classes = ChainNetwork.Catalog.Bind(parameters),
            ChainId = mirrored.ChainId,
            Link = new ChainLink(mirrored, Manifest.ToEmissionSchedule(), parameters, ChainNetwork.Catalog, VerifierTransactions.Create(Manifest, providers.Solana, signer ?? Operators[number], Fast), Source: null) { Providers = providers },
            Lanes = new LaneOptions { SealEvery = TimeSpan.FromMilliseconds(200), ExchangeEvery = TimeSpan.FromMilliseconds(200) },
            Round = round ?? new RoundOptions { Propose = TimeSpan.FromSeconds(10), Vote = TimeSpan.FromSeconds(2), Resend = TimeSpan.FromSeconds(1), Listen = TimeSpan.FromSeconds(2) },
            Transmit = new TransmitOptions { StageDelay = stageDelay ?? TimeSpan.FromSeconds(5), Pace = TimeSpan.FromMilliseconds(500) },
            Evidence = new EvidenceOptions { Pace = TimeSpan.FromMilliseconds(500) },
        };
        return new ChainOperator(Operators[number], database, setup, _ports[number]);
    }

    /// <summary>An epoch's readings of every device, one an hour.</summary>
    public IEnumerable<Protocol.Proofs.SignedProof> ReadingsOf(ulong epoch)
    {
        for (var device = 0; device < Devices; device++)
        {
            var random = new Random(20261122 + device);
            for (var hour = 0ul; hour < Manifest.EpochLength / 3_600; hour++)
            {
                var at = (Manifest.Genesis + ((epoch - 1) * Manifest.EpochLength) + (hour * 3_600) + 60) * 1_000;
                var reading = new Reading(at, [(SensedParameter.Temperature, 5_000 + (random.Next(-20, 21) * 100) + (device * 3_000)), (SensedParameter.Humidity, 60_000 + (random.Next(-50, 51) * 100))]);
                var proof = Protocol.Proofs.DeviceProof.Create(Manifest.Id, EnvironmentSensing.ClassId, EnvironmentSensing.ReadingSchema, new DeviceId(DeviceKeys[device].PublicKey.DeviceId), (epoch * 100) + hour, at, reading.ToBytes());
                yield return new Protocol.Proofs.SignedProof(proof, DeviceKeys[device].Sign(proof.Envelope.Span));
            }
        }
    }

    public Task<Depin.LedgerAccount> LedgerAsync(CancellationToken ct) => ReadAsync<Depin.LedgerAccount>(Manifest.Accounts.Ledger, ct);

    public Task<Depin.DistributorAccount> DistributorAsync(CancellationToken ct) => ReadAsync<Depin.DistributorAccount>(Manifest.Accounts.Distributor, ct);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _ticker;
        await _node.DisposeAsync();
        _http.Dispose();
        _stop.Dispose();
        _folder.Delete(recursive: true);
    }

    // Ten minutes before a day begins, so that no mirror has the time before it to read.
    private async Task DeployAsync(SolanaPeriods periods, CancellationToken ct)
    {
        var now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var genesis = ((now / Day) + 1) * Day;
        if (genesis - 600 > now) await _node.Rpc.TravelToTimeAsync((long)genesis - 600, ct);
        else genesis += Day;
        var deployer = SolanaAddress.Of(Owner.PublicKey);
        await _node.Rpc.SetBalanceAsync(deployer.ToString(), 10_000 * Sol, ct);
        var document = JsonNode.Parse(await File.ReadAllTextAsync(RepositoryRoot.Combine("contracts", "solana", "profiles", "dev.json"), ct))!;
        var times = document["deploy"]!["network"]!;
        (times["epochLength"], times["challengeWindow"], times["challengeExtension"]) = (periods.Epoch, periods.Window, periods.Extension);
        document["network"]!["epochGraceSeconds"] = periods.Grace;
        document["models"] = new JsonArray(new JsonObject { ["makerId"] = 1, ["class"] = 2, ["capabilities"] = 3, ["cadence"] = 3_600, ["metadata"] = $"0x{new string('7', 64)}" });
        var profile = DeploymentProfile.Parse<SolanaDeploymentProfile>(document.ToJsonString(), new Dictionary<string, string> { ["genesis"] = genesis.ToString(CultureInfo.InvariantCulture) });
        Manifest = await new SolanaNetworkDeployer(Rpc, Owner, fees: Fast).DeployAsync(
            profile, new DeploymentRequest("test", RepositoryRoot.Combine("contracts", "solana", "artifacts"), Path.Combine(_folder.FullName, "network.json")), null, ct);
    }

    private async Task EnrolOperatorsAsync(CancellationToken ct)
    {
        Operators = [.. Enumerable.Range(0, 4).Select(_ => OperatorKeyRing.Generate(ChainKind.Solana)).OrderBy(keys => keys.Address)];
        var registration = new SolanaOperatorRegistration(Rpc, Manifest, Fast);
        var bond = registration.GetMinimumBond();
        foreach (var _ in Operators) _ports.Add(LoopbackPort.Free());
        foreach (var keys in Operators) await registration.FundAsync(Owner, keys.Account.Solana, bond, 10 * Sol, ct);
        await Task.WhenAll(Operators.Select((keys, i) => registration.RegisterAsync(keys.Transaction, keys.Address, keys.ProtocolKey, EndpointOf(i), bond, ct)));
        await registration.ScheduleAsync(Owner, [.. Operators.Select(o => o.Address)], 1, ct);
    }

    private async Task EnrolDevicesAsync(CancellationToken ct)
    {
        var (network, owner) = (Manifest.Accounts, SolanaAddress.Of(Owner.PublicKey));
        var sender = new SolanaTransactionSender(Rpc, Owner, Fast, SolanaVerifierTransactions.Names(network.Program));
        var stake = (ulong)Manifest.NetworkParameters.MinimumStakePerDevice * Devices;
        await sender.SendAsync(
            new SolanaTransactionRequest(
                SolanaPayouts.Open(network, owner, owner, 0),
                new Depin.DepositStakeInstruction(owner, stake, 0).ToInstruction(network.Program, new Depin.DepositStakeAccounts
                {
                    Staker = owner,
                    Network = network.Account,
                    Source = network.TokensOf(owner),
                    TokenProgram = network.TokenProgram,
                    Payout = network.Payout(owner),
                })),
            ct);
        var registration = new SolanaDeviceRegistration(Manifest.Cluster, network);
        foreach (var key in DeviceKeys)
            await sender.SendAsync(new SolanaTransactionRequest(registration.Register(owner, key, owner, 1, 0, new MakerWord.Account(1, owner), ulong.MaxValue)), ct);
    }

    private async Task<T> ReadAsync<T>(SolanaAddress address, CancellationToken ct)
        where T : struct, ISolanaAccount<T> =>
        T.TryDecode((await Rpc.GetAccountInfoAsync(address, Finality.Safe, ct)).Value!.Data.Span, out var value) ? value : throw new InvalidOperationException($"{address} is no {typeof(T).Name}.");
}
