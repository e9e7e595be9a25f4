using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Hosting;

/// <summary>Errors as RFC 9457 problem details with a stable <c>code</c>, which their type repeats.</summary>
public static class CodedProblem
{
    private const string Code = "code";

    /// <summary>An answer.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="code">Part of the interface: never renamed.</param>
    /// <param name="title">What went wrong, the same for each such answer.</param>
    /// <param name="detail">This case, and what to do.</param>
    /// <param name="more">Further members.</param>
    public static ProblemHttpResult Of(int status, string code, string title, string detail, params IEnumerable<KeyValuePair<string, object?>> more) =>
        TypedResults.Problem(detail, statusCode: status, title: title, type: TypeOf(code), extensions: [new(Code, code), .. more]);

    /// <summary>Gives an answer that the framework made (binding, routing, failures) the same shape; false where it has it already.</summary>
    public static bool Complete(ProblemDetailsContext context, Func<int?, (string Code, string Title, string Detail)> describe)
    {
        var problem = context.ProblemDetails;
        if (problem.Extensions.ContainsKey(Code)) return false;
        (var code, problem.Title, problem.Detail) = describe(problem.Status);
        problem.Type = TypeOf(code);
        problem.Extensions[Code] = code;
        return true;
    }

    private static string TypeOf(string code) => "urn:depin:problem:" + code;
}
