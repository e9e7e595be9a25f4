using DePin.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.SignIn;

/// <summary>What a sign-in answers when it is none: problem details with a stable <c>code</c>.</summary>
public static class SignInProblems
{
    /// <summary>400.</summary>
    public static ProblemHttpResult BadParameter(string parameter, string expected) =>
        CodedProblem.Of(StatusCodes.Status400BadRequest, "bad-parameter", "A parameter is not valid", $"'{parameter}' must be {expected}.");

    /// <summary>401: nobody is signed in.</summary>
    public static ProblemHttpResult NotSignedIn(ISignInSite site) => CodedProblem.Of(StatusCodes.Status401Unauthorized, "not-signed-in", "Sign in first", site.WhoSignsIn);

    /// <summary>403: the signature is right, and the address has no business here.</summary>
    public static ProblemHttpResult NotOperator(ISignInSite site, string address) => CodedProblem.Of(StatusCodes.Status403Forbidden, "not-operator", "Not an operator of this network", site.WhyNot(address));

    /// <summary>401 with the <c>reason</c>.</summary>
    public static ProblemHttpResult Refused(ISignInSite site, SignInRefusal refusal) => CodedProblem.Of(StatusCodes.Status401Unauthorized, "sign-in-refused", "The sign-in is refused",
        SignInRules.Explain(refusal, site.OriginsSetting), new KeyValuePair<string, object?>("reason", refusal.ToString()));

    /// <summary>403: a request of another site.</summary>
    public static ProblemHttpResult CrossOrigin(ISignInSite site) => CodedProblem.Of(StatusCodes.Status403Forbidden, "cross-origin", "Not from this page",
        $"A request that changes something needs the header '{site.Header}: 1'; one that a browser sends must come from the page's own origin ({site.OriginsSetting}).");

    /// <summary>429.</summary>
    public static ProblemHttpResult TooMany() => CodedProblem.Of(StatusCodes.Status429TooManyRequests, "too-many-requests", "Too many requests",
        "Slow down: this address asks to sign in more often than a person would. Retry after a few seconds.");
}
