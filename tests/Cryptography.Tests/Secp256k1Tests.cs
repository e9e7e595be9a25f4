using System.Numerics;
using System.Text;

namespace DePin.Cryptography.Tests;

public sealed class Secp256k1Tests
{
    private static readonly BigInteger Order = BigInteger.Parse("0fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", System.Globalization.NumberStyles.HexNumber, null);

    // EIP-2098's own examples.
    private static readonly byte[] Eip2098Key = Convert.FromHexString("1234567890123456789012345678901234567890123456789012345678901234");

    [Theory]
    [InlineData("Hello World", "68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90", "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064")]
    [InlineData("It's a small(er) world", "9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76", "939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793")]
    public void Signs_as_eip_2098_publishes(string message, string r, string yParityAndS)
    {
        var signature = Secp256k1.SignCompact(PersonalMessage(message), Eip2098Key);
        Assert.Equal(Bytes32.Parse(r), signature.R);
        Assert.Equal(Bytes32.Parse(yParityAndS), signature.YParityAndS);
        Assert.True(Secp256k1.TryRecover(PersonalMessage(message), signature.ToArray(), out Address signer));
        Assert.Equal(Secp256k1.AddressOf(Secp256k1.PublicKey(Eip2098Key)), signer);
    }

    // The widely used RFC 6979 vectors for secp256k1 with SHA-256.
    [Theory]
    [InlineData(
        "0000000000000000000000000000000000000000000000000000000000000001", "Satoshi Nakamoto",
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5")]
    [InlineData(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", "Satoshi Nakamoto",
        "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d06b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5")]
    public void Signs_deterministically(string key, string message, string expected)
    {
        var digest = Sha256.Hash(Encoding.ASCII.GetBytes(message));
        Assert.Equal(expected, Convert.ToHexStringLower(Secp256k1.Sign(digest, Convert.FromHexString(key))));
    }

    [Fact]
    public void Knows_the_addresses_of_the_first_development_keys()
    {
        var key = PrivateKey.Parse(KeyType.Secp256k1, "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
        Assert.Equal(Address.Parse("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"), key.Address);
    }

    [Fact]
    public void Refuses_high_s_in_verifying_and_in_recovering()
    {
        var key = PrivateKey.Generate(KeyType.Secp256k1);
        for (var i = 0; i < 50; i++)
        {
            var digest = Sha256.Hash([(byte)i]);
            var signature = key.SignDigest(digest);
            Assert.True(Secp256k1.Verify(digest, [.. signature.R.AsSpan(), .. signature.S.AsSpan()], key.PublicKey.Bytes));
            var high = Bytes32.LeftPad((Order - new BigInteger(signature.S.AsSpan(), true, true)).ToByteArray(true, true));
            Assert.False(Secp256k1.Verify(digest, [.. signature.R.AsSpan(), .. high.AsSpan()], key.PublicKey.Bytes));

            // As a compact signature a high s that fits in 255 bits must be refused too.
            var bytes = high.ToArray();
            if (bytes[0] < 0x80) Assert.False(Secp256k1.TryRecover(digest, [.. signature.R.AsSpan(), .. bytes], out Address _));
        }

        var justAbove = Bytes32.Parse("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1");
        Assert.False(Secp256k1.TryRecover(Sha256.Hash([]), [.. Bytes32.FromUInt64(1).AsSpan(), .. justAbove.AsSpan()], out Address _));
    }

    [Fact]
    public void Recovers_the_signer_and_nobody_else()
    {
        for (var i = 0; i < 50; i++)
        {
            var key = PrivateKey.Generate(KeyType.Secp256k1);
            var digest = Keccak256.Hash([(byte)i, 1]);
            var compact = key.SignDigest(digest).ToArray();
            Assert.True(Secp256k1.TryRecover(digest, compact, out Address signer));
            Assert.Equal(key.Address, signer);
            compact[33] ^= 1;
            Assert.False(Secp256k1.TryRecover(digest, compact, out Address other) && other == key.Address);
            compact[33] ^= 1;
            compact[32] ^= 0x80;
            Assert.False(Secp256k1.TryRecover(digest, compact, out other) && other == key.Address);
        }
    }

    [Fact]
    public void Refuses_points_off_the_curve_and_keys_out_of_range()
    {
        Assert.False(Secp256k1.IsPublicKey(new byte[64]));
        Assert.False(Secp256k1.IsPrivateKey(new byte[32]));
        Assert.False(Secp256k1.IsPrivateKey(Bytes32.LeftPad(Order.ToByteArray(true, true)).AsSpan()));
        Assert.Throws<ArgumentException>(() => Secp256k1.SignCompact(default, new byte[32]));
        Assert.False(Secp256k1.Verify(default, new byte[64], new byte[64]));
        Assert.False(Secp256k1.TryRecover(default, new byte[64], out Address _));
    }

    private static Bytes32 PersonalMessage(string message) =>
        Keccak256.Hash(Encoding.ASCII.GetBytes($"\x19" + $"Ethereum Signed Message:\n{message.Length}{message}"));
}
