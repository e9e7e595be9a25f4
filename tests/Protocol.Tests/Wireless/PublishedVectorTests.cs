using System.Globalization;
using DePin.Protocol.Geo;
using DePin.Protocol.Verification.Wireless;

namespace DePin.Protocol.Tests.Wireless;

/// <summary>Values that the rules' authors published, reproduced to the last digit.</summary>
public sealed class PublishedVectorTests
{
    [Fact]
    public void Beacon_content_follows_from_both_halves_of_the_entropy()
    {
        byte[] remote = [182, 170, 63, 128, 217, 53, 95, 19, 157, 153, 134, 38, 184, 209, 255, 23, 118, 205, 163, 106, 225, 26, 16, 0, 106, 141, 81, 101, 70, 39, 107, 9];
        byte[] local = [233, 70, 25, 176];
        byte[] expected =
        [
            28, 153, 18, 65, 96, 232, 59, 146, 134, 125, 99, 12, 175, 76, 158, 210, 28, 253, 146, 59, 187, 203, 122, 146, 49, 241, 156, 148, 74, 246, 68, 17, 8, 212, 48, 6,
            152, 58, 221, 158, 186, 101, 37, 59, 135, 126, 18, 72, 244, 65, 174,
        ];

        Assert.Equal(expected, Beacon.Content(remote, 1_677_163_710, local));
        Assert.NotEqual(expected, Beacon.Content(remote, 1_677_163_711, local));
        Assert.Equal((28 + 153 * 256) % 8, Beacon.Channel(expected, 8));
    }

    [Fact]
    public void Beacons_keep_to_their_entropy_their_schedule_and_their_lags()
    {
        Assert.True(Beacon.InEntropyWindow(180_000, 0));
        Assert.False(Beacon.InEntropyWindow(180_001, 0));
        Assert.False(Beacon.InEntropyWindow(99, 100));
        Assert.True(Beacon.OnSchedule(0, null));
        Assert.False(Beacon.OnSchedule(Beacon.SlotMs - 1, 0));
        Assert.True(Beacon.OnSchedule(Beacon.SlotMs, Beacon.SlotMs - 1));
        // Beacon first: 4,000 ms. A reception first: 1,500 ms after it.
        Assert.True(Beacon.WithinLag(14_000, 10_000, 12_000));
        Assert.False(Beacon.WithinLag(14_001, 10_000, 12_000));
        Assert.True(Beacon.WithinLag(10_500, 10_000, 9_000));
        Assert.False(Beacon.WithinLag(10_501, 10_000, 9_000));
        Assert.True(Beacon.Reciprocal(Beacon.ReciprocityMs + 5, 5));
        Assert.False(Beacon.Reciprocal(Beacon.ReciprocityMs + 6, 5));
        Assert.False(Beacon.Reciprocal(0, null));
    }

    [Fact]
    public void Reward_units_are_those_of_HIP_15_for_one_to_fifteen_receivers()
    {
        int[] transmitter = [2500, 5000, 7500, 10000, 12000, 13600, 14880, 15904, 16723, 17379, 17903, 18322, 18658, 18926, 19141];
        int[] receiver = [10000, 10000, 10000, 10000, 7600, 6067, 5017, 4262, 3697, 3262, 2918, 2640, 2411, 2220, 2057];
        for (var w = 1; w <= 15; w++)
        {
            Assert.Equal(transmitter[w - 1], RewardUnits.Transmitter(w));
            Assert.Equal(receiver[w - 1], RewardUnits.Receiver(w));
        }
    }

    [Theory]
    [InlineData(5, 4_923_116)]
    [InlineData(10, 8_577_140)]
    [InlineData(15, 11_026_506)]
    [InlineData(20, 12_668_364)]
    public void Repetition_pays_as_HIP_44_sums_it(int events, int expectedPpm)
    {
        var sum = Enumerable.Range(1, events).Sum(ordinal => RewardUnits.Repetition(ordinal, 4, 80_000));

        Assert.InRange(sum, expectedPpm - events, expectedPpm + events);
        Assert.Equal(1_000_000, RewardUnits.Repetition(1_000, 4, 0));
        Assert.Equal(0, RewardUnits.Repetition(100_000, 4, 80_000));
    }

    [Fact]
    public void Density_scales_are_those_published_for_36_hotspots()
    {
        const string Published = """
            15536895×3→0.0060 15537919×3→0.0060 15538431×1→0.0060 15564031×1→0.0417 15589631×1→0.0104 15600383×1→0.0104 15601919×1→0.0104
            15606527×1→0.0104 15722239×2→0.0083 15727359×1→0.0083 15728895×1→0.0083 15739647×1→0.0083 15874303×1→0.0556 15924479×1→0.0556
            15987455×1→0.0556 16363775×1→0.1667 16590079×1→0.0556 16612607×1→0.0278 16613631×1→0.0278 16640767×1→0.0556 16876799×1→0.0139
            16885503×1→0.0139 16888063×1→0.0139 16907007×1→0.0208 16912639×1→0.0208 16955647×1→0.0417 16996607×1→0.0139 17011455×1→0.0139
            17016575×1→0.0139 17144063×1→0.0833 17264895×1→0.0833
            """;
        var hotspots = new List<H3Cell>();
        var expected = new SortedDictionary<H3Cell, int>();
        foreach (var entry in Published.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = entry.Split('×', '→');
            var cell = new H3Cell(ulong.Parse("6312109905" + parts[0], CultureInfo.InvariantCulture));
            hotspots.AddRange(Enumerable.Repeat(cell, int.Parse(parts[1], CultureInfo.InvariantCulture)));
            expected[cell] = (int)(decimal.Parse(parts[2], CultureInfo.InvariantCulture) * DensityTable.One);
        }

        Assert.Equal(36, hotspots.Count);
        Assert.Equal(expected, DensityTable.Hip104.Scales(hotspots));
        hotspots.Reverse();
        Assert.Equal(expected, DensityTable.Hip104.Scales(hotspots));
    }
}
