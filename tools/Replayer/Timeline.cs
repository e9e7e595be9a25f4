using DePin.Adversaries;
using DePin.DataSets;

namespace DePin.Replayer;

/// <summary>A statement on the network's clock.</summary>
/// <param name="Source">Index of its data set.</param>
/// <param name="Statement">What is said, on the set's calendar.</param>
/// <param name="ShiftMs">From the set's calendar to the network's.</param>
public readonly record struct TimelineRow(int Source, Statement Statement, long ShiftMs)
{
    /// <summary>Network time at which it is sent.</summary>
    public long SentMs => Statement.SentMs + ShiftMs;
}

/// <summary>
/// What the devices of the data sets say, each set shifted by whole days, merged by time. A set that ends begins again the day after its
/// last, so that a network never runs dry; the shift of a lap is again whole days.
/// </summary>
/// <param name="casts">The sets with their adversaries.</param>
/// <param name="shiftSeconds">For each, by how much its first lap is shifted.</param>
public sealed class Timeline(IReadOnlyList<Cast> casts, IReadOnlyList<long> shiftSeconds)
{
    /// <summary>All that is sent from <paramref name="fromMs"/> on, ascending by time, without end.</summary>
    public IEnumerable<TimelineRow> From(long fromMs)
    {
        var queue = new PriorityQueue<IEnumerator<TimelineRow>, (long Time, int Source)>();
        for (var i = 0; i < casts.Count; i++)
        {
            var rows = Laps(i, fromMs).GetEnumerator();
            if (rows.MoveNext()) queue.Enqueue(rows, (rows.Current.SentMs, i));
        }

        while (queue.TryDequeue(out var rows, out var key))
        {
            yield return rows.Current;
            if (rows.MoveNext()) queue.Enqueue(rows, (rows.Current.SentMs, key.Source));
        }
    }

    private IEnumerable<TimelineRow> Laps(int source, long fromMs)
    {
        var set = casts[source].Set;
        if (set.Rows.Count == 0) yield break; // a limit left none of its devices anything to say
        var first = shiftSeconds[source] * 1000;
        var day = Math.Max(0, (fromMs - set.FirstDayMs - first) / DataSet.DayMs);
        while (true)
        {
            var (lap, within) = Math.DivRem(day, set.Days);
            var shift = first + (lap * set.Days * DataSet.DayMs);
            foreach (var statement in casts[source].Day((int)within))
            {
                if (statement.SentMs + shift >= fromMs) yield return new TimelineRow(source, statement, shift);
            }

            day++;
        }
    }
}
