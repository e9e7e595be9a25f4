namespace DePin.SignIn;

/// <summary>Why a sign-in message is refused. Numbers are never reused; those below 100 concern the form of the message, in the order in which its lines stand.</summary>
public enum SignInRefusal
{
    /// <summary>Not refused.</summary>
    None = 0,

    /// <summary>Longer than <see cref="SignInMessage.MaxLength"/>.</summary>
    TooLong = 1,

    /// <summary>The first line is not <c>[scheme://]domain wants you to sign in with your Ethereum account:</c>.</summary>
    BadHeader = 2,

    /// <summary>The scheme or the domain is none by RFC 3986.</summary>
    BadDomain = 3,

    /// <summary>The second line is not 0x and 40 digits whose case is their EIP-55 checksum.</summary>
    BadAddress = 4,

    /// <summary>The statement, or the empty lines round it, are not as they must be; a statement has no line breaks and only characters of a URI and spaces.</summary>
    BadStatement = 5,

    /// <summary>No <c>URI: </c> line, or no URI by RFC 3986.</summary>
    BadUri = 6,

    /// <summary>The version is not 1.</summary>
    BadVersion = 7,

    /// <summary>The chain id is no decimal number below 2^64.</summary>
    BadChainId = 8,

    /// <summary>The nonce is not at least 8 letters and digits.</summary>
    BadNonce = 9,

    /// <summary>No time of issue by RFC 3339. A leap second is refused, too.</summary>
    BadIssuedAt = 10,

    /// <summary>The time of expiry is none by RFC 3339.</summary>
    BadExpirationTime = 11,

    /// <summary>The time from which on it holds is none by RFC 3339.</summary>
    BadNotBefore = 12,

    /// <summary>The request id holds something that a URI's path segment does not.</summary>
    BadRequestId = 13,

    /// <summary>A resource is no URI by RFC 3986.</summary>
    BadResources = 14,

    /// <summary>Something stands after the last line, a field stands twice or out of order, or there is an unknown one.</summary>
    TrailingText = 15,

    /// <summary>The domain, or the scheme before it, is not this site's.</summary>
    WrongDomain = 100,

    /// <summary>The URI is not this site's.</summary>
    WrongUri = 101,

    /// <summary>The chain is not the network's.</summary>
    WrongChain = 102,

    /// <summary>The nonce was not given out here.</summary>
    UnknownNonce = 103,

    /// <summary>The nonce is too old.</summary>
    NonceExpired = 104,

    /// <summary>The nonce was used before.</summary>
    NonceUsed = 105,

    /// <summary>The message was issued before its nonce, or in the future.</summary>
    WrongTime = 106,

    /// <summary>The message has expired.</summary>
    Expired = 107,

    /// <summary>The message does not hold yet.</summary>
    NotYetValid = 108,

    /// <summary>The signature is not one of 65 bytes by the address that the message names.</summary>
    BadSignature = 109,
}
