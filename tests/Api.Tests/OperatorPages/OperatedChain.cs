using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Protocol;
using DePin.Protocol.Reports;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Api.Tests.OperatorPages;

/// <summary>
/// The real contracts on a node, mirrored as they change: four operators that report epochs, the first of which and a fifth one, in no set, are the wallet's.
/// </summary>
internal sealed class OperatedChain : IAsyncDisposable
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private readonly DeployedChain chain;
    private readonly TestDatabase database;
    private readonly CancellationTokenSource stop = new();
    private readonly (PrivateKey Account, PrivateKey Report, PrivateKey Protocol)[] operators;
    private Task following = Task.CompletedTask;

    private OperatedChain(DeployedChain chain, TestDatabase database, TestWallet wallet)
    {
        (this.chain, this.database) = (chain, database);
        var own = PrivateKey.Parse(KeyType.Secp256k1, Convert.ToHexStringLower(wallet.Key));
        operators = [.. Enumerable.Range(0, 5).Select(i => (i is 0 or 4 ? own : PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Ed25519)))];
        Process = new StrangeProcess(path => StrangeProcess.Http(200, path == "/health" ? """{"status":"ok"}"""
            : FormattableString.Invariant($$"""{"operator":"{{operators[0].Report.Address}}","member":true,"epoch":6,"nextReport":6,"block":1234,"devices":4}""")));
    }

    public StrangeProcess Process { get; }

    public string ConnectionString => database.ConnectionString;

    public Uri Rpc => chain.Node.Url;

    public Address Member => operators[0].Report.Address;

    public Address Spare => operators[4].Report.Address;

    public static async Task<OperatedChain> StartAsync(TestWallet wallet)
    {
        var made = new OperatedChain(await DeployedChain.StartAsync(new AnvilOptions { SlotsInAnEpoch = 1, TimestampInterval = 1 }, Ct), await TestDatabase.CreateAsync(), wallet);
        await made.RegisterAsync();
        made.following = made.FollowAsync();
        return made;
    }

    /// <summary>The operator as the contract has it.</summary>
    public Task<OperatorRegistry.Operator> AskAsync(Address reportKey) => chain.Rpc.CallAsync(chain.Manifest.AddressOf("OperatorRegistry"), new OperatorRegistry.OperatorCall(reportKey), BlockTag.Latest, Ct);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await following;
        stop.Dispose();
        await Process.DisposeAsync();
        await database.DisposeAsync();
        await chain.DisposeAsync();
    }

    private async Task RegisterAsync()
    {
        var registration = new OperatorRegistration(chain.Rpc, chain.Manifest, DeployedChain.Fees);
        var bond = await registration.GetMinimumBondAsync(Ct);
        for (var i = 0; i < operators.Length; i++)
        {
            var o = operators[i];
            await registration.FundAsync(DeployedChain.Owner, o.Account.Address, bond * 2, 1_000_000_000_000_000_000, Ct);
            await registration.RegisterAsync(o.Account, o.Report.Address, new Bytes32(o.Protocol.PublicKey.Bytes), i == 0 ? Process.Root : "http://127.0.0.1:1", bond, Ct);
        }

        await registration.ScheduleAsync(DeployedChain.Owner, [.. operators.Take(4).Select(o => o.Report.Address)], 1, Ct);
        using var bank = chain.NewSender();
        var (staking, token) = (chain.Manifest.AddressOf("ProviderStaking"), chain.Manifest.AddressOf("NetworkToken"));
        await bank.SendAsync(token, new NetworkToken.ApproveCall(staking, UInt128.MaxValue), Ct);
        await bank.SendAsync(staking, new ProviderStaking.DepositCall(DeployedChain.Owner.Address, 10_000_000_000_000_000_000, 0), Ct);
    }

    /// <summary>Reports epochs 1 to <paramref name="last"/>, each by three of the four, and makes final what is due; the wallet's operator signs all but the second and sends every other one.</summary>
    public async Task ReportAsync(int last)
    {
        var set = operators.Take(4).OrderBy(o => o.Report.Address).ToArray();
        var manifest = chain.Manifest;
        var (verifier, token, distributor) = (manifest.AddressOf("ReportVerifier"), manifest.AddressOf("NetworkToken"), manifest.AddressOf("RewardDistributor"));
        var digest = new ConfigDigest(await chain.Rpc.CallAsync(manifest.AddressOf("OperatorRegistry"), new OperatorRegistry.ConfigDigestAtCall(1), BlockTag.Latest, Ct));
        var domain = await chain.Rpc.CallAsync(distributor, new RewardDistributor.DomainCall(), BlockTag.Latest, Ct);
        using var own = new TransactionSender(chain.Rpc, operators[0].Account, DeployedChain.Fees);
        using var other = new TransactionSender(chain.Rpc, operators[1].Account, DeployedChain.Fees);
        var (previous, total) = (ReportDigest.None, UInt128.Zero);
        for (var epoch = 1; epoch <= last; epoch++)
        {
            var end = manifest.Genesis + ((ulong)epoch * 86_400);
            await chain.Node.Rpc.SetNextBlockTimestampAsync(end - 1, Ct);
            await chain.Node.Rpc.MineAsync(1, Ct);
            var anchor = (await chain.Rpc.GetHeaderAsync(BlockTag.Latest, Ct))!;
            await chain.Node.Rpc.SetNextBlockTimestampAsync(end, Ct);
            await chain.Node.Rpc.MineAsync(1, Ct);
            total += await chain.Rpc.CallAsync(manifest.AddressOf("EmissionController"), new EmissionController.BudgetOfCall((ulong)epoch), BlockTag.Latest, Ct) - 1;
            var tree = RewardTree.Build(domain, [new LedgerEntry(AccountId.From(DeployedChain.Owner.Address), total, Keccak256.Hash([1]))]);
            var report = new Report
            {
                Config = digest,
                Generation = new Generation(0),
                Epoch = new Epoch((ulong)epoch),
                PeriodStart = end - 86_400,
                PeriodEnd = end,
                AnchorNumber = anchor.Number,
                AnchorHash = anchor.Hash,
                Previous = previous,
                EvidenceRoot = Keccak256.Hash([2]),
                StateRoot = Keccak256.Hash([3]),
                RewardsRoot = tree.Root,
                MeteringRoot = default,
                LeafCount = tree.LeafCount,
                CumulativeTotal = tree.Total,
                Unallocated = 1,
                ManifestHash = Keccak256.Hash([4]),
            };
            var away = epoch == 2 ? Array.FindIndex(set, o => o.Report.Address == Member) : Array.FindIndex(set, o => o.Report.Address != Member);
            var signatures = set.Where((_, i) => i != away).SelectMany(o => o.Report.SignDigest(report.Digest.Value).ToArray()).ToArray();
            await (epoch % 2 == 1 ? own : other).SendAsync(verifier, new ReportVerifier.AttestCall(report.Encode(), 0b1111u & ~(1u << away), signatures), Ct);
            previous = report.Digest;
            if (epoch > 2) await other.SendAsync(verifier, new ReportVerifier.FinalizeCall((ulong)epoch - 2), Ct);
        }
    }

    private async Task FollowAsync()
    {
        await using var mirrored = new MirrorDatabase(ConnectionString, MirrorDatabase.Live);
        var network = chain.Manifest.ToMirroredNetwork();
        var mirror = new ChainMirror(mirrored, network);
        await mirror.InitializeAsync(Ct);
        await database.ExecuteAsync($"insert into evidence.networks values ('\\x{Convert.ToHexString(network.NetworkId.ToArray())}', 'On Anvil', '{network.Caip2}', '{await File.ReadAllTextAsync(chain.ManifestPath, Ct)}', '{{}}')", Ct);
        var follower = new ChainFollower(mirror, new EvmChainSource(chain.NewRpc(), network), new FollowerOptions(), TimeProvider.System, NullLogger<ChainFollower>.Instance);
        try
        {
            while (true)
            {
                if (await follower.StepAsync(stop.Token) == Convergence.NothingNew) await Task.Delay(200, stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
