using System.Security.Cryptography;
using DePin.Cryptography;
using DePin.Storage.SignIn;
using Microsoft.AspNetCore.Http;

namespace DePin.SignIn;

/// <summary>Somebody who is signed in.</summary>
/// <param name="Address">The account that signed.</param>
/// <param name="Until">When it ends by itself.</param>
public sealed record Guest(Address Address, DateTimeOffset Until);

/// <summary>
/// Sessions. The browser holds 32 random bytes, the database their hash: every host of the site knows a sign-in and a sign-out at once, and who may not come in any more is out with the next request.
/// </summary>
public sealed class SignInGuests(SignInStore store, ISignInSite site, TimeProvider time)
{
    private const string Secure = "__Host-"; // browsers keep such a cookie only if it is Secure and of this host alone
    private static readonly string[] Loopback = ["localhost", "127.0.0.1", "[::1]"];
    private static readonly TimeSpan Keep = TimeSpan.FromDays(30); // a record of who came in; far longer than a nonce lives
    private readonly Lock gate = new();
    private Task<SignInNonces>? nonces;

    /// <summary>The nonces of this store's hosts.</summary>
    public Task<SignInNonces> NoncesAsync()
    {
        lock (gate) return nonces is { IsFaulted: false, IsCanceled: false } ? nonces : nonces = LoadAsync();

        async Task<SignInNonces> LoadAsync() => new(await store.KeyAsync(RandomNumberGenerator.GetBytes(32), CancellationToken.None));
    }

    /// <summary>The origins of the site: those configured, else this machine's own names with the port that the request came to.</summary>
    public IReadOnlyList<Uri> Origins(HttpContext http) => site.Origins is { Count: > 0 } configured
        ? configured
        : [.. Loopback.Select(host => new Uri($"{(http.Request.IsHttps ? "https" : "http")}://{host}:{http.Connection.LocalPort}"))];

    /// <summary>Lets somebody in and sets the cookie; null where the nonce was used before.</summary>
    public async Task<Guest?> EnterAsync(HttpContext http, SignInMessage message, CancellationToken ct)
    {
        var token = RandomNumberGenerator.GetBytes(32);
        var now = time.GetUtcNow();
        var guest = new Guest(message.Address, now + site.SessionLife);
        if (!await store.AddAsync(message.Nonce, Sha256.Hash(token), guest.Address, now, guest.Until, ct)) return null;
        await store.PruneAsync(now - Keep, ct);
        http.Response.Cookies.Append(Name(http), Convert.ToHexStringLower(token), Cookie(http, site.SessionLife));
        return guest;
    }

    /// <summary>Who asks, or null: nobody signed in, or one who may not come in any more.</summary>
    public async Task<Guest?> FindAsync(HttpContext http, CancellationToken ct)
    {
        if (TokenHash(http) is not { } hash || await store.FindAsync(hash, time.GetUtcNow(), ct) is not var (address, until)) return null;
        return await site.MayEnterAsync(address, null, ct) ? new Guest(address, until) : null;
    }

    /// <summary>Signs out, on every host.</summary>
    public async Task LeaveAsync(HttpContext http, CancellationToken ct)
    {
        if (TokenHash(http) is { } hash) await store.EndAsync(hash, time.GetUtcNow(), ct);
        http.Response.Cookies.Delete(Name(http), Cookie(http, null));
    }

    private Bytes32? TokenHash(HttpContext http)
    {
        var token = new byte[32];
        return http.Request.Cookies[Name(http)] is { Length: 64 } text && Convert.FromHexString(text, token, out _, out _) == System.Buffers.OperationStatus.Done ? Sha256.Hash(token) : null;
    }

    // Behind a proxy that ends TLS the request is plain, but the origin that browsers see is not.
    private bool IsHttps(HttpContext http) => Origins(http).All(o => o.Scheme == Uri.UriSchemeHttps);

    private string Name(HttpContext http) => IsHttps(http) ? Secure + site.Cookie : site.Cookie;

    private CookieOptions Cookie(HttpContext http, TimeSpan? life) => new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = IsHttps(http), Path = "/", MaxAge = life, IsEssential = true };
}
