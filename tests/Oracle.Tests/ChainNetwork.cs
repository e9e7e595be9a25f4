using System.Collections.Concurrent;
using DePin.Signing;
using System.Globalization;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Oracle.Batch;
using DePin.Oracle.Evidence;
using DePin.Oracle.Network;
using DePin.Oracle.Round;
using DePin.Oracle.Transmit;
using DePin.Protocol.Verification;
using DePin.Protocol.Verification.Sensing;
using DePin.Protocol.Verification.Wireless;
using DePin.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DePin.Oracle.Tests;

/// <summary>The real contracts on an Anvil, with bonded operators.</summary>
public sealed class ChainNetwork : IAsyncDisposable
{
    private readonly DeployedChain _chain;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<int> _ports = [];
    private CancellationTokenSource _ticking = new();
    private Task _ticker = Task.CompletedTask;

    private ChainNetwork(DeployedChain chain) => _chain = chain;

    public AnvilNode Node => _chain.Node;

    public EvmRpc Rpc => _chain.Rpc;

    public EvmNetworkManifest Manifest => _chain.Manifest;

    public IReadOnlyList<OperatorKeyRing> Operators { get; private set; } = [];

    public static ClassCatalog Catalog { get; } = new([WirelessCoverage.Implementation, EnvironmentSensing.Implementation]);

    public static PrivateKey Owner => DeployedChain.Owner;

    public static async Task<ChainNetwork> StartAsync(CancellationToken ct, int operators = 4, int? lateSeconds = null)
    {
        var network = new ChainNetwork(await DeployedChain.StartAsync(new AnvilOptions { SlotsInAnEpoch = 1 }, ct, profile =>
        {
            if (lateSeconds is { } late) profile["network"]!["lateSeconds"] = late;
        }));
        await network.EnrolAsync(operators, ct);
        return network;
    }

    /// <summary>Where an operator says on chain that it listens.</summary>
    public string EndpointOf(int number) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_ports[number]}");

    /// <summary>
    /// From here on a block an hour of chain time, mined every so often, until <see cref="StopClockAsync"/>. The hours before the first period's last are
    /// mined at once; those of later periods as well where <paramref name="skipIdle"/> says that nothing in them is watched, so that a window of 48 h is over in a few blocks.
    /// </summary>
    public async Task StartClockAsync(TimeSpan every, CancellationToken ct, bool skipIdle = false)
    {
        await Node.Rpc.SetBlockTimestampIntervalAsync(3_600, ct);
        await SkipAsync(1);
        _ticking = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var ticking = _ticking.Token;
        _ticker = Task.Run(
            async () =>
            {
                while (!ticking.IsCancellationRequested)
                {
                    if (skipIdle) await SkipAsync(await Rpc.CallAsync(Manifest.AddressOf("ReportVerifier"), new ReportVerifier.NextEpochCall(), BlockTag.Latest, CancellationToken.None));
                    await Node.Rpc.MineAsync(1, CancellationToken.None);
                    await Task.Delay(every, CancellationToken.None);
                }
            }, ct);
    }

    // To two hours before the end of an epoch's period; not back.
    private async Task SkipAsync(ulong epoch)
    {
        var head = (await Rpc.GetHeaderAsync(BlockTag.Latest, CancellationToken.None))!.Timestamp;
        var hours = ((long)(Manifest.Genesis + (epoch * Manifest.EpochLength)) - (long)head) / 3_600;
        if (hours > 2) await Node.Rpc.MineAsync((int)hours - 2, CancellationToken.None);
    }

    /// <summary>The chain stands still but for transactions.</summary>
    public async Task StopClockAsync()
    {
        await _ticking.CancelAsync();
        await _ticker;
    }

    /// <summary>An operator with its own database, follower and loops; not started.</summary>
    public async Task<ChainOperator> CreateOperatorAsync(
        int number, CancellationToken ct, TimeSpan? stageDelay = null, Action<IServiceCollection>? services = null, Action<IApplicationBuilder>? inbound = null,
        ChainProviders? providers = null, IOperatorSigner? signer = null)
    {
        var database = await TestDatabase.CreateAsync(ct: ct);
        var parameters = Manifest.NetworkParameters;
        var keys = Operators[number];
        var mirrored = Manifest.ToMirroredNetwork();
        var rpc = _chain.NewRpc();
        signer ??= keys;
        var transmitter = new EvmReportTransmitter(rpc, new TransactionSender(rpc, signer.Account.Evm, signer.SignTransaction, DeployedChain.Fees), Manifest.ChainId, Manifest.AddressOf("ReportVerifier"));
        var setup = new OracleSetup
        {
            Facts = new NetworkFacts(Manifest.Id, Manifest.Genesis, Manifest.EpochLength, (ulong)parameters.LateSeconds, (ulong)parameters.EpochGraceSeconds),
            Keys = signer,
            Database = database.ConnectionString,
            Classes = Catalog.Bind(parameters),
            Link = new ChainLink(mirrored, Manifest.ToEmissionSchedule(), parameters, Catalog, new EvmVerifierTransactions(transmitter), new EvmChainSource(rpc, mirrored)) { Providers = providers },
            Lanes = new LaneOptions { SealEvery = TimeSpan.FromMilliseconds(200), ExchangeEvery = TimeSpan.FromMilliseconds(200) },
            Round = new RoundOptions
            {
                Propose = TimeSpan.FromSeconds(10),
                Vote = TimeSpan.FromSeconds(2),
                Resend = TimeSpan.FromSeconds(1),
                Listen = TimeSpan.FromSeconds(2),
            },
            Transmit = new TransmitOptions { StageDelay = stageDelay ?? TimeSpan.FromSeconds(3), Pace = TimeSpan.FromMilliseconds(300) },
            Evidence = new EvidenceOptions { Pace = TimeSpan.FromMilliseconds(500) },
        };
        return new ChainOperator(keys, database, setup, _ports[number]) { Services = services, Inbound = inbound };
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _ticker;
        await _chain.DisposeAsync();
        _ticking.Dispose();
        _stop.Dispose();
    }

    private async Task EnrolAsync(int operators, CancellationToken ct)
    {
        Operators = [.. Enumerable.Range(0, operators)
            .Select(_ => new OperatorKeyRing(PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Ed25519), PrivateKey.Generate(KeyType.Secp256k1)))
            .OrderBy(keys => keys.Address)];
        var registration = new OperatorRegistration(Rpc, Manifest, DeployedChain.Fees);
        var bond = await registration.GetMinimumBondAsync(ct);
        foreach (var keys in Operators)
        {
            _ports.Add(LoopbackPort.Free());
            await registration.FundAsync(Owner, keys.Transaction.Address, bond, (UInt128)10_000_000_000_000_000_000 * 10, ct);
            await registration.RegisterAsync(keys.Transaction, keys.Address, new Bytes32(keys.Protocol.PublicKey.Bytes),
                string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_ports[^1]}"), bond, ct);
        }

        await registration.ScheduleAsync(Owner, [.. Operators.Select(o => o.Address)], 1, ct);
    }
}

/// <summary>An operator of a <see cref="ChainNetwork"/> or a <see cref="SolanaNetworkOfOperators"/>: may be stopped and started again on the same database.</summary>
public sealed class ChainOperator(OperatorKeyRing keys, TestDatabase database, OracleSetup setup, int port) : IAsyncDisposable
{
    private readonly ComplaintLog _complaints = new();
    private WebApplication? _app;

    public OperatorKeyRing Keys => keys;

    public TestDatabase Database => database;

    /// <summary>What a test puts between the operator and its peers.</summary>
    public Action<IServiceCollection>? Services { get; init; }

    /// <summary>What a test puts in front of the operator's endpoints.</summary>
    public Action<IApplicationBuilder>? Inbound { get; init; }

    /// <summary>Its last warnings and errors.</summary>
    public IEnumerable<string> Complaints => _complaints.Lines;

    public HttpClient Http { get; } = new() { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")) };

    public T Get<T>() where T : notnull => _app!.Services.GetRequiredService<T>();

    public async Task StartAsync(CancellationToken ct)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Testing" });
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(_complaints);
        if (Environment.GetEnvironmentVariable("DEPIN_TEST_LOG") is { Length: > 0 } file) builder.Logging.AddProvider(new FileLog($"{file}.{port}"));
        builder.WebHost.UseUrls(Http.BaseAddress!.ToString());
        Services?.Invoke(builder.Services);
        _app = OracleApp.Build(builder, setup);
        Inbound?.Invoke(_app);
        await _app.MigrateAsync(ct);
        await _app.StartAsync(ct);
    }

    public async Task StopAsync()
    {
        if (_app is null) return;
        await _app.StopAsync();
        await _app.DisposeAsync();
        _app = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Http.Dispose();
        await database.DisposeAsync();
    }
}

/// <summary>The last warnings and errors of one operator.</summary>
internal sealed class ComplaintLog : ILoggerProvider, ILogger
{
    private const int Kept = 20;
    private readonly ConcurrentQueue<string> _lines = new();

    public IEnumerable<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        _lines.Enqueue($"{DateTime.UtcNow:HH:mm:ss.fff} {logLevel} {formatter(state, exception)} {exception?.GetType().Name} {exception?.Message}");
        while (_lines.Count > Kept) _lines.TryDequeue(out _);
    }

    public void Dispose()
    {
    }
}

/// <summary>Logs of one operator in a file, for looking at a failing test.</summary>
internal sealed class FileLog(string path) : ILoggerProvider, ILogger
{
    private readonly Lock _gate = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        lock (_gate) File.AppendAllText(path, $"{DateTime.UtcNow:HH:mm:ss.fff} {logLevel} {formatter(state, exception)} {exception}\n");
    }

    public void Dispose()
    {
    }
}
