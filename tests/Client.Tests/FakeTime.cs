namespace DePin.Client.Tests;

/// <summary>Time that stands still until a test moves it.</summary>
public sealed class FakeTime : TimeProvider
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Lock _gate = new();
    private readonly List<Pending> _pending = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate) return _now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Pending(this, callback, state, dueTime);

    /// <summary>Waits (in real time) until something waits for a time of less than <paramref name="below"/>, and says how long that is.</summary>
    public async Task<TimeSpan> WaitsAsync(TimeSpan below)
    {
        var start = System.GetTimestamp();
        while (System.GetElapsedTime(start) < Patience)
        {
            lock (_gate)
            {
                foreach (var one in _pending)
                {
                    if (one.Due - _now < below) return one.Due - _now;
                }
            }

            await Task.Delay(5);
        }

        throw new TimeoutException($"Nothing waits for less than {below}.");
    }

    /// <summary>Moves on; what is due runs, in order.</summary>
    public void Advance(TimeSpan by)
    {
        lock (_gate) _now += by;
        while (true)
        {
            Pending? due;
            lock (_gate)
            {
                due = _pending.Where(p => p.Due <= _now).MinBy(p => p.Due);
                if (due is null) return;
                _pending.Remove(due);
            }

            due.Run();
        }
    }

    private sealed class Pending : ITimer
    {
        private readonly FakeTime _time;
        private readonly TimerCallback _callback;
        private readonly object? _state;

        public Pending(FakeTime time, TimerCallback callback, object? state, TimeSpan due)
        {
            (_time, _callback, _state) = (time, callback, state);
            Change(due, Timeout.InfiniteTimeSpan);
        }

        public DateTimeOffset Due { get; private set; }

        public void Run() => _callback(_state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_time._gate)
            {
                _time._pending.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                Due = _time._now + dueTime;
                _time._pending.Add(this);
            }

            return true;
        }

        public void Dispose()
        {
            lock (_time._gate) _time._pending.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
