using System.Text;

namespace DePin.Cryptography.Tests;

public sealed class P256Tests
{
    // RFC 6979 A.2.5.
    private const string Key = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    private const string X = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
    private const string Y = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

    [Fact]
    public void Derives_the_public_key_of_rfc_6979() => Assert.Equal(X + Y, Convert.ToHexStringLower(P256.PublicKey(Convert.FromHexString(Key))));

    [Fact]
    public void Takes_the_published_signature_with_low_s_and_refuses_the_one_with_high_s()
    {
        var key = PublicKey.Create(KeyType.P256, Convert.FromHexString(X + Y));
        var test = Convert.FromHexString("f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367" + "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083");
        Assert.True(key.Verify(Encoding.ASCII.GetBytes("test"), test));
        Assert.False(key.Verify(Encoding.ASCII.GetBytes("tesT"), test));

        const string r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
        var high = Convert.FromHexString(r + "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
        var low = Convert.FromHexString(r + "0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9");
        Assert.False(key.Verify(Encoding.ASCII.GetBytes("sample"), high));
        Assert.True(key.Verify(Encoding.ASCII.GetBytes("sample"), low));
    }

    [Fact]
    public void Signs_with_low_s_always()
    {
        var key = PrivateKey.Parse(KeyType.P256, Key);
        for (var i = 0; i < 100; i++)
        {
            var signature = key.Sign([(byte)i]);
            Assert.True(P256.IsLowS(signature));
            Assert.True(key.PublicKey.Verify([(byte)i], signature));
        }
    }

    [Fact]
    public void Refuses_points_off_the_curve_zeros_and_out_of_range_values()
    {
        Assert.False(PublicKey.TryCreate(KeyType.P256, new byte[64], out _));
        var off = Convert.FromHexString(X + Y);
        off[63] ^= 1;
        Assert.False(PublicKey.TryCreate(KeyType.P256, off, out _));
        var key = PublicKey.Create(KeyType.P256, Convert.FromHexString(X + Y));
        Assert.False(key.Verify([], new byte[64]));
        Assert.False(key.Verify([], Enumerable.Repeat((byte)0xff, 64).ToArray()));
        Assert.False(key.Verify([], new byte[63]));
    }

    [Fact]
    public void One_key_object_verifies_from_many_threads()
    {
        var key = PrivateKey.Generate(KeyType.P256);
        var pairs = Enumerable.Range(0, 64).Select(i => (Message: new[] { (byte)i }, Signature: key.Sign([(byte)i]))).ToArray();
        var wrong = 0;
        Parallel.For(0, 1_000, i =>
        {
            var (message, signature) = pairs[i % 64];
            if (!key.PublicKey.Verify(message, signature)) Interlocked.Increment(ref wrong);
            if (key.PublicKey.Verify(pairs[(i + 1) % 64].Message, signature)) Interlocked.Increment(ref wrong);
        });
        Assert.Equal(0, wrong);
    }
}
