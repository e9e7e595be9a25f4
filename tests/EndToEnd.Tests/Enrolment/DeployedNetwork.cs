using DePin.Chain.Deployment;
using DePin.Cli.Dev;
using DePin.Cli.Dev.Chains;
using DePin.DataSets;
using DePin.DevTools;
using DePin.Protocol;
using DePin.Sdk.Network;
using DePin.Signing;

namespace DePin.EndToEnd.Tests.Enrolment;

/// <summary>Contracts and operators on a chain of one test class, without hosts.</summary>
public sealed class DeployedNetwork : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("depin-test-network-");
    private AnvilProcess? anvil;

    public EvmNetworkManifest Manifest { get; private set; } = null!;

    /// <summary>The node.</summary>
    public Uri Url => anvil!.Url;

    /// <summary>What a test may have it do.</summary>
    public AnvilRpc Node => anvil!.Rpc;

    /// <summary>Its manifest and keys.</summary>
    public DevFolder Data { get; private set; } = null!;

    public EvmNetworkAccess Access { get; private set; } = null!;

    public EvmBootstrap Bootstrap { get; private set; } = null!;

    public IReadOnlyList<OperatorKeyRing> Operators { get; private set; } = [];

    public async Task InitializeAsync()
    {
        var genesis = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86_400 * 86_400) + 86_400;
        anvil = await AnvilProcess.StartAsync(new AnvilOptions { Timestamp = genesis - 7200 }, default);
        Data = new DevFolder(folder.FullName);
        Data.Create();
        var settings = new DevSettings
        {
            Id = "test",
            Operators = 4,
            SecondsPerBlock = 1440,
            Genesis = genesis,
            Ports = new DevPorts(),
            Replay = [.. DataFolder.Read(DataFolder.Own()).Select(set => new ReplayedSet(set.Name, genesis - (set.FirstDayMs / 1000), set.Days))],
        };
        Bootstrap = new EvmBootstrap(Data, settings, anvil);
        Manifest = await Bootstrap.DeployAsync(_ => { }, default);
        Operators = await Bootstrap.EnrolOperatorsAsync(Manifest, _ => { }, default);
        Access = new EvmNetworkAccess(Bootstrap.Rpc, Manifest);
    }

    public async Task DisposeAsync()
    {
        if (anvil is not null) await anvil.DisposeAsync();
        folder.Delete(true);
    }
}
