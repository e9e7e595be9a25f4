namespace DePin.Protocol.Maths;

/// <summary>Robust centre and spread of integer samples, for rules that must not be moved by one liar.</summary>
public static class Statistics
{
    /// <summary>
    /// The median; of an even number of samples the mean of the two middle ones, rounded down. Order of the samples does not matter.
    /// </summary>
    /// <exception cref="ArgumentException">There are no samples.</exception>
    public static long Median(ReadOnlySpan<long> samples)
    {
        if (samples.IsEmpty) throw new ArgumentException("A median needs at least one sample.", nameof(samples));
        var sorted = samples.ToArray();
        Array.Sort(sorted);
        var middle = sorted.Length / 2;
        if (sorted.Length % 2 == 1) return sorted[middle];
        return (long)(((Int128)sorted[middle - 1] + sorted[middle]) >> 1);
    }

    /// <summary>The median absolute deviation from <paramref name="centre"/>: the median of |sample − centre|.</summary>
    public static long MedianAbsoluteDeviation(ReadOnlySpan<long> samples, long centre)
    {
        var distances = new long[samples.Length];
        for (var n = 0; n < samples.Length; n++) distances[n] = checked(Math.Abs(samples[n] - centre));
        return Median(distances);
    }
}
