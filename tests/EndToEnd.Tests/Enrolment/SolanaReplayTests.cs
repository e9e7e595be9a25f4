using System.Diagnostics;
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
        var sets = DataFolder.Read(DataFolder.Own());
        var manifest = Path.Combine(folder, "network.json");
        network.Solana.ToManifest(parameters: Parameters(sets)).Save(manifest);
        network.Maker.Save(Path.Combine(folder, "maker.key"));
        network.Solana.Key.Save(Path.Combine(folder, "deployer.key"));

        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["exec", Cli.Dev.HostProcess.Program("Replayer"), "--network", manifest, "--rpc", network.Solana.Node.Url.ToString(), "--keys", folder, "--seed", "program", "--devices", "2"])
            start.ArgumentList.Add(argument);
        using var replayer = Process.Start(start)!;
        try
        {
            var said = new List<string>();
            while ((said.Count == 0 || said[^1] != "sending") && await replayer.StandardOutput.ReadLineAsync() is { } line) said.Add(line);
            if (said is not [.., "sending"]) Assert.Fail($"{string.Join('\n', said)}\n{await replayer.StandardError.ReadToEndAsync()}");
        }
        finally
        {
            replayer.Kill();
            await replayer.WaitForExitAsync();
        }

        var (_, devices) = ReplayDevice.Create(network.Access.Id, [.. sets.Select(set => Mutation.Cast(set.Limit(2), []))], "program", KeyType.Ed25519);
        Assert.True(devices.Count > 2);
        foreach (var device in devices) Assert.Equal(device.Source.Class.Value, (await network.Access.FindDeviceAsync(device.Id.Value, default))?.Class);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Parameters(IReadOnlyList<DataSet> sets) => Encoding.UTF8.GetString(NetworkParameters.Parse(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""
        {
          "name": "test", "epochGraceSeconds": 60, "lateSeconds": 300, "minimumStakePerDevice": "100", "proofsPerDevice": 5000, "replayShiftSeconds": 0,
          "replay": [{{string.Join(", ", sets.Select(set => $$"""{ "set": "{{set.Name}}", "shiftSeconds": 0, "days": {{set.Days}} }"""))}}],
          "batch": { "maxProofs": 2048, "maxBytes": 1048576 },
          "classes": [{ "class": 1, "rulesVersion": 1, "poolBps": 5000, "parameters": {} }, { "class": 2, "rulesVersion": 1, "poolBps": 5000, "parameters": {} }]
        }
        """))).ToBytes());
}
