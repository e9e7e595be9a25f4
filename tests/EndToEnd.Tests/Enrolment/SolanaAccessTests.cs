using DePin.Abi.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DeviceSdk;
using DePin.Protocol;
using DePin.Sdk.Network;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Enrolment;

public sealed class SolanaAccessTests(SolanaDeviceNetwork network) : IClassFixture<SolanaDeviceNetwork>
{
    private DeployedSolana Solana => network.Solana;

    [Fact]
    public async Task Genesis_time_and_operators_are_those_of_the_chain_and_change_with_the_set_in_force()
    {
        var access = Assert.IsType<SolanaNetworkAccess>(NetworkAccess.Open(Solana.ToManifest(), [Solana.Node.Url]));
        await access.CheckChainAsync(default);
        Assert.Equal(ChainKind.Solana, access.Kind);
        Assert.Equal(Solana.Config.NetworkId, access.Id);
        Assert.Equal(Solana.Genesis, await access.GetGenesisAsync(default));

        // Before epoch 1 the first set is asked for already.
        Assert.True(await access.GetTimeAsync(default) < Solana.Genesis);
        var operators = await access.GetOperatorsAsync(default);
        Assert.Equal(Solana.Operators.Select(o => o.Report.Address), operators.Select(o => o.Address));
        Assert.Equal(Solana.Operators.Select(o => new Bytes32(o.Protocol.PublicKey.Bytes)), operators.Select(o => o.ProtocolKey));
        Assert.Equal(Enumerable.Range(9000, 4).Select(port => new Uri($"http://127.0.0.1:{port}/é")), operators.Select(o => o.Endpoint));

        // From epoch 2 on a newcomer stands for the last of them.
        var (newcomer, protocol, accounts) = (PrivateKey.Generate(KeyType.Secp256k1).Address, new Bytes32(PrivateKey.Generate(KeyType.Ed25519).PublicKey.Bytes), Solana.Network);
        await Solana.SendAsync(default, new Depin.RegisterOperatorInstruction(newcomer, protocol, DeployedSolana.Bond, "https://newcomer.example")
            .ToInstruction(accounts.Program, new Depin.RegisterOperatorAccounts { Account = Solana.Owner, Network = accounts.Account, Source = Solana.OwnersTokens, TokenProgram = accounts.TokenProgram }));
        Address[] next = [.. Solana.Operators.Take(3).Select(o => o.Report.Address).Append(newcomer).Order()];
        await Solana.SendAsync(default, new Depin.ScheduleConfigInstruction(2, Keccak256.Hash("parameters"u8), Keccak256.Hash("rules"u8)).ToInstruction(
            accounts.Program, new Depin.ScheduleConfigAccounts { Owner = Solana.Owner, Payer = Solana.Owner, Network = accounts.Account, Config = accounts.Config(2), Previous = accounts.Config(1) },
            [.. next.Select(key => SolanaAccountMeta.Writable(accounts.Operator(key)))]));
        await Solana.TravelAsync(Solana.Genesis + 30, default);
        Assert.InRange(await access.GetTimeAsync(default), Solana.Genesis, Solana.Genesis + 300);
        Assert.Equal(operators.ToArray(), (await access.GetOperatorsAsync(default)).ToArray());
        await Solana.TravelAsync(Solana.Genesis + DeployedSolana.EpochLength + 30, default);
        operators = await access.GetOperatorsAsync(default);
        Assert.Equal(next, operators.Select(o => o.Address));
        Assert.Equal(new OperatorEndpoint(newcomer, new Uri("https://newcomer.example"), protocol), operators[Array.IndexOf(next, newcomer)]);
    }

    [Fact]
    public async Task The_settled_time_is_what_was_the_newest_a_second_ago()
    {
        var clock = new Standing();
        var access = new SolanaNetworkAccess(Solana.Rpc, Solana.ToManifest(), clock);
        var start = await access.GetTimeAsync(default);
        var first = await access.GetSettledTimeAsync(default);
        Assert.True(first <= start);

        await Solana.TravelAsync(start + 200, default);
        await Eventually.HoldsAsync(async () => await access.GetTimeAsync(default) >= start + 200, "the travel is confirmed", default);
        Assert.Equal(first, await access.GetSettledTimeAsync(default)); // no second has passed
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.InRange(await access.GetSettledTimeAsync(default), start, start + 199);
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.True(await access.GetSettledTimeAsync(default) >= start + 200);
    }

    [Fact]
    public async Task A_node_of_another_cluster_and_a_mint_without_a_network_are_refused()
    {
        var stranger = SolanaAddress.Of(network.Maker.PublicKey);
        var elsewhere = await Assert.ThrowsAsync<InvalidOperationException>(() => new SolanaNetworkAccess(Solana.Rpc, Solana.ToManifest(cluster: stranger)).CheckChainAsync(default));
        Assert.Contains($"genesis {SolanaAddress.From(Solana.Chain)}", elsewhere.Message, StringComparison.Ordinal);
        var nowhere = await Assert.ThrowsAsync<InvalidOperationException>(() => new SolanaNetworkAccess(Solana.Rpc, Solana.ToManifest(mint: stranger)).GetOperatorsAsync(default));
        Assert.Contains("Check program and mint", nowhere.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_nobody_registered_is_not_found() =>
        Assert.Null(await network.Access.FindDeviceAsync(PrivateKey.Generate(KeyType.Ed25519).PublicKey.DeviceId, default));

    /// <summary>A clock that stands.</summary>
    private sealed class Standing : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
