using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Replayer;

/// <summary>A device of a data set, before it has a key.</summary>
/// <param name="Name">Stable name; key and provider follow from it.</param>
/// <param name="Provider">Name of the provider that owns it.</param>
/// <param name="Class">Resource class of its proofs.</param>
/// <param name="Schema">Payload layout of its proofs.</param>
/// <param name="Model">Name of its model: devices with one have class, capabilities and cadence in common.</param>
/// <param name="Capabilities">Class-defined bits.</param>
/// <param name="CadenceSeconds">Seconds between proofs as designed; 0 = irregular.</param>
/// <param name="Cell">H3 cell, 0 = unknown.</param>
public sealed record SourceDevice(string Name, string Provider, ClassId Class, ushort Schema, string Model, uint Capabilities, uint CadenceSeconds, ulong Cell);

/// <summary>A row of a data set as a proof would state it.</summary>
/// <param name="Device">Index in <see cref="DataSource.Devices"/>.</param>
/// <param name="TimeMs">The row's own time, ms since 1970, not shifted.</param>
public abstract record SourceRow(int Device, long TimeMs)
{
    /// <summary>The class's canonical layout with its times shifted.</summary>
    public abstract byte[] Payload(long shiftMs);
}

/// <summary>A data set: devices, and rows ascending by time. It can be read as often as asked.</summary>
/// <param name="Name">For people.</param>
/// <param name="Devices">Its devices.</param>
/// <param name="Rows">Its rows, ascending by time.</param>
public sealed record DataSource(string Name, IReadOnlyList<SourceDevice> Devices, IReadOnlyList<SourceRow> Rows)
{
    private const long DayMs = 86_400_000;

    /// <summary>Midnight before the first row, ms since 1970.</summary>
    public long FirstDayMs => Rows[0].TimeMs / DayMs * DayMs;

    /// <summary>Whole days from <see cref="FirstDayMs"/> that hold all rows, ms.</summary>
    public long SpanMs => ((Rows[^1].TimeMs - FirstDayMs) / DayMs + 1) * DayMs;
}

/// <summary>Keys that follow from a seed, so that a second run is the same devices. For dev chains only: who knows the seed has the keys.</summary>
public static class SeededKeys
{
    private static readonly KeyType[] Mixed = [KeyType.P256, KeyType.Secp256k1, KeyType.Ed25519];

    /// <summary>The key of a name.</summary>
    public static PrivateKey Of(string seed, string name, KeyType type) =>
        PrivateKey.FromBytes(type, Keccak256.Hash(System.Text.Encoding.UTF8.GetBytes($"DePIN dev key v1\n{seed}\n{name}\n{type}")).AsSpan());

    /// <summary>Key types take turns over the devices of a network.</summary>
    public static KeyType TypeOf(int index) => Mixed[index % Mixed.Length];
}
