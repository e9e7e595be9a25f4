using System.Security.Cryptography;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.TestKit;

namespace DePin.DeviceSdk.Tests;

/// <summary>A device keeps what it proved until it is certified, across kills.</summary>
public sealed class DeviceTests : IAsyncLifetime, IDisposable
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private readonly string folder = Directory.CreateTempSubdirectory("depin-device-").FullName;
    private readonly byte[] seed = RandomNumberGenerator.GetBytes(32);
    private readonly List<StubOperator> operators = [];
    private readonly HttpClient http = new();

    public async Task InitializeAsync()
    {
        for (byte i = 1; i <= 4; i++) operators.Add(await StubOperator.StartAsync(i));
    }

    public async Task DisposeAsync()
    {
        foreach (var stub in operators) await stub.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    public void Dispose() => http.Dispose();

    [Fact]
    public async Task What_it_proves_is_kept_on_disk_until_certified()
    {
        foreach (var stub in operators) stub.Certifies = false;
        await using var device = await OpenAsync();
        var id = await ProveAsync(device);
        await Eventually.HoldsAsync(() => Task.FromResult(device.Counts.Durable == 1), "f + 1 operators hold it", Ct);
        Assert.Single(Kept());
        foreach (var stub in operators) stub.Certifies = true;
        await device.DrainAsync(Ct);
        Assert.Empty(Kept());
        Assert.Equal(2, operators.Count(o => o.Held.ContainsKey(id.Value)));
    }

    [Fact]
    public async Task Proofs_of_before_a_restart_are_sent_again_and_sequences_go_on()
    {
        var ids = new List<ProofId>();
        foreach (var stub in operators) stub.Broken = true;
        await using (var device = await OpenAsync())
        {
            for (var i = 0; i < 5; i++) ids.Add(await ProveAsync(device));
        }

        foreach (var stub in operators) stub.Broken = false;
        await using (var device = await OpenAsync())
        {
            ids.Add(await ProveAsync(device));
            await device.DrainAsync(Ct);
        }

        Assert.Equal(6, ids.Distinct().Count());
        Assert.All(ids, id => Assert.True(operators.Count(o => o.Held.ContainsKey(id.Value)) >= 2));
        Assert.Empty(Kept());
    }

    [Fact]
    public async Task A_process_killed_while_it_proves_loses_nothing_that_it_promised()
    {
        var promised = new List<ProofId>();
        var random = new Random(2);
        for (var kill = 0; kill < 4; kill++)
        {
            using var process = SequenceStoreTests.Start("prove", folder, Convert.ToHexStringLower(seed));
            var errors = process.StandardError.ReadToEndAsync(Ct);
            for (var left = random.Next(1, 60); left > 0; left--)
                promised.Add(new ProofId(Bytes32.Parse(await process.StandardOutput.ReadLineAsync(Ct) ?? throw new InvalidOperationException(await errors))));
            process.Kill();
            await process.WaitForExitAsync(Ct);
        }

        await using var device = await OpenAsync();
        await device.DrainAsync(Ct);
        Assert.Equal(promised.Count, promised.Distinct().Count());
        Assert.All(promised, id => Assert.True(operators.Count(o => o.Held.ContainsKey(id.Value)) >= 2));
        Assert.Empty(Kept());
    }

    [Fact]
    public async Task A_file_that_was_cut_off_is_removed_and_the_others_are_sent()
    {
        foreach (var stub in operators) stub.Broken = true;
        ProofId whole;
        await using (var device = await OpenAsync())
        {
            whole = await ProveAsync(device);
            await ProveAsync(device);
            await ProveAsync(device);
        }

        var files = Kept();
        File.WriteAllBytes(files[1], File.ReadAllBytes(files[1])[..^7]);
        var zeroed = File.ReadAllBytes(files[2]);
        zeroed.AsSpan(^64..).Clear(); // the length came to disk, the signature did not
        File.WriteAllBytes(files[2], zeroed);
        foreach (var stub in operators) stub.Broken = false;
        await using (var device = await OpenAsync())
        {
            await device.DrainAsync(Ct);
            Assert.Equal(1, device.Counts.Accepted);
        }

        Assert.Equal(2, operators.Count(o => o.Held.ContainsKey(whole.Value)));
        Assert.Empty(Kept());
    }

    [Fact]
    public async Task Sequences_brought_back_from_a_backup_behind_a_kept_proof_are_found_out()
    {
        foreach (var stub in operators) stub.Broken = true;
        await using (var device = await OpenAsync()) await ProveAsync(device);
        File.Delete(Path.Combine(folder, "sequences"));
        var problem = await Assert.ThrowsAsync<InvalidDataException>(OpenAsync);
        Assert.Contains("backup", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_is_one_process_alone()
    {
        await using var device = await OpenAsync();
        await Assert.ThrowsAsync<IOException>(OpenAsync);
    }

    private Task<Device> OpenAsync() =>
        Device.OpenAsync(folder, PrivateKey.FromBytes(KeyType.Ed25519, seed), StubOperator.Network, http, [.. operators.Select(o => o.Endpoint)], 10_000, Ct);

    private static Task<ProofId> ProveAsync(Device device) => device.ProveAsync(new ClassId(1), 1, 1_000, new byte[100], Ct);

    private List<string> Kept() => [.. Directory.EnumerateFiles(folder, "*.proof").Order(StringComparer.Ordinal)];
}
