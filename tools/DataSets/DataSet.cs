using DePin.Protocol;
using DePin.Protocol.Geo;
using DePin.Protocol.Verification.Sensing;
using DePin.Protocol.Verification.Wireless;

namespace DePin.DataSets;

/// <summary>A device of a data set, before it has a key.</summary>
/// <param name="Name">Stable name within the network.</param>
/// <param name="Provider">Whose it is: sensors of one station, gateways one by one.</param>
/// <param name="Class">Resource class of its proofs.</param>
/// <param name="Schema">Payload layout of its proofs.</param>
/// <param name="Model">Devices of one model have class, capabilities and cadence in common.</param>
/// <param name="Capabilities">Class-defined bits of the model.</param>
/// <param name="CadenceSeconds">Seconds between proofs as designed; 0 = irregular.</param>
/// <param name="Cell">Asserted H3 cell of resolution 12; 0 = unknown.</param>
public sealed record DataDevice(
    string Name, string Provider, ClassId Class, ushort Schema, string Model, uint Capabilities, uint CadenceSeconds, ulong Cell);

/// <summary>A published row as the statement of a device.</summary>
/// <param name="Device">Index in <see cref="DataSet.Devices"/>.</param>
/// <param name="TimeMs">The row's own time in milliseconds since 1970, not shifted.</param>
public abstract record DataRow(int Device, long TimeMs)
{
    /// <summary>The class's canonical payload with every time in it moved by <paramref name="shiftMs"/>.</summary>
    public abstract byte[] Payload(long shiftMs);

    /// <summary>The same row with every time in it moved.</summary>
    public abstract DataRow Moved(long ms);
}

/// <summary>A report of a sensor.</summary>
/// <param name="Device">Index of the sensor.</param>
/// <param name="TimeMs">When it measured.</param>
/// <param name="Values">What it measured, in the parameters' units.</param>
public sealed record ReadingRow(int Device, long TimeMs, IReadOnlyList<(SensedParameter Parameter, int Value)> Values) : DataRow(Device, TimeMs)
{
    /// <inheritdoc/>
    public override byte[] Payload(long shiftMs) => new Reading((ulong)(TimeMs + shiftMs), Values).ToBytes();

    /// <inheritdoc/>
    public override DataRow Moved(long ms) => this with { TimeMs = TimeMs + ms };
}

/// <summary>A reception of a gateway.</summary>
/// <param name="Device">Index of the gateway.</param>
/// <param name="TimeMs">When it reported.</param>
/// <param name="Reception">What it received, and when by its own clock.</param>
public sealed record ReceptionRow(int Device, long TimeMs, Reception Reception) : DataRow(Device, TimeMs)
{
    /// <inheritdoc/>
    public override byte[] Payload(long shiftMs) => Shifted(shiftMs).ToBytes();

    /// <inheritdoc/>
    public override DataRow Moved(long ms) => this with { TimeMs = TimeMs + ms, Reception = Shifted(ms) };

    private Reception Shifted(long ms) => Reception with { ReceivedAtMs = (ulong)((long)Reception.ReceivedAtMs + ms) };
}

/// <summary>Devices, and their rows ascending by (time, device).</summary>
/// <param name="Name">For people and for choosing.</param>
/// <param name="Devices">All devices that occur.</param>
/// <param name="Rows">All rows.</param>
public sealed record DataSet(string Name, IReadOnlyList<DataDevice> Devices, IReadOnlyList<DataRow> Rows)
{
    /// <summary>Milliseconds of a day.</summary>
    public const long DayMs = 86_400_000;

    /// <summary>Midnight (UTC) before the first row, in milliseconds since 1970.</summary>
    public long FirstDayMs { get; } = Rows[0].TimeMs / DayMs * DayMs;

    /// <summary>Whole days from <see cref="FirstDayMs"/> that hold all rows.</summary>
    public int Days { get; } = (int)((Rows[^1].TimeMs - (Rows[0].TimeMs / DayMs * DayMs)) / DayMs) + 1;

    /// <summary>The first so many devices with their rows, on the same calendar.</summary>
    public DataSet Limit(int devices) =>
        devices >= Devices.Count ? this : this with { Devices = [.. Devices.Take(devices)], Rows = [.. Rows.Where(row => row.Device < devices)] };

    /// <summary>The rows of a day, from 0.</summary>
    public IEnumerable<DataRow> Day(int number)
    {
        var start = FirstDayMs + number * DayMs;
        return Rows.Where(row => row.TimeMs >= start && row.TimeMs < start + DayMs);
    }

    /// <summary>The cell that a device at this place asserts.</summary>
    internal static ulong CellAt(GeoPoint point) => H3Cell.At(point, 12).Value;

    internal static IReadOnlyList<DataRow> Ordered(IEnumerable<DataRow> rows) => [.. rows.OrderBy(row => row.TimeMs).ThenBy(row => row.Device)];
}
