using System.Globalization;
using System.IO.Compression;
using DePin.Protocol.Geo;
using DePin.Protocol.Verification.Sensing;

namespace DePin.DataSets;

/// <summary>
/// Rows of the Sensor.Community archive (semicolon-separated, one file per sensor type). A row is one proof of its sensor; sensors at one
/// location belong to one provider and assert one cell. Rows without a single value are left out, as a device would send nothing.
/// </summary>
public static class SensorCommunity
{
    /// <summary>Sensors report about every 148 seconds.</summary>
    public const uint CadenceSeconds = 150;

    // By column name: parameter and how many of its units one of the file's units has.
    private static readonly Dictionary<string, (SensedParameter Parameter, decimal Scale)> Columns = new(StringComparer.Ordinal)
    {
        ["temperature"] = (SensedParameter.Temperature, 1_000),
        ["humidity"] = (SensedParameter.Humidity, 1_000),
        ["pressure"] = (SensedParameter.Pressure, 100),
        ["P1"] = (SensedParameter.Pm10, 1_000),
        ["P2"] = (SensedParameter.Pm25, 1_000),
    };

    /// <summary>Reads all files of a folder.</summary>
    public static DataSet Read(string folder)
    {
        var devices = new List<DataDevice>();
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        var rows = new List<DataRow>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.csv.gz").Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
            var header = reader.ReadLine()?.Split(';') ?? throw new InvalidDataException($"{file} is empty.");
            int At(string column) => Array.IndexOf(header, column) is >= 0 and var at ? at : throw new InvalidDataException($"{file} has no column '{column}'.");
            var (sensor, type, location, lat, lon, time) = (At("sensor_id"), At("sensor_type"), At("location"), At("lat"), At("lon"), At("timestamp"));
            var values = header.Select((name, at) => (Known: Columns.TryGetValue(name, out var column), Column: column, At: at)).Where(entry => entry.Known).ToList();
            for (var number = 2; reader.ReadLine() is { } line; number++)
            {
                if (line.Length == 0) continue;
                var cells = line.Split(';');
                if (cells.Length != header.Length) throw new InvalidDataException($"{file}, line {number}: {cells.Length} columns where the header has {header.Length}. Is the file cut off?");
                var readings = new List<(SensedParameter, int)>();
                foreach (var (_, column, at) in values)
                    if (decimal.TryParse(cells[at], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                        readings.Add((column.Parameter, (int)Math.Round(Math.Clamp(value * column.Scale, int.MinValue, int.MaxValue))));
                if (readings.Count == 0) continue;
                if (!known.TryGetValue(cells[sensor], out var device))
                {
                    known[cells[sensor]] = device = devices.Count;
                    var place = new GeoPoint((int)(decimal.Parse(cells[lat], CultureInfo.InvariantCulture) * 10_000_000), (int)(decimal.Parse(cells[lon], CultureInfo.InvariantCulture) * 10_000_000));
                    var capabilities = values.Aggregate(0u, (mask, entry) => mask | 1u << (int)entry.Column.Parameter);
                    devices.Add(new DataDevice(
                        $"sensor-{cells[sensor]}", $"station-{cells[location]}", EnvironmentSensing.ClassId, EnvironmentSensing.ReadingSchema, cells[type], capabilities,
                        CadenceSeconds, DataSet.CellAt(place)));
                }
                var at0 = new DateTimeOffset(DateTime.Parse(cells[time], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal), TimeSpan.Zero);
                rows.Add(new ReadingRow(device, at0.ToUnixTimeMilliseconds(), readings));
            }
        }
        if (rows.Count == 0) throw new InvalidDataException($"{folder} holds no rows.");
        return new DataSet("aberdeen", devices, DataSet.Ordered(rows));
    }
}
