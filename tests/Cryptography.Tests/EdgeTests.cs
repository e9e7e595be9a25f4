using System.Globalization;
using System.Numerics;

namespace DePin.Cryptography.Tests;

public sealed class EdgeTests
{
    private static readonly BigInteger Secp256k1Order = BigInteger.Parse("0fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    private static readonly BigInteger P256Order = BigInteger.Parse("0ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    // The families of Wycheproof's ecdsa edge cases that apply to fixed-length r · s.
    [Theory]
    [InlineData(KeyType.Secp256k1)]
    [InlineData(KeyType.P256)]
    public void Edge_values_of_r_and_s_are_refused_for_every_message(KeyType type)
    {
        var order = type == KeyType.P256 ? P256Order : Secp256k1Order;
        var key = PrivateKey.Generate(type).PublicKey;
        BigInteger[] edges = [0, 1, 2, order - 1, order, order + 1, (order / 2) + 1, (BigInteger.One << 256) - 1, BigInteger.One << 255];
        for (var message = 0; message < 4; message++)
        {
            foreach (var r in edges)
            {
                foreach (var s in edges) Assert.False(key.Verify([(byte)message], [.. Word(r), .. Word(s)]));
            }
        }
    }

    [Theory]
    [InlineData(KeyType.Secp256k1)]
    [InlineData(KeyType.P256)]
    [InlineData(KeyType.Ed25519)]
    public void Every_single_bit_of_signature_and_message_counts(KeyType type)
    {
        var key = PrivateKey.Generate(type);
        byte[] message = [1, 2, 3, 4];
        var signature = key.Sign(message);
        Assert.True(key.PublicKey.Verify(message, signature));
        for (var bit = 0; bit < 512; bit++)
        {
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(key.PublicKey.Verify(message, signature), $"bit {bit} of the signature");
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (var bit = 0; bit < 32; bit++)
        {
            message[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(key.PublicKey.Verify(message, signature), $"bit {bit} of the message");
            message[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        foreach (var length in new[] { 0, 63, 65 }) Assert.False(key.PublicKey.Verify(message, signature.Concat(new byte[2]).Take(length).ToArray()));
    }

    [Theory]
    [InlineData(KeyType.Secp256k1)]
    [InlineData(KeyType.P256)]
    [InlineData(KeyType.Ed25519)]
    public void Keys_sign_and_verify_from_many_threads(KeyType type)
    {
        var key = PrivateKey.Generate(type);
        var wrong = 0;
        Parallel.For(0, 500, i =>
        {
            var message = BitConverter.GetBytes(i);
            if (!key.PublicKey.Verify(message, key.Sign(message))) Interlocked.Increment(ref wrong);
        });
        Assert.Equal(0, wrong);
    }

    private static byte[] Word(BigInteger value) => Bytes32.LeftPad(value.ToByteArray(isUnsigned: true, isBigEndian: true)).ToArray();
}
