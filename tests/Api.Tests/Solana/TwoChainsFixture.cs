using System.Globalization;
using Dapper;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;
using DePin.Protocol.Reports;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;
using DePin.Storage.Evidence;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Api.Tests.Solana;

/// <summary>
/// The fixture's EVM network as chain 1 and a network on Solana as chain 2 in one database: the committed program on a real runtime, mirrored by the real follower, with one final epoch that pays two
/// accounts. Devices and a challenge are rows by hand.
/// </summary>
public sealed class TwoChainsFixture : IAsyncLifetime
{
    private readonly CancellationToken ct = CancellationToken.None;
    private ChainFollower follower = null!;
    private Func<Task> close = () => Task.CompletedTask;

    public ApiFixture Api { get; } = new();

    public DeployedSolana Solana { get; private set; } = null!;

    /// <summary>Who earned, and has no token account yet.</summary>
    public PrivateKey Provider { get; } = PrivateKey.Generate(KeyType.Ed25519);

    public SolanaAddress ProvidersAddress => SolanaAddress.Of(Provider.PublicKey);

    /// <summary>Where the provider will be paid.</summary>
    public SolanaAddress NextRecipient { get; } = SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey);

    public RewardTree Tree { get; private set; } = null!;

    public Report Report { get; private set; } = null!;

    public ulong Earned { get; } = 987_654_321;

    public string AttestedBy { get; private set; } = "";

    /// <summary>Selects the network on Solana.</summary>
    public string Query => $"network={ChainId.Solana(Solana.Chain)}";

    public async Task InitializeAsync()
    {
        await Api.InitializeAsync();
        Solana = await DeployedSolana.StartAsync(operators: 4, ct);
        await OpenAsync();
        await ReportAsync();
        await MirrorAsync();
        await ImportAsync();
    }

    public async Task DisposeAsync()
    {
        await close();
        await Solana.DisposeAsync();
        await Api.DisposeAsync();
    }

    /// <summary>Mirrors what happened since.</summary>
    public async Task FollowAsync()
    {
        while (await follower.StepAsync(ct) != Convergence.NothingNew)
        {
        }
    }

    private async Task OpenAsync()
    {
        var (network, owner) = (Solana.Network, Solana.Owner);
        await Solana.Rpc.RequestAirdropAsync(ProvidersAddress, 1_000_000_000, ct);
        SolanaInstruction[] payouts = [.. new[] { owner, ProvidersAddress }.Select(a => new Depin.OpenPayoutInstruction(a).ToInstruction(network.Program, new Depin.OpenPayoutAccounts { Payer = owner, Network = network.Account, Page = network.PageOf(0) }))];
        await Solana.SendAsync(ct, payouts);
        await Eventually.HoldsAsync(async () => (await Solana.Rpc.GetBalanceAsync(ProvidersAddress, Finality.Safe, ct)).Value > 0, "the airdrop arrived", ct);
        await Solana.Sender.SendAsync(
            new(new Depin.ScheduleRecipientInstruction(NextRecipient).ToInstruction(network.Program, new Depin.ScheduleRecipientAccounts { Account = ProvidersAddress, Network = network.Account, Payout = network.Payout(ProvidersAddress) })) { Signers = [Provider] }, ct);
        await Solana.SendAsync(ct,
            new Depin.OpenRegistryInstruction(3_600).ToInstruction(network.Program, new Depin.OpenRegistryAccounts { Owner = owner, Payer = owner, Network = network.Account }),
            new Depin.SetMakerInstruction(new Depin.MakerSettings(7, owner, Address.Zero, 100, true)).ToInstruction(network.Program, new Depin.SetMakerAccounts { Owner = owner, Payer = owner, Network = network.Account }),
            new Depin.AddModelInstruction(new Depin.ModelSettings(2, 3, 600, Keccak256.Hash("model"u8))).ToInstruction(network.Program, new Depin.AddModelAccounts
            {
                Account = owner,
                Network = network.Account,
                Registry = Depin.Addresses.Registry(network.Program, network.Account),
                Maker = Depin.Addresses.Maker(network.Program, network.Account, 7),
                Model = Depin.Addresses.Model(network.Program, network.Account, 1),
            }));
        await Solana.SendAsync(ct,
            new Depin.OpenStakingInstruction(new Depin.StakingSettings(owner, 10, 1_000_000, 3_600, 4, 8)).ToInstruction(network.Program, new Depin.OpenStakingAccounts { Owner = owner, Payer = owner, Network = network.Account }),
            new Depin.DepositStakeInstruction(owner, 100_000, 0).ToInstruction(network.Program, new Depin.DepositStakeAccounts { Staker = owner, Network = network.Account, Source = Solana.OwnersTokens, Payout = network.Payout(owner), TokenProgram = network.TokenProgram }));
        var (pool, position) = (Depin.Addresses.Pool(network.Program, network.Account, owner), Depin.Addresses.Position(network.Program, network.Account, owner, owner));
        Assert.True(Depin.PositionAccount.TryDecode((await Solana.Rpc.GetAccountInfoAsync(position, Finality.Safe, ct)).Value!.Data.Span, out var shares));
        await Solana.SendAsync(ct,
            new Depin.RequestThawInstruction(shares.Shares / 3, 0).ToInstruction(network.Program, new Depin.RequestThawAccounts { Staker = owner, Network = network.Account, Pool = pool, Position = position }));
    }

    private async Task ReportAsync()
    {
        var (network, owner) = (Solana.Network, Solana.Owner);
        Tree = RewardTree.Build(Solana.Config.RewardDomain,
            [new LedgerEntry(new AccountId(owner.ToBytes32()), 1_000, Keccak256.Hash([1])), new LedgerEntry(new AccountId(ProvidersAddress.ToBytes32()), Earned, Keccak256.Hash([2]))]);
        Report = Solana.FirstReport(Tree);
        await Solana.TravelAsync(Solana.Genesis + DeployedSolana.EpochLength + 1, ct);
        var signatures = Solana.Operators.Where((_, i) => i != 1).Select(o => o.Report.SignDigest(Report.Digest.Value).ToArray()).ToArray();
        var attested = await Solana.SendAsync(ct, new Depin.AttestInstruction(Report.Encode(), 0b1101, signatures).ToInstruction(network.Program, new Depin.AttestAccounts { Network = network.Account, Config = network.Config(1) }));
        AttestedBy = attested.Transaction.Id.ToString();
        await Solana.TravelAsync(Solana.Genesis + (2 * DeployedSolana.EpochLength), ct);
        await Solana.SendAsync(ct, new Depin.FinalizeInstruction(1).ToInstruction(network.Program, new Depin.FinalizeAccounts { Network = network.Account, Mint = network.Mint, TokenProgram = network.TokenProgram }));
    }

    private async Task MirrorAsync()
    {
        var network = Solana.Mirrored();
        var mirror = new MirrorDatabase(Api.ConnectionString, MirrorDatabase.Live);
        close = async () => await mirror.DisposeAsync();
        var chain = new ChainMirror(mirror, network);
        await chain.InitializeAsync(ct);
        follower = new ChainFollower(chain, new SolanaChainSource(Solana.Rpc, network), new FollowerOptions(), TimeProvider.System, NullLogger<ChainFollower>.Instance);
        await FollowAsync();
    }

    private async Task ImportAsync()
    {
        var (network, owner, provider) = (Solana.Config.NetworkId.Value.ToArray(), Solana.Owner.ToArray(), ProvidersAddress.ToArray());
        var manifest = string.Create(CultureInfo.InvariantCulture,
            $$"""{"kind":"solana","genesis":{{Solana.Genesis}},"epochLength":600,"challengeWindow":1,"decimals":9,"profile":"dev","minimumBond":"6000000000","bondThaw":3600}""");
        await new EvidenceStore(Api.Source).RegisterNetworkAsync(Solana.Config.NetworkId, "Second", ChainId.Solana(Solana.Chain).ToString(), manifest, """{"name":"second"}""", ct);
        await using var connection = await Api.Source.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "insert into evidence.epochs values (@network, 1, 0, @digest, @report, @hash, 12345, to_timestamp(@start), to_timestamp(@start + 600), 2, 1, 100, 3, 20, 0, @total::numeric, @total::numeric, 0, now())",
            new { network, digest = Report.Digest.Value.ToArray(), report = Report.Encode(), hash = new byte[32], start = (long)Solana.Genesis, total = Tree.Total.ToString(CultureInfo.InvariantCulture) });
        for (uint i = 0; i < Tree.LeafCount; i++)
        {
            var leaf = Tree.LeafAt(i);
            await connection.ExecuteAsync("insert into evidence.leaves values (@network, 1, @index, @account, @cumulative::numeric, @prefix::numeric, @items)",
                new { network, index = (long)i, account = leaf.Account.Value.ToArray(), cumulative = leaf.Cumulative.ToString(CultureInfo.InvariantCulture), prefix = leaf.Prefix.ToString(CultureInfo.InvariantCulture), items = leaf.ItemsHash.ToArray() });
        }

        foreach (var chunk in TreeChunks.Cut(Tree.Tree))
            await connection.ExecuteAsync("insert into evidence.tree_chunks values (@network, 1, @Tier, @Position, @Nodes)", new { network, chunk.Tier, chunk.Position, chunk.Nodes });
        var device = ApiFixture.DeviceId(11).ToArray();
        await connection.ExecuteAsync("insert into evidence.lines values (@network, 1, @provider, 2, @device, 1, 10, @amount, 100, 3, 20)", new { network, provider, device, amount = (long)Earned });
        await connection.ExecuteAsync("insert into evidence.verdicts values (@network, 1, @proof, @device, 2, 1, to_timestamp(1700000000), 0, 0, 1000000)", new { network, proof = FakeNetworkActivity.HashOf("proof 3").ToArray(), device });
        await connection.ExecuteAsync(
            """
            insert into chain.device_versions values (2, 1, @device, @provider, 1, 0, 1, @device, 622506339564224511, @device, 'active', 1700000000, null, null, null, null, 1, 9223372036854775807);
            update chain.report_versions set challenger = @owner, challenge_bond = 10 where chain_id = 2;
            insert into chain.faults (chain_id, block_number, log_index, kind, epoch, reporter) values (2, 1, 0, 'tree', 1, @provider)
            """, new { device, provider, owner });
    }
}
