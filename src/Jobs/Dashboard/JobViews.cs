using DePin.Storage.Jobs;

namespace DePin.Jobs.Dashboard;

/// <summary>A job of the timetable. Times are UTC; null: there is none.</summary>
/// <param name="EverySeconds">Seconds between two firings; null for a job without a schedule.</param>
/// <param name="State">waiting, running, paused, error (Quartz cannot make the job), or idle (no schedule).</param>
/// <param name="Attempt">Automatic retry that the next firing is; 0: a regular one.</param>
/// <param name="LastRun">The newest run that ended.</param>
public sealed record JobView(string Name, string? Description, long? EverySeconds, string State, DateTimeOffset? NextAt, DateTimeOffset? PreviousAt, int Attempt, PauseView? Paused, RunRow? LastRun);

/// <summary>Who paused a job, and when.</summary>
public sealed record PauseView(string? By, DateTimeOffset At);

/// <summary>What went wrong in the last <paramref name="Hours"/> hours, as far as it is kept.</summary>
public sealed record TroubleView(int Hours, long Failed, long Lost, int Misfires);

/// <summary>The state of the scheduler as this host sees it.</summary>
/// <param name="Node">The host that answers.</param>
public sealed record JobsView(DateTimeOffset Now, string Node, int Running, TroubleView Trouble, IReadOnlyList<JobView> Jobs);

/// <summary>A host of the cluster.</summary>
/// <param name="State">alive, overdue, or failed: others take over what it ran.</param>
/// <param name="Here">Whether it is the host that answers.</param>
public sealed record NodeView(string Node, string State, DateTimeOffset? LastCheckIn, double? CheckInSeconds, bool Here);

/// <summary>A job that runs now.</summary>
public sealed record RunningView(string FireInstance, string? Job, string Trigger, string Node, DateTimeOffset StartedAt, DateTimeOffset? ScheduledAt);

/// <summary>A firing to come.</summary>
public sealed record ScheduledView(string Job, string Trigger, string State, DateTimeOffset? NextAt, DateTimeOffset? PreviousAt, int Attempt, PauseView? Paused);

/// <summary>A firing that did not happen in time.</summary>
/// <param name="Reason">missed, overlap (the one before still ran), or vetoed.</param>
public sealed record MisfireView(string? Job, string Trigger, string Node, DateTimeOffset NoticedAt, DateTimeOffset? ScheduledAt, string Reason);

/// <summary>One page of a list; <paramref name="Next"/> is the cursor of the following one, null on the last.</summary>
public sealed record JobsPage<T>(IReadOnlyList<T> Items, string? Next);
