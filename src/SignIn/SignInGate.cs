using DePin.Cryptography;
using Microsoft.AspNetCore.Http;

namespace DePin.SignIn;

/// <summary>
/// Stands before the guarded paths and the sign-in itself. Nothing below <see cref="ISignInSite.Guarded"/> is answered to who is not signed in. What changes something, signing in included, needs a
/// header that a form of another site cannot send and, from a browser, the site's own origin; the cookie is SameSite=Strict besides. Nothing of it is kept by any cache.
/// </summary>
public sealed class SignInGate(RequestDelegate next, SignInGuests guests, ISignInSite site)
{
    private static readonly object Key = new();

    /// <summary>Asks who it is.</summary>
    public async Task InvokeAsync(HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        var guarded = http.Request.Path.StartsWithSegments(site.Guarded);
        var reads = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
        if (reads ? guarded && !IsFromHere(http) : !IsOwn(http))
        {
            await SignInProblems.CrossOrigin(site).ExecuteAsync(http);
            return;
        }

        if (guarded)
        {
            if (await guests.FindAsync(http, http.RequestAborted) is not { } guest)
            {
                await SignInProblems.NotSignedIn(site).ExecuteAsync(http);
                return;
            }

            http.Items[Key] = guest;
        }

        await next(http);
    }

    /// <summary>Who asks. Only behind the gate.</summary>
    public static Address SignedIn(HttpContext http) => ((Guest)http.Items[Key]!).Address;

    // "none" is a person who typed the address.
    private static bool IsFromHere(HttpContext http) => !http.Request.Headers.TryGetValue("Sec-Fetch-Site", out var from) || from == "same-origin" || from == "none";

    private bool IsOwn(HttpContext http)
    {
        var headers = http.Request.Headers;
        if (headers[site.Header] != "1") return false;
        if (headers.TryGetValue("Sec-Fetch-Site", out var from) && from != "same-origin") return false;
        // A program that is no browser sends no origin; it has no cookies of somebody else either.
        return headers.Origin.Count == 0 || guests.Origins(http).Any(o => o.GetLeftPart(UriPartial.Authority) == headers.Origin);
    }
}
