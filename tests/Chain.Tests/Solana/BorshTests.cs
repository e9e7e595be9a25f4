using System.Numerics;
using System.Text;
using DePin.Abi;
using DePin.Abi.Solana;

namespace DePin.Chain.Tests.Solana;

public sealed class BorshTests
{
    [Fact]
    public void The_greatest_and_least_numbers_come_back()
    {
        var w = new BorshWriter([]);
        w.Int8(sbyte.MinValue);
        w.Int16(short.MinValue);
        w.Int32(int.MinValue);
        w.Int64(long.MinValue);
        w.Int128(Int128.MinValue);
        w.Int256(-BigInteger.Pow(2, 255));
        w.Int256(BigInteger.Pow(2, 255) - 1);
        w.UInt128(UInt128.MaxValue);
        w.UInt256(UInt256.MaxValue);
        w.UInt256(1UL);
        var bytes = w.ToArray();
        Assert.Equal(1 + 2 + 4 + 8 + 16 + 64 + 16 + 64, bytes.Length);
        Assert.Equal(1, bytes[^32]);
        var r = new BorshReader(bytes);
        Assert.Equal(sbyte.MinValue, r.Int8());
        Assert.Equal(short.MinValue, r.Int16());
        Assert.Equal(int.MinValue, r.Int32());
        Assert.Equal(long.MinValue, r.Int64());
        Assert.Equal(Int128.MinValue, r.Int128());
        Assert.Equal(-BigInteger.Pow(2, 255), r.Int256());
        Assert.Equal(BigInteger.Pow(2, 255) - 1, r.Int256());
        Assert.Equal(UInt128.MaxValue, r.UInt128());
        Assert.Equal(UInt256.MaxValue, r.UInt256());
        Assert.Equal((UInt256)1UL, r.UInt256());
        Assert.True(r.Complete());
    }

    [Fact]
    public void A_flag_is_0_or_1_and_text_is_utf_8()
    {
        Assert.False(Reads([2], static (ref BorshReader r) => r.Bool()));
        Assert.False(Reads([2, 0], static (ref BorshReader r) => r.Some()));
        Assert.False(Reads([3], static (ref BorshReader r) => r.Variant(3)));
        Assert.False(Reads([1, 0, 0, 0, 0xc3], static (ref BorshReader r) => r.String()));
        Assert.False(Reads([3, 0, 0, 0, 0xed, 0xa0, 0x80], static (ref BorshReader r) => r.String())); // half a surrogate pair
        Assert.True(Reads([2, 0, 0, 0, 0xc3, 0xa9], static (ref BorshReader r) => r.String()));
        Assert.True(Reads([2], static (ref BorshReader r) => r.Variant(3)));
    }

    [Fact]
    public void A_length_beyond_the_bytes_that_are_left_fails_before_anything_is_made()
    {
        Assert.False(Reads([0xff, 0xff, 0xff, 0xff], static (ref BorshReader r) => r.Bytes().Length));
        Assert.False(Reads([0xff, 0xff, 0xff, 0x7f, 1], static (ref BorshReader r) => r.String()));
        Assert.False(Reads([3, 0, 0, 0, 1, 2, 3, 4, 5], static (ref BorshReader r) => BorshArray.Read(ref r, 2, static (ref BorshReader x) => x.UInt16())));
        Assert.False(Reads([1, 2, 3], static (ref BorshReader r) => BorshArray.ReadFixed(ref r, int.MaxValue, 8, static (ref BorshReader x) => x.UInt64())));
        byte[] huge = [0xff, 0xff, 0xff, 0x0f, 1, 2];
        var before = GC.GetAllocatedBytesForCurrentThread();
        var r = new BorshReader(huge);
        Assert.Empty(BorshArray.Read(ref r, 1, static (ref BorshReader x) => x.UInt8()));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000); // of 268,435,455 that were named
    }

    [Fact]
    public void A_reader_that_failed_stays_failed_and_gives_zeros()
    {
        var r = new BorshReader([1, 2, 3]);
        Assert.Equal(0u, r.UInt32());
        Assert.Equal(0, r.UInt8());
        Assert.Equal("", r.String());
        Assert.Equal(default, r.Address());
        Assert.False(r.Ok);
        Assert.False(r.Complete());
        Assert.False(r.CompleteBeforeZeros());
    }

    [Fact]
    public void An_option_within_an_option_keeps_both()
    {
        foreach (var value in new BorshOption<ulong?>[] { default, new(true, null), new(true, 5) })
        {
            var w = new BorshWriter([]);
            if (w.Some(value.HasValue) && w.Some(value.Value.HasValue)) w.UInt64(value.Value.GetValueOrDefault());
            var bytes = w.ToArray();
            Assert.Equal(value.HasValue ? value.Value is null ? 2 : 10 : 1, bytes.Length);
            var r = new BorshReader(bytes);
            Assert.Equal(value, r.Some() ? new BorshOption<ulong?>(true, r.Some() ? r.UInt64() : null) : default);
            Assert.True(r.Complete());
        }
    }

    [Fact]
    public void A_writer_outgrows_its_room_and_refuses_what_has_no_form()
    {
        var w = new BorshWriter(stackalloc byte[3]);
        for (var i = 0; i < 1_000; i++) w.UInt32((uint)i);
        var bytes = w.ToArray();
        Assert.Equal(4_000, bytes.Length);
        Assert.Equal(999u, BitConverter.ToUInt32(bytes, 3_996));
        Assert.Equal(0, BitConverter.ToInt32(bytes, 0));
        Assert.Throws<ArgumentException>(() => new BorshWriter([]).Fixed([1, 2], 3));
        Assert.Throws<ArgumentException>(() => new BorshWriter([]).Variant(3, 3));
        Assert.Throws<OverflowException>(() => new BorshWriter([]).Int256(BigInteger.Pow(2, 255)));
        Assert.Throws<EncoderFallbackException>(() => new BorshWriter([]).String("\ud800"));
        Assert.Throws<ArgumentNullException>(() => new BorshWriter([]).Bytes(null));
    }

    private static bool Reads<T>(byte[] data, BorshElementReader<T> read)
    {
        var r = new BorshReader(data);
        read(ref r);
        return r.Complete();
    }
}
