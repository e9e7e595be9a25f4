using System.Globalization;
using System.Text;
using DePin.Abi;
using DePin.Cryptography;

namespace DePin.TestKit;

/// <summary>A wallet whose key is the hash of a name.</summary>
public sealed class TestWallet(string name)
{
    public byte[] Key { get; } = Keccak256.Hash(Encoding.UTF8.GetBytes(name)).ToArray();

    public Address Address => Secp256k1.AddressOf(Secp256k1.PublicKey(Key));

    /// <summary><c>personal_sign</c>: r · s · v.</summary>
    public byte[] Sign(string text)
    {
        var compact = Secp256k1.SignCompact(PersonalMessage.Digest(Encoding.UTF8.GetBytes(text)), Key);
        var signature = new byte[65];
        compact.R.CopyTo(signature);
        compact.S.CopyTo(signature.AsSpan(32));
        signature[64] = (byte)(27 + compact.YParity);
        return signature;
    }
}

/// <summary>A sign-in message as the page writes it, or as somebody else might.</summary>
public sealed record SignInText(Address Address, string Nonce, DateTimeOffset IssuedAt)
{
    public string? Scheme { get; init; }

    public string Domain { get; init; } = "jobs.example.org";

    public string Uri { get; init; } = "https://jobs.example.org/";

    public string? Statement { get; init; } = "Sign in.";

    public ulong ChainId { get; init; } = 31_337;

    public DateTimeOffset? Expires { get; init; }

    public DateTimeOffset? NotBefore { get; init; }

    public string? Raw { get; init; }

    public override string ToString() => Raw ?? string.Create(CultureInfo.InvariantCulture,
        $"{(Scheme is null ? "" : Scheme + "://")}{Domain} wants you to sign in with your Ethereum account:\n{Address.ToChecksum()}\n\n{(Statement is null ? "" : Statement + "\n")}\nURI: {Uri}\nVersion: 1\nChain ID: {ChainId}\nNonce: {Nonce}\nIssued At: {IssuedAt:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}{(Expires is { } e ? $"\nExpiration Time: {e:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}" : "")}{(NotBefore is { } n ? $"\nNot Before: {n:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}" : "")}");
}
