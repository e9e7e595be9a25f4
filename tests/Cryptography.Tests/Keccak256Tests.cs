using System.Text;

namespace DePin.Cryptography.Tests;

public sealed class Keccak256Tests
{
    [Theory]
    [InlineData("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")]
    [InlineData("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45")]
    [InlineData("Transfer(address,address,uint256)", "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")]
    [InlineData("The quick brown fox jumps over the lazy dog", "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15")]
    public void Matches_published_vectors(string text, string expected) =>
        Assert.Equal(Bytes32.Parse(expected), Keccak256.Hash(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Matches_an_independent_permutation_at_every_length_around_the_block_size()
    {
        var random = new Random(1);
        for (var length = 0; length <= 420; length++)
        {
            var data = new byte[length];
            random.NextBytes(data);
            Assert.Equal(Reference.Keccak(data), Keccak256.Hash(data).ToArray());
        }
    }

    [Fact]
    public void Hashing_in_pieces_gives_the_hash_of_the_whole()
    {
        var random = new Random(2);
        for (var i = 0; i < 500; i++)
        {
            var data = new byte[random.Next(700)];
            random.NextBytes(data);
            var whole = Keccak256.Hash(data);
            var split = random.Next(data.Length + 1);
            Assert.Equal(whole, Keccak256.Hash(data.AsSpan(0, split), data.AsSpan(split)));

            var hash = new Keccak256();
            for (var at = 0; at < data.Length;)
            {
                var take = Math.Min(random.Next(1, 200), data.Length - at);
                hash.Append(data.AsSpan(at, take));
                at += take;
            }

            Assert.Equal(whole, hash.Finish());
            Assert.Equal(Keccak256.Hash([]), hash.Finish());
        }
    }

    [Fact]
    public void A_node_is_the_hash_of_both_children_joined()
    {
        var left = Keccak256.Hash([1]);
        var right = Keccak256.Hash([2]);
        Assert.Equal(Keccak256.Hash([.. left.AsSpan(), .. right.AsSpan()]), Keccak256.Hash(left, right));
        Assert.NotEqual(Keccak256.Hash(left, right), Keccak256.Hash(right, left));
    }

    [Fact]
    public void Allocates_nothing()
    {
        var data = new byte[1000];
        var node = Keccak256.Hash(data);
        _ = Keccak256.Hash(node, node);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            node = Keccak256.Hash(node, node);
            node = Keccak256.Hash(node.AsSpan(), data);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    // The specification's loops, as plainly as they can be written.
    private static class Reference
    {
        public static byte[] Keccak(byte[] data)
        {
            var padded = new byte[(data.Length / 136 + 1) * 136];
            data.CopyTo(padded, 0);
            padded[data.Length] ^= 1;
            padded[^1] ^= 0x80;
            var a = new ulong[5, 5];
            for (var block = 0; block < padded.Length; block += 136)
            {
                for (var i = 0; i < 17; i++) a[i % 5, i / 5] ^= BitConverter.ToUInt64(padded, block + (8 * i));
                Permute(a);
            }

            var result = new byte[32];
            for (var i = 0; i < 4; i++) BitConverter.GetBytes(a[i, 0]).CopyTo(result, 8 * i);
            return result;
        }

        private static void Permute(ulong[,] a)
        {
            var lfsr = 1;
            for (var round = 0; round < 24; round++)
            {
                var c = new ulong[5];
                for (var x = 0; x < 5; x++) c[x] = a[x, 0] ^ a[x, 1] ^ a[x, 2] ^ a[x, 3] ^ a[x, 4];
                for (var x = 0; x < 5; x++)
                {
                    for (var y = 0; y < 5; y++) a[x, y] ^= c[(x + 4) % 5] ^ ulong.RotateLeft(c[(x + 1) % 5], 1);
                }

                var (px, py) = (1, 0);
                var lane = a[1, 0];
                for (var t = 0; t < 24; t++)
                {
                    (px, py) = (py, ((2 * px) + (3 * py)) % 5);
                    (lane, a[px, py]) = (a[px, py], ulong.RotateLeft(lane, (t + 1) * (t + 2) / 2 % 64));
                }

                for (var y = 0; y < 5; y++)
                {
                    var row = new[] { a[0, y], a[1, y], a[2, y], a[3, y], a[4, y] };
                    for (var x = 0; x < 5; x++) a[x, y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
                }

                for (var j = 0; j < 7; j++)
                {
                    if ((lfsr & 1) != 0) a[0, 0] ^= 1UL << ((1 << j) - 1);
                    lfsr <<= 1;
                    if ((lfsr & 0x100) != 0) lfsr ^= 0x171;
                }
            }
        }
    }
}
