using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DataSets;
using DePin.Replayer;
using DePin.Sdk.Registration;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Enrolment;

public sealed class SolanaEnrolmentTests(SolanaDeviceNetwork network) : IClassFixture<SolanaDeviceNetwork>
{
    private const ulong Stake = 100;
    private static readonly SolanaFeePolicy Quick = new() { PollInterval = TimeSpan.FromMilliseconds(50) };

    private DeployedSolana Solana => network.Solana;

    [Fact]
    public async Task Real_devices_of_three_key_types_are_registered_and_staked_once()
    {
        // One of them asserts a place that is not its own, one comes late to copy another: both are adversaries by how they register.
        var cast = Mutation.Cast(DataFolder.Read(DataFolder.Own())[0].Limit(9), [Mutation.Parse("M3:1%"), Mutation.Parse("m6:1%")]);
        var (mover, newcomer) = (Assert.Single(cast.AssertedCells), Assert.Single(cast.Newcomers));
        var devices = ReplayDevice.Create(network.Access.Id, [cast], "once", Replayer.Enrolment.AccountType(network.Access.Kind)).All;
        await EnrolAsync(devices, Stake);
        var sent = await SentAsync();
        await EnrolAsync(devices, Stake);
        Assert.Equal(sent, await SentAsync());

        var tokens = await RegisteredAsync(devices);
        Assert.Equal(mover.Value, (await FindAsync(devices[mover.Key])).Cell);
        Assert.Equal(newcomer, tokens.IndexOf(tokens.Max()));
        await StakedAsync(devices, Stake);

        // More is asked for: the rest is deposited.
        await EnrolAsync(devices, Stake + 50);
        await StakedAsync(devices, Stake + 50);
    }

    [Fact]
    public async Task An_enrolment_that_was_stopped_halfway_goes_on_where_it_was()
    {
        var devices = ReplayDevice.Create(network.Access.Id, [Mutation.Cast(DataFolder.Read(DataFolder.Own())[0].Limit(12), [])], "halfway", KeyType.Ed25519).All;
        var at = Solana.Network;
        var before = await Solana.Rpc.ReadAsync<Depin.DeviceRegistryAccount>(at.Program, at.Registry, Finality.Safe, default);
        // As if it had been killed once its batch was out; one of the devices is in, too, by another way.
        await Assert.ThrowsAsync<OperationCanceledException>(() => EnrolAsync(devices, Stake, said => StopAt(said, "batch ")));
        Assert.Equal(12, (await MissingAsync(devices)).Count);
        await Solana.SendAsync(default, [.. network.Registration.Register(
            Solana.Owner, devices[3].Key, SolanaAddress.Of(devices[3].Provider.PublicKey), 1, devices[3].Source.Cell, new MakerWord.Approval(1, network.Approver), ulong.MaxValue)]);
        // And again once the devices were in, before the stakes.
        await Assert.ThrowsAsync<OperationCanceledException>(() => EnrolAsync(devices, Stake, said => StopAt(said, "funding")));
        Assert.Empty(await MissingAsync(devices));
        await EnrolAsync(devices, Stake);
        await RegisteredAsync(devices);
        await StakedAsync(devices, Stake);
        var after = await Solana.Rpc.ReadAsync<Depin.DeviceRegistryAccount>(at.Program, at.Registry, Finality.Safe, default);
        Assert.Equal((before.Batches + 1, before.Devices + 12), (after.Batches, after.Devices));
    }

    [Fact]
    public async Task All_devices_of_a_data_set_are_enrolled_together()
    {
        var devices = ReplayDevice.Create(network.Access.Id, [Mutation.Cast(DataFolder.Read(DataFolder.Own())[0], [])], "all", KeyType.Ed25519).All;
        Assert.True(devices.Count > 30);
        await EnrolAsync(devices, Stake);
        await RegisteredAsync(devices);
        await StakedAsync(devices, Stake);
    }

    [Fact]
    public async Task A_stranger_is_told_that_it_is_not_the_maker()
    {
        var devices = ReplayDevice.Create(network.Access.Id, [Mutation.Cast(DataFolder.Read(DataFolder.Own())[0].Limit(1), [])], "stranger", KeyType.Ed25519).All;
        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            new SolanaEnrolment(network.Access, PrivateKey.Generate(KeyType.Ed25519), Solana.Key, 1, Quick, static _ => { }).RunAsync(devices, Stake, default));
        Assert.Contains("Give the folder with its key", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_of_the_network_are_taken_from_a_folder()
    {
        var folder = Directory.CreateTempSubdirectory("depin-test-keys-");
        network.Maker.Save(Path.Combine(folder.FullName, "maker.key"));
        Assert.Throws<InvalidOperationException>(() => Replayer.Enrolment.Open(network.Access, folder.FullName, 1, static _ => { }));
        PrivateKey.Generate(KeyType.Ed25519).Save(Path.Combine(folder.FullName, "deployer.key"));
        Assert.IsType<SolanaEnrolment>(Replayer.Enrolment.Open(network.Access, folder.FullName, 1, static _ => { }));
        folder.Delete(true);
    }

    private static void StopAt(string said, string where)
    {
        if (said.StartsWith(where, StringComparison.Ordinal)) throw new OperationCanceledException(said);
    }

    private Task EnrolAsync(IReadOnlyList<ReplayDevice> devices, ulong stake, Action<string>? progress = null) =>
        new SolanaEnrolment(network.Access, network.Maker, Solana.Key, 1, Quick, progress ?? (static _ => { })).RunAsync(devices, stake, default);

    // Everything is paid for by one account.
    private async Task<int> SentAsync() => (await Solana.Rpc.GetSignaturesForAddressAsync(Solana.Owner, null, null, 1_000, Finality.Safe, default)).Count;

    private async Task<List<ReplayDevice>> MissingAsync(IReadOnlyList<ReplayDevice> devices)
    {
        var missing = new List<ReplayDevice>();
        foreach (var device in devices)
            if (await network.Access.FindAccountAsync(device.Id.Value, default) is null) missing.Add(device);
        return missing;
    }

    private async Task<Depin.DeviceAccount> FindAsync(ReplayDevice device) => Assert.NotNull(await network.Access.FindAccountAsync(device.Id.Value, default)).Device;

    private async Task<List<ulong>> RegisteredAsync(IReadOnlyList<ReplayDevice> devices)
    {
        var tokens = new List<ulong>();
        Assert.Equal(Math.Min(3, devices.Count), devices.Select(d => d.Key.Type).Distinct().Count());
        foreach (var device in devices)
        {
            var registered = await FindAsync(device);
            Assert.Equal((byte)device.Key.Type, registered.KeyType);
            Assert.Equal(device.Source.Cell, registered.Cell);
            Assert.Equal(SolanaAddress.Of(device.Provider.PublicKey), registered.Owner);
            Assert.Equal(device.Source.Class.Value, (await network.Access.FindDeviceAsync(device.Id.Value, default))?.Class);
            tokens.Add(registered.Token);
        }

        return tokens;
    }

    private async Task StakedAsync(IReadOnlyList<ReplayDevice> devices, ulong perDevice)
    {
        foreach (var owned in devices.GroupBy(d => SolanaAddress.Of(d.Provider.PublicKey)))
        {
            var pool = await Solana.Rpc.ReadAsync<Depin.PoolAccount>(Solana.Network.Program, Solana.Network.Pool(owned.Key), Finality.Safe, default);
            Assert.Equal(perDevice * (ulong)owned.Count(), pool.Tokens);
        }
    }
}
