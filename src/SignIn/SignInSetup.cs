using System.Threading.RateLimiting;
using DePin.Storage.SignIn;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;

namespace DePin.SignIn;

/// <summary>Wires the sign-in into a host.</summary>
public static class SignInSetup
{
    /// <summary>
    /// What a page behind a sign-in may do: nothing from elsewhere, nothing inline, nothing framed. A text that holds markup stays text even if the page forgot to treat it so.
    /// </summary>
    public const string ContentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Adds what the endpoints need; the host adds a <see cref="SignInStore"/> and a rate limiter with <see cref="AddSignInLimit"/>.</summary>
    public static IServiceCollection AddSignIn<TSite>(this IServiceCollection services)
        where TSite : class, ISignInSite => services.AddSingleton<ISignInSite, TSite>().AddSingleton<SignInGuests>();

    /// <summary>The limit of the endpoints: as often as a person could.</summary>
    /// <param name="limits">The host's.</param>
    /// <param name="burst">Requests that one client address may make at once; one more each second.</param>
    public static void AddSignInLimit(this RateLimiterOptions limits, int burst = 30) => limits.AddPolicy(SignInEndpoints.RateLimit, http =>
        RateLimitPartition.GetTokenBucketLimiter(http.Connection.RemoteIpAddress?.ToString() ?? "", _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = burst,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
            AutoReplenishment = true,
        }));

    /// <summary>Headers of a page behind a sign-in.</summary>
    public static void SecurePage(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = ContentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }
}
