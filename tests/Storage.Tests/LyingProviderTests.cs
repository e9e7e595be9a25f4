using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Chain.Rpc;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Mirror;
using DePin.TestKit;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

/// <summary>
/// Three providers in front of one chain, of which the first lies. Each lie is told to a mirror that believes one provider, where it must do the harm that it
/// is told for, and to one that asks for two, where it must do none.
/// </summary>
public sealed class LyingProviderTests : IClassFixture<LyingProviderTests.Chain>
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private readonly Chain _chain;

    public LyingProviderTests(Chain chain)
    {
        _chain = chain;
        foreach (var proxy in chain.Proxies) proxy.Clear();
    }

    /// <summary>The lies that leave something wrong in the mirror.</summary>
    public static TheoryData<string> Forgeries => ["an amount", "a log more", "a log less under the same bloom", "the time of a block", "a log less and the bloom without it"];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task What_one_provider_makes_up_stays_out_of_a_mirror_that_asks_two_and_the_liar_is_named(string lie)
    {
        await _chain.ActAsync();
        var honest = await _chain.HonestAsync();
        _chain.Proxies[0].Apply(Forgery(lie), "eth_getLogs", "eth_getBlockByNumber");

        await using (var believing = await Follower.CreateAsync(_chain, providers: 1, quorum: 1))
        {
            await believing.CatchUpAsync();
            Assert.NotEmpty(MirrorContent.Differences(honest, await believing.HashAsync()));
        }

        await using var asking = await Follower.CreateAsync(_chain, providers: 3, quorum: 2);
        await asking.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(honest, await asking.HashAsync()));
        var status = asking.Providers.Status;
        Assert.Null(status.Why);
        Assert.Equal([ProviderState.Disagreeing, ProviderState.Well, ProviderState.Well], status.Providers.Select(p => p.State));
        Assert.Equal(1, status.Providers[0].Disagreements);
        var warning = Assert.Single(asking.Warnings, w => w.Contains("contradicts", StringComparison.Ordinal));
        Assert.Contains(_chain.Proxies[0].Url.Authority, warning, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", warning + status.Providers[0].LastError, StringComparison.Ordinal);

        // It is left out: an honest quorum answers the next blocks without it, and without asking more than two.
        var (liar, third) = (_chain.Proxies[0].CountOf("eth_getLogs"), _chain.Proxies[2].CountOf("eth_getLogs"));
        await _chain.ActAsync();
        await asking.CatchUpAsync();
        Assert.Equal(liar, _chain.Proxies[0].CountOf("eth_getLogs"));
        Assert.True(_chain.Proxies[2].CountOf("eth_getLogs") > third);
        Assert.Empty(MirrorContent.Differences(await _chain.HonestAsync(), await asking.HashAsync()));
    }

    [Fact]
    public async Task A_provider_that_calls_the_tip_final_moves_nobody_who_asks_two()
    {
        await _chain.ActAsync();
        _chain.Proxies[0].Apply(
            new RpcFault.Lie((_, answer) => answer, call =>
            {
                if (call["params"]![0]!.GetValue<string>() == "finalized") call["params"]![0] = "latest";
                return call;
            }),
            "eth_getBlockByNumber");
        await using var believing = await Follower.CreateAsync(_chain, providers: 1, quorum: 1);
        await using var asking = await Follower.CreateAsync(_chain, providers: 3, quorum: 2);
        await believing.CatchUpAsync();
        await asking.CatchUpAsync();
        var tip = await _chain.Node.Rpc.BlockNumberAsync(Ct);
        Assert.Equal(tip, (await believing.Mirror.GetCheckpointAsync(Ct)).Finalized!.Value.Number);
        Assert.Equal(tip - 2, (await asking.Mirror.GetCheckpointAsync(Ct)).Finalized!.Value.Number);

        // The chain drops its tip, as it may: who believed the liar takes that for the end of the world.
        await _chain.Node.Rpc.ReorganiseAsync(1, Ct);
        await _chain.Node.Rpc.MineAsync(1, Ct);
        await asking.CatchUpAsync();
        Assert.Equal(1, asking.Subject.Status.Reorgs);
        await Assert.ThrowsAsync<ReorgPastFinalizedException>(() => believing.StepThroughErrorsAsync());
    }

    [Fact]
    public async Task A_provider_with_another_branch_below_the_final_block_halts_nobody_who_asks_two()
    {
        await _chain.ActAsync();
        await using var believing = await Follower.CreateAsync(_chain, providers: 1, quorum: 1);
        await using var asking = await Follower.CreateAsync(_chain, providers: 3, quorum: 2);
        await believing.CatchUpAsync();
        await asking.CatchUpAsync();
        var fork = await _chain.Node.Rpc.BlockNumberAsync(Ct) - 6;
        _chain.Proxies[0].Apply(new RpcFault.Lie((_, answer) => OtherBranch(answer, fork)), "eth_getBlockByNumber", "eth_getLogs");
        await _chain.ActAsync();
        await asking.CatchUpAsync();
        Assert.Null(asking.Subject.Status.Halted);
        Assert.Empty(MirrorContent.Differences(await _chain.HonestAsync(), await asking.HashAsync()));
        Assert.Equal(ProviderState.Disagreeing, asking.Providers.Status.Providers[0].State);
        Assert.Contains("final block", asking.Providers.Status.Providers[0].LastError, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ReorgPastFinalizedException>(() => believing.StepThroughErrorsAsync());
    }

    [Fact]
    public async Task A_provider_that_asks_to_be_left_alone_rests_while_two_others_serve()
    {
        await _chain.ActAsync();
        _chain.Proxies[0].Apply(new RpcFault.Limit(0, TimeSpan.FromMinutes(5)));
        await using var asking = await Follower.CreateAsync(_chain, providers: 3, quorum: 2);
        await asking.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(await _chain.HonestAsync(), await asking.HashAsync()));
        var rested = asking.Providers.Status.Providers[0];
        Assert.Equal((ProviderState.Resting, 1L, 1L, 0L), (rested.State, rested.Requests, rested.Failures, rested.Disagreements));
        Assert.Equal("HTTP 429, asked too often", rested.LastError);
        Assert.Equal(0, _chain.Proxies[0].Impatient);
    }

    [Fact]
    public async Task A_mirror_keeps_to_the_limit_of_its_provider_while_it_catches_up()
    {
        await _chain.ActAsync();
        await _chain.Node.Rpc.MineAsync(100, Ct);
        _chain.Proxies[0].Apply(new RpcFault.Limit(90, TimeSpan.FromMinutes(5)));
        await using var limited = await Follower.CreateAsync(_chain, providers: 1, quorum: 1, callsPerSecond: 30);
        var refused = _chain.Proxies[0].Limited;
        await limited.CatchUpAsync();
        Assert.Equal(refused, _chain.Proxies[0].Limited);
        Assert.Empty(MirrorContent.Differences(await _chain.HonestAsync(), await limited.HashAsync()));
    }

    [Fact]
    public async Task Where_too_few_agree_nothing_moves_and_it_says_why_and_goes_on_when_they_agree_again()
    {
        await _chain.ActAsync();
        await using var both = await Follower.CreateAsync(_chain, providers: 2, quorum: 0);
        Assert.Equal(2, both.Providers.Quorum);
        await both.CatchUpAsync();
        var before = await both.Mirror.GetCheckpointAsync(Ct);
        _chain.Proxies[0].Apply(Forgery("an amount"), "eth_getLogs");
        await _chain.ActAsync();
        var error = await Assert.ThrowsAsync<NoQuorumException>(() => both.CatchUpAsync());
        Assert.Contains("No 2 of 2", error.Message, StringComparison.Ordinal);
        Assert.Equal(error.Message, both.Providers.Status.Why);
        Assert.Equal(before.Finalized, (await both.Mirror.GetCheckpointAsync(Ct)).Finalized);
        Assert.All(both.Providers.Status.Providers, p => Assert.NotEqual(ProviderState.Disagreeing, p.State)); // nobody can say which of the two it is

        _chain.Proxies[0].Clear();
        _chain.Proxies[1].Apply(new RpcFault.Drop()); // gone, not lying: too few all the same
        await _chain.ActAsync();
        Assert.Contains("1 of 2", (await Assert.ThrowsAsync<NoQuorumException>(() => both.CatchUpAsync())).Message, StringComparison.Ordinal);

        _chain.Proxies[1].Clear();
        await Eventually.HoldsAsync(
            async () =>
            {
                await both.Subject.StepAsync(Ct);
                return both.Subject.Status.Head?.Number == await _chain.Node.Rpc.BlockNumberAsync(Ct);
            }, "the mirror goes on", Ct);
        Assert.Null(both.Providers.Status.Why);
        Assert.Empty(MirrorContent.Differences(await _chain.HonestAsync(), await both.HashAsync()));
    }

    [Fact]
    public async Task Agreement_on_the_blocks_before_or_after_the_one_they_differ_in_does_not_end_the_lack()
    {
        await _chain.ActAsync();
        var acted = await _chain.Node.Rpc.BlockNumberAsync(Ct);
        await _chain.Node.Rpc.MineAsync(3, Ct);
        await using var both = await Follower.CreateAsync(_chain, providers: 2, quorum: 0);
        _chain.Proxies[0].Apply(Forgery("an amount"), "eth_getLogs");
        await Assert.ThrowsAsync<RangeTooLargeException>(() => both.Source.GetLogsAsync(0, acted + 3, Ct)); // to be halved, not a lack yet
        Assert.Null(both.Providers.Status.Why);
        ulong? differ = null;
        for (var block = 0UL; block <= acted && differ is null; block++)
        {
            try
            {
                await both.Source.GetLogsAsync(block, block, Ct);
            }
            catch (NoQuorumException)
            {
                differ = block;
            }
        }

        var why = both.Providers.Status.Why;
        Assert.Contains($"blocks {differ} to {differ}", why, StringComparison.Ordinal);
        await both.Source.GetLogsAsync(0, differ!.Value - 1, Ct);
        Assert.Equal(why, both.Providers.Status.Why);
        await both.Source.GetLogsAsync(acted + 1, acted + 3, Ct);
        Assert.Equal(why, both.Providers.Status.Why);

        _chain.Proxies[0].Clear();
        await both.Source.GetLogsAsync(0, acted + 3, Ct);
        Assert.Null(both.Providers.Status.Why);
    }

    [Fact]
    public async Task Who_lags_is_no_liar_and_holds_nobody_up_and_a_range_costs_each_provider_one_header_and_one_query()
    {
        await _chain.ActAsync();
        await _chain.Node.Rpc.MineAsync(40, Ct);
        _chain.Proxies[0].Apply(new RpcFault.Lag(12));
        await using var asking = await Follower.CreateAsync(_chain, providers: 3, quorum: 2, tipWindow: 1);
        var (headers, logs) = (_chain.Proxies[2].CountOf("eth_getBlockByNumber"), _chain.Proxies[2].CountOf("eth_getLogs"));
        await asking.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(await _chain.HonestAsync(), await asking.HashAsync()));
        Assert.Equal(12UL, asking.Providers.Status.Providers[0].Lag);
        Assert.All(asking.Providers.Status.Providers, p => Assert.Equal((ProviderState.Well, 0L), (p.State, p.Disagreements)));

        // The last in order is only a second opinion: far fewer headers than blocks.
        logs = _chain.Proxies[2].CountOf("eth_getLogs") - logs;
        headers = _chain.Proxies[2].CountOf("eth_getBlockByNumber") - headers;
        Assert.True(logs > 0 && headers <= (2 * logs) + 8, $"{headers} headers for {logs} log queries");
        Assert.True(headers < 40);
    }

    /// <summary>A lie about the block of two transfers.</summary>
    private RpcFault.Lie Forgery(string what) => new((call, answer) =>
    {
        switch (what)
        {
            case "an amount":
                foreach (var log in TransfersOf(answer)) log["data"] = "0x" + "7".PadLeft(64, '0');
                break;
            case "a log more":
                if (TransfersOf(answer).LastOrDefault() is { } last)
                {
                    var more = last.DeepClone();
                    more["logIndex"] = "0x7";
                    last.Parent!.AsArray().Insert(last.Parent!.AsArray().IndexOf(last) + 1, more);
                }

                break;
            case "a log less under the same bloom":
                Remove(TransfersOf(answer).Skip(1));
                break;
            case "a log less and the bloom without it":
                Remove(TransfersOf(answer));
                if (IsForged(answer)) answer["result"]!["logsBloom"] = "0x" + new string('0', 512);
                break;
            default:
                if (IsForged(answer)) answer["result"]!["timestamp"] = Hex(Number(answer["result"]!["timestamp"]) - 1);
                break;
        }

        return answer;
    });

    private bool IsForged(JsonNode answer) => answer["result"] is JsonObject block && block["number"] is { } number && Number(number) == _chain.Forged;

    private List<JsonObject> TransfersOf(JsonNode answer) => answer["result"] is JsonArray logs
        ? [.. logs.Select(l => l!.AsObject()).Where(l => Number(l["blockNumber"]) == _chain.Forged)]
        : [];

    private static void Remove(IEnumerable<JsonObject> logs)
    {
        foreach (var log in logs.ToList()) log.Parent!.AsArray().Remove(log);
    }

    /// <summary>Every hash from the fork on is another, consistently.</summary>
    private static JsonNode OtherBranch(JsonNode answer, ulong fork)
    {
        foreach (var part in answer["result"] is JsonArray many ? [.. many] : new[] { answer["result"] })
        {
            if (part is not JsonObject one) continue;
            var number = Number(one["number"] ?? one["blockNumber"]);
            if (number < fork) continue;
            Turn(one, one.ContainsKey("blockHash") ? "blockHash" : "hash");
            if (number > fork) Turn(one, "parentHash");
        }

        return answer;

        static void Turn(JsonObject of, string name)
        {
            if (of[name] is { } hash) of[name] = Keccak256.Hash(Bytes32.Parse(hash.GetValue<string>()).AsSpan()).ToString();
        }
    }

    private static ulong Number(JsonNode? hex) => ulong.Parse(hex!.GetValue<string>().AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Hex(ulong number) => "0x" + number.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>The contracts on an Anvil behind three proxies. Two blocks of depth are final.</summary>
    public sealed class Chain : IAsyncLifetime
    {
        private DeployedChain _deployed = null!;

        public AnvilNode Node => _deployed.Node;

        public MirroredNetwork Network { get; private set; } = null!;

        public IReadOnlyList<RpcProxy> Proxies { get; private set; } = [];

        /// <summary>The block that lies are about: it has two transfers between the same two.</summary>
        public ulong Forged { get; private set; }

        public async Task InitializeAsync()
        {
            _deployed = await DeployedChain.StartAsync(new AnvilOptions { SlotsInAnEpoch = 1, TimestampInterval = 1 }, Ct);
            Network = _deployed.Manifest.ToMirroredNetwork();
            Proxies = [await RpcProxy.StartAsync(Node.Url, Ct), await RpcProxy.StartAsync(Node.Url, Ct), await RpcProxy.StartAsync(Node.Url, Ct)];
        }

        public async Task DisposeAsync()
        {
            foreach (var proxy in Proxies) await proxy.DisposeAsync();
            await _deployed.DisposeAsync();
        }

        /// <summary>A block with two transfers, final.</summary>
        public async Task ActAsync()
        {
            await Node.Rpc.SetAutomineAsync(false, Ct);
            foreach (var amount in (UInt128[])[1_000, 2_000])
            {
                await Node.Rpc.CallAsync("eth_sendTransaction", [new JsonObject
                {
                    ["from"] = DeployedChain.Owner.Address.ToString(),
                    ["to"] = _deployed.Manifest.AddressOf("NetworkToken").ToString(),
                    ["gas"] = "0x30d40",
                    ["data"] = Abi.Hex.ToString(new NetworkToken.TransferCall(Address.Parse("0x00000000000000000000000000000000000000aa"), amount).Encode()),
                }], Ct);
            }

            await Node.Rpc.MineAsync(1, Ct);
            Forged = await Node.Rpc.BlockNumberAsync(Ct);
            await Node.Rpc.SetAutomineAsync(true, Ct);
            await Node.Rpc.MineAsync(3, Ct);
        }

        /// <summary>What a mirror of the node itself holds.</summary>
        public async Task<IReadOnlyDictionary<string, string>> HonestAsync()
        {
            await using var honest = await Follower.CreateAsync(this, providers: 0, quorum: 1);
            await honest.CatchUpAsync();
            return await honest.HashAsync();
        }
    }

    /// <summary>A mirror in a database of its own that follows the first so many of the proxies, or the node itself.</summary>
    private sealed class Follower : IAsyncDisposable, ILoggerFactory, ILogger
    {
        private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
        private readonly TestDatabase _database;
        private readonly MirrorDatabase _mirrored;
        private readonly List<string> _warnings = [];

        private Follower(Chain chain, TestDatabase database, int providers, int quorum, int tipWindow, double callsPerSecond)
        {
            (_database, _mirrored) = (database, new MirrorDatabase(database.ConnectionString));
            RpcProviderOptions[] urls = providers == 0
                ? [new RpcProviderOptions { Url = chain.Node.Url }]
                : [.. chain.Proxies.Take(providers).Select(p => new RpcProviderOptions { Url = new Uri(p.Url, "?key=secret"), CallsPerSecond = callsPerSecond })];
            Providers = new ChainProviders(_http, urls, quorum, "Test", TimeProvider.System);
            Mirror = new ChainMirror(_mirrored, chain.Network);
            Subject = new ChainFollower(Mirror, Source = Providers.CreateSource(chain.Network, this), Providers.Pace(new FollowerOptions { TipWindow = tipWindow }), TimeProvider.System, NullLogger<ChainFollower>.Instance);
        }

        public ChainProviders Providers { get; }

        public ChainMirror Mirror { get; }

        public ChainFollower Subject { get; }

        public IChainSource Source { get; }

        public IReadOnlyList<string> Warnings
        {
            get
            {
                lock (_warnings) return [.. _warnings];
            }
        }

        public static async Task<Follower> CreateAsync(Chain chain, int providers, int quorum, int tipWindow = 6, double callsPerSecond = 0)
        {
            var follower = new Follower(chain, await TestDatabase.CreateAsync(), providers, quorum, tipWindow, callsPerSecond);
            await follower.Mirror.InitializeAsync(Ct);
            return follower;
        }

        public async Task CatchUpAsync()
        {
            while (await Subject.StepAsync(Ct) != Convergence.NothingNew)
            {
            }
        }

        public async Task StepThroughErrorsAsync()
        {
            for (var i = 0; i < 10; i++)
            {
                try
                {
                    await Subject.StepAsync(Ct);
                }
                catch (ChainSourceException)
                {
                }
            }
        }

        public Task<IReadOnlyDictionary<string, string>> HashAsync() => MirrorContent.HashAsync(_mirrored, 1, Ct);

        public async ValueTask DisposeAsync()
        {
            await _mirrored.DisposeAsync();
            await _database.DisposeAsync();
            _http.Dispose();
        }

        public void Dispose()
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel < LogLevel.Warning) return;
            lock (_warnings) _warnings.Add(formatter(state, exception));
        }
    }
}
