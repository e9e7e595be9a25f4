using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using DePin.Abi;
using DePin.Cryptography;

namespace DePin.SignIn;

/// <summary>
/// A message by which a wallet signs in: EIP-4361, "Sign-In with Ethereum". What <see cref="TryParse"/> accepts is exactly what the ABNF of the EIP derives, with an EIP-55 address and
/// with numbers and times that exist; nothing is trimmed, guessed or ignored, since what a lenient reader skips a wallet may have shown otherwise.
/// </summary>
/// <param name="Scheme">Of the origin, where the first line names it.</param>
/// <param name="Domain">RFC 3986 authority that asks: the wallet compares it with the page's.</param>
/// <param name="Address">Who signs.</param>
/// <param name="Statement">Text for the person, or null.</param>
/// <param name="Uri">What is signed in to.</param>
/// <param name="ChainId">EIP-155.</param>
/// <param name="Nonce">At least 8 letters and digits, given out by the site.</param>
/// <param name="IssuedAt">When the message was made.</param>
/// <param name="ExpirationTime">From when on it holds no more, or null.</param>
/// <param name="NotBefore">From when on it holds, or null.</param>
/// <param name="RequestId">The site's own reference, possibly empty, or null.</param>
/// <param name="Resources">URIs that the person wants to have resolved, or null.</param>
public sealed partial record SignInMessage(string? Scheme, string Domain, Address Address, string? Statement, string Uri, ulong ChainId, string Nonce, DateTimeOffset IssuedAt, DateTimeOffset? ExpirationTime,
    DateTimeOffset? NotBefore, string? RequestId, IReadOnlyList<string>? Resources)
{
    /// <summary>Most characters of a message that is read.</summary>
    public const int MaxLength = 4096;

    private const string Asks = " wants you to sign in with your Ethereum account:";

    /// <summary>Reads a message; never throws.</summary>
    /// <returns><see cref="SignInRefusal.None"/> with the message, else the first thing that is wrong.</returns>
    public static SignInRefusal TryParse(string text, out SignInMessage? message)
    {
        message = null;
        if (text.Length > MaxLength) return SignInRefusal.TooLong;
        var lines = new Lines(text);

        if (!lines.Take(out var header) || !header.EndsWith(Asks, StringComparison.Ordinal)) return SignInRefusal.BadHeader;
        var origin = header[..^Asks.Length];
        var split = origin.IndexOf("://", StringComparison.Ordinal);
        var (scheme, domain) = split < 0 ? (null, origin) : (origin[..split], origin[(split + 3)..]);
        if (scheme is not null && !SchemePattern().IsMatch(scheme) || !Matches(AuthorityPattern(), domain)) return SignInRefusal.BadDomain;

        if (!lines.Take(out var who) || !who.StartsWith("0x", StringComparison.Ordinal) || !Address.TryParse(who, out var address) || address.ToChecksum() != who) return SignInRefusal.BadAddress;

        // An empty line, then the statement with an empty line after it, or nothing but that empty line.
        if (!lines.Take(out var empty) || empty.Length > 0 || !lines.Take(out var statement)) return SignInRefusal.BadStatement;
        if (statement.Length > 0 && (!StatementPattern().IsMatch(statement) || !lines.Take(out empty) || empty.Length > 0)) return SignInRefusal.BadStatement;

        if (!lines.TakeField("URI: ", out var uri) || !Matches(UriPattern(), uri)) return SignInRefusal.BadUri;
        if (!lines.TakeField("Version: ", out var version) || version != "1") return SignInRefusal.BadVersion;
        if (!lines.TakeField("Chain ID: ", out var chain) || !ulong.TryParse(chain, NumberStyles.None, CultureInfo.InvariantCulture, out var chainId)) return SignInRefusal.BadChainId;
        if (!lines.TakeField("Nonce: ", out var nonce) || !NoncePattern().IsMatch(nonce)) return SignInRefusal.BadNonce;
        if (!lines.TakeField("Issued At: ", out var issued) || !TryTime(issued, out var issuedAt)) return SignInRefusal.BadIssuedAt;

        DateTimeOffset? expiration = null, notBefore = null;
        string? requestId = null;
        List<string>? resources = null;
        if (lines.TakeField("Expiration Time: ", out var value))
        {
            if (!TryTime(value, out var time)) return SignInRefusal.BadExpirationTime;
            expiration = time;
        }

        if (lines.TakeField("Not Before: ", out value))
        {
            if (!TryTime(value, out var time)) return SignInRefusal.BadNotBefore;
            notBefore = time;
        }

        if (lines.TakeField("Request ID: ", out value))
        {
            if (!RequestIdPattern().IsMatch(value)) return SignInRefusal.BadRequestId;
            requestId = value;
        }

        if (lines.TakeField("Resources:", out value))
        {
            if (value.Length > 0) return SignInRefusal.BadResources;
            resources = [];
            while (lines.TakeField("- ", out value))
            {
                if (!Matches(UriPattern(), value)) return SignInRefusal.BadResources;
                resources.Add(value);
            }
        }

        if (!lines.AtEnd) return SignInRefusal.TrailingText;
        message = new SignInMessage(scheme, domain, address, statement.Length > 0 ? statement : null, uri, chainId, nonce, issuedAt, expiration, notBefore, requestId, resources);
        return SignInRefusal.None;
    }

    // RFC 3339 date-time: what DateTimeOffset reads leniently is held to the grammar first. More than seven digits of a second are cut.
    private static bool TryTime(string text, out DateTimeOffset time)
    {
        time = default;
        if (TimePattern().Match(text) is not { Success: true } match) return false;
        var fraction = match.Groups["fraction"].Value;
        var zone = match.Groups["zone"].Value.ToUpperInvariant();
        var plain = $"{match.Groups["date"].Value}T{match.Groups["time"].Value}.{fraction.PadRight(7, '0')[..7]}{(zone == "Z" ? "+00:00" : zone)}";
        return DateTimeOffset.TryParseExact(plain, "yyyy-MM-dd'T'HH:mm:ss.fffffffzzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
    }

    // An IPv6 address has a grammar of its own, which the runtime knows.
    private static bool Matches(Regex pattern, string text) =>
        pattern.Match(text) is { Success: true } match && (!match.Groups["v6"].Success || IPAddress.TryParse(match.Groups["v6"].Value, out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6);

    // RFC 3986. \z, for $ would let a line break pass.
    private const string Unreserved = @"A-Za-z0-9._~\-";
    private const string SubDelimiters = "!$&'()*+,;=";
    private const string Escape = "%[0-9A-Fa-f]{2}";
    private const string SchemeText = "[A-Za-z][A-Za-z0-9+.-]*";
    private const string Segment = $"(?:[{Unreserved}{SubDelimiters}:@]|{Escape})";
    private const string Literal = @"\[(?:(?<v6>[0-9A-Fa-f:.]+)|[vV][0-9A-Fa-f]+\.[" + Unreserved + SubDelimiters + @":]+)\]";
    private const string Name = $"(?:[{Unreserved}{SubDelimiters}]|{Escape})";
    private const string UserInfo = $"(?:(?:[{Unreserved}{SubDelimiters}:]|{Escape})*@)?";

    [GeneratedRegex($@"^{SchemeText}\z", RegexOptions.NonBacktracking)]
    private static partial Regex SchemePattern();

    // A domain that is empty is one by the letter of RFC 3986 and asks in nobody's name: at least one character.
    [GeneratedRegex($@"^{UserInfo}(?:{Literal}|{Name}+)(?::[0-9]*)?\z", RegexOptions.NonBacktracking)]
    private static partial Regex AuthorityPattern();

    [GeneratedRegex($@"^{SchemeText}:(?://{UserInfo}(?:{Literal}|{Name}*)(?::[0-9]*)?(?:/{Segment}*)*|/(?:{Segment}+(?:/{Segment}*)*)?|{Segment}+(?:/{Segment}*)*|)(?:\?(?:{Segment}|[/?])*)?(?:#(?:{Segment}|[/?])*)?\z", RegexOptions.NonBacktracking)]
    private static partial Regex UriPattern();

    [GeneratedRegex($@"^[{Unreserved}{SubDelimiters}:/?#\[\]@ ]+\z", RegexOptions.NonBacktracking)]
    private static partial Regex StatementPattern();

    [GeneratedRegex(@"^[A-Za-z0-9]{8,}\z", RegexOptions.NonBacktracking)]
    private static partial Regex NoncePattern();

    [GeneratedRegex($@"^{Segment}*\z", RegexOptions.NonBacktracking)]
    private static partial Regex RequestIdPattern();

    [GeneratedRegex(@"^(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?<fraction>[0-9]+))?(?<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})\z", RegexOptions.NonBacktracking)]
    private static partial Regex TimePattern();

    /// <summary>The text line by line; LF only, so that a CR is a character that no field allows.</summary>
    private ref struct Lines(string text)
    {
        private int at = 0; // beyond the length: the last line, which has no LF, was taken

        public readonly bool AtEnd => at > text.Length;

        public bool Take(out string line)
        {
            line = "";
            if (AtEnd) return false;
            var end = text.IndexOf('\n', at);
            if (end < 0) end = text.Length;
            line = text[at..end];
            at = end + 1;
            return true;
        }

        /// <summary>Takes the next line if it begins with <paramref name="name"/>.</summary>
        public bool TakeField(string name, out string value)
        {
            value = "";
            if (AtEnd || !text.AsSpan(at).StartsWith(name, StringComparison.Ordinal) || !Take(out var line)) return false;
            value = line[name.Length..];
            return true;
        }
    }
}
