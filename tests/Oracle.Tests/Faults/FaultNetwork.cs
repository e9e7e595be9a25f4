using System.Globalization;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Faults;

/// <summary>
/// Contracts on an Anvil, operators as processes and devices that send all the time. The chain's clock runs two hours a block and waits where an epoch
/// that is due has no report yet, as a day is long enough for a report on every real chain.
/// </summary>
public sealed class FaultNetwork : IAsyncDisposable
{
    private const int BlockSeconds = 7_200;
    private const ulong DaySeconds = 86_400;
    private const int LateSeconds = 30 * 86_400; // the seconds for which a killed operator is down are days of this chain
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(300);

    private readonly string _folder = Directory.CreateTempSubdirectory("depin-faults").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<OperatorProcess> _processes = [];
    private Task _clock = Task.CompletedTask;
    private ulong _headSeconds;

    private FaultNetwork(ChainNetwork chain)
    {
        Chain = chain;
        Load = new DeviceLoad(chain, () => Volatile.Read(ref _headSeconds) - (2 * BlockSeconds)); // operators' mirrors are a block or two behind
    }

    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(12);

    public ChainNetwork Chain { get; }

    public DeviceLoad Load { get; }

    /// <summary>Stands between operators and the chain's node.</summary>
    public RpcGate Gate { get; private set; } = null!;

    /// <summary>The operators that run as processes.</summary>
    public IReadOnlyList<OperatorProcess> Processes => _processes;

    /// <summary>Deploys, enrols a device for each operator, starts <paramref name="processes"/> and the devices; the other operators are the test's.</summary>
    public static async Task<FaultNetwork> StartAsync(int operators, IReadOnlyCollection<int> processes, CancellationToken ct)
    {
        var network = new FaultNetwork(await ChainNetwork.StartAsync(ct, operators, LateSeconds));
        network.Gate = await RpcGate.StartAsync(network.Chain.Node.Url, ct);
        for (var number = 0; number < operators; number++) await network.Load.EnrolAsync(number, ct);
        await network.Chain.Node.Rpc.SetNextBlockTimestampAsync(network.Chain.Manifest.Genesis + BlockSeconds, ct);
        await network.Chain.Node.Rpc.MineAsync(1, ct);
        await network.Chain.Node.Rpc.SetBlockTimestampIntervalAsync(BlockSeconds, ct);
        await network.Chain.Node.Rpc.MineAsync(3, ct);
        await network.ReadHeadAsync(ct);
        foreach (var number in processes)
        {
            var folder = Path.Combine(network._folder, number.ToString(CultureInfo.InvariantCulture));
            network._processes.Add(new OperatorProcess(network.Chain, number, await TestDatabase.CreateAsync(ct: ct), folder, network.Gate.UrlOf(number)));
            await network._processes[^1].StartAsync(ct);
        }

        foreach (var one in network._processes) await one.ReadyAsync(ct);
        network.Load.Start();
        network._clock = Task.Run(network.RunClockAsync, CancellationToken.None);
        return network;
    }

    public OperatorProcess Process(int number) => _processes.Single(one => one.Number == number);

    /// <summary>The epoch whose report the chain expects.</summary>
    public Task<ulong> NextEpochAsync(CancellationToken ct) => AskAsync(new ReportVerifier.NextEpochCall(), ct);

    public Task AcceptedAsync(ulong epoch, CancellationToken ct) =>
        Eventually.HoldsAsync(async () => await NextEpochAsync(ct) > epoch, $"epoch {epoch} is accepted", ct, Patience, TellAsync);

    public Task FinalAsync(ulong epoch, CancellationToken ct) =>
        Eventually.HoldsAsync(async () => await AskAsync(new ReportVerifier.NextFinalCall(), ct) > epoch, $"epoch {epoch} is final", ct, Patience, TellAsync);

    /// <summary>What the operators in processes say of themselves.</summary>
    public async Task<string> TellAsync() => string.Join('\n', await Task.WhenAll(_processes.Select(one => Diagnosis.TellAsync(one.Number, one.Http, one.Database, one.Complaints))));

    public Task<T> AskAsync<T>(Abi.IContractCall<T> call, CancellationToken ct, string contract = "ReportVerifier", BlockTag? block = null) =>
        Chain.Rpc.CallAsync(Chain.Manifest.AddressOf(contract), call, block ?? BlockTag.Latest, ct);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _clock;
        await Load.DisposeAsync();
        foreach (var one in _processes) await one.DisposeAsync();
        await Gate.DisposeAsync();
        await Chain.DisposeAsync();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task RunClockAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var due = Chain.Manifest.Genesis + (await NextEpochAsync(CancellationToken.None) * DaySeconds);
            // 20 hours past a period's end every operator can agree on it, and no device's time lies a whole period past that end.
            if (await ReadHeadAsync(CancellationToken.None) < due + (20 * 3_600)) await Chain.Node.Rpc.MineAsync(1, CancellationToken.None);
            await Task.Delay(Tick, CancellationToken.None);
        }
    }

    private async Task<ulong> ReadHeadAsync(CancellationToken ct)
    {
        var head = (await Chain.Rpc.GetHeaderAsync(BlockTag.Latest, ct))!.Timestamp;
        Volatile.Write(ref _headSeconds, head);
        return head;
    }
}
