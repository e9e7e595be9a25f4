using System.ComponentModel;
using DePin.Abi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace DePin.SignIn;

/// <summary>What is to be signed.</summary>
/// <param name="Nonce">For one sign-in, soon.</param>
/// <param name="IssuedAt">This host's clock: the message's <c>Issued At</c>.</param>
/// <param name="ExpirationTime">How long the nonce may be used.</param>
/// <param name="ChainId">EIP-155 id of the chain that the message names.</param>
/// <param name="Address">The address that was asked for with its EIP-55 checksum, which a page cannot compute; null where none was.</param>
public sealed record ChallengeView(string Nonce, DateTimeOffset IssuedAt, DateTimeOffset ExpirationTime, ulong ChainId, string? Address);

/// <summary>A message of EIP-4361 and its signature.</summary>
/// <param name="Message">As signed, to the last character.</param>
/// <param name="Signature">Of <c>personal_sign</c>: 0x and 130 hexadecimal digits.</param>
public sealed record SignInRequest(string Message, string Signature);

/// <summary>Who is signed in.</summary>
/// <param name="Address">EIP-55; null: nobody.</param>
/// <param name="Until">When it ends by itself.</param>
public sealed record SessionView(string? Address, DateTimeOffset? Until);

/// <summary><c>/v1/session</c>: sign-in with a wallet (EIP-4361), and sign-out.</summary>
public static partial class SignInEndpoints
{
    /// <summary>Name of the rate limit of these endpoints.</summary>
    public const string RateLimit = "sign-in";

    /// <summary>Maps them; returned for the host's own conventions.</summary>
    public static RouteGroupBuilder MapSignIn(this IEndpointRouteBuilder app)
    {
        var session = app.MapGroup("/v1/session").RequireRateLimiting(RateLimit).ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status429TooManyRequests);
        session.MapGet("", async Task<Ok<SessionView>> (SignInGuests guests, HttpContext http, CancellationToken ct) => TypedResults.Ok(View(await guests.FindAsync(http, ct)))).DisableRateLimiting().WithName("getSession").WithSummary("Who is signed in");
        session.MapGet("/nonce", NonceAsync).WithName("getNonce").WithSummary("A nonce to sign in with (EIP-4361)");
        session.MapPost("", EnterAsync).WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(16_384)).WithName("signIn").ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden).WithSummary("Sign in: sets a cookie");
        session.MapDelete("", async Task<NoContent> (SignInGuests guests, HttpContext http, CancellationToken ct) =>
        {
            await guests.LeaveAsync(http, ct);
            return TypedResults.NoContent();
        }).WithName("signOut").ProducesProblem(StatusCodes.Status403Forbidden).WithSummary("Sign out, on every host");
        return session;
    }

    private static async Task<Results<Ok<ChallengeView>, ProblemHttpResult>> NonceAsync(SignInGuests guests, ISignInSite site, TimeProvider time, [Description("Who will sign: 0x and 40 hexadecimal digits; given back with its EIP-55 checksum.")] string? address,
        [Description("EIP-155 id of the chain that the message will name; needed only where more than one is served.")] ulong? chain, CancellationToken ct)
    {
        Cryptography.Address account = default;
        if (address is not null && !ChecksumAddress.TryParse(address, out account)) return SignInProblems.BadParameter("address", "0x and 40 hexadecimal digits; mixed case must be the EIP-55 checksum");
        var chains = await site.ChainsAsync(ct);
        if (chains.Count == 0 || (chain is { } wanted && !chains.Contains(wanted))) return SignInProblems.BadParameter("chain", $"the EIP-155 id of a network that is served here: {string.Join(", ", chains)}");
        var now = time.GetUtcNow();
        return TypedResults.Ok(new ChallengeView((await guests.NoncesAsync()).Issue(now), now, now + SignInRules.NonceLife, chain ?? chains[0], address is null ? null : account.ToChecksum()));
    }

    private static async Task<Results<Ok<SessionView>, ProblemHttpResult>> EnterAsync(
        SignInGuests guests, ISignInSite site, TimeProvider time, ILoggerFactory logs, HttpContext http, SignInRequest request, CancellationToken ct)
    {
        if (request.Message is null || request.Signature is null) return SignInProblems.BadParameter("message", "given, with 'signature'");
        var signature = new byte[65];
        if (request.Signature.Length != 132 || !request.Signature.StartsWith("0x", StringComparison.Ordinal) || Convert.FromHexString(request.Signature.AsSpan(2), signature, out _, out _) != System.Buffers.OperationStatus.Done)
            return SignInProblems.BadParameter("signature", "0x and 130 hexadecimal digits");
        var logger = logs.CreateLogger("DePin.SignIn");
        var refusal = new SignInRules(await site.ChainsAsync(ct), await guests.NoncesAsync()).Check(request.Message, signature, guests.Origins(http), time.GetUtcNow(), out var message);
        if (refusal != SignInRefusal.None || message is null)
        {
            LogRefused(logger, refusal);
            return SignInProblems.Refused(site, refusal);
        }

        var address = message.Address.ToChecksum();
        if (!await site.MayEnterAsync(message.Address, message.ChainId, ct))
        {
            LogNoOperator(logger, address);
            return SignInProblems.NotOperator(site, address);
        }

        if (await guests.EnterAsync(http, message, ct) is not { } guest) return SignInProblems.Refused(site, SignInRefusal.NonceUsed);
        LogEntered(logger, address, guest.Until);
        return TypedResults.Ok(View(guest));
    }

    private static SessionView View(Guest? guest) => new(guest?.Address.ToChecksum(), guest?.Until);

    [LoggerMessage(1, LogLevel.Information, "{Address} signed in until {Until}")]
    private static partial void LogEntered(ILogger logger, string address, DateTimeOffset until);

    [LoggerMessage(2, LogLevel.Warning, "Refused a sign-in: {Refusal}")]
    private static partial void LogRefused(ILogger logger, SignInRefusal refusal);

    [LoggerMessage(3, LogLevel.Warning, "Refused a sign-in: {Address} is no operator")]
    private static partial void LogNoOperator(ILogger logger, string address);
}
