using System.Globalization;
using System.Text;

namespace DePin.Cryptography;

/// <summary>EIP-191, version 0x45: a text as wallets sign it with <c>personal_sign</c>. The prefix keeps it from ever being a transaction.</summary>
public static class PersonalMessage
{
    /// <summary>What is signed: Keccak-256 of 0x19, "Ethereum Signed Message:\n", the length of the text in bytes as decimal digits, and the text.</summary>
    public static Bytes32 Digest(ReadOnlySpan<byte> message)
    {
        var prefix = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\u0019Ethereum Signed Message:\n{message.Length}"));
        return Keccak256.Hash([.. prefix, .. message]);
    }

    /// <summary>
    /// The signer from the 65 bytes r · s · v that a wallet gives, v being 27 or 28 (or 0 or 1, as some hardware says); false where there is none, s is high or v is another.
    /// </summary>
    public static bool TryRecover(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature, out Address signer)
    {
        signer = default;
        if (signature.Length != 65 || signature[64] is not (0 or 1 or 27 or 28)) return false;
        if ((signature[32] & 0x80) != 0) return false; // s above half the order; the bit is the parity's in EIP-2098
        Span<byte> compact = stackalloc byte[64];
        signature[..64].CopyTo(compact);
        if (signature[64] is 1 or 28) compact[32] |= 0x80;
        return Secp256k1.TryRecover(Digest(message), compact, out signer);
    }
}
