using DePin.DataSets;

namespace DePin.Replayer;

/// <summary>A row on the network's clock.</summary>
/// <param name="Source">Index of its data set.</param>
/// <param name="Device">Index of the device within it.</param>
/// <param name="TimeMs">Network time.</param>
/// <param name="Payload">The class's canonical layout.</param>
public readonly record struct TimelineRow(int Source, int Device, long TimeMs, byte[] Payload);

/// <summary>
/// The data sets shifted by whole days to the network's start and merged by time. A set that ends begins again the day after its last,
/// so that a network never runs dry; the shift of a lap is again whole days.
/// </summary>
public sealed class Timeline(IReadOnlyList<DataSet> sources, long genesisMs)
{
    /// <summary>Days by which a set's first lap is shifted, in seconds.</summary>
    public long ShiftSeconds(int source) => (genesisMs - sources[source].FirstDayMs) / 1000;

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
        var lap = Math.Max(0, (fromMs - genesisMs) / span);
        while (true)
        {
            var shift = genesisMs - data.FirstDayMs + (lap * span);
            foreach (var row in data.Rows)
            {
                if (row.TimeMs + shift >= fromMs) yield return new TimelineRow(source, row.Device, row.TimeMs + shift, row.Payload(shift));
            }

            lap++;
        }
    }
}
