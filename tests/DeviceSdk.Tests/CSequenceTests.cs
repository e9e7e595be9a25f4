using System.Globalization;

namespace DePin.DeviceSdk.Tests;

/// <summary>A sequence is never used twice, whenever power fails; that is what the C library's reservation and its records in two places are for.</summary>
public sealed class CSequenceTests
{
    private const long Most = long.MaxValue;

    [Fact]
    public async Task Sequences_start_at_one_and_rise_and_a_restart_leaves_a_gap()
    {
        await using var c = await CLibrary.StartAsync();
        Assert.Equal("0 1 2 3 4 5 end 0", await c.AskAsync("spend", 1, 4, 5, 10_000));
        Assert.Equal("0 9 10 end 0", await c.AskAsync("spend", 0, 4, 2, 10_000)); // 6 to 8 were reserved
    }

    [Fact]
    public async Task Power_that_fails_at_any_byte_of_any_write_makes_no_sequence_come_twice()
    {
        await using var c = await CLibrary.StartAsync();
        for (var block = 1; block <= 3; block++)
        {
            // A write is 32 bytes with its erasure: three writes are cut at every byte, each followed by two more lives, the first cut as well.
            for (var cut = 0; cut <= 96; cut++)
            {
                for (var second = 0; second <= 33; second += 3)
                {
                    var used = new HashSet<long>();
                    foreach (var (fresh, power) in new[] { (1, cut), (0, second), (0, 10_000) })
                    {
                        var (opened, sequences) = Read(await c.AskAsync("spend", fresh, block, 7, power));
                        Assert.Equal(0, opened);
                        foreach (var sequence in sequences) Assert.True(used.Add(sequence), $"Block {block}, power lost after {cut} and {second} bytes: {sequence} came twice.");
                        if (power == 10_000) Assert.Equal(7, sequences.Count);
                    }
                }
            }
        }
    }

    [Fact]
    public async Task What_cannot_be_read_stops_the_device_instead_of_starting_again_at_one()
    {
        await using var c = await CLibrary.StartAsync();
        var (blank, zero, torn) = (new string('f', 32), new string('0', 32), "00000000000000050000000000000000");
        var (five, nine) = (await c.AskAsync("record", 5), await c.AskAsync("record", 9));
        Assert.Equal("error 5", await c.AskAsync("places", torn, torn));
        Assert.Equal("0 0", await c.AskAsync("places", blank, blank));
        Assert.Equal("0 0", await c.AskAsync("places", zero, zero));
        Assert.Equal("0 0", await c.AskAsync("places", torn, blank)); // the very first write was cut off
        Assert.Equal("9 0", await c.AskAsync("places", five, nine));
        Assert.Equal("9 1", await c.AskAsync("places", nine, five));
        Assert.Equal("5 1", await c.AskAsync("places", five, torn));
        Assert.Equal("5 0", await c.AskAsync("places", torn, five));
        for (var bit = 0; bit < 128; bit++)
        {
            var flipped = Convert.FromHexString(nine);
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal("5 0", await c.AskAsync("places", flipped, five));
        }
    }

    [Fact]
    public async Task The_last_sequence_that_operators_take_is_the_last_that_is_used()
    {
        await using var c = await CLibrary.StartAsync();
        await c.AskAsync("stored", Most - 2);
        await c.AskAsync("open", new byte[32], new byte[32], 8, 1_000, 1, new byte[20], new byte[32]);
        Assert.Equal(64, (await ProveAsync()).Length);
        Assert.Equal(64, (await ProveAsync()).Length);
        Assert.Equal("error 6", await ProveAsync());

        Task<string> ProveAsync() => c.AskAsync("prove", 1, 1, 1, "-");
    }

    private static (int Opened, List<long> Sequences) Read(string answer)
    {
        var words = answer.Split(' ');
        return (int.Parse(words[0], CultureInfo.InvariantCulture), [.. words[1..^2].Select(w => long.Parse(w, CultureInfo.InvariantCulture))]);
    }
}
