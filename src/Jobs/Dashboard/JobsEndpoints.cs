using System.Globalization;
using DePin.SignIn;
using DePin.Storage.Jobs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Jobs.Dashboard;

/// <summary><c>/v1/jobs</c>: what the dashboard shows and what it can do. <see cref="SignInGate"/> stands before all of it.</summary>
internal static class JobsEndpoints
{
    private const int DefaultLimit = 50;
    private static readonly string[] Outcomes = ["running", "succeeded", "failed", "cancelled", "lost"];
    private static readonly string[] NotWell = ["failed", "cancelled", "lost"];

    public static void MapJobs(this IEndpointRouteBuilder app)
    {
        var jobs = app.MapGroup("/v1/jobs");
        jobs.MapGet("", async (JobReads reads, CancellationToken ct) => TypedResults.Ok(await reads.JobsAsync(ct)));
        jobs.MapGet("/nodes", async (JobReads reads, CancellationToken ct) => TypedResults.Ok(await reads.NodesAsync(ct)));
        jobs.MapGet("/running", async (JobReads reads, CancellationToken ct) => TypedResults.Ok(await reads.RunningAsync(ct)));
        jobs.MapGet("/scheduled", async (JobReads reads, CancellationToken ct) => TypedResults.Ok(await reads.ScheduledAsync(ct)));
        jobs.MapGet("/runs", RunsAsync);
        jobs.MapGet("/runs/{id:long}", RunAsync);
        jobs.MapGet("/failed", (RunStore runs, string? job, int? limit, string? cursor, CancellationToken ct) => ListAsync(runs, job, NotWell, limit, cursor, ct));
        jobs.MapGet("/misfires", MisfiresAsync);
        jobs.MapPost("/runs/{id:long}/retry", RetryAsync);
        jobs.MapPost("/pause", (JobControl control, HttpContext http, CancellationToken ct) => AllAsync(control, control.PauseAsync, http, ct));
        jobs.MapPost("/resume", (JobControl control, HttpContext http, CancellationToken ct) => AllAsync(control, control.ResumeAsync, http, ct));
        jobs.MapPost("/{name}/trigger", (JobControl control, string name, HttpContext http, CancellationToken ct) => OneAsync(control.TriggerAsync, name, http, ct));
        jobs.MapPost("/{name}/pause", (JobControl control, string name, HttpContext http, CancellationToken ct) => OneAsync(control.PauseAsync, name, http, ct));
        jobs.MapPost("/{name}/resume", (JobControl control, string name, HttpContext http, CancellationToken ct) => OneAsync(control.ResumeAsync, name, http, ct));
    }

    private static async Task<Results<Ok<JobsPage<RunRow>>, ProblemHttpResult>> RunsAsync(RunStore runs, string? job, string? outcome, int? limit, string? cursor, CancellationToken ct)
    {
        if (outcome is not null && !Outcomes.Contains(outcome)) return JobsProblems.BadParameter("outcome", $"one of {string.Join(", ", Outcomes)}");
        return await ListAsync(runs, job, outcome is null ? null : [outcome], limit, cursor, ct);
    }

    // A cursor is the id of the last run seen: pages neither skip nor repeat one while others are added.
    private static async Task<Results<Ok<JobsPage<RunRow>>, ProblemHttpResult>> ListAsync(RunStore runs, string? job, string[]? outcomes, int? limit, string? cursor, CancellationToken ct)
    {
        var take = limit ?? DefaultLimit;
        if (take is < 1 or > JobReads.Most) return JobsProblems.BadParameter("limit", $"a number from 1 to {JobReads.Most}");
        long? before = null;
        if (cursor is not null)
        {
            if (!long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return JobsProblems.BadParameter("cursor", "the 'next' value of the page before, unchanged");
            before = id;
        }

        var rows = await runs.ListAsync(job, outcomes, before, take, ct);
        return rows.Count > take
            ? TypedResults.Ok(new JobsPage<RunRow>([.. rows.Take(take)], rows[take - 1].Id.ToString(CultureInfo.InvariantCulture)))
            : TypedResults.Ok(new JobsPage<RunRow>(rows, null));
    }

    private static async Task<Results<Ok<RunRow>, ProblemHttpResult>> RunAsync(RunStore runs, long id, CancellationToken ct) =>
        await runs.FindAsync(id, ct) is { } run ? TypedResults.Ok(run) : JobsProblems.NoRun(id);

    private static async Task<Results<Ok<IReadOnlyList<MisfireView>>, ProblemHttpResult>> MisfiresAsync(JobReads reads, string? job, int? limit, CancellationToken ct) =>
        (limit ?? DefaultLimit) is >= 1 and <= JobReads.Most and var take ? TypedResults.Ok(await reads.MisfiresAsync(job, take, ct)) : JobsProblems.BadParameter("limit", $"a number from 1 to {JobReads.Most}");

    private static async Task<Results<Accepted, ProblemHttpResult>> RetryAsync(RunStore runs, JobControl control, long id, HttpContext http, CancellationToken ct)
    {
        if (await runs.FindAsync(id, ct) is not { } run) return JobsProblems.NoRun(id);
        return await control.RetryAsync(run, SignInGate.SignedIn(http), ct) is { } why ? JobsProblems.NotRetried(why) : TypedResults.Accepted((string?)null);
    }

    private static async Task<Results<Accepted, ProblemHttpResult>> OneAsync(Func<string, Cryptography.Address, CancellationToken, Task<bool>> order, string name, HttpContext http, CancellationToken ct) =>
        await order(name, SignInGate.SignedIn(http), ct) ? TypedResults.Accepted((string?)null) : JobsProblems.NoJob(name);

    private static async Task<Accepted> AllAsync(JobControl control, Func<string, Cryptography.Address, CancellationToken, Task<bool>> order, HttpContext http, CancellationToken ct)
    {
        foreach (var name in await control.NamesAsync(ct)) await order(name, SignInGate.SignedIn(http), ct);
        return TypedResults.Accepted((string?)null);
    }
}
