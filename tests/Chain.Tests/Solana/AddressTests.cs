using System.Numerics;
using DePin.Abi;
using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Tests.Solana;

public sealed class AddressTests
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;

    [Fact]
    public async Task Text_curve_and_derived_addresses_are_those_of_kit_and_web3()
    {
        var (on, off) = (0, 0);
        foreach (var c in await Witness.RunAsync("solana-addresses", 41, 4000))
        {
            var bytes = Hex.Parse(c.GetProperty("bytes").GetString()!);
            var text = c.GetProperty("text").GetString()!;
            var address = new SolanaAddress(bytes);
            Assert.Equal(text, address.ToString());
            Assert.Equal(address, SolanaAddress.Parse(text));
            Assert.Equal(text, Base58.Encode(bytes));
            Assert.True(Base58.TryDecode(text, out byte[]? decoded));
            Assert.Equal(bytes, decoded);
            Assert.True(Base58.TryDecode(text, out Bytes32 word));
            Assert.Equal(bytes, word.ToArray());

            var isOn = Ed25519.IsOnCurve(bytes);
            Assert.Equal(c.GetProperty("onCurve").GetBoolean(), isOn);
            Assert.Equal(c.GetProperty("onCurveByWeb3").GetBoolean(), isOn);
            _ = isOn ? on++ : off++;

            if (!c.TryGetProperty("pda", out var pda)) continue;
            var program = SolanaAddress.Parse(c.GetProperty("program").GetString()!);
            byte[][] seeds = [.. c.GetProperty("seeds").EnumerateArray().Select(s => Hex.Parse(s.GetString()!))];
            var (found, bump) = ProgramAddress.Find(program, seeds);
            Assert.Equal(pda.GetString(), found.ToString());
            Assert.Equal(c.GetProperty("bump").GetByte(), bump);
            Assert.True(ProgramAddress.TryCreate(program, out var created, [.. seeds, [bump]]));
            Assert.Equal(found, created);
            for (var skipped = bump + 1; skipped <= 255; skipped++) Assert.False(ProgramAddress.TryCreate(program, out _, [.. seeds, [(byte)skipped]]));

            SolanaAddress Of(string name) => SolanaAddress.Parse(c.GetProperty(name).GetString()!);
            Assert.Equal(Of("seeded"), ProgramAddress.CreateWithSeed(address, c.GetProperty("seed").GetString()!, program));
            Assert.Equal(Of("associated"), ProgramAddress.AssociatedToken(address, Of("mint"), Of("token")));
        }

        Assert.True(on > 1000 && off > 1000, $"{on} on the curve, {off} off it");
    }

    // curve25519-dalek decompresses these, and a program's address may not be one: y not reduced, and the sign of an x that is zero. (The witnesses each refuse some.)
    [Fact]
    public void What_dalek_decompresses_is_on_the_curve()
    {
        Assert.True(Ed25519.IsOnCurve(Encode(0)));                  // order 4
        Assert.True(Ed25519.IsOnCurve(Encode(1)));                  // the identity
        Assert.True(Ed25519.IsOnCurve(Encode(P - 1)));              // order 2
        Assert.True(Ed25519.IsOnCurve(Encode(1, sign: true)));
        Assert.True(Ed25519.IsOnCurve(Encode(P - 1, sign: true)));
        Assert.True(Ed25519.IsOnCurve(Encode(P)));                  // = 0
        Assert.True(Ed25519.IsOnCurve(Encode(P, sign: true)));
        Assert.True(Ed25519.IsOnCurve(Encode(P + 1)));              // = 1
        Assert.True(Ed25519.IsOnCurve(Encode(P + 1, sign: true)));
        Assert.True(Ed25519.IsOnCurve(Convert.FromHexString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"))); // order 8
        Assert.False(Ed25519.IsOnCurve(Encode(2)));
        Assert.False(Ed25519.IsOnCurve(Encode(P + 2)));
        Assert.Throws<ArgumentException>(() => Ed25519.IsOnCurve(new byte[31]));
    }

    // Every encoding whose y is not reduced, the small ones, and the greatest: by Euler's criterion over big integers.
    [Fact]
    public void Edge_values_are_on_the_curve_where_the_equation_has_a_solution()
    {
        var d = BigInteger.Parse("37095705934669439343138083508754565189542113879843219016388785533085940283555", null);
        BigInteger[] edges = [.. Enumerable.Range(0, 300).Select(i => new BigInteger(i)), .. Enumerable.Range(1, 300).Select(i => P - i), .. Enumerable.Range(0, 19).Select(i => P + i)];
        foreach (var y in edges.Concat(Enumerable.Range(0, 255).SelectMany(bit => new[] { BigInteger.One << bit, (BigInteger.One << bit) - 1 })))
        {
            var expected = BigInteger.ModPow((y * y - 1) * (d * y * y + 1) % P, (P - 1) / 2, P) is var power && (power.IsZero || power.IsOne || power == 1 - P);
            Assert.Equal(expected, Ed25519.IsOnCurve(Encode(y)));
            Assert.Equal(expected, Ed25519.IsOnCurve(Encode(y, sign: true)));
        }
    }

    [Fact]
    public void Public_keys_are_on_the_curve()
    {
        for (var i = 0; i < 200; i++) Assert.True(Ed25519.IsOnCurve(PrivateKey.Generate(KeyType.Ed25519).PublicKey.Bytes));
    }

    [Fact]
    public void Seeds_have_limits()
    {
        var program = SolanaAddress.Parse("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
        byte[][] Seeds(int count) => [.. Enumerable.Repeat(new byte[32], count)];
        _ = ProgramAddress.Find(program, Seeds(15));
        _ = ProgramAddress.TryCreate(program, out _, Seeds(16));
        Assert.Contains("At most 15 seeds", Assert.Throws<ArgumentException>(() => ProgramAddress.Find(program, Seeds(16))).Message, StringComparison.Ordinal);
        Assert.Contains("At most 16 seeds", Assert.Throws<ArgumentException>(() => ProgramAddress.TryCreate(program, out _, Seeds(17))).Message, StringComparison.Ordinal);
        Assert.Contains("at most 32 bytes", Assert.Throws<ArgumentException>(() => ProgramAddress.Find(program, new byte[33])).Message, StringComparison.Ordinal);
        Assert.Contains("at most 32 bytes", Assert.Throws<ArgumentException>(() => ProgramAddress.CreateWithSeed(program, new string('ж', 17), program)).Message, StringComparison.Ordinal);
        var owner = new SolanaAddress([.. new byte[11], .. "ProgramDerivedAddress"u8]);
        Assert.Throws<ArgumentException>(() => ProgramAddress.CreateWithSeed(program, "seed", owner));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1111111111111111111111111111111")]            // 31 zero bytes
    [InlineData("111111111111111111111111111111111")]          // 33
    [InlineData("JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFH")] // 2^256
    [InlineData("0OIl1111111111111111111111111111")]
    [InlineData("1111111111111111111111111111111é")]
    public void Texts_that_are_no_address_are_refused(string text)
    {
        Assert.False(SolanaAddress.TryParse(text, out _));
        Assert.Contains("not a Solana address", Assert.Throws<FormatException>(() => SolanaAddress.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Base58_is_bounded()
    {
        var longest = Enumerable.Repeat((byte)255, 1232).ToArray();
        Assert.True(Base58.TryDecode(Base58.Encode(longest), out byte[]? back));
        Assert.Equal(longest, back);
        Assert.Equal(new byte[7], Base58.TryDecode("1111111", out byte[]? zeros) ? zeros : null);
        Assert.Throws<ArgumentException>(() => Base58.Encode(new byte[1233]));
        Assert.False(Base58.TryDecode(new string('1', 1233), out byte[]? _));
        Assert.False(Base58.TryDecode(new string('z', 1700), out byte[]? _));
        Assert.False(Base58.TryDecode(new string('z', 1_000_000), out byte[]? _));
        Assert.True(SolanaAddress.Parse(new string('1', 32)).IsZero);
        Assert.Equal("JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG", new SolanaAddress([.. Enumerable.Repeat((byte)255, 32)]).ToString());
    }

    // The lengths of Solana's own short_vec tests.
    [Theory]
    [InlineData(0x0000, "00")]
    [InlineData(0x007f, "7f")]
    [InlineData(0x0080, "8001")]
    [InlineData(0x00ff, "ff01")]
    [InlineData(0x0100, "8002")]
    [InlineData(0x3fff, "ff7f")]
    [InlineData(0x4000, "808001")]
    [InlineData(0x7fff, "ffff01")]
    [InlineData(0xffff, "ffff03")]
    public void Short_lengths_have_one_form(int value, string hex)
    {
        var target = new System.Buffers.ArrayBufferWriter<byte>();
        ShortVec.Write(target, value);
        Assert.Equal(hex, Convert.ToHexStringLower(target.WrittenSpan));
        Assert.Equal(target.WrittenCount, ShortVec.SizeOf(value));
        ReadOnlySpan<byte> data = [.. target.WrittenSpan, 0xee];
        Assert.True(ShortVec.TryRead(ref data, out var back));
        Assert.Equal(value, back);
        Assert.Equal([0xee], data.ToArray());
    }

    // Aliases, what is cut short, and what exceeds 16 bits.
    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("8000")]
    [InlineData("ff00")]
    [InlineData("808000")]
    [InlineData("8080")]
    [InlineData("808004")]
    [InlineData("ffff7f")]
    [InlineData("80808001")]
    public void Other_short_lengths_are_refused(string hex)
    {
        ReadOnlySpan<byte> data = Convert.FromHexString(hex);
        var length = data.Length;
        Assert.False(ShortVec.TryRead(ref data, out _));
        Assert.Equal(length, data.Length);
    }

    [Fact]
    public void Short_lengths_end_at_16_bits()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ShortVec.SizeOf(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ShortVec.Write(new System.Buffers.ArrayBufferWriter<byte>(), 0x10000));
    }

    private static byte[] Encode(BigInteger y, bool sign = false)
    {
        var bytes = new byte[32];
        y.ToByteArray(isUnsigned: true).CopyTo(bytes, 0);
        if (sign) bytes[31] |= 0x80;
        return bytes;
    }
}
