namespace DePin.TestKit;

/// <summary>Waits for a condition instead of a time.</summary>
public static class Eventually
{
    /// <summary>
    /// Polls until <paramref name="condition"/> holds; fails with <paramref name="what"/> and what <paramref name="tell"/> knows of the reasons after
    /// <paramref name="patience"/> (two minutes by default).
    /// </summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, CancellationToken ct, TimeSpan? patience = null, Func<Task<string>>? tell = null)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition().ConfigureAwait(false))
        {
            if (TimeProvider.System.GetElapsedTime(start) > (patience ?? TimeSpan.FromMinutes(2)))
                throw new TimeoutException($"Still not true: {what}{(tell is null ? "" : Environment.NewLine + await tell().ConfigureAwait(false))}");
            await Task.Delay(50, ct).ConfigureAwait(false);
        }
    }
}
