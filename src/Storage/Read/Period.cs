namespace DePin.Storage.Read;

/// <summary>A stretch of time; a null end does not restrict.</summary>
/// <param name="From">Begins with this moment.</param>
/// <param name="To">Ends before this moment.</param>
public readonly record struct Period(DateTimeOffset? From, DateTimeOffset? To)
{
    /// <summary>First whole second since 1970 in it.</summary>
    public long? FromSeconds => CeilingSeconds(From);

    /// <summary>First whole second since 1970 after it.</summary>
    public long? ToSeconds => CeilingSeconds(To);

    private static long? CeilingSeconds(DateTimeOffset? moment) => moment is { } at ? (at.ToUnixTimeMilliseconds() + 999) / 1000 : null;
}

/// <summary>A stretch of epochs; a null end does not restrict.</summary>
/// <param name="First">The first of them.</param>
/// <param name="End">The first one after them.</param>
public readonly record struct EpochRange(long? First, long? End);
