using System.Globalization;
using System.Text;
using DePin.Cryptography;
using DePin.DataSets;
using DePin.Protocol;
using DePin.Replayer;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Enrolment;

/// <summary>The replayer's own program against a network on Solana.</summary>
public sealed class SolanaReplayTests(SolanaDeviceNetwork network) : IClassFixture<SolanaDeviceNetwork>, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("depin-test-").FullName;

    [Fact]
    public async Task The_replayer_enrols_its_devices_and_begins_to_send()
    {
        var (sets, manifest) = Prepare();
        await using (var replayer = ReplayerProcess.Start(manifest, network.Solana.Node.Url, folder, "program")) await replayer.SaysAsync("sending");

        var (_, devices) = ReplayDevice.Create(network.Access.Id, [.. sets.Select(set => Mutation.Cast(set.Limit(2), []))], "program", KeyType.Ed25519);
        Assert.True(devices.Count > 2);
        foreach (var device in devices) Assert.Equal(device.Source.Class.Value, (await network.Access.FindDeviceAsync(device.Id.Value, default))?.Class);
    }

    [Fact]
    public Task A_node_that_is_away_is_waited_for_while_enrolling_and_while_sending() =>
        Outage.OutlastAsync(network.Solana.Node.Url, "getLatestBlockhash", "getBlockTime", rpc => ReplayerProcess.Start(Prepare().Manifest, rpc, folder, "away"));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private (IReadOnlyList<DataSet> Sets, string Manifest) Prepare()
    {
        var sets = DataFolder.Read(DataFolder.Own());
        var manifest = Path.Combine(folder, "network.json");
        network.Solana.ToManifest(parameters: Parameters(sets)).Save(manifest);
        network.Maker.Save(Path.Combine(folder, "maker.key"));
        network.Solana.Key.Save(Path.Combine(folder, "deployer.key"));
        return (sets, manifest);
    }

    private static string Parameters(IReadOnlyList<DataSet> sets) => Encoding.UTF8.GetString(NetworkParameters.Parse(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""
        {
          "name": "test", "epochGraceSeconds": 60, "lateSeconds": 300, "minimumStakePerDevice": "100", "proofsPerDevice": 5000, "replayShiftSeconds": 0,
          "replay": [{{string.Join(", ", sets.Select(set => $$"""{ "set": "{{set.Name}}", "shiftSeconds": 0, "days": {{set.Days}} }"""))}}],
          "batch": { "maxProofs": 2048, "maxBytes": 1048576 },
          "classes": [{ "class": 1, "rulesVersion": 1, "poolBps": 5000, "parameters": {} }, { "class": 2, "rulesVersion": 1, "poolBps": 5000, "parameters": {} }]
        }
        """))).ToBytes());
}
