using System.Buffers.Binary;
using System.Numerics;
using DePin.Cryptography;

namespace DePin.Protocol.Verification.Wireless;

/// <summary>
/// Rules of networks whose receivers also transmit beacons on a schedule: content that nobody can know before its entropy is published, windows
/// and lags that an internet relay overruns, and reciprocity. Pure functions; docs/classes/wireless-coverage.md says which are in force where.
/// </summary>
public static class Beacon
{
    /// <summary>Length of a beacon's content in bytes.</summary>
    public const int ContentSize = 51;

    /// <summary>How long entropy is fresh, in milliseconds: three minutes.</summary>
    public const ulong EntropyLifespanMs = 180_000;

    /// <summary>Length of a schedule slot in milliseconds: six hours.</summary>
    public const ulong SlotMs = 21_600_000;

    /// <summary>How long a device's last valid counterpart counts, in milliseconds: 48 hours.</summary>
    public const ulong ReciprocityMs = 172_800_000;

    /// <summary>After the beacon's own report, a reception may arrive this much later, in milliseconds.</summary>
    public const ulong LagAfterBeaconMs = 4_000;

    /// <summary>After the first reception's report, where that came before the beacon's, others may arrive this much later.</summary>
    public const ulong LagAfterFirstMs = 1_500;

    /// <summary>
    /// The content that follows from both halves of the entropy: the low bytes of the first 51 words of ChaCha12 under the key
    /// SHA-256(remote · remote time i64 LE · local · 0 i64 LE), nonce and counter zero.
    /// </summary>
    /// <param name="remote">The network's entropy.</param>
    /// <param name="remoteSeconds">When it was published, in seconds since 1970.</param>
    /// <param name="local">The device's entropy.</param>
    public static byte[] Content(ReadOnlySpan<byte> remote, long remoteSeconds, ReadOnlySpan<byte> local)
    {
        var seed = new byte[remote.Length + 8 + local.Length + 8];
        remote.CopyTo(seed);
        BinaryPrimitives.WriteInt64LittleEndian(seed.AsSpan(remote.Length), remoteSeconds);
        local.CopyTo(seed.AsSpan(remote.Length + 8));
        var key = Sha256.Hash(seed);
        var content = new byte[ContentSize];
        Span<uint> block = stackalloc uint[16];
        for (var n = 0; n < ContentSize; n++)
        {
            if (n % 16 == 0) ChaCha12(key.AsSpan(), (ulong)(n / 16), block);
            content[n] = (byte)block[n % 16];
        }
        return content;
    }

    /// <summary>The channel that a content prescribes: its first two bytes, little-endian, modulo the number of channels.</summary>
    public static int Channel(ReadOnlySpan<byte> content, int channels) => BinaryPrimitives.ReadUInt16LittleEndian(content) % channels;

    /// <summary>Whether a report came while the entropy was fresh.</summary>
    public static bool InEntropyWindow(ulong receivedAtMs, ulong entropyAtMs) =>
        receivedAtMs >= entropyAtMs && receivedAtMs - entropyAtMs <= EntropyLifespanMs;

    /// <summary>Whether a beacon lies in a later schedule slot than the one before; <paramref name="previousMs"/> null for the first.</summary>
    public static bool OnSchedule(ulong receivedAtMs, ulong? previousMs) => previousMs is null || receivedAtMs / SlotMs > previousMs / SlotMs;

    /// <summary>Whether a reception's report came soon enough after the beacon's or, where that was earlier, after the first reception's.</summary>
    public static bool WithinLag(ulong receptionMs, ulong beaconMs, ulong firstReceptionMs) =>
        firstReceptionMs < beaconMs
            ? receptionMs - firstReceptionMs <= LagAfterFirstMs
            : receptionMs - beaconMs <= LagAfterBeaconMs;

    /// <summary>Whether the counterpart's last valid event is recent enough; null where there was none.</summary>
    public static bool Reciprocal(ulong nowMs, ulong? counterpartMs) => counterpartMs is { } last && last + ReciprocityMs >= nowMs;

    private static void ChaCha12(ReadOnlySpan<byte> key, ulong counter, Span<uint> output)
    {
        Span<uint> state = stackalloc uint[16];
        (state[0], state[1], state[2], state[3]) = (0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);
        for (var n = 0; n < 8; n++) state[4 + n] = BinaryPrimitives.ReadUInt32LittleEndian(key[(4 * n)..]);
        (state[12], state[13], state[14], state[15]) = ((uint)counter, (uint)(counter >> 32), 0, 0);
        state.CopyTo(output);
        for (var round = 0; round < 12; round += 2)
        {
            Quarter(output, 0, 4, 8, 12); Quarter(output, 1, 5, 9, 13); Quarter(output, 2, 6, 10, 14); Quarter(output, 3, 7, 11, 15);
            Quarter(output, 0, 5, 10, 15); Quarter(output, 1, 6, 11, 12); Quarter(output, 2, 7, 8, 13); Quarter(output, 3, 4, 9, 14);
        }
        for (var n = 0; n < 16; n++) output[n] += state[n];
    }

    private static void Quarter(Span<uint> s, int a, int b, int c, int d)
    {
        s[a] += s[b]; s[d] = BitOperations.RotateLeft(s[d] ^ s[a], 16);
        s[c] += s[d]; s[b] = BitOperations.RotateLeft(s[b] ^ s[c], 12);
        s[a] += s[b]; s[d] = BitOperations.RotateLeft(s[d] ^ s[a], 8);
        s[c] += s[d]; s[b] = BitOperations.RotateLeft(s[b] ^ s[c], 7);
    }
}
