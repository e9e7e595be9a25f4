using DePin.Abi;
using DePin.Chain;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DataSets;
using DePin.Replayer;
using DePin.Sdk.Registration;

namespace DePin.EndToEnd.Tests.Enrolment;

public sealed class EnrolmentTests(DeployedNetwork network) : IClassFixture<DeployedNetwork>
{
    private static readonly FeePolicy Quick = new() { PollInterval = TimeSpan.FromMilliseconds(50) };

    [Fact]
    public async Task Operators_of_the_first_config_are_those_that_were_made()
    {
        var operators = await network.Access.GetOperatorsAsync(default);
        Assert.Equal(network.Operators.Select(o => o.Report.Address).Order(), operators.Select(o => o.Address));
        Assert.All(operators, o => Assert.Equal("127.0.0.1", o.Endpoint.Host));
    }

    [Fact]
    public async Task Real_devices_of_three_key_types_are_registered_and_staked_once()
    {
        // One of them asserts a place that is not its own, one comes late to copy another: both are adversaries by how they register.
        var cast = Mutation.Cast(DataFolder.Read(DataFolder.Own())[0].Limit(6), [Mutation.Parse("M3:1%"), Mutation.Parse("m6:1%")]);
        var (mover, newcomer) = (Assert.Single(cast.AssertedCells), Assert.Single(cast.Newcomers));
        var devices = ReplayDevice.Create(network.Manifest.Id, [cast], "once").All;
        Assert.NotEqual(mover.Value, cast.Set.Devices[mover.Key].Cell);
        Assert.Equal(mover.Value, devices[mover.Key].Source.Cell);
        Assert.Equal(3, devices.Select(d => d.Key.Type).Distinct().Count());
        var enrolment = new EvmEnrolment(network.Access, network.Bootstrap.Maker, network.Bootstrap.Deployer, 1, Quick, _ => { });
        var stake = network.Manifest.NetworkParameters.MinimumStakePerDevice;
        await enrolment.RunAsync(devices, stake, default);
        await enrolment.RunAsync(devices, stake, default);

        var tokens = new List<UInt256>();
        foreach (var device in devices)
        {
            tokens.Add(await CallAsync(network.Access.Contracts.Devices, new DeviceRegistry.TokenOfCall(device.Id.Value)));
            var token = tokens[^1];
            var registered = await CallAsync(network.Access.Contracts.Devices, new DeviceRegistry.DeviceCall(token));
            Assert.Equal((byte)device.Key.Type, registered.KeyType);
            Assert.Equal(device.Source.Cell, registered.Cell);
            Assert.Equal(device.Provider.Address, await CallAsync(network.Access.Contracts.Devices, new DeviceRegistry.OwnerOfCall(token)));
        }

        Assert.Equal(newcomer, tokens.IndexOf(tokens.Max()));
        foreach (var owned in devices.GroupBy(d => d.Provider.Address))
            Assert.Equal(stake * (uint)owned.Count(), await CallAsync(network.Access.Contracts.Staking, new ProviderStaking.StakeOfCall(owned.Key)));
    }

    [Theory]
    [InlineData(KeyType.Secp256k1)]
    [InlineData(KeyType.P256)]
    [InlineData(KeyType.Ed25519)]
    public async Task The_registry_computes_the_digest_that_a_device_signs(KeyType type)
    {
        var registration = new DeviceRegistration(network.Manifest.ChainId, network.Access.Contracts.Devices);
        var device = PrivateKey.Generate(type);
        var call = registration.Sign(device, network.Bootstrap.Deployer.Address, 3, 0x8c1f, null, network.Bootstrap.Maker, 99);
        Assert.Equal(registration.Digest(call.R, device.PublicKey.DeviceId), await CallAsync(network.Access.Contracts.Devices, new DeviceRegistry.RegistrationDigestCall(call.R)));
    }

    [Fact]
    public async Task A_device_outside_the_batch_is_refused()
    {
        using var sender = new TransactionSender(network.Access.Rpc, network.Bootstrap.Maker, Quick);
        await sender.SendAsync(network.Access.Contracts.Devices, new DeviceRegistry.AddModelCall(1, 2, 1, 60, Bytes32.Zero), default);
        var member = PrivateKey.Generate(KeyType.P256);
        var stranger = PrivateKey.Generate(KeyType.P256);
        var batch = new DeviceBatch([(member.PublicKey.DeviceId, 1), (PrivateKey.Generate(KeyType.P256).PublicKey.DeviceId, 1)]);
        await sender.SendAsync(network.Access.Contracts.Devices, new DeviceRegistry.PublishBatchCall(1, batch.Root, 2, ""), default);
        ulong newest = 1;
        while (true)
        {
            try { await CallAsync(network.Access.Contracts.Devices, new DeviceRegistry.BatchCall(newest + 1)); newest++; }
            catch (EvmRevertException) { break; }
        }

        var registration = new DeviceRegistration(network.Manifest.ChainId, network.Access.Contracts.Devices);
        var call = registration.Sign(stranger, sender.Account, 1, 0, (newest, batch.Prove(member.PublicKey.DeviceId)), null, ulong.MaxValue);
        var refusal = await Assert.ThrowsAsync<EvmRevertException>(() => sender.SendAsync(network.Access.Contracts.Devices, call, default));
        Assert.Contains("NotInBatch", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public Task A_node_that_is_away_is_waited_for_while_enrolling_and_while_sending() => Outage.OutlastAsync(
        network.Url, "eth_getTransactionReceipt", "eth_getBlockByNumber", rpc => ReplayerProcess.Start(network.Data.Manifest, rpc, network.Data.In("keys"), "away"));

    private Task<T> CallAsync<T>(Address contract, IContractCall<T> call) => network.Access.Rpc.CallAsync(contract, call, BlockTag.Latest, default);
}
