using DePin.DataSets;

namespace DePin.Replayer;

/// <summary>A row on the network's clock.</summary>
/// <param name="Source">Index of its data set.</param>
/// <param name="Device">Index of the device within it.</param>
/// <param name="TimeMs">Network time.</param>
/// <param name="Payload">The class's canonical layout.</param>
public readonly record struct TimelineRow(int Source, int Device, long TimeMs, byte[] Payload);

/// <summary>
/// The data sets, each shifted by whole days, merged by time. A set that ends begins again the day after its last, so that a network never
/// runs dry; the shift of a lap is again whole days.
/// </summary>
/// <param name="sources">The sets.</param>
/// <param name="shiftSeconds">For each, by how much its first lap is shifted.</param>
public sealed class Timeline(IReadOnlyList<DataSet> sources, IReadOnlyList<long> shiftSeconds)
{
    /// <summary>All rows from <paramref name="fromMs"/> on, ascending by time, without end.</summary>
    public IEnumerable<TimelineRow> From(long fromMs)
    {
        var queue = new PriorityQueue<IEnumerator<TimelineRow>, (long Time, int Source)>();
        for (var i = 0; i < sources.Count; i++)
        {
            var rows = Laps(i, fromMs).GetEnumerator();
            if (rows.MoveNext()) queue.Enqueue(rows, (rows.Current.TimeMs, i));
        }

        while (queue.TryDequeue(out var rows, out var key))
        {
            yield return rows.Current;
            if (rows.MoveNext()) queue.Enqueue(rows, (rows.Current.TimeMs, key.Source));
        }
    }

    private IEnumerable<TimelineRow> Laps(int source, long fromMs)
    {
        var data = sources[source];
        if (data.Rows.Count == 0) yield break;
        var span = data.Days * DataSet.DayMs;
        var first = shiftSeconds[source] * 1000;
        var lap = Math.Max(0, (fromMs - data.FirstDayMs - first) / span);
        while (true)
        {
            var shift = first + (lap * span);
            foreach (var row in data.Rows)
            {
                if (row.TimeMs + shift >= fromMs) yield return new TimelineRow(source, row.Device, row.TimeMs + shift, row.Payload(shift));
            }

            lap++;
        }
    }
}
