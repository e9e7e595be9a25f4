using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Protocol;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Storage.Tests;

/// <summary>The mirror against the real contracts.</summary>
public sealed class ContractsOnAnvilTests : IAsyncLifetime
{
    private static readonly PrivateKey[] Keys = [.. AnvilNode.PrivateKeys.Select(k => PrivateKey.Parse(KeyType.Secp256k1, k))];

    private readonly CancellationToken _ct = CancellationToken.None;
    private DeployedChain _chain = null!;
    private AnvilNode _node = null!;
    private TestDatabase _database = null!;
    private EvmRpc _rpc = null!;
    private EvmNetworkManifest _manifest = null!;
    private MirroredNetwork _network = null!;
    private MirrorDatabase _mirrored = null!;

    public async Task InitializeAsync()
    {
        _chain = await DeployedChain.StartAsync(new AnvilOptions { SlotsInAnEpoch = 1, TimestampInterval = 1 }, _ct);
        (_node, _rpc, _manifest) = (_chain.Node, _chain.Rpc, _chain.Manifest);
        _database = await TestDatabase.CreateAsync();
        _network = _manifest.ToMirroredNetwork();
        _mirrored = Open(_database);
    }

    public async Task DisposeAsync()
    {
        await _mirrored.DisposeAsync();
        await _database.DisposeAsync();
        await _chain.DisposeAsync();
    }

    private static MirrorDatabase Open(TestDatabase database) => new(database.ConnectionString, role: "depin_indexer");

    [Fact]
    public async Task Every_mirrored_value_is_what_the_contracts_answer()
    {
        await ActAsync();
        var mirror = new ChainMirror(_mirrored, _network);
        await mirror.InitializeAsync(_ct);
        var follower = NewFollower(mirror);
        await CatchUpAsync(follower);
        var verifier = new MirrorVerifier(_mirrored, _network, _manifest.ToEmissionSchedule(), _rpc);
        var head = await verifier.VerifyAsync((await mirror.GetCheckpointAsync(_ct)).Block.Number, _ct);
        Assert.Empty(head.Differences);
        Assert.All(["holders", "devices", "device owners", "models", "makers", "payout indexes", "pools", "stakes", "thaws", "operators", "configs", "budget"], t => Assert.True(head.Compared[t] > 0, t));

        // An older block: what happened since must not show.
        var earlier = await verifier.VerifyAsync(head.Block.Number - 8, _ct);
        Assert.Empty(earlier.Differences);

        // And the comparison sees a single wrong unit.
        await _database.ExecuteAsync("update chain.holders set balance = balance + 1 where account = (select account from chain.holders order by account limit 1)", _ct);
        await _database.ExecuteAsync("update chain.pool_versions set tokens = tokens - 1", _ct);
        var wrong = await verifier.VerifyAsync(head.Block.Number, _ct);
        Assert.Contains(wrong.Differences, d => d.What.StartsWith("holders", StringComparison.Ordinal));
        Assert.Contains(wrong.Differences, d => d.What.StartsWith("pools", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Follows_a_reorg_of_the_node_and_rebuilds_identically()
    {
        var mirror = new ChainMirror(_mirrored, _network);
        await mirror.InitializeAsync(_ct);
        var follower = NewFollower(mirror);
        using var bank = new TransactionSender(_rpc, Keys[0], DeployedChain.Fees);
        var token = _manifest.AddressOf("NetworkToken");
        for (var i = 0; i < 6; i++) await bank.SendAsync(token, new NetworkToken.TransferCall(Keys[1 + i].Address, (UInt128)1_000), _ct);
        await CatchUpAsync(follower);
        var before = await MirrorContent.HashAsync(_mirrored, 1, _ct);

        // Anvil calls two blocks of depth final, so the reorg stays above them.
        await _node.Rpc.ReorganiseAsync(1, _ct);
        await _node.Rpc.MineAsync(1, _ct);
        await CatchUpAsync(follower);
        Assert.Equal(1, follower.Status.Reorgs);
        Assert.NotEmpty(MirrorContent.Differences(before, await MirrorContent.HashAsync(_mirrored, 1, _ct)));

        await MirrorSchema.CreateRebuildAsync(_database.DataSource, _ct);
        await using var rebuilt = new MirrorDatabase(_database.ConnectionString, MirrorDatabase.Rebuild, "depin_indexer");
        var fresh = new ChainMirror(rebuilt, _network);
        await fresh.InitializeAsync(_ct);
        await CatchUpAsync(NewFollower(fresh));
        Assert.Empty(MirrorContent.Differences(await MirrorContent.HashAsync(_mirrored, 1, _ct), await MirrorContent.HashAsync(rebuilt, 1, _ct)));
        var head = (await fresh.GetCheckpointAsync(_ct)).Block.Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await MirrorSchema.PromoteRebuildAsync(_database.DataSource, 1, _ct);
        Assert.Equal(head, await _database.ScalarAsync<string>("select block_number::text from chain.checkpoints", _ct));
    }

    [Fact]
    public async Task The_snapshot_at_an_anchor_is_of_that_block()
    {
        await ActAsync();
        await _node.Rpc.MineAsync(4, _ct);
        var mirror = new ChainMirror(_mirrored, _network);
        await mirror.InitializeAsync(_ct);
        await CatchUpAsync(NewFollower(mirror));
        var reader = new MirrorReader(_mirrored, _network, _manifest.ToEmissionSchedule());
        var head = (await mirror.GetCheckpointAsync(_ct)).Block.Number;
        var config = await reader.FindConfigAsync(new Epoch(1), null, _ct);
        Assert.NotNull(config);
        Assert.Equal(await _rpc.CallAsync(_manifest.AddressOf("OperatorRegistry"), new OperatorRegistry.ConfigDigestAtCall(1), BlockTag.Latest, _ct), config.Digest.Value);
        var snapshot = await reader.SnapshotAtAsync(config, new Epoch(1), 0, head, _ct);
        Assert.Single(snapshot.Devices);
        Assert.Equal(await _rpc.CallAsync(_manifest.AddressOf("EmissionController"), new EmissionController.BudgetOfCall(1), BlockTag.Latest, _ct), snapshot.Budget);
        Assert.Equal((UInt128)await _rpc.CallAsync(_manifest.AddressOf("ProviderStaking"), new ProviderStaking.StakeOfCall(Keys[1].Address), BlockTag.Latest, _ct),
            snapshot.StakeOf(new AccountId(Keys[1].Address.ToBytes32())));
        Assert.Equal(snapshot.Hash, DePin.Protocol.Registry.RegistrySnapshot.Parse(snapshot.ToBytes()).Hash);

        var first = await reader.SnapshotAtAsync(config, new Epoch(1), 0, _network.FirstBlock, _ct);
        Assert.Empty(first.Devices);
        Assert.Empty(first.Stakes);
        Assert.NotEqual(first.Hash, snapshot.Hash);
        var tip = (await _rpc.GetHeaderAsync(BlockTag.Latest, _ct))!;
        Assert.Null(await reader.FindAnchorAsync(tip.Timestamp + 1, _ct));
        var header = (await _rpc.GetHeaderAsync(BlockTag.At(head - 5), _ct))!;
        var next = (await _rpc.GetHeaderAsync(BlockTag.At(head - 4), _ct))!;
        Assert.Equal(head - 2, (await mirror.GetCheckpointAsync(_ct)).Finalized!.Value.Number);
        Assert.True(header.Timestamp < next.Timestamp, "Blocks have rising timestamps.");
        Assert.Equal(new BlockPoint(header.Number, header.Hash), await reader.FindAnchorAsync(next.Timestamp, _ct));
    }

    /// <summary>Makers, a device, payouts, stakes and thaws, operators, transfers and burns.</summary>
    private async Task ActAsync()
    {
        var token = _manifest.AddressOf("NetworkToken");
        var staking = _manifest.AddressOf("ProviderStaking");
        var devices = _manifest.AddressOf("DeviceRegistry");
        using var bank = new TransactionSender(_rpc, Keys[0], DeployedChain.Fees);
        using var provider = new TransactionSender(_rpc, Keys[1], DeployedChain.Fees);
        using var delegator = new TransactionSender(_rpc, Keys[2], DeployedChain.Fees);
        var whole = (UInt128)1_000_000_000_000_000_000;
        foreach (var key in Keys[1..4]) await bank.SendAsync(token, new NetworkToken.TransferCall(key.Address, 100_000 * whole), _ct);
        var operators = new OperatorRegistration(_rpc, _manifest, DeployedChain.Fees);
        var bond = await operators.GetMinimumBondAsync(_ct);
        var reportKeys = new List<Address>();
        for (var i = 0; i < 4; i++)
        {
            var (account, report, protocol) = (PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Ed25519));
            reportKeys.Add(report.Address);
            await operators.FundAsync(Keys[0], account.Address, bond, whole, _ct);
            await operators.RegisterAsync(account, report.Address, new Bytes32(protocol.PublicKey.Bytes), $"http://127.0.0.1:{9000 + i}/é", bond, _ct);
        }

        await operators.ScheduleAsync(Keys[0], reportKeys, 1, _ct);
        await provider.SendAsync(token, new NetworkToken.ApproveCall(staking, 50_000 * whole), _ct);
        await delegator.SendAsync(token, new NetworkToken.ApproveCall(staking, 50_000 * whole), _ct);
        await provider.SendAsync(staking, new ProviderStaking.DepositCall(Keys[1].Address, 1_000 * whole, 0), _ct);
        await delegator.SendAsync(staking, new ProviderStaking.DepositCall(Keys[1].Address, 500 * whole, 0), _ct);
        var shares = await _rpc.CallAsync(staking, new ProviderStaking.SharesOfCall(Keys[1].Address, Keys[2].Address), BlockTag.Latest, _ct);
        await delegator.SendAsync(staking, new ProviderStaking.RequestThawCall(Keys[1].Address, shares / 3, 0), _ct);
        await delegator.SendAsync(staking, new ProviderStaking.RequestThawCall(Keys[1].Address, shares / 5, 0), _ct);
        using (var slasher = new TransactionSender(_rpc, Keys[2], DeployedChain.Fees))
            await slasher.SendAsync(staking, new ProviderStaking.SlashCall(Keys[1].Address, 70_000, Keccak256.Hash("reason"u8)), _ct);
        await delegator.SendAsync(staking, new ProviderStaking.CancelThawCall(Keys[1].Address, (UInt128)0, 0), _ct);

        if (!(await _rpc.CallAsync(devices, new DeviceRegistry.MakerCall(1), BlockTag.Latest, _ct)).Active)
            await bank.SendAsync(devices, new DeviceRegistry.SetMakerCall(1, Keys[0].Address, 1000, true), _ct);
        await bank.SendAsync(devices, new DeviceRegistry.AddModelCall(1, 7, 3, 60, Keccak256.Hash("model"u8)), _ct);
        await bank.SendAsync(devices, new DeviceRegistry.PublishBatchCall(1, Keccak256.Hash("batch"u8), 5, "ipfs://batch"), _ct);
        var device = PrivateKey.Generate(KeyType.Secp256k1);
        var now = (await _rpc.GetHeaderAsync(BlockTag.Latest, _ct))!.Timestamp;
        var registration = new DeviceRegistry.Registration((byte)KeyType.Secp256k1, device.PublicKey.Bytes.ToArray(), Keys[1].Address, 1, 0, 0x8928308280fffff, Keccak256.Hash("metadata"u8), 0, now + 3_600);
        var digest = await _rpc.CallAsync(devices, new DeviceRegistry.RegistrationDigestCall(registration), BlockTag.Latest, _ct);
        var approval = Keys[0].SignDigest(digest);
        byte[] maker = [.. approval.R.AsSpan(), .. approval.S.AsSpan(), (byte)(27 + approval.YParity)]; // the maker may be a contract, so its signature has the common form
        await provider.SendAsync(devices, new DeviceRegistry.RegisterCall(registration, device.SignDigest(digest).ToArray(), maker, []), _ct);
        await provider.SendAsync(devices, new DeviceRegistry.AssertCellCall((UInt128)1, ulong.MaxValue), _ct);
        await provider.SendAsync(_manifest.AddressOf("PayoutRegistry"), new PayoutRegistry.ScheduleRecipientCall(Keys[5].Address), _ct);
        await provider.SendAsync(token, new NetworkToken.BurnCall((UInt128)777), _ct);
        using (var slasher = new TransactionSender(_rpc, Keys[2], DeployedChain.Fees))
            await slasher.SendAsync(staking, new ProviderStaking.SlashCall(Keys[1].Address, 1_000_000, Keccak256.Hash("all"u8)), _ct);
        await provider.SendAsync(staking, new ProviderStaking.DepositCall(Keys[1].Address, 200 * whole, 0), _ct);
    }

    private ChainFollower NewFollower(ChainMirror mirror) =>
        new(mirror, new EvmChainSource(_rpc, _network), new FollowerOptions { TipWindow = 6, LogsPerRange = 40 }, TimeProvider.System, NullLogger<ChainFollower>.Instance);

    private static async Task CatchUpAsync(ChainFollower follower)
    {
        while (await follower.StepAsync(CancellationToken.None) != Convergence.NothingNew)
        {
        }
    }
}
