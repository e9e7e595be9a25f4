using DePin.Protocol.Maths;

namespace DePin.Protocol.Verification.Sensing;

/// <summary>What a series shows by itself: it sticks, it jumps, it is too smooth.</summary>
internal static class SeriesRules
{
    private const ulong MinuteMs = 60_000;

    // The interval for which jump steps are given.
    private const long StepMs = 180_000;

    // Around a jump, the half hour on both sides tells which value is wrong, if two thirds of it are there.
    private const ulong JumpWindowMs = 30 * MinuteMs;

    // Fewer pairs of steps say nothing about their direction.
    private const int AlternationPairs = 150;

    /// <summary>Flags runs of one value that last too long, from their beginning in this epoch; <paramref name="before"/> is the run that was on at its start.</summary>
    public static void Constancy(Station station, ParameterRules rules, SensingParameters parameters, SeriesRun? before)
    {
        var series = station.Series[(int)rules.Parameter];
        if (rules.ConstantMinutes == 0) return;
        var gapMs = (ulong)(parameters.GapCadences * station.CadenceSeconds) * 1000;
        for (var first = 0; first < series.Count;)
        {
            var (value, startMs) = (series[first].Value, series[first].TimeMs);
            if (first == 0 && before is { } run && run.Value == value && startMs >= run.LastMs && startMs - run.LastMs <= gapMs) startMs = run.StartMs;
            var end = first + 1;
            while (end < series.Count && series[end].Value == value && series[end].TimeMs - series[end - 1].TimeMs <= gapMs) end++;
            if (value > rules.ConstantLow && value < rules.ConstantHigh && series[end - 1].TimeMs - startMs >= (ulong)rules.ConstantMinutes * MinuteMs)
                for (var n = first; n < end; n++) series[n].Refuse(SensingReason.Stuck);
            first = end;
        }
    }

    /// <summary>The run of one value with which the epoch ends, carried into the next.</summary>
    public static SeriesRun? LastRun(Station station, ParameterRules rules, SensingParameters parameters, SeriesRun? before)
    {
        var series = station.Series[(int)rules.Parameter];
        if (series.Count == 0) return before;
        var gapMs = (ulong)(parameters.GapCadences * station.CadenceSeconds) * 1000;
        var first = series.Count - 1;
        while (first > 0 && series[first - 1].Value == series[first].Value && series[first].TimeMs - series[first - 1].TimeMs <= gapMs) first--;
        var startMs = series[first].TimeMs;
        if (first == 0 && before is { } run && run.Value == series[0].Value && startMs >= run.LastMs && startMs - run.LastMs <= gapMs) startMs = run.StartMs;
        return new SeriesRun(startMs, series[^1].TimeMs, series[^1].Value);
    }

    /// <summary>Of two neighbouring values too far apart, flags the one farther from the median around them, and whatever repeats it after.</summary>
    public static void Jumps(Station station, ParameterRules rules, SensingParameters parameters)
    {
        var series = station.Series[(int)rules.Parameter];
        if (rules.JumpStep == 0) return;
        var gapMs = (ulong)(parameters.GapCadences * station.CadenceSeconds) * 1000;
        for (var n = 1; n < series.Count; n++)
        {
            var (a, b) = (series[n - 1], series[n]);
            var apart = b.TimeMs - a.TimeMs;
            if (apart > gapMs) continue;
            if (a.Fault == SensingReason.Spike && b.Value == a.Value) { b.Refuse(SensingReason.Spike); continue; }
            var limit = Math.Min(rules.JumpCap, rules.JumpStep * Math.Max((long)apart, StepMs) / StepMs);
            if (Math.Abs((long)b.Value - a.Value) <= limit) continue;
            if (a.Fault == SensingReason.Spike) continue; // the way back from a spike is no second one
            if (MedianAround(series, n, station.CadenceSeconds) is not { } median)
            {
                a.Question(SensingReason.UnidentifiedSpike);
                b.Question(SensingReason.UnidentifiedSpike);
            }
            else if (Math.Abs(a.Value - median) > Math.Abs(b.Value - median)) a.Refuse(SensingReason.Spike);
            else b.Refuse(SensingReason.Spike);
        }
    }

    /// <summary>
    /// Questions the whole series where too few steps turn back: of the pairs of steps in a row that both move, a sensor's noise lets about two
    /// thirds change direction, a random walk half, an average or a model's output hardly any.
    /// </summary>
    public static void Smoothness(Station station, ParameterRules rules, SensingParameters parameters)
    {
        var series = station.Series[(int)rules.Parameter];
        if (rules.AlternationPpm == 0) return;
        var gapMs = (ulong)(parameters.GapCadences * station.CadenceSeconds) * 1000;
        var (pairs, turns) = (0, 0);
        for (var n = 2; n < series.Count; n++)
        {
            var (a, b, c) = (series[n - 2], series[n - 1], series[n]);
            if (c.TimeMs - b.TimeMs > gapMs || b.TimeMs - a.TimeMs > gapMs) continue;
            // End stops and the sensor's own floor have no noise to show.
            if (a.Doubt != 0 || b.Doubt != 0 || c.Doubt != 0) continue;
            if (Math.Min(Math.Min(a.Value, b.Value), c.Value) <= rules.ConstantLow) continue;
            if (a.Value == b.Value || b.Value == c.Value) continue;
            pairs++;
            if (b.Value > a.Value != c.Value > b.Value) turns++;
        }
        if (pairs < AlternationPairs || turns * 1_000_000L >= pairs * (long)rules.AlternationPpm) return;
        foreach (var sample in series) sample.Question(SensingReason.TooSmooth);
    }

    private static long? MedianAround(List<Sample> series, int couple, int cadenceSeconds)
    {
        var (low, high) = (series[couple - 1].TimeMs, series[couple].TimeMs);
        var values = new List<long>();
        for (var n = couple - 2; n >= 0 && low - series[n].TimeMs <= JumpWindowMs; n--) values.Add(series[n].Value);
        for (var n = couple + 1; n < series.Count && series[n].TimeMs - high <= JumpWindowMs; n++) values.Add(series[n].Value);
        var slots = 2 * (int)(JumpWindowMs / 1000) / cadenceSeconds;
        return values.Count * 3 >= slots * 2 && values.Count > 0 ? Statistics.Median([.. values]) : null;
    }
}

/// <summary>A run of one value at the end of an epoch.</summary>
internal readonly record struct SeriesRun(ulong StartMs, ulong LastMs, int Value);
