using DePin.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Jobs.Dashboard;

/// <summary>Errors as RFC 9457 problem details with a stable <c>code</c>, as the API's are. Codes are never renamed, only added.</summary>
internal static class JobsProblems
{
    public static ProblemHttpResult BadParameter(string parameter, string expected) =>
        CodedProblem.Of(StatusCodes.Status400BadRequest, "bad-parameter", "A parameter is not valid", $"'{parameter}' must be {expected}.");

    public static ProblemHttpResult NoJob(string name) => CodedProblem.Of(StatusCodes.Status404NotFound, "not-found", "There is no such job", $"The timetable has no job '{name}': /v1/jobs lists them.");

    public static ProblemHttpResult NoRun(long id) => CodedProblem.Of(StatusCodes.Status404NotFound, "not-found", "There is no such run", $"The history has no run {id}. Old runs are pruned: run the job itself.");

    public static ProblemHttpResult NotRetried(string why) => CodedProblem.Of(StatusCodes.Status409Conflict, "not-retried", "This run is not run again", why);

    /// <summary>Gives answers that the framework makes the same shape.</summary>
    public static void Complete(ProblemDetailsContext context) => CodedProblem.Complete(context, static status => status switch
    {
        StatusCodes.Status400BadRequest => ("bad-parameter", "A parameter is not valid", "A parameter or the body is not what it must be: docs/jobs.md lists them."),
        StatusCodes.Status404NotFound => ("not-found", "There is nothing here", "No such path: docs/jobs.md lists them."),
        StatusCodes.Status413PayloadTooLarge => ("too-large", "The body is too large", "A sign-in message is shorter than that."),
        StatusCodes.Status503ServiceUnavailable => ("database-down", "The database does not answer", "The job host cannot read its database at the moment. Try again in a few seconds."),
        _ => ("internal-error", "This request failed here", "The failure is in this host's log. Trying again may help."),
    });
}
