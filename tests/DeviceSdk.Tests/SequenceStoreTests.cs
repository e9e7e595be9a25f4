using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace DePin.DeviceSdk.Tests;

/// <summary>No sequence twice: not after a kill, not after a write that power cut off, not from a damaged file.</summary>
public sealed class SequenceStoreTests : IDisposable
{
    private static readonly bool Deep = Environment.GetEnvironmentVariable("DEPIN_DEEP") == "1";
    private readonly string folder = Directory.CreateTempSubdirectory("depin-sequences-").FullName;

    private string Store => Path.Combine(folder, "sequences");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Sequences_start_at_one_and_a_restart_goes_on_above_what_was_reserved()
    {
        using (var store = SequenceStore.Open(Store, block: 4)) Assert.Equal([1UL, 2UL, 3UL, 4UL, 5UL], Take(store, 5));
        using (var store = SequenceStore.Open(Store, block: 4)) Assert.Equal([9UL, 10UL], Take(store, 2));
    }

    [Fact]
    public void A_second_process_is_kept_out()
    {
        using var store = SequenceStore.Open(Store);
        Assert.Throws<IOException>(() => SequenceStore.Open(Store));
    }

    [Fact]
    public void Threads_share_a_store_without_a_sequence_twice()
    {
        using var store = SequenceStore.Open(Store, block: 5);
        var all = Enumerable.Range(0, 4).AsParallel().WithDegreeOfParallelism(4).SelectMany(_ => Take(store, 100)).ToList();
        Assert.Equal(Enumerable.Range(1, 400).Select(i => (ulong)i), all.Order());
    }

    [Fact]
    public void A_write_that_was_cut_off_at_any_byte_makes_no_sequence_come_twice()
    {
        for (var writes = 1; writes <= 4; writes++)
        {
            for (var cut = 0; cut < 16; cut++)
            {
                File.Delete(Store);
                ulong used;
                using (var store = SequenceStore.Open(Store, block: 2)) used = Take(store, 2 * writes)[^1];
                // The next reservation begins and power goes: its place has the new record's first bytes and then the erased or the old ones.
                foreach (var rest in new byte?[] { 0x00, 0xff, null })
                {
                    var file = File.ReadAllBytes(Store);
                    var damaged = (byte[])file.Clone();
                    Array.Resize(ref damaged, 4_096 + 16);
                    var place = damaged.AsSpan(writes % 2 == 0 ? 0 : 4_096, 16);
                    if (rest is { } filler) place[cut..].Fill(filler);
                    SequenceStore.Record(used + 2).AsSpan(0, cut).CopyTo(place);
                    File.WriteAllBytes(Store, damaged);
                    using (var store = SequenceStore.Open(Store, block: 2)) Assert.True(store.Next() > used, $"{writes} writes, cut after {cut} bytes.");
                    File.WriteAllBytes(Store, file);
                }
            }
        }
    }

    [Fact]
    public void A_file_of_which_nothing_can_be_read_stops_the_device()
    {
        File.WriteAllBytes(Store, RandomNumberGenerator.GetBytes(4_112));
        var problem = Assert.Throws<InvalidDataException>(() => SequenceStore.Open(Store));
        Assert.Contains("new key", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_sequence_is_the_last()
    {
        File.WriteAllBytes(Store, SequenceStore.Record(SequenceStore.Last - 2));
        using var store = SequenceStore.Open(Store, block: 64);
        Assert.Equal([SequenceStore.Last - 1, SequenceStore.Last], Take(store, 2));
        Assert.Throws<InvalidOperationException>(() => store.Next());
    }

    [Fact]
    public async Task The_records_are_those_of_the_C_library()
    {
        await using var c = await CLibrary.StartAsync();
        foreach (var number in new ulong[] { 0, 1, 64, SequenceStore.Last })
            Assert.Equal(CLibrary.Hex(SequenceStore.Record(number)), await c.AskAsync("record", number));
    }

    [Fact]
    public async Task A_process_that_is_killed_again_and_again_takes_no_sequence_twice()
    {
        var highest = 0UL;
        var random = new Random(1);
        for (var kill = 0; kill < (Deep ? 300 : 8); kill++)
        {
            using var process = Start("spend", Store);
            var errors = process.StandardError.ReadToEndAsync();
            for (var left = random.Next(1, 200); left > 0; left--)
            {
                var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException(await errors);
                var taken = ulong.Parse(line, CultureInfo.InvariantCulture);
                Assert.True(taken > highest, $"{taken} came after {highest}.");
                highest = taken;
            }

            process.Kill();
            // What it had taken and printed before the kill counts, too.
            while (await process.StandardOutput.ReadLineAsync() is { } line)
            {
                if (ulong.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var taken) && taken > highest) highest = taken;
            }

            await process.WaitForExitAsync();
        }
    }

    internal static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static List<ulong> Take(SequenceStore store, int count) => [.. Enumerable.Range(0, count).Select(_ => store.Next())];
}
