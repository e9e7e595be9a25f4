namespace DePin.Api.Live;

/// <summary>A server-sent event.</summary>
/// <param name="Kind">Its type: <c>report</c>, <c>claim</c>, <c>device</c>, <c>evidence</c>, <c>head</c>, <c>reorg</c> or <c>reset</c>.</param>
/// <param name="Data">JSON on one line.</param>
/// <param name="Id">Of a head, what <c>Last-Event-ID</c> resumes after; null otherwise.</param>
public sealed record FeedEvent(string Kind, string Data, string? Id = null);

/// <summary>
/// The last events of a network in one ring that every listener reads at its own pace: no queue for each, so that a slow listener costs nothing and is told
/// to reload once it fell behind. Thread-safe; one writer.
/// </summary>
/// <param name="capacity">Events held.</param>
public sealed class FeedLog(int capacity)
{
    private readonly Lock _gate = new();
    private readonly FeedEvent[] _ring = new FeedEvent[capacity];
    private TaskCompletionSource _more = New();
    private long _next;
    private long _lastHead = -1;

    /// <summary>Changes with every event: answers that depend on the mirror are good for one version.</summary>
    public long Version
    {
        get
        {
            lock (_gate) return _next;
        }
    }

    /// <summary>Appends; listeners wake.</summary>
    public void Add(IReadOnlyCollection<FeedEvent> events)
    {
        if (events.Count == 0) return;
        TaskCompletionSource woken;
        lock (_gate)
        {
            foreach (var one in events)
            {
                if (one.Id is not null) _lastHead = _next;
                _ring[_next++ % capacity] = one;
            }

            (woken, _more) = (_more, New());
        }

        woken.SetResult();
    }

    /// <summary>Where a listener starts: after the head with this id, or at the newest head without one.</summary>
    /// <returns>False where that head is no longer (or never was) held; the position is the newest head's then.</returns>
    public bool TryFind(string? id, out long position)
    {
        lock (_gate)
        {
            position = Math.Max(_lastHead, Oldest);
            if (id is null) return true;
            for (var at = _next - 1; at >= Oldest; at--)
            {
                if (_ring[at % capacity].Id != id) continue;
                position = at + 1;
                return true;
            }

            return false;
        }
    }

    /// <summary>The event at a position; else when there will be one, or that it is gone.</summary>
    public FeedEvent? Read(ref long position, out Task? wait, out bool lost)
    {
        lock (_gate)
        {
            (wait, lost) = (null, position < Oldest);
            if (lost)
            {
                position = Math.Max(_lastHead, Oldest);
                return null;
            }

            if (position < _next) return _ring[position++ % capacity];
            wait = _more.Task;
            return null;
        }
    }

    private long Oldest => Math.Max(0, _next - capacity);

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
