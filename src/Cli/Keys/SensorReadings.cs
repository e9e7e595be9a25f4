using System.Globalization;
using DePin.Protocol.Verification.Sensing;

namespace DePin.Cli.Keys;

/// <summary>A sensor's reading as people write it: <c>temperature=18.4</c>.</summary>
public static class SensorReadings
{
    private static readonly Dictionary<string, (SensedParameter Parameter, int Unit)> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["temperature"] = (SensedParameter.Temperature, 1_000),
        ["humidity"] = (SensedParameter.Humidity, 1_000),
        ["pressure"] = (SensedParameter.Pressure, 10_000), // hPa in 0.01 Pa
        ["pm1"] = (SensedParameter.Pm1, 1_000),
        ["pm25"] = (SensedParameter.Pm25, 1_000),
        ["pm10"] = (SensedParameter.Pm10, 1_000),
    };

    /// <summary>Reads <c>name=value</c> pairs; values in °C, %, hPa and µg/m³.</summary>
    /// <param name="pairs">As given.</param>
    /// <param name="measuredAtMs">When it was measured, ms of network time.</param>
    /// <exception cref="CliException">A pair is not one, or its value has no whole number of the payload's units.</exception>
    public static Reading Parse(IReadOnlyList<string> pairs, ulong measuredAtMs)
    {
        var values = new List<(SensedParameter, int)>();
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0 || !Known.TryGetValue(pair[..at], out var known)) throw new CliException($"'{pair}' is no reading: write name=value, with one of {string.Join(", ", Known.Keys)}.", ExitCodes.Usage);
            if (!decimal.TryParse(pair[(at + 1)..], NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
                || Math.Abs(value) > 1_000_000 || (value * known.Unit) % 1 != 0 || Math.Abs(value * known.Unit) > int.MaxValue)
                throw new CliException($"'{pair}': the value must be a number of at most {(known.Unit == 10_000 ? 4 : 3)} decimals.", ExitCodes.Usage);
            if (values.Exists(v => v.Item1 == known.Parameter)) throw new CliException($"{pair[..at]} is given twice.", ExitCodes.Usage);
            values.Add((known.Parameter, (int)(value * known.Unit)));
        }

        return new Reading(measuredAtMs, values);
    }
}
