using System.Diagnostics;
using System.Globalization;
using Dapper;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.TestKit;

namespace DePin.Oracle.Tests;

/// <summary>The example program of the C device SDK, over sockets to real operators, under the sanitizers.</summary>
public sealed class CDeviceTests
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    [Fact]
    public async Task A_sensor_in_C_that_is_killed_and_started_again_has_every_proof_certified_and_no_sequence_twice()
    {
        var network = new TestNetwork();
        var operators = await TestOperator.StartAllAsync(network, Enumerable.Range(0, 4), Ct);
        var folder = Directory.CreateTempSubdirectory("depin-sensor-").FullName;
        try
        {
            var program = await CProgram.BuildAsync("sensor", Ct, Path.Combine(CProgram.Sdk, "example", "sensor.c"));

            // Killed while it still holds all proofs, for only one operator is where it looks for them.
            var first = await RunAsync(program, await ConfigureAsync(folder, network, operators, reachable: 1, batch: 16), network, payloads: 20, killAfter: 20);
            var protobuf = await RunAsync(program, await ConfigureAsync(folder, network, operators, reachable: 4, batch: 16), network, payloads: 15, killAfter: null);
            var json = await RunAsync(program, await ConfigureAsync(folder, network, operators, reachable: 4, batch: 1), network, payloads: 5, killAfter: null);
            Assert.Equal((20, 15, 5), (first.Count, protobuf.Count, json.Count));

            var all = first.Concat(protobuf).Concat(json).ToList();
            foreach (var id in all)
            {
                var stages = new List<string?>();
                foreach (var one in operators) stages.Add((await one.GetProgressAsync(new ProofId(Bytes32.Parse(id)), Ct))?.Stage);
                Assert.Contains("certified", stages);
            }

            foreach (var one in operators)
            {
                await using var connection = await one.Database.DataSource.OpenConnectionAsync(Ct);
                Assert.Equal(0, await connection.ExecuteScalarAsync<long>("select count(*) - count(distinct sequence) from oracle.proofs"));
            }
        }
        finally
        {
            foreach (var one in operators) await one.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> ConfigureAsync(string folder, TestNetwork network, IEnumerable<TestOperator> operators, int reachable, int batch)
    {
        var key = Path.Combine(folder, "device.key");
        if (!File.Exists(key)) network.Devices[0].Key.Save(key);
        var path = Path.Combine(folder, "device.conf");
        await File.WriteAllLinesAsync(path,
        [
            $"network {network.Facts.Id}", $"key {key}", $"state {Path.Combine(folder, "device.state")}", $"batch {batch}",
            .. operators.Select((o, i) => $"operator {o.Keys.Address} 0x{Convert.ToHexStringLower(o.Keys.Protocol.PublicKey.Bytes)} {o.Http.BaseAddress!.Host} {(i < reachable ? o.Http.BaseAddress.Port : 1)}"),
        ], Ct);
        return path;
    }

    private static async Task<List<string>> RunAsync(string program, string configuration, TestNetwork network, int payloads, int? killAfter)
    {
        var start = new ProcessStartInfo(program, [configuration, TestNetwork.ClassNumber.ToString(CultureInfo.InvariantCulture), "1", network.NowMs.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(Ct);
        for (var i = 0; i < payloads; i++) await process.StandardInput.WriteLineAsync($"3132333{i % 10}");
        await process.StandardInput.FlushAsync(Ct);
        var ids = new List<string>();
        while (ids.Count != killAfter && ids.Count < payloads && await process.StandardOutput.ReadLineAsync(Ct) is { } id) ids.Add(id);
        if (killAfter is not null) process.Kill();
        process.StandardInput.Close();
        await process.WaitForExitAsync(Ct);
        Assert.True(killAfter is not null || process.ExitCode == 0, await errors);
        return ids;
    }
}
