using System.Buffers.Binary;
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
using DePin.Protocol.Reports;
using DePin.Protocol.Rewards;

namespace DePin.TestKit;

/// <summary>The keys of an operator.</summary>
public sealed record SolanaOperator(PrivateKey Report, PrivateKey Protocol);

/// <summary>A Surfpool with the committed program, deployed through its loader, and a network of it whose first epoch has not begun. Epochs are ten minutes, the window a second and the program's tolerance.</summary>
public sealed class DeployedSolana : IAsyncDisposable
{
    /// <summary>Seconds.</summary>
    public const ulong EpochLength = 600;

    /// <summary>Of an operator, base units.</summary>
    public const ulong Bond = 5_000;

    /// <summary>Emission of epoch 1, base units.</summary>
    public const ulong EmissionBase = 1_000_000_000;

    /// <summary>Seconds in which the breaker drains.</summary>
    public const ulong BreakerWindow = 86_400;

    private static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50), ResendEvery = TimeSpan.FromMilliseconds(500) };
    private readonly HttpClient http = new() { Timeout = Timeout.InfiniteTimeSpan };

    private readonly SolanaAddress tokenProgram;

    private DeployedSolana(SurfpoolNode node, SolanaAddress tokenProgram) => (Node, Rpc, this.tokenProgram) = (node, new SolanaRpc(http, new RpcOptions { Urls = [node.Url] }), tokenProgram);

    /// <summary>The runtime.</summary>
    public SurfpoolNode Node { get; }

    /// <summary>Asks it.</summary>
    public SolanaRpc Rpc { get; }

    /// <summary>Owner, arbiter, payer, and every operator's account.</summary>
    public SolanaTransactionSender Sender { get; private set; } = null!;

    /// <summary>Its key.</summary>
    public PrivateKey Key { get; private set; } = null!;

    /// <summary>Its address.</summary>
    public SolanaAddress Owner => Sender.Payer;

    /// <summary>Where everything is.</summary>
    public SolanaNetwork Network { get; private set; } = null!;

    /// <summary>The runtime's genesis hash.</summary>
    public Bytes32 Chain { get; private set; }

    /// <summary>The slot before the network's first transaction.</summary>
    public ulong FirstSlot { get; private set; }

    /// <summary>Unix seconds.</summary>
    public ulong Genesis { get; private set; }

    /// <summary>The first set.</summary>
    public NetworkConfig Config { get; private set; } = null!;

    /// <summary>Ascending by report key.</summary>
    public IReadOnlyList<SolanaOperator> Operators { get; private set; } = [];

    /// <summary>The owner's token account.</summary>
    public SolanaAddress OwnersTokens => Network.TokensOf(Owner);

    /// <summary>2^-96.</summary>
    public static UInt128 EmissionDecay { get; } = (UInt128.One << 96) / 1000 * 999;

    /// <summary>Starts all of it; the mint is SPL Token's where <paramref name="tokenProgram"/> is null.</summary>
    public static async Task<DeployedSolana> StartAsync(int operators, CancellationToken ct, SolanaAddress? tokenProgram = null)
    {
        var deployed = new DeployedSolana(await SurfpoolNode.StartAsync(ct: ct).ConfigureAwait(false), tokenProgram ?? SolanaPrograms.Token);
        try
        {
            await deployed.DeployAsync(ct).ConfigureAwait(false);
            await deployed.OpenAsync(ct).ConfigureAwait(false);
            await deployed.RegisterAsync(operators, ct).ConfigureAwait(false);
            return deployed;
        }
        catch
        {
            await deployed.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>As a mirror knows it, number 2 of its database.</summary>
    public MirroredNetwork Mirrored()
    {
        var contracts = new Dictionary<ContractKind, AccountId>
        {
            [ContractKind.NetworkToken] = new(Network.Mint.ToBytes32()),
            [ContractKind.ReportVerifier] = new(Network.Ledger.ToBytes32()),
            [ContractKind.RewardDistributor] = new(Network.Distributor.ToBytes32()),
            [ContractKind.SettlementProgram] = new(Network.Program.ToBytes32()),
            [ContractKind.NetworkAccount] = new(Network.Account.ToBytes32()),
        };
        if (tokenProgram != SolanaPrograms.Token) contracts[ContractKind.TokenProgram] = new(tokenProgram.ToBytes32());
        return new MirroredNetwork(2, ChainId.Solana(Chain).ToString(), Config.NetworkId.Value, FirstSlot, BreakerWindow, contracts) { Chain = Chain };
    }

    /// <summary>What the operators would report of epoch 1: the tree's total is paid, the rest of the emission is not.</summary>
    public Report FirstReport(RewardTree tree) => new()
    {
        Config = Config.Digest,
        Generation = new Generation(0),
        Epoch = new Epoch(1),
        PeriodStart = Genesis,
        PeriodEnd = Genesis + EpochLength,
        AnchorNumber = 1,
        AnchorHash = Keccak256.Hash([5]),
        Previous = ReportDigest.None,
        EvidenceRoot = Keccak256.Hash([2]),
        StateRoot = Keccak256.Hash([3]),
        RewardsRoot = tree.Root,
        MeteringRoot = default,
        LeafCount = tree.LeafCount,
        CumulativeTotal = tree.Total,
        Unallocated = EmissionBase - tree.Total,
        ManifestHash = Keccak256.Hash([4]),
    };

    /// <summary>Sends and waits until it is confirmed.</summary>
    public Task<SolanaReceipt> SendAsync(CancellationToken ct, params IReadOnlyList<SolanaInstruction> instructions) => Sender.SendAsync(new SolanaTransactionRequest(instructions), ct);

    /// <summary>Base units that a token account holds.</summary>
    public async Task<ulong> BalanceAsync(SolanaAddress account, CancellationToken ct) =>
        TokenAccount.Decode((await Rpc.GetAccountInfoAsync(account, Finality.Safe, ct).ConfigureAwait(false)).Value!.Data.Span).Amount;

    /// <summary>As if so many had payout accounts: trees of many leaves without a transaction for each.</summary>
    public async Task SetPayoutCountAsync(uint count, CancellationToken ct)
    {
        var ledger = (await Rpc.GetAccountInfoAsync(Network.Ledger, Finality.Safe, ct).ConfigureAwait(false)).Value!.Data.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(ledger.AsSpan(Depin.LedgerAccount.Offsets.PayoutCount), count);
        await Node.Rpc.SetDataAsync(Network.Ledger.ToString(), ledger, ct).ConfigureAwait(false);
    }

    /// <summary>Moves the runtime's clock forward.</summary>
    public Task TravelAsync(ulong seconds, CancellationToken ct) => Node.Rpc.TravelToTimeAsync(checked((long)seconds), ct);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync().ConfigureAwait(false);
        http.Dispose();
    }

    private async Task DeployAsync(CancellationToken ct)
    {
        Key = PrivateKey.Generate(KeyType.Ed25519);
        var program = PrivateKey.Generate(KeyType.Ed25519);
        Sender = new SolanaTransactionSender(Rpc, Key, Fast, SolanaVerifierTransactions.Names(SolanaAddress.Of(program.PublicKey)));
        await Rpc.RequestAirdropAsync(Owner, 100_000_000_000, ct).ConfigureAwait(false);
        await Eventually.HoldsAsync(async () => (await Rpc.GetBalanceAsync(Owner, Finality.Safe, ct).ConfigureAwait(false)).Value > 0, "the airdrop arrived", ct).ConfigureAwait(false);
        var folder = Directory.CreateTempSubdirectory("depin-solana-").FullName;
        var code = await File.ReadAllBytesAsync(RepositoryRoot.Combine("contracts", "solana", "artifacts", "depin.so"), ct).ConfigureAwait(false);
        await new SolanaProgramDeployer(Rpc, Sender).DeployAsync(program, code, Path.Combine(folder, "deployment.json"), null, ct).ConfigureAwait(false);
        Directory.Delete(folder, recursive: true);
        var mint = PrivateKey.Generate(KeyType.Ed25519);
        Network = new SolanaNetwork(SolanaAddress.Of(program.PublicKey), SolanaAddress.Of(mint.PublicKey), tokenProgram);
        const ulong space = 82; // of a mint
        var rent = await Rpc.GetMinimumBalanceForRentExemptionAsync(space, ct).ConfigureAwait(false);
        await Sender.SendAsync(
            new SolanaTransactionRequest(
                SystemProgram.CreateAccount(Owner, Network.Mint, rent, space, tokenProgram), TokenProgram.InitializeMint(Network.Mint, 9, Owner, program: tokenProgram),
                Network.OpenTokens(Owner, Owner), TokenProgram.MintTo(Network.Mint, OwnersTokens, Owner, 10_000_000, tokenProgram))
            { Signers = [mint] },
            ct).ConfigureAwait(false);
    }

    private async Task OpenAsync(CancellationToken ct)
    {
        FirstSlot = await Rpc.GetSlotAsync(Finality.Safe, ct).ConfigureAwait(false);
        Chain = await Rpc.GetGenesisHashAsync(ct).ConfigureAwait(false);
        Genesis = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() + EpochLength;
        await SendAsync(ct, new Depin.InitializeInstruction(new Depin.Parameters(
            Chain, Owner, Owner, Genesis, EpochLength, 1, 60, 100, Bond, 3_600, 259_200, 3_600, 500, EmissionBase, EmissionDecay, 2 * EmissionBase, 1_000, 10 * EmissionBase, BreakerWindow))
            .ToInstruction(Network.Program, new Depin.InitializeAccounts { Payer = Owner, MintAuthority = Owner, Mint = Network.Mint, TokenProgram = Network.TokenProgram })).ConfigureAwait(false);
    }

    private async Task RegisterAsync(int count, CancellationToken ct)
    {
        Operators = [.. Enumerable.Range(0, count).Select(_ => new SolanaOperator(PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Ed25519))).OrderBy(o => o.Report.Address)];
        for (var i = 0; i < count; i++)
        {
            await SendAsync(ct, new Depin.RegisterOperatorInstruction(Operators[i].Report.Address, new Bytes32(Operators[i].Protocol.PublicKey.Bytes), Bond, $"http://127.0.0.1:{9000 + i}/é")
                .ToInstruction(Network.Program, new Depin.RegisterOperatorAccounts { Account = Owner, Network = Network.Account, Source = OwnersTokens, TokenProgram = Network.TokenProgram })).ConfigureAwait(false);
        }

        var (parameters, rules) = (Keccak256.Hash("parameters"u8), Keccak256.Hash("rules"u8));
        await SendAsync(ct, new Depin.ScheduleConfigInstruction(1, parameters, rules).ToInstruction(
            Network.Program, new Depin.ScheduleConfigAccounts { Owner = Owner, Payer = Owner, Network = Network.Account, Config = Network.Config(1) },
            [.. Operators.Select(o => SolanaAccountMeta.Writable(Network.Operator(o.Report.Address)))])).ConfigureAwait(false);
        Config = new NetworkConfig
        {
            Kind = ChainKind.Solana,
            Chain = Chain,
            Verifier = new AccountId(Network.Ledger.ToBytes32()),
            Distributor = new AccountId(Network.Distributor.ToBytes32()),
            Token = new AccountId(Network.Mint.ToBytes32()),
            ConfigCount = 1,
            FirstEpoch = new Epoch(1),
            Operators = [.. Operators.Select(o => new OperatorKeys(o.Report.Address, new Bytes32(o.Protocol.PublicKey.Bytes)))],
            ParametersHash = parameters,
            RulesHash = rules,
        };
    }
}
