using System.Buffers;

namespace DePin.Abi.Solana;

/// <summary>Solana's compact-u16, which stands before a list: seven bits a byte, least significant first, at most three bytes. Only the shortest form is read.</summary>
public static class ShortVec
{
    /// <summary>Most that it can say.</summary>
    public const int Maximum = ushort.MaxValue;

    /// <summary>How many bytes a number takes.</summary>
    public static int SizeOf(int value) => Checked(value) < 0x80 ? 1 : value < 0x4000 ? 2 : 3;

    /// <summary>Appends a number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 0 or above 65,535.</exception>
    public static void Write(IBufferWriter<byte> target, int value)
    {
        var rest = Checked(value);
        for (; rest >= 0x80; rest >>= 7) target.Write([(byte)(rest | 0x80)]);
        target.Write([(byte)rest]);
    }

    /// <summary>Takes a number from the start of <paramref name="data"/>; false, and nothing taken, where it is cut short, above 65,535 or longer than need be.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> data, out int value)
    {
        value = 0;
        for (var i = 0; i < 3 && i < data.Length; i++)
        {
            value |= (data[i] & 0x7f) << (7 * i);
            if (data[i] >= 0x80) continue;
            if (value > Maximum || (i > 0 && data[i] == 0)) return false;
            data = data[(i + 1)..];
            return true;
        }

        return false;
    }

    private static int Checked(int value) =>
        value is >= 0 and <= Maximum ? value : throw new ArgumentOutOfRangeException(nameof(value), value, $"A list on Solana has at most {Maximum} members.");
}
