using System.Globalization;

namespace DePin.Bench;

/// <summary>Processor time of this process and of PostgreSQL with all its backends, from /proc: unlike wall time it does not count what others do on a shared machine.</summary>
internal readonly record struct ProcessorTime(double Own, double Database)
{
    private const double TicksPerSecond = 100; // USER_HZ, the same on every Linux

    /// <summary>So far. <paramref name="server"/> is the cluster's folder, whose first process wrote data/postmaster.pid.</summary>
    public static ProcessorTime Now(string server)
    {
        var postmaster = int.Parse(File.ReadLines(Path.Combine(server, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        var database = 0.0;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)) continue;
            // Of the first process also what its ended children used.
            if (Read(id) is { } process && (id == postmaster || process.Parent == postmaster)) database += process.Used + (id == postmaster ? process.Children : 0);
        }

        return new ProcessorTime(Environment.CpuUsage.TotalTime.TotalSeconds, database);
    }

    /// <summary>What was used since an earlier reading.</summary>
    public ProcessorTime Since(ProcessorTime start) => new(Own - start.Own, Database - start.Database);

    private static (int Parent, double Used, double Children)? Read(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' '); // from the state on
            double Time(int at) => long.Parse(fields[at], CultureInfo.InvariantCulture) / TicksPerSecond;
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), Time(11) + Time(12), Time(13) + Time(14));
        }
        catch (IOException)
        {
            return null; // it ended meanwhile
        }
    }
}
