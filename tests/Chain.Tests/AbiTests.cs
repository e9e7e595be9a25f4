using System.Numerics;
using System.Text.Json;
using DePin.Abi;
using DePin.Cryptography;

namespace DePin.Chain.Tests;

public sealed class AbiTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Encodes_and_decodes_random_types_as_viem_does(int seed)
    {
        foreach (var c in await Witness.RunAsync("abi", seed, 1_500))
        {
            using var wrapped = JsonDocument.Parse($$"""[{"type":"function","name":"f","inputs":{{c.GetProperty("parameters").GetRawText()}},"outputs":[],"stateMutability":"view"}]""");
            var parameters = ContractAbi.Parse(wrapped.RootElement).Functions[0].Inputs;
            var values = parameters.Select((p, i) => AbiCodec.FromJson(p.Type, c.GetProperty("values")[i], p.Name)).ToArray();
            var encoded = Hex.Parse(c.GetProperty("encoded").GetString()!);
            Assert.Equal(Hex.ToString(encoded), Hex.ToString(AbiCodec.Encode(parameters, values)));
            Assert.True(AbiCodec.TryDecode(parameters, encoded, out var decoded));
            Assert.Equal(AbiCodec.Format(values), AbiCodec.Format(decoded));
        }
    }

    [Fact]
    public void Refuses_every_single_bit_flip_that_leaves_no_canonical_encoding_of_other_values()
    {
        var parameters = AbiType.Parse("(uint64,(bytes,address[]),string,bool,bytes4)").Components;
        object[] values = [new BigInteger(7), new object[] { new byte[] { 1, 2, 3 }, new object[] { Address.Parse("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266") } }, "hello", true, new byte[] { 1, 2, 3, 4 }];
        var encoded = AbiCodec.Encode(parameters, values);
        var taken = 0;
        for (var bit = 0; bit < encoded.Length * 8; bit++)
        {
            encoded[bit / 8] ^= (byte)(1 << (bit % 8));
            if (AbiCodec.TryDecode(parameters, encoded, out var other))
            {
                // What is taken must be exactly what encodes to these bytes: two encodings never mean the same.
                taken++;
                Assert.Equal(encoded, AbiCodec.Encode(parameters, other));
            }

            encoded[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.InRange(taken, 64 + 160 + 24 + 1 + 32, 330);
        Assert.False(AbiCodec.TryDecode(parameters, [.. encoded, .. new byte[32]], out _));
        for (var length = 0; length < encoded.Length; length++) Assert.False(AbiCodec.TryDecode(parameters, encoded.AsSpan(0, length), out _));
    }

    [Fact]
    public void Refuses_an_array_that_claims_more_elements_than_the_data_could_hold()
    {
        var parameters = AbiType.Parse("(uint256[])").Components;
        var data = new byte[96];
        data[31] = 32;
        data.AsSpan(32, 32).Fill(0xff);
        Assert.False(AbiCodec.TryDecode(parameters, data, out _));
        data.AsSpan(32, 28).Clear();
        Assert.False(AbiCodec.TryDecode(parameters, data, out _));
    }

    [Fact]
    public void Names_the_parameter_whose_value_does_not_fit()
    {
        var parameters = AbiType.Parse("(uint8)").Components;
        var error = Assert.Throws<ArgumentException>(() => AbiCodec.Encode(parameters, [new BigInteger(256)]));
        Assert.Contains("item0 must be uint8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Encodes_and_decodes_rlp_as_viem_does()
    {
        foreach (var c in await Witness.RunAsync("rlp", 3, 400))
        {
            var expected = Hex.Parse(c.GetProperty("encoded").GetString()!);
            Assert.Equal(Hex.ToString(expected), Hex.ToString(Write(c.GetProperty("list")).ToArray()));
            Assert.True(RlpItem.TryDecode(expected, out var item));
            Assert.Equal(Hex.ToString(expected), Hex.ToString(Rewrite(item!).ToArray()));
        }

        static RlpWriter Write(JsonElement list)
        {
            var writer = new RlpWriter();
            foreach (var item in list.EnumerateArray())
            {
                if (item.ValueKind == JsonValueKind.Array) writer.List(Write(item));
                else writer.Bytes(Hex.Parse(item.GetString()!));
            }

            return writer;
        }

        static RlpWriter Rewrite(RlpItem list)
        {
            var writer = new RlpWriter();
            foreach (var item in list.Items!)
            {
                if (item.Bytes is { } bytes) writer.Bytes(bytes);
                else writer.List(Rewrite(item));
            }

            return writer;
        }
    }

    [Theory]
    [InlineData("8100")] // a small byte needs no length
    [InlineData("b800")] // a short length in the long form
    [InlineData("b90001")] // a length with a leading zero
    [InlineData("c281")] // truncated
    [InlineData("8080")] // something left over
    public void Refuses_rlp_that_is_not_canonical(string hex) => Assert.False(RlpItem.TryDecode(Convert.FromHexString(hex), out _));

    [Fact]
    public async Task Hashes_typed_data_as_viem_does()
    {
        foreach (var c in await Witness.RunAsync("typed-data", 5, 400))
            Assert.Equal(c.GetProperty("digest").GetString(), TypedData.Digest(c.GetProperty("document")).ToString());
    }

    // The example of EIP-712 itself.
    [Fact]
    public void Hashes_the_mail_of_eip_712()
    {
        using var document = JsonDocument.Parse("""
            {"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}],
            "Person":[{"name":"name","type":"string"},{"name":"wallet","type":"address"}],
            "Mail":[{"name":"from","type":"Person"},{"name":"to","type":"Person"},{"name":"contents","type":"string"}]},
            "primaryType":"Mail","domain":{"name":"Ether Mail","version":"1","chainId":1,"verifyingContract":"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},
            "message":{"from":{"name":"Cow","wallet":"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},"to":{"name":"Bob","wallet":"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},"contents":"Hello, Bob!"}}
            """);
        Assert.Equal("0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2", TypedData.Digest(document.RootElement).ToString());
        Assert.Equal(
            "0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f",
            TypedData.DomainSeparator("Ether Mail", "1", 1UL, Address.Parse("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC")).ToString());
    }

    [Fact]
    public async Task Writes_checksums_as_viem_does_and_refuses_wrong_ones()
    {
        foreach (var c in await Witness.RunAsync("addresses", 7, 500))
        {
            var checksum = c.GetProperty("checksum").GetString()!;
            Assert.Equal(checksum, Address.Parse(c.GetProperty("address").GetString()!).ToChecksum());
            Assert.True(ChecksumAddress.TryParse(checksum, out _));
        }

        Assert.True(ChecksumAddress.TryParse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", out _)); // EIP-55's first example
        Assert.False(ChecksumAddress.TryParse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", out _));
        Assert.True(ChecksumAddress.TryParse("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", out _));
    }

    [Fact]
    public void Narrowing_a_256_bit_number_is_always_checked()
    {
        var random = new Random(11);
        var bytes = new byte[32];
        for (var i = 0; i < 2_000; i++)
        {
            random.NextBytes(bytes);
            bytes.AsSpan(0, random.Next(33)).Clear();
            var big = new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
            var number = new UInt256(bytes);
            Assert.Equal(big, number);
            Assert.Equal(number, (UInt256)big);
            Assert.Equal(number, UInt256.Parse(number.ToString()));
            Assert.Equal((int)big.GetBitLength(), number.BitLength);
            Assert.Equal(big <= UInt128.MaxValue, number.TryToUInt128(out var small));
            if (big <= UInt128.MaxValue) Assert.Equal(big, small);
            else Assert.Throws<OverflowException>(() => (UInt128)number);
        }

        Assert.Throws<OverflowException>(() => (ulong)UInt256.MaxValue);
        Assert.Throws<OverflowException>(() => (UInt256)(BigInteger.One << 256));
        Assert.False(UInt256.TryParse("-1", out _));
        Assert.False(UInt256.TryParse("115792089237316195423570985008687907853269984665640564039457584007913129639936", out _));
        Assert.True(UInt256.MaxValue > UInt256.Zero);
    }
}
