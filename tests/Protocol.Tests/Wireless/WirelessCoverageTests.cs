using System.Text;
using DePin.Cryptography;
using DePin.Protocol.Geo;
using DePin.Protocol.Parameters;
using DePin.Protocol.Tests.Classes;
using DePin.Protocol.Verification;
using DePin.Protocol.Verification.Wireless;

namespace DePin.Protocol.Tests.Wireless;

public sealed class WirelessCoverageTests
{
    private static readonly GeoPoint Tower = new(452_351_300, 57_617_000);

    // Asserted positions are exact here unless a test says otherwise.
    private readonly ClassBench _bench = new(WirelessCoverage.ClassId, """{ "receiverUncertaintyMetres": 0 }""");

    [Fact]
    public void Accepts_a_plausible_reception_and_pays_it()
    {
        var gateway = _bench.Add(North(5));

        var result = _bench.Run(Say(gateway, Frame(1)));

        Assert.Equal(Verdict.Accept(), result.Verdicts[0]);
        // One unit (HIP-15), full scale, first of its pair.
        Assert.Equal((UInt128)10_000 * 10_000 * 1_000_000, result.Weights[gateway]);
    }

    [Fact]
    public void Rejects_a_signal_stronger_than_free_space_allows()
    {
        var gateway = _bench.Add(North(5));
        // 16.1 dBm EIRP + 3 dBi - 105.2 dB over 5 km at 868.5 MHz = -86.1 dBm.
        var result = _bench.Run(Say(gateway, Frame(1) with { RssiDeci = -865 }), Say(gateway, Frame(2) with { RssiDeci = -855 }), Say(gateway, Frame(3) with { RssiDeci = -1150, PowerDeci = 600 }));

        Assert.Equal([(ushort)0, WirelessReason.SignalTooStrong, 0], Reasons(result));
    }

    [Fact]
    public void Gives_coarse_positions_the_benefit_of_the_doubt()
    {
        var gateway = _bench.Add(North(5));
        // 2 km nearer, the bound is 4.4 dB higher.
        var result = _bench.Run(Say(gateway, Frame(1) with { RssiDeci = -855, PositionUncertaintyMetres = 2_000 }), Say(gateway, Frame(2) with { RssiDeci = -815, PositionUncertaintyMetres = 2_000 }));

        Assert.Equal([(ushort)0, WirelessReason.SignalTooStrong], Reasons(result));
    }

    [Fact]
    public void Leaves_unknown_positions_without_judgement()
    {
        var (known, unknown) = (_bench.Add(North(5)), _bench.Add(null));

        var result = _bench.Run(Say(known, Frame(1) with { Position = null, PositionUncertaintyMetres = 0 }), Say(unknown, Frame(2)));

        Assert.All(result.Verdicts, verdict => Assert.Equal(Judgement.Inconclusive, verdict.Judgement));
        Assert.Equal([WirelessReason.UnknownTransmitterPosition, WirelessReason.UnknownReceiverPosition], Reasons(result));
        Assert.DoesNotContain(result.Weights.Values, weight => weight > 0);
    }

    [Fact]
    public void Keeps_between_the_least_and_the_greatest_distance()
    {
        var (near, far, farther) = (_bench.Add(North(0.2)), _bench.Add(North(99)), _bench.Add(North(101)));

        var result = _bench.Run(
            Say(near, Frame(1)), Say(near, Frame(2) with { PositionUncertaintyMetres = 530 }), Say(far, Frame(3)), Say(farther, Frame(4)),
            Say(farther, Frame(5) with { PositionUncertaintyMetres = 2_000 }));

        Assert.Equal([WirelessReason.TooClose, WirelessReason.TooCloseToTell, 0, WirelessReason.TooFar, 0], Reasons(result));
    }

    [Fact]
    public void Judges_the_published_pairs_of_the_distance_rules()
    {
        // LOC0 hears a transmitter at: LOC3 (7 cells: too close), LOC4 (28 cells: fine), LOC2 (Armenia: too far).
        var bench = new ClassBench(WirelessCoverage.ClassId, """{ "receiverUncertaintyMetres": 0, "regions": [ { "name": "world", "firstHz": 800000000, "lastHz": 960000000, "maxEirpDeci": 360, "cells": [] } ] }""");
        var gateway = bench.AddAt(631_615_575_095_659_519);
        Reception From(ulong cell, byte frame) => Frame(frame) with { Position = new H3Cell(cell).Centre(), PositionUncertaintyMetres = 0 };

        var result = bench.Run(
            Say(gateway, From(627_111_975_468_974_079, 1)), Say(gateway, From(627_111_975_465_463_807, 2)), Say(gateway, From(631_278_052_025_960_447, 3)));

        Assert.Equal([WirelessReason.TooClose, 0, WirelessReason.TooFar], Reasons(result));
    }

    [Fact]
    public void Refuses_what_no_receiver_measures()
    {
        var gateway = _bench.Add(North(5));

        var result = _bench.Run(
            Say(gateway, Frame(1) with { SpreadingFactor = 13 }), Say(gateway, Frame(2) with { RssiDeci = 1 }), Say(gateway, Frame(3) with { SnrDeci = -140 }),
            Say(gateway, Frame(4) with { FrequencyHz = 915_000_000 }), Say(gateway, Frame(5)) with { TimeMs = ClassBench.Start(1) + 1 },
            Say(gateway, Frame(6) with { Transmitter = _bench.IdOf(gateway).Value }));

        Assert.Equal(
            [WirelessReason.FieldOutOfRange, WirelessReason.FieldOutOfRange, WirelessReason.SignalBelowSensitivity, WirelessReason.FrequencyOutsideRegion,
                WirelessReason.ReceiveTimeMismatch, WirelessReason.SelfReception], Reasons(result));
        Assert.All(result.Verdicts, verdict => Assert.Equal(Judgement.Reject, verdict.Judgement));
    }

    [Fact]
    public void Counts_one_reception_of_a_gateway_for_each_transmission()
    {
        var gateway = _bench.Add(North(5));

        var result = _bench.Run(Say(gateway, Frame(1)), Say(gateway, Frame(1), delayMs: 5), Say(gateway, Frame(2)));

        Assert.Equal([(ushort)0, WirelessReason.DuplicateReception, 0], Reasons(result));
    }

    [Fact]
    public void Sides_with_the_majority_and_leaves_a_tie_open()
    {
        var gateways = Enumerable.Range(0, 3).Select(n => _bench.Add(North(5 + n))).ToArray();

        var majority = _bench.Run(
            Say(gateways[0], Frame(1)), Say(gateways[1], Frame(1)), Say(gateways[2], Frame(1) with { FrequencyHz = 867_900_000 }),
            Say(gateways[0], Frame(2)), Say(gateways[1], Frame(2)), Say(gateways[2], Frame(2) with { Position = North(-5) }),
            Say(gateways[0], Frame(3)), Say(gateways[1], Frame(3)), Say(gateways[2], Frame(3) with { SpreadingFactor = 9 }),
            Say(gateways[0], Frame(4)), Say(gateways[1], Frame(4)), Say(gateways[2], Frame(4), delayMs: 9_000),
            Say(gateways[0], Frame(5)), Say(gateways[1], Frame(5) with { FrequencyHz = 867_900_000 }));

        Assert.Equal(
            [0, 0, WirelessReason.FrequencyMismatch, 0, 0, WirelessReason.PositionMismatch, 0, 0, WirelessReason.DataRateMismatch, 0, 0, WirelessReason.OutsideLagWindow,
                WirelessReason.CannotCompare, WirelessReason.CannotCompare], Reasons(majority));
        Assert.Equal(Judgement.Inconclusive, majority.Verdicts[11].Judgement);
    }

    [Fact]
    public void Selects_the_first_fourteen_and_passes_over_neighbours_of_the_selected()
    {
        // Sixteen gateways 1 km apart and, third to answer, one next door to the first.
        var gateways = Enumerable.Range(0, 16).Select(n => _bench.Add(North(5 + n))).ToList();
        var neighbour = _bench.Add(North(5.1));
        var said = gateways.Select((gateway, n) => Say(gateway, Frame(1), delayMs: (ulong)(n * 10))).Append(Say(neighbour, Frame(1), delayMs: 15)).ToList();

        var result = _bench.Run(said);

        var left = Enumerable.Range(0, said.Count).Where(n => result.Verdicts[n].Reason == WirelessReason.NotSelected).ToList();
        Assert.Equal([14, 15, 16], left);
        Assert.Equal(14, result.Verdicts.Count(verdict => verdict.Judgement == Judgement.Accept));
        // Fourteen share by HIP-15.
        Assert.Equal((UInt128)RewardUnits.Receiver(14) * 1_000_000, result.Weights[gateways[0]] / (UInt128)Scale(result, gateways[0]));
    }

    [Fact]
    public void Pays_repetitions_of_one_pair_less_and_less()
    {
        var gateway = _bench.Add(North(5));

        var result = _bench.Run(Enumerable.Range(0, 10).Select(n => Say(gateway, Frame((byte)n), delayMs: (ulong)n * 60_000)));

        // HIP-44: ten events count 8.577.
        Assert.InRange(result.Weights[gateway], (UInt128)8_577_130 * 100_000_000, (UInt128)8_577_150 * 100_000_000);
    }

    [Fact]
    public void Rejects_a_transmission_sold_again_in_a_later_epoch()
    {
        var (first, second) = (_bench.Add(North(5)), _bench.Add(North(9)));
        _bench.Run(Say(first, Frame(1)));
        // Day after day: the memory of two epochs must not wear off.
        for (ulong epoch = 2; epoch < 6; epoch++)
        {
            var again = Frame(1) with { ReceivedAtMs = ClassBench.Start(epoch) + 43_200_000 };

            var result = _bench.Run(new Said(first, again.ReceivedAtMs, again.ToBytes()), new Said(second, again.ReceivedAtMs, again.ToBytes()));

            Assert.Equal([WirelessReason.ReplayedTransmission, WirelessReason.ReplayedTransmission], Reasons(result));
        }
    }

    [Fact]
    public void Takes_a_late_report_of_a_transmission_around_midnight_as_what_it_is()
    {
        var (first, second) = (_bench.Add(North(5)), _bench.Add(North(9)));
        var frame = Frame(1) with { ReceivedAtMs = ClassBench.Start(2) - 500 };
        _bench.Run(new Said(first, frame.ReceivedAtMs, frame.ToBytes()));

        var result = _bench.Run(new Said(second, ClassBench.Start(2) + 100, frame.ToBytes()));

        Assert.Equal(Judgement.Accept, result.Verdicts[0].Judgement);
    }

    [Fact]
    public void Doubts_a_receiver_whose_signal_never_changes()
    {
        var (dead, alive) = (_bench.Add(North(5)), _bench.Add(North(9)));
        var said = Enumerable.Range(0, 50).SelectMany(n => new[]
        {
            Say(dead, Frame((byte)n), delayMs: (ulong)n * 60_000),
            Say(alive, Frame((byte)n) with { RssiDeci = (short)(-1150 + n % 5 * 10) }, delayMs: (ulong)n * 60_000),
        });

        var result = _bench.Run(said);

        Assert.Equal(50, result.Verdicts.Count(verdict => verdict == Verdict.Inconclusive(WirelessReason.ConstantSignal)));
        Assert.Equal(50, result.Verdicts.Count(verdict => verdict.Judgement == Judgement.Accept));
    }

    [Fact]
    public void Demands_where_switched_on_that_receivers_are_heard_themselves()
    {
        var bench = new ClassBench(WirelessCoverage.ClassId, """{ "receiverUncertaintyMetres": 0, "reciprocity": 1 }""");
        var (heard, silent) = (bench.Add(North(5)), bench.Add(North(9)));
        // The second hears the first's beacon, but nobody hears the second.
        Said Beacon(ulong epoch) => Say(silent, Frame((byte)epoch) with { Transmitter = bench.IdOf(heard).Value, ReceivedAtMs = ClassBench.Start(epoch) + 3_600_000 });
        Said Other(int device, ulong epoch) => Say(device, Frame((byte)(100 + epoch)) with { ReceivedAtMs = ClassBench.Start(epoch) + 7_200_000 });

        Assert.Equal([WirelessReason.NoReciprocity, 0, WirelessReason.NoReciprocity], Reasons(bench.Run(Beacon(1), Other(heard, 1), Other(silent, 1))));
        // 25 hours later it still counts, 49 hours later no longer.
        Assert.Equal([(ushort)0], Reasons(bench.Run(Other(heard, 2))));
        Assert.Equal([WirelessReason.NoReciprocity], Reasons(bench.Run(Other(heard, 3))));
    }

    [Fact]
    public void Keeps_gateways_apart_by_region()
    {
        var france = H3Cell.At(Tower, 2);
        var bench = new ClassBench(WirelessCoverage.ClassId, $$"""
            { "regions": [ { "name": "here", "firstHz": 863000000, "lastHz": 870000000, "maxEirpDeci": 161, "cells": [ "{{france}}" ] },
                           { "name": "else", "firstHz": 863000000, "lastHz": 870000000, "maxEirpDeci": 161, "cells": [] } ] }
            """);
        var gateway = bench.Add(new GeoPoint(Tower.LatitudeE7 + 5_000_000, Tower.LongitudeE7));
        var abroad = Enumerable.Range(1, 400).Select(n => Tower with { LongitudeE7 = Tower.LongitudeE7 + n * 1_000_000 }).First(point => H3Cell.At(point, 2) != france);

        Assert.Equal([WirelessReason.RegionMismatch], Reasons(bench.Run(Say(gateway, Frame(1) with { Position = abroad }))));
    }

    [Fact]
    public void A_payload_reads_back_as_it_was_written_and_nothing_else_does()
    {
        var frame = Frame(7) with { PowerDeci = 140, GainDeci = -5, SnrDeci = -73 };
        var bytes = frame.ToBytes();

        Assert.Equal(98, bytes.Length);
        Assert.True(Reception.TryParse(bytes, out var parsed));
        Assert.Equal(frame, parsed);
        Assert.False(Reception.TryParse(bytes.AsSpan()[1..], out _));
        bytes[64] = 4;
        Assert.False(Reception.TryParse(bytes, out _));
        var hidden = (frame with { Position = null }).ToBytes();
        Assert.True(Reception.TryParse(hidden, out _));
        hidden[68] = 1; // a coordinate under a clear flag
        Assert.False(Reception.TryParse(hidden, out _));
    }

    [Theory]
    [InlineData("""{ "lagWindowMs": 99 }""")]
    [InlineData("""{ "lagWindow": 4000 }""")]
    [InlineData("""{ "regions": [ { "name": "x", "firstHz": 863000000, "lastHz": 870000000, "maxEirpDeci": 161, "cells": [ "zz" ] } ] }""")]
    public void Refuses_parameters_that_are_unknown_or_out_of_bounds(string json) =>
        Assert.Throws<ParameterException>(() => WirelessParameters.Parse(ParameterObject.Parse(Encoding.UTF8.GetBytes(json))));

    [Fact]
    public void Reasons_are_numbered_once()
    {
        Assert.Equal(WirelessReason.All.Length, WirelessReason.All.Select(reason => reason.Id).Distinct().Count());
        Assert.All(WirelessReason.All, reason => Assert.True(reason.Id >= RejectReasons.FirstOfClass));
    }

    private static int Scale(Heard result, int gateway) => (int)(result.Weights[gateway] / ((UInt128)RewardUnits.Receiver(14) * 1_000_000));

    private static GeoPoint North(double km) => Tower with { LatitudeE7 = Tower.LatitudeE7 + (int)(km / 111.195 * 1e7) };

    private static Reception Frame(byte number) => new()
    {
        Transmitter = Keccak256.Hash([1]),
        Transmission = Keccak256.Hash([2, number]),
        Position = Tower,
        PositionUncertaintyMetres = 0,
        FrequencyHz = 868_500_000,
        SpreadingFactor = 7,
        BandwidthKhz = 125,
        RssiDeci = -1150,
        SnrDeci = -20,
        ReceivedAtMs = ClassBench.Start(1) + 43_200_000,
        PowerDeci = null,
        GainDeci = 0,
    };

    private static Said Say(int gateway, Reception frame, ulong delayMs = 0) =>
        new(gateway, frame.ReceivedAtMs + delayMs, (frame with { ReceivedAtMs = frame.ReceivedAtMs + delayMs }).ToBytes());

    private static ushort[] Reasons(Heard result) => [.. result.Verdicts.Select(verdict => verdict.Reason)];
}
