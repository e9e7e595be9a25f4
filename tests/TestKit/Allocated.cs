namespace DePin.TestKit;

/// <summary>What code allocates on the managed heap.</summary>
public static class Allocated
{
    /// <summary>
    /// Bytes that <paramref name="work"/> allocates on this thread: the least of several runs. A collection that another thread brings about in mid-run
    /// charges this thread with the rest of its allocation block, some kilobytes that no code asked for.
    /// </summary>
    public static long By(Action work)
    {
        var least = long.MaxValue;
        for (var run = 0; run < 5; run++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
