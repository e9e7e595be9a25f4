using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Registry;
using DePin.Protocol.Tests.Support;

namespace DePin.Protocol.Tests.Registry;

public sealed class RegistrySnapshotTests
{
    private readonly TestNetwork _network = new();

    public RegistrySnapshotTests()
    {
        for (var i = 0; i < 6; i++) _network.AddDevice((ulong)(20 - i), type: (KeyType)((i % 3) + 1));
    }

    private RegistrySnapshot Snapshot => _network.Snapshot(_network.Window(Epoch.First));

    [Fact]
    public void Reads_back_to_the_same_bytes_and_config()
    {
        var snapshot = Snapshot;
        var read = RegistrySnapshot.Parse(snapshot.ToBytes());
        Assert.Equal(snapshot.ToBytes().ToArray(), read.ToBytes().ToArray());
        Assert.Equal(snapshot.Hash, read.Hash);
        Assert.Equal(_network.Config.Digest, read.Config.Digest);
        Assert.Equal(snapshot.PayoutAccounts.ToArray(), read.PayoutAccounts.ToArray());
        Assert.Equal(snapshot.Budget, read.Budget);
    }

    [Fact]
    public void Is_the_same_whatever_order_it_was_collected_in()
    {
        var hash = Snapshot.Hash;
        _network.Devices.Reverse();
        Assert.Equal(hash, Snapshot.Hash);
    }

    [Fact]
    public void Finds_every_device_and_stake_and_nothing_else()
    {
        var snapshot = Snapshot;
        foreach (var device in _network.Devices)
        {
            Assert.Equal(device.Record.View, snapshot.FindDevice(device.Id)!.View);
            Assert.Equal(TestNetwork.Stake, snapshot.StakeOf(device.Record.Owner));
        }
        Assert.Null(snapshot.FindDevice(new DeviceId(Bytes32.FromUInt64(1))));
        Assert.Equal((UInt128)0, snapshot.StakeOf(TestNetwork.Account(3)));
    }

    [Fact]
    public void Cannot_hold_a_device_token_account_or_stake_twice()
    {
        var first = _network.Devices[0].Record;
        AssertFault("doubled", builder => builder.Add(first).Add(first));
        AssertFault("token 1 has two", builder => builder.Add(first).Add(_network.Devices[1].Record with { TokenId = 1 }));
        AssertFault("two indices", builder => builder.AddPayoutAccount(TestNetwork.Account(1)).AddPayoutAccount(TestNetwork.Account(1)));
        AssertFault("doubled", builder => builder.AddStake(TestNetwork.Account(1), 1).AddStake(TestNetwork.Account(1), 2));
        AssertFault("not that of its key", builder => builder.Add(first with { PublicKey = new byte[64] }));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var bytes = Snapshot.ToBytes().ToArray();
        for (var length = 0; length < bytes.Length; length++) Assert.Throws<CanonicalFormatException>(() => RegistrySnapshot.Parse(bytes.AsSpan(0, length)));
        Assert.Throws<CanonicalFormatException>(() => RegistrySnapshot.Parse((byte[])[.. bytes, 0]));
    }

    [Fact]
    public void Operators_out_of_order_are_refused_when_read()
    {
        var bytes = Snapshot.ToBytes().ToArray();
        var at = bytes.AsSpan().IndexOf(_network.Operators[0].ReportSigner.AsSpan());
        bytes[at] = 0xFF;
        Assert.Contains("ascending", Assert.Throws<CanonicalFormatException>(() => RegistrySnapshot.Parse(bytes)).Message, StringComparison.Ordinal);
    }

    private void AssertFault(string message, Action<RegistrySnapshotBuilder> fill)
    {
        var builder = new RegistrySnapshotBuilder(_network.Config);
        fill(builder);
        Assert.Contains(message, Assert.Throws<InvalidOperationException>(builder.Build).Message, StringComparison.Ordinal);
    }
}
