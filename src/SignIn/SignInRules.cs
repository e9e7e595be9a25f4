using System.Globalization;
using System.Text;
using DePin.Cryptography;

namespace DePin.SignIn;

/// <summary>What a site asks of a sign-in message. Pure but for the key of the nonces.</summary>
/// <param name="Chains">EIP-155 ids of the networks' chains.</param>
/// <param name="Nonces">Knows the nonces that were given out.</param>
public sealed record SignInRules(IReadOnlyCollection<ulong> Chains, SignInNonces Nonces)
{
    /// <summary>How long a nonce may be used: time to read a message and sign it.</summary>
    public static readonly TimeSpan NonceLife = TimeSpan.FromMinutes(10);

    /// <summary>How far clocks may be apart.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether a text and its signature sign its address in now, cheap checks first. Whether the nonce was used before, and whether the address may come in, is for the caller.
    /// </summary>
    /// <param name="text">The message as signed.</param>
    /// <param name="signature">65 bytes of <c>personal_sign</c>.</param>
    /// <param name="origins">The site's origins, e.g. <c>https://jobs.example.org</c>.</param>
    /// <param name="now">Wall-clock time.</param>
    /// <param name="message">The message, where its form is right.</param>
    public SignInRefusal Check(string text, ReadOnlySpan<byte> signature, IEnumerable<Uri> origins, DateTimeOffset now, out SignInMessage? message)
    {
        var form = SignInMessage.TryParse(text, out message);
        if (form != SignInRefusal.None || message is null) return form;
        var (domain, scheme) = (message.Domain, message.Scheme);
        var origin = origins.FirstOrDefault(o => o.Authority == domain && (scheme is null || o.Scheme == scheme));
        if (origin is null) return SignInRefusal.WrongDomain;
        if (!Uri.TryCreate(message.Uri, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin.GetLeftPart(UriPartial.Authority)) return SignInRefusal.WrongUri;
        if (!Chains.Contains(message.ChainId)) return SignInRefusal.WrongChain;
        if (!Nonces.TryRead(message.Nonce, out var given)) return SignInRefusal.UnknownNonce;
        if (now - given >= NonceLife) return SignInRefusal.NonceExpired;
        if (message.IssuedAt < given - Skew || message.IssuedAt > now + Skew) return SignInRefusal.WrongTime;
        if (message.ExpirationTime <= now) return SignInRefusal.Expired;
        if (message.NotBefore > now) return SignInRefusal.NotYetValid;
        return PersonalMessage.TryRecover(Encoding.UTF8.GetBytes(text), signature, out var signer) && signer == message.Address ? SignInRefusal.None : SignInRefusal.BadSignature;
    }

    /// <summary>What a person does about a refusal.</summary>
    /// <param name="refusal">The reason.</param>
    /// <param name="originsSetting">Setting that names the site's origins.</param>
    public static string Explain(SignInRefusal refusal, string originsSetting) => refusal switch
    {
        SignInRefusal.WrongDomain => $"The message is for another site. Open the page at one of the addresses in {originsSetting}, and sign only what names the page that you are on.",
        SignInRefusal.WrongUri => "The message's URI is of another site.",
        SignInRefusal.WrongChain => "The message is for another chain.",
        SignInRefusal.UnknownNonce or SignInRefusal.NonceExpired or SignInRefusal.NonceUsed => "The message is not a fresh one of this host: sign in anew.",
        SignInRefusal.WrongTime => "The message's time does not fit the time at which this host gave out its nonce: sign in anew, and compare the clocks.",
        SignInRefusal.Expired => "The message has expired: sign in anew.",
        SignInRefusal.NotYetValid => "The message does not hold yet.",
        SignInRefusal.BadSignature => "The signature is not by the address in the message. Wallets that are contracts (EIP-1271) cannot sign in here.",
        _ => string.Create(CultureInfo.InvariantCulture, $"The message is not one of EIP-4361: {refusal} ({(int)refusal})."),
    };
}
