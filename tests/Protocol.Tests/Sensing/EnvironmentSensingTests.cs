using System.Text;
using DePin.Protocol.Geo;
using DePin.Protocol.Parameters;
using DePin.Protocol.Tests.Classes;
using DePin.Protocol.Verification;
using DePin.Protocol.Verification.Sensing;
using static DePin.Protocol.Verification.Sensing.SensedParameter;

namespace DePin.Protocol.Tests.Sensing;

public sealed class EnvironmentSensingTests
{
    private const uint Cadence = 150;
    private const int PerDay = 576;
    private const uint Weather = 1 << (int)Temperature | 1 << (int)Humidity, Dust = 1 << (int)Pm25 | 1 << (int)Pm10;

    private static readonly GeoPoint City = new(571_500_000, -21_000_000);

    private readonly ClassBench _bench = new(EnvironmentSensing.ClassId);

    [Fact]
    public void Pays_a_full_day_of_noisy_readings_in_full()
    {
        var station = Add(0, Weather);

        var result = _bench.Run(Day(station, 1, Noisy(1)));

        Assert.All(result.Verdicts, verdict => Assert.Equal(Verdict.Accept(), verdict));
        Assert.Equal((UInt128)1_000_000, result.Weights[station]);
    }

    [Fact]
    public void Pays_half_a_day_half()
    {
        var station = Add(0, Weather);

        var result = _bench.Run(Day(station, 1, Noisy(1)).Take(PerDay / 2));

        Assert.Equal((UInt128)500_000, result.Weights[station]);
    }

    [Fact]
    public void Scores_only_what_the_model_declares()
    {
        var thermometer = Add(0, 1 << (int)Temperature);
        var both = Add(1, Weather);

        // The thermometer's stuck humidity is nobody's business; the other's missing humidity costs it half.
        var result = _bench.Run([
            .. Day(thermometer, 1, n => [(Temperature, Noisy(1)(n)[0].Value), (Humidity, 50_000)]),
            .. Day(both, 1, n => [Noisy(2)(n)[0]])]);

        Assert.Equal((UInt128)1_000_000, result.Weights[thermometer]);
        Assert.Equal((UInt128)500_000, result.Weights[both]);
        var dust = Add(2, Dust);
        Assert.Equal([Verdict.Inconclusive(SensingReason.NothingDeclared)], _bench.Run(Say(dust, 2, 0, (Temperature, 1_000))).Verdicts);
    }

    [Fact]
    public void Refuses_what_is_malformed_out_of_bounds_or_out_of_order()
    {
        var station = Add(0, Weather | Dust);
        var good = Say(station, 1, 0, (Temperature, 5_000));

        var result = _bench.Run(
            good with { Payload = good.Payload[..13] }, Say(station, 1, 1, (Temperature, 80_001)), Say(station, 1, 2, (Humidity, -1)),
            Say(station, 1, 3, (Pm25, 9_000), (Pm10, 8_999)), Say(station, 1, 4, (Temperature, 5_000)) with { TimeMs = ClassBench.Start(1) + 4_000_000 },
            Say(station, 1, 5, (Temperature, 5_000)));

        Assert.Equal(
            [(ushort)RejectReason.BadPayloadLength, SensingReason.OutOfBounds, SensingReason.OutOfBounds, SensingReason.ParticleOrder, SensingReason.MeasuredAtMismatch, 0],
            result.Verdicts.Select(verdict => verdict.Reason));
    }

    [Fact]
    public void Takes_a_saturated_humidity_sensor_as_inconclusive_and_still_pays_its_temperature()
    {
        var station = Add(0, Weather);
        var hygrometer = Add(1, 1 << (int)Humidity);

        var result = _bench.Run([
            .. Day(station, 1, n => [Noisy(1)(n)[0], (Humidity, 99_900)]),
            Say(hygrometer, 1, 0, (Humidity, 100_000))]);

        Assert.Equal(Verdict.Inconclusive(SensingReason.Saturated), result.Verdicts[^1]);
        Assert.All(result.Verdicts.SkipLast(1), verdict => Assert.Equal(Verdict.Accept(500_000), verdict));
        Assert.Equal((UInt128)500_000, result.Weights[station]);
    }

    [Fact]
    public void Refuses_a_value_frozen_for_three_hours_and_only_that()
    {
        var station = Add(0, Weather);
        // 72 slots of 150 s.
        var said = Day(station, 1, n => Noisy(1)(n is >= 200 and < 272 ? 200 : n)).ToList();

        var result = _bench.Run(said);

        Assert.Equal(Enumerable.Range(200, 72), Enumerable.Range(0, PerDay).Where(n => result.Verdicts[n] == Verdict.Reject(SensingReason.Stuck)));
        Assert.Equal(72, result.Verdicts.Count(verdict => verdict.Judgement == Judgement.Reject));
    }

    [Fact]
    public void Remembers_over_midnight_since_when_a_value_is_frozen()
    {
        var station = Add(0, Weather);
        _bench.Run(Day(station, 1, n => Noisy(1)(Math.Min(n, 520)))); // the last 140 minutes: not yet too long

        var result = _bench.Run(Day(station, 2, n => n < 20 ? Noisy(1)(520) : Noisy(2)(n)));

        Assert.Equal(20, result.Verdicts.Count(verdict => verdict == Verdict.Reject(SensingReason.Stuck)));
    }

    [Fact]
    public void Refuses_a_spike_and_keeps_the_values_around_it()
    {
        var station = Add(0, Weather);

        var result = _bench.Run(Day(station, 1, n => n == 300 ? [(Temperature, 25_000), Noisy(1)(n)[1]] : Noisy(1)(n)));

        Assert.Equal([300], Enumerable.Range(0, PerDay).Where(n => result.Verdicts[n] == Verdict.Reject(SensingReason.Spike)));
        Assert.Equal(PerDay - 1, result.Verdicts.Count(verdict => verdict.Judgement == Judgement.Accept));
    }

    [Fact]
    public void Cannot_tell_which_of_two_lonely_values_is_the_spike()
    {
        var station = Add(0, 1 << (int)Temperature);

        var result = _bench.Run(Say(station, 1, 0, (Temperature, 5_000)), Say(station, 1, 1, (Temperature, 25_000)));

        Assert.Equal([Verdict.Inconclusive(SensingReason.UnidentifiedSpike), Verdict.Inconclusive(SensingReason.UnidentifiedSpike)], result.Verdicts);
    }

    [Fact]
    public void Doubts_a_series_without_noise()
    {
        var station = Add(0, Dust);

        var result = _bench.Run(Day(station, 1, static n => [(Pm25, 6_000 + n * 10), (Pm10, 12_000 + n * 10)]));

        Assert.All(result.Verdicts, verdict => Assert.Equal(Verdict.Inconclusive(SensingReason.TooSmooth), verdict));
    }

    [Fact]
    public void Doubts_the_younger_of_two_stations_with_one_series()
    {
        var old = Add(0, Weather, registeredAt: 5);
        var young = Add(1, Weather, registeredAt: 9);

        var result = _bench.Run([.. Day(old, 1, Noisy(1)), .. Day(young, 1, Noisy(1))]);

        Assert.All(result.Verdicts.Take(PerDay), verdict => Assert.Equal(Verdict.Accept(), verdict));
        Assert.All(result.Verdicts.Skip(PerDay), verdict => Assert.Equal(Verdict.Inconclusive(SensingReason.CopiesNeighbour), verdict));
    }

    [Fact]
    public void Doubts_a_copy_of_a_neighbours_noise_with_a_little_of_its_own()
    {
        var old = Add(0, 1 << (int)Humidity, registeredAt: 5);
        var young = Add(1, 1 << (int)Humidity, registeredAt: 9);
        var other = Add(2, 1 << (int)Humidity, registeredAt: 9);

        var result = _bench.Run([
            .. Day(old, 1, n => [Noisy(1)(n)[1]]), .. Day(young, 1, n => [(Humidity, Noisy(1)(n)[1].Value + Noisy(3)(n)[1].Value % 100)]), .. Day(other, 1, n => [Noisy(2)(n)[1]])]);

        Assert.All(result.Verdicts.Take(PerDay), verdict => Assert.Equal(Verdict.Accept(), verdict));
        Assert.All(result.Verdicts.Skip(PerDay).Take(PerDay), verdict => Assert.Equal(Verdict.Inconclusive(SensingReason.CopiesNeighbour), verdict));
        Assert.All(result.Verdicts.Skip(2 * PerDay), verdict => Assert.Equal(Verdict.Accept(), verdict));
    }

    [Fact]
    public void Rejects_a_series_sent_again_on_another_day_whoever_sends_it()
    {
        var (first, second) = (Add(0, Weather), Add(1, Weather));
        _bench.Run(Day(first, 1, Noisy(1)));
        _bench.Run(Day(first, 2, Noisy(2)));

        // Day after day: the memory of three epochs must not wear off.
        for (ulong epoch = 3; epoch < 8; epoch++)
        {
            var result = _bench.Run([.. Day(first, epoch, Noisy(1)), .. Day(second, epoch, Noisy(2))]);

            Assert.All(result.Verdicts, verdict => Assert.Equal(Verdict.Reject(SensingReason.ReplayedSeries), verdict));
        }
    }

    [Fact]
    public void Doubts_an_hour_that_no_neighbour_confirms()
    {
        var stations = Enumerable.Range(0, 5).Select(n => Add(n, 1 << (int)Temperature)).ToArray();
        var said = stations.SelectMany((station, n) => Day(station, 1, slot => [(Temperature, Noisy(n + 1)(slot)[0].Value + (n == 4 && slot is >= 240 and < 264 ? 7_000 : 0))])).ToList();

        var result = _bench.Run(said);

        var doubted = Enumerable.Range(0, said.Count).Where(n => result.Verdicts[n] == Verdict.Inconclusive(SensingReason.NeighbourDisagreement));
        Assert.Equal(Enumerable.Range(4 * PerDay + 240, 24), doubted);
        // With fewer than three neighbours nobody is compared.
        var lonely = new ClassBench(EnvironmentSensing.ClassId);
        int Lone(int n) => lonely.Add(North(n), 1 << (int)Temperature, Cadence);
        var few = Enumerable.Range(0, 3).Select(Lone).ToArray();
        Assert.All(lonely.Run(few.SelectMany((station, n) => Day(station, 1, slot => [(Temperature, Noisy(n + 1)(slot)[0].Value + n * 20_000)]))).Verdicts, verdict => Assert.Equal(Judgement.Accept, verdict.Judgement));
    }

    [Fact]
    public void Counts_no_droplets_for_dust()
    {
        var dust = Add(0, Dust);
        var hygrometer = Add(0, 1 << (int)Humidity);

        var result = _bench.Run([
            .. Day(dust, 1, NoisyDust(1)), .. Day(hygrometer, 1, n => [(Humidity, (n < 288 ? 93_000 : 60_000) + Noisy(2)(n)[1].Value % 1_000)])]);

        Assert.Equal(288, result.Verdicts.Take(PerDay).Count(verdict => verdict == Verdict.Inconclusive(SensingReason.HumidAir)));
        Assert.Equal((UInt128)500_000, result.Weights[dust]);
    }

    [Fact]
    public void Devices_of_one_cell_share_what_one_would_earn()
    {
        var stations = new[] { Add(0, Weather), Add(0, Weather) };

        var result = _bench.Run(stations.SelectMany((station, n) => Day(station, 1, Noisy(n + 1))));

        Assert.All(stations, station => Assert.Equal((UInt128)500_000, result.Weights[station]));
    }

    [Fact]
    public void Neither_order_nor_company_of_the_proofs_matters()
    {
        var other = new ClassBench(EnvironmentSensing.ClassId);
        foreach (var bench in new[] { _bench, other })
            for (var n = 0; n < 4; n++) bench.Add(North(n), Weather, Cadence);
        var said = Enumerable.Range(0, 4).SelectMany(n => Day(n, 1, slot => Noisy(n + 1)(slot is >= 200 and < 280 ? 200 : slot))).ToList();
        // One sequence of statements per device; devices interleaved in two ways.
        var interleaved = Enumerable.Range(0, PerDay).SelectMany(slot => Enumerable.Range(0, 4).Select(n => said[n * PerDay + slot])).ToList();

        var (straight, mixed) = (_bench.Run(said), other.Run(interleaved));

        Assert.Equal(straight.Weights, mixed.Weights);
        Assert.Equal(
            said.Select((one, n) => (one.Device, one.TimeMs, straight.Verdicts[n])).Order(Comparer<(int, ulong, Verdict)>.Create(static (a, b) => (a.Item1, a.Item2).CompareTo((b.Item1, b.Item2)))),
            interleaved.Select((one, n) => (one.Device, one.TimeMs, mixed.Verdicts[n])).Order(Comparer<(int, ulong, Verdict)>.Create(static (a, b) => (a.Item1, a.Item2).CompareTo((b.Item1, b.Item2)))));
    }

    [Fact]
    public void A_payload_reads_back_as_it_was_written_and_nothing_else_does()
    {
        var reading = new Reading(123_456_789, [(Pressure, 10_132_500), (Temperature, -5_000)]);
        var bytes = reading.ToBytes();

        Assert.Equal(18, bytes.Length);
        Assert.True(Reading.TryParse(bytes, out var parsed));
        Assert.Equal((-5_000, 10_132_500, 123_456_789UL), (parsed[Temperature], parsed[Pressure], parsed.MeasuredAtMs));
        Assert.False(parsed.Has(Humidity));
        Assert.Equal(bytes, parsed.ToBytes());
        Assert.False(Reading.TryParse(bytes.AsSpan()[..^1], out _));
        bytes[0] = 1; // an unknown bit
        Assert.False(Reading.TryParse(bytes, out _));
        Assert.Throws<ArgumentException>(() => new Reading(1, []));
    }

    [Theory]
    [InlineData("""{ "gapCadences": 0 }""")]
    [InlineData("""{ "parameters": { "temprature": {} } }""")]
    [InlineData("""{ "parameters": { "humidity": { "low": 10, "high": 5 } } }""")]
    public void Refuses_parameters_that_are_unknown_or_out_of_bounds(string json) =>
        Assert.Throws<ParameterException>(() => SensingParameters.Parse(ParameterObject.Parse(Encoding.UTF8.GetBytes(json))));

    [Fact]
    public void Reads_changed_rules_and_keeps_the_rest()
    {
        var parameters = SensingParameters.Parse(ParameterObject.Parse("""{ "parameters": { "humidity": { "high": 99000 } }, "neighbourMinimum": 5 }"""u8.ToArray()));

        Assert.Equal(99_000, parameters.Rules[(int)Humidity].High);
        Assert.Equal(ParameterRules.Defaults[(int)Pm10], parameters.Rules[(int)Pm10]);
        Assert.Equal(5, parameters.NeighbourMinimum);
    }

    private static GeoPoint North(int km) => City with { LatitudeE7 = City.LatitudeE7 + km * 89_932 };

    private int Add(int km, uint capabilities, ulong registeredAt = 1) => _bench.Add(North(km), capabilities, Cadence, registeredAt);

    private static Said Say(int device, ulong epoch, int slot, params (SensedParameter Parameter, int Value)[] values)
    {
        var time = ClassBench.Start(epoch) + (ulong)slot * Cadence * 1000;
        return new Said(device, time, new Reading(time, values).ToBytes());
    }

    private static IEnumerable<Said> Day(int device, ulong epoch, Func<int, (SensedParameter, int)[]> values) =>
        Enumerable.Range(0, PerDay).Select(slot => Say(device, epoch, slot, values(slot)));

    // Random's first draws of neighbouring seeds are related, which a correlation rule notices: mix the seed well.
    private static Random Draw(int seed, int slot) =>
        new(System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(Cryptography.Sha256.Hash(BitConverter.GetBytes(seed), BitConverter.GetBytes(slot)).AsSpan()));

    // Seeded by slot, so that the same (seed, slot) always gives the same reading.
    private static Func<int, (SensedParameter Parameter, int Value)[]> Noisy(int seed) => slot =>
    {
        var random = Draw(seed, slot);
        return [(Temperature, 5_000 + random.Next(-5, 6) * 100), (Humidity, 70_000 + random.Next(-20, 21) * 100)];
    };

    private static Func<int, (SensedParameter Parameter, int Value)[]> NoisyDust(int seed) => slot =>
    {
        var random = Draw(seed, slot);
        var fine = 6_000 + random.Next(-200, 201) * 10;
        return [(Pm25, fine), (Pm10, 2 * fine + random.Next(300))];
    };
}
