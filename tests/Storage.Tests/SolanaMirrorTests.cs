using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Protocol;
using DePin.Protocol.Registry;
using DePin.Protocol.State;
using DePin.Protocol.Reports;
using DePin.Protocol.Rewards;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

/// <summary>The mirror of a network on Solana: the committed program, deployed through the loader of a real runtime, from its first transaction to a claim.</summary>
public sealed class SolanaMirrorTests : IAsyncLifetime, IDisposable
{
    private const ulong EpochLength = 600;
    private const ulong Bond = 5_000;
    private static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50), ResendEvery = TimeSpan.FromMilliseconds(500) };

    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationToken _ct = CancellationToken.None;
    private readonly PrivateKey _owner = PrivateKey.Generate(KeyType.Ed25519);
    private readonly PrivateKey _mintKey = PrivateKey.Generate(KeyType.Ed25519);
    private SurfpoolNode _node = null!;
    private SolanaRpc _rpc = null!;
    private SolanaTransactionSender _sender = null!;
    private SolanaAddress _program;

    private SolanaAddress Owner => _sender.Payer;
    private SolanaAddress Mint => SolanaAddress.Of(_mintKey.PublicKey);
    private SolanaAddress Network => Depin.Addresses.Network(_program, Mint);
    private SolanaAddress Ledger => Depin.Addresses.Ledger(_program, Network);
    private SolanaAddress Distributor => Depin.Addresses.Distributor(_program, Network);

    public async Task InitializeAsync()
    {
        _node = await SurfpoolNode.StartAsync(ct: _ct);
        _rpc = new SolanaRpc(_http, new RpcOptions { Urls = [_node.Url] });
        _sender = new SolanaTransactionSender(_rpc, _owner, Fast);
        await _rpc.RequestAirdropAsync(Owner, 100_000_000_000, _ct);
        await Eventually.HoldsAsync(async () => (await _rpc.GetBalanceAsync(Owner, Finality.Safe, _ct)).Value > 0, "the airdrop arrived", _ct);
        var folder = Directory.CreateTempSubdirectory("depin-solana-").FullName;
        var code = await File.ReadAllBytesAsync(RepositoryRoot.Combine("contracts", "solana", "artifacts", "depin.so"), _ct);
        var deployed = await new SolanaProgramDeployer(_rpc, _sender).DeployAsync(PrivateKey.Generate(KeyType.Ed25519), code, Path.Combine(folder, "deployment.json"), null, _ct);
        _program = deployed.Program;
        Directory.Delete(folder, recursive: true);
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        Dispose();
    }

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_networks_whole_life_is_mirrored_into_the_tables_of_every_chain()
    {
        var firstSlot = await _rpc.GetSlotAsync(Finality.Safe, _ct);
        var chain = await _rpc.GetGenesisHashAsync(_ct);
        var genesis = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 600;
        await OpenNetworkAsync(chain, genesis);
        var operators = Enumerable.Range(0, 4).Select(_ => (Report: PrivateKey.Generate(KeyType.Secp256k1), Protocol: PrivateKey.Generate(KeyType.Ed25519))).OrderBy(o => o.Report.Address).ToArray();
        var config = await RegisterOperatorsAsync(chain, operators);
        await SendAsync(new Depin.OpenPayoutInstruction(Owner).ToInstruction(_program, new Depin.OpenPayoutAccounts { Payer = Owner, Network = Network, Page = Page(0) }));

        await using var mirrored = await MirroredAsync(chain, firstSlot, config.NetworkId);
        await mirrored.CatchUpAsync();
        Assert.Equal(4, await mirrored.ScalarAsync<long>("select count(*) from chain.operators"));
        Assert.Equal("http://127.0.0.1:9000/é", await mirrored.ScalarAsync<string>($"select endpoint from chain.operators where report_key = '\\x{Convert.ToHexString(operators[0].Report.Address.AsSpan())}'"));
        // What the mirror took for the set hashes to what the program stored.
        Assert.Equal(config.Digest, (await mirrored.Reader.FindConfigAsync(new Epoch(1), null, _ct))!.Digest);
        Assert.Equal(Owner.ToArray(), await mirrored.ScalarAsync<byte[]>("select account from chain.payout_accounts where payout_index = 0"));

        var emission = mirrored.Emission.BudgetOf(1, []);
        var tree = RewardTree.Build(config.RewardDomain, [new LedgerEntry(new AccountId(Owner.ToBytes32()), emission - 1, Keccak256.Hash([1]))]);
        var report = await AttestAsync(config, operators, genesis, tree);
        await mirrored.CatchUpAsync();
        Assert.Equal("pending", await mirrored.ScalarAsync<string>("select status from chain.reports"));
        Assert.Equal(report.Encode(), await mirrored.ScalarAsync<byte[]>("select report from chain.reports"));
        Assert.Equal(64, await mirrored.ScalarAsync<int>("select octet_length(accepted_transaction) from chain.reports"));

        await _node.Rpc.TravelToTimeAsync((long)(genesis + EpochLength + 600), _ct);
        await SendAsync(new Depin.FinalizeInstruction(1).ToInstruction(_program, new Depin.FinalizeAccounts { Network = Network, Mint = Mint }));
        var to = ProgramAddress.AssociatedToken(Owner, Mint, SolanaPrograms.Token);
        var proof = tree.ProofAt(0);
        var before = (await TokenAsync(to)).Amount;
        // Whoever fills the log up first hides nothing: the mirror reads what the program tells itself.
        var claim = new Depin.ClaimInstruction(tree.Root, new Depin.Leaf(proof.Leaf.Cumulative, proof.Leaf.Prefix, proof.Leaf.ItemsHash), [.. proof.Siblings]).ToInstruction(_program, new Depin.ClaimAccounts
        {
            Sender = Owner,
            Network = Network,
            Page = Page(0),
            Payout = Depin.Addresses.Payout(_program, Network, Owner),
            To = to,
        });
        var receipt = await SendAsync([.. Enumerable.Repeat(MemoProgram.Write("full"), 40), claim]);
        Assert.Contains("Log truncated", (await _rpc.GetTransactionAsync(receipt.Transaction.Id, Finality.Safe, _ct))!.Meta.Logs);
        var paid = (await TokenAsync(to)).Amount - before;
        await mirrored.CatchUpAsync();
        Assert.Equal("final", await mirrored.ScalarAsync<string>("select status from chain.reports"));
        Assert.Equal(paid.ToString(System.Globalization.CultureInfo.InvariantCulture), await mirrored.ScalarAsync<string>("select sum(amount)::text from chain.claims"));
        Assert.Equal(tree.Root.ToArray(), await mirrored.ScalarAsync<byte[]>("select root from chain.roots"));
        Assert.Equal(0, await mirrored.ScalarAsync<long>("select count(*) from chain.logs where event = 0"));

        // A mirror made afresh, by ranges where the first one followed, is the same; once rooted, it is final.
        await _node.Rpc.PauseClockAsync(_ct);
        await mirrored.CatchUpAsync();
        Assert.Empty(MirrorContent.Differences(await mirrored.HashOfFreshMirrorAsync(), await mirrored.HashAsync()));
        await _node.Rpc.ResumeClockAsync(_ct);
        var claimed = await mirrored.ScalarAsync<long>("select block_number from chain.claims");
        await Eventually.HoldsAsync(
            async () =>
            {
                await mirrored.CatchUpAsync();
                return (await mirrored.Mirror.GetCheckpointAsync(_ct)).Finalized is { } final && final.Number >= (ulong)claimed;
            }, "the claim is final in the mirror", _ct);
    }

    private async Task OpenNetworkAsync(Bytes32 chain, ulong genesis)
    {
        var rent = await _rpc.GetMinimumBalanceForRentExemptionAsync(82, _ct);
        var source = ProgramAddress.AssociatedToken(Owner, Mint, SolanaPrograms.Token);
        await _sender.SendAsync(
            new SolanaTransactionRequest(
                SystemProgram.CreateAccount(Owner, Mint, rent, 82, SolanaPrograms.Token), TokenProgram.InitializeMint(Mint, 9, Owner),
                TokenProgram.CreateAssociated(Owner, Owner, Mint), TokenProgram.MintTo(Mint, source, Owner, 1_000_000))
            { Signers = [_mintKey] },
            _ct);
        var one = UInt128.One << 96;
        await SendAsync(new Depin.InitializeInstruction(new Depin.Parameters(
            chain, Owner, Owner, genesis, EpochLength, 1, 60, 100, Bond, 3_600, 259_200, 3_600, 500, 1_000_000_000, one / 1000 * 999, 2_000_000_000, 1_000, 10_000_000_000, 86_400))
            .ToInstruction(_program, new Depin.InitializeAccounts { Payer = Owner, MintAuthority = Owner, Mint = Mint }));
    }

    private async Task<NetworkConfig> RegisterOperatorsAsync(Bytes32 chain, (PrivateKey Report, PrivateKey Protocol)[] operators)
    {
        for (var i = 0; i < operators.Length; i++)
        {
            await SendAsync(new Depin.RegisterOperatorInstruction(operators[i].Report.Address, new Bytes32(operators[i].Protocol.PublicKey.Bytes), Bond, $"http://127.0.0.1:{9000 + i}/é")
                .ToInstruction(_program, new Depin.RegisterOperatorAccounts { Account = Owner, Network = Network, Source = ProgramAddress.AssociatedToken(Owner, Mint, SolanaPrograms.Token) }));
        }

        var (parameters, rules) = (Keccak256.Hash("parameters"u8), Keccak256.Hash("rules"u8));
        var schedule = new Depin.ScheduleConfigInstruction(1, parameters, rules).ToInstruction(
            _program, new Depin.ScheduleConfigAccounts { Owner = Owner, Payer = Owner, Network = Network, Config = Config(1) },
            [.. operators.Select(o => SolanaAccountMeta.Writable(Depin.Addresses.Operator(_program, Network, o.Report.Address)))]);
        await SendAsync(schedule);
        var config = new NetworkConfig
        {
            Kind = ChainKind.Solana,
            Chain = chain,
            Verifier = new AccountId(Ledger.ToBytes32()),
            Distributor = new AccountId(Distributor.ToBytes32()),
            Token = new AccountId(Mint.ToBytes32()),
            ConfigCount = 1,
            FirstEpoch = new Epoch(1),
            Operators = [.. operators.Select(o => new OperatorKeys(o.Report.Address, new Bytes32(o.Protocol.PublicKey.Bytes)))],
            ParametersHash = parameters,
            RulesHash = rules,
        };
        var stored = await _rpc.GetAccountInfoAsync(Config(1), Finality.Safe, _ct);
        Assert.True(Depin.ConfigAccount.TryDecode(stored.Value!.Data.Span, out var account));
        Assert.Equal(config.Digest.Value, account.Digest);
        return config;
    }

    private async Task<Report> AttestAsync(NetworkConfig config, (PrivateKey Report, PrivateKey Protocol)[] operators, ulong genesis, RewardTree tree)
    {
        await _node.Rpc.TravelToTimeAsync((long)(genesis + EpochLength + 1), _ct);
        var report = new Report
        {
            Config = config.Digest,
            Generation = new Generation(0),
            Epoch = new Epoch(1),
            PeriodStart = genesis,
            PeriodEnd = genesis + EpochLength,
            AnchorNumber = await _rpc.GetSlotAsync(Finality.Safe, _ct),
            AnchorHash = Keccak256.Hash([5]),
            Previous = ReportDigest.None,
            EvidenceRoot = Keccak256.Hash([2]),
            StateRoot = Keccak256.Hash([3]),
            RewardsRoot = tree.Root,
            MeteringRoot = default,
            LeafCount = tree.LeafCount,
            CumulativeTotal = tree.Total,
            Unallocated = 1,
            ManifestHash = Keccak256.Hash([4]),
        };
        var signatures = operators.Where((_, i) => i != 1).Select(o => o.Report.SignDigest(report.Digest.Value).ToArray()).ToArray();
        await SendAsync(new Depin.AttestInstruction(report.Encode(), 0b1101, signatures).ToInstruction(_program, new Depin.AttestAccounts { Network = Network, Config = Config(1) }));
        return report;
    }

    private async Task<SolanaMirror> MirroredAsync(Bytes32 chain, ulong firstSlot, NetworkId id)
    {
        var network = new MirroredNetwork(2, ChainId.Solana(chain).ToString(), id.Value, firstSlot, 86_400, new Dictionary<ContractKind, AccountId>
        {
            [ContractKind.NetworkToken] = new(Mint.ToBytes32()),
            [ContractKind.ReportVerifier] = new(Ledger.ToBytes32()),
            [ContractKind.RewardDistributor] = new(Distributor.ToBytes32()),
            [ContractKind.SettlementProgram] = new(_program.ToBytes32()),
            [ContractKind.NetworkAccount] = new(Network.ToBytes32()),
        })
        { Chain = chain };
        var source = new SolanaChainSource(_rpc, network);
        await source.CheckChainAsync(_ct);
        return await SolanaMirror.CreateAsync(network, source);
    }

    private Task<SolanaReceipt> SendAsync(params SolanaInstruction[] instructions) => _sender.SendAsync(new SolanaTransactionRequest(instructions), _ct);

    private async Task<TokenAccount> TokenAsync(SolanaAddress account) => TokenAccount.Decode((await _rpc.GetAccountInfoAsync(account, Finality.Safe, _ct)).Value!.Data.Span);

    private SolanaAddress Config(ulong count) => ProgramAddress.Find(_program, "config"u8.ToArray(), Network.ToArray(), BitConverter.GetBytes(count)).Address;

    private SolanaAddress Page(uint number) => ProgramAddress.Find(_program, "page"u8.ToArray(), Network.ToArray(), BitConverter.GetBytes(number)).Address;

    /// <summary>A database with a mirror in it.</summary>
    private sealed class SolanaMirror : IAsyncDisposable
    {
        private readonly TestDatabase _database;
        private readonly IChainSource _source;
        private readonly MirrorDatabase _live;
        private readonly ChainFollower _follower;

        private SolanaMirror(TestDatabase database, MirroredNetwork network, IChainSource source)
        {
            (_database, _source) = (database, source);
            _live = new MirrorDatabase(database.ConnectionString, MirrorDatabase.Live);
            Mirror = new ChainMirror(_live, network);
            _follower = Follow(Mirror, new FollowerOptions());
            Reader = new MirrorReader(_live, network, Emission);
        }

        public ChainMirror Mirror { get; }

        public EmissionSchedule Emission { get; } = new(1_000_000_000, System.Numerics.BigInteger.One * (System.Numerics.BigInteger)((UInt128.One << 96) / 1000 * 999));

        public MirrorReader Reader { get; }

        public static async Task<SolanaMirror> CreateAsync(MirroredNetwork network, IChainSource source)
        {
            var mirror = new SolanaMirror(await TestDatabase.CreateAsync(), network, source);
            await mirror.Mirror.InitializeAsync(CancellationToken.None);
            return mirror;
        }

        public Task CatchUpAsync() => CatchUpAsync(_follower);

        public async Task<T> ScalarAsync<T>(string sql) => await _database.ScalarAsync<T>(sql, CancellationToken.None) ?? throw new InvalidOperationException($"No value: {sql}");

        public Task<IReadOnlyDictionary<string, string>> HashAsync() => MirrorContent.HashAsync(_live, Mirror.Network.ChainId, CancellationToken.None);

        public async Task<IReadOnlyDictionary<string, string>> HashOfFreshMirrorAsync()
        {
            await MirrorSchema.CreateRebuildAsync(_database.DataSource, CancellationToken.None);
            await using var fresh = new MirrorDatabase(_database.ConnectionString, MirrorDatabase.Rebuild);
            var mirror = new ChainMirror(fresh, Mirror.Network);
            await mirror.InitializeAsync(CancellationToken.None);
            await CatchUpAsync(Follow(mirror, new FollowerOptions { TipWindow = 1, MaxBlocksPerRange = 300 }));
            return await MirrorContent.HashAsync(fresh, Mirror.Network.ChainId, CancellationToken.None);
        }

        public async ValueTask DisposeAsync()
        {
            await _live.DisposeAsync();
            await _database.DisposeAsync();
        }

        private ChainFollower Follow(ChainMirror mirror, FollowerOptions options) => new(mirror, _source, options, TimeProvider.System, NullLogger<ChainFollower>.Instance);

        private static async Task CatchUpAsync(ChainFollower follower)
        {
            while (await follower.StepAsync(CancellationToken.None) != Convergence.NothingNew)
            {
            }
        }
    }
}
