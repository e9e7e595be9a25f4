using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using DePin.Cryptography;
using DePin.Protocol.Geo;
using DePin.Protocol.Verification.Wireless;

namespace DePin.DataSets;

/// <summary>
/// LoRaWAN receptions around Grenoble: one JSON object per frame, in it one entry per receiving gateway. An entry is one proof of its gateway.
/// Published positions are centres of geohash-6 cells; the sentinel at the south pole means unknown.
/// </summary>
public static class GrenobleReceptions
{
    /// <summary>Half diagonal of a geohash-6 cell at 45° north, in metres.</summary>
    public const ushort CoarseMetres = 530;

    /// <summary>Uncertainty of the transmitter positions given with five decimals in the endpoint files, in metres.</summary>
    public const ushort FineMetres = 20;

    /// <summary>A file of the university's network (ChirpStack uplinks); <paramref name="transmitter"/> is the fixed transmitter's place.</summary>
    public static DataSet ReadChirpStack(string name, string file, GeoPoint transmitter) => new Reader(name).Read(file, (reader, frame) =>
    {
        if (!frame.TryGetProperty("rxInfo", out var receptions)) return; // a status message, not a frame
        var device = frame.GetProperty("devEUI").GetString()!;
        var info = frame.GetProperty("txInfo");
        var frequency = info.GetProperty("frequency").GetUInt32();
        var dr = info.GetProperty("dr").GetInt32();
        var archived = frame.GetProperty("_timestamp").GetInt64();
        var transmission = Key(device, frame.GetProperty("fCnt").GetRawText(), frame.GetProperty("fPort").GetRawText(), frame.GetProperty("data").GetString()!, frequency.ToString(CultureInfo.InvariantCulture));
        foreach (var entry in receptions.EnumerateArray())
        {
            var time = entry.TryGetProperty("time", out var at)
                ? DateTimeOffset.Parse(at.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds()
                : archived;
            var location = entry.TryGetProperty("location", out var place) ? PointOf(place, "latitude", "longitude") : null;
            // The network's clock dates the proof, the gateway's own (some have GPS) the reception.
            reader.Add(entry.GetProperty("gatewayID").GetString()!, "gateway", location, archived, new Reception
            {
                Transmitter = Key(device),
                Transmission = transmission,
                Position = transmitter,
                PositionUncertaintyMetres = FineMetres,
                FrequencyHz = frequency,
                // EU868: DR0 is SF12 … DR5 is SF7 at 125 kHz, DR6 is SF7 at 250 kHz.
                SpreadingFactor = (byte)Math.Max(7, 12 - dr),
                BandwidthKhz = dr == 6 ? (ushort)250 : (ushort)125,
                RssiDeci = Deci(entry.GetProperty("rssi").GetDouble()),
                SnrDeci = Deci(entry.GetProperty("loRaSNR").GetDouble()),
                ReceivedAtMs = (ulong)time,
                PowerDeci = null,
                GainDeci = 0,
            });
        }
    });

    /// <summary>A file of the Helium console.</summary>
    public static DataSet ReadHelium(string name, string file) => new Reader(name).Read(file, static (reader, frame) =>
    {
        var device = frame.GetProperty("dev_eui").GetString()!;
        var position = frame.GetProperty("_devLocation") is { ValueKind: JsonValueKind.Object } place ? PointOf(place, "latitude", "longitude") : null;
        var frameTime = frame.GetProperty("reported_at").GetInt64();
        foreach (var entry in frame.GetProperty("hotspots").EnumerateArray())
        {
            var frequency = (uint)Math.Round(entry.GetProperty("frequency").GetDouble() * 1e6);
            var spreading = entry.GetProperty("spreading").GetString()!.Split("BW");
            var time = entry.GetProperty("reported_at").GetInt64();
            reader.Add(entry.GetProperty("id").GetString()!, "hotspot", PointOf(entry, "lat", "long"), time, new Reception
            {
                Transmitter = Key(device),
                Transmission = reader.Repetition(frameTime, device, frame.GetProperty("devaddr").GetString()!, frame.GetProperty("fcnt").GetRawText(), (frequency / 100_000.0).ToString("F0", CultureInfo.InvariantCulture)),
                Position = position,
                PositionUncertaintyMetres = CoarseMetres,
                FrequencyHz = frequency,
                SpreadingFactor = byte.Parse(spreading[0].AsSpan(2), CultureInfo.InvariantCulture),
                BandwidthKhz = ushort.Parse(spreading[1], CultureInfo.InvariantCulture),
                RssiDeci = Deci(entry.GetProperty("rssi").GetDouble()),
                SnrDeci = Deci(entry.GetProperty("snr").GetDouble()),
                ReceivedAtMs = (ulong)time,
                PowerDeci = null,
                GainDeci = 0,
            });
        }
    });

    // Copies of one transmission reach a network server within this.
    private const long RepetitionMs = 4_000;

    private static GeoPoint? PointOf(JsonElement element, string latitude, string longitude)
    {
        if (!element.TryGetProperty(latitude, out var lat) || lat.ValueKind != JsonValueKind.Number) return null;
        var (north, east) = (lat.GetDouble(), element.GetProperty(longitude).GetDouble());
        return north < -89 ? null : new GeoPoint((int)Math.Round(north * 1e7), (int)Math.Round(east * 1e7));
    }

    private static short Deci(double value) => (short)Math.Round(value * 10);

    private static Bytes32 Key(params string[] parts) => Sha256.Hash(Encoding.UTF8.GetBytes(string.Join('\n', parts)));

    private sealed class Reader(string name)
    {
        private readonly List<(string Name, string Model, GeoPoint? Place)> _gateways = [];
        private readonly Dictionary<string, int> _known = new(StringComparer.Ordinal);
        private readonly List<DataRow> _rows = [];
        private readonly Dictionary<string, (long Time, int Count)> _frames = new(StringComparer.Ordinal);

        // A confirmed frame goes out again, with the same counter and at times on the same channel, when no acknowledgement came: another
        // transmission. A network server tells them apart by time, and so does this.
        public Bytes32 Repetition(long time, params string[] frame)
        {
            var key = string.Join('\n', frame);
            var (last, count) = _frames.GetValueOrDefault(key, (long.MinValue / 2, -1));
            if (time - last > RepetitionMs) count++;
            _frames[key] = (time, count);
            return Key([.. frame, count.ToString(CultureInfo.InvariantCulture)]);
        }

        public DataSet Read(string file, Action<Reader, JsonElement> take)
        {
            using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
            for (var number = 1; reader.ReadLine() is { } line; number++)
            {
                if (line.Length == 0) continue;
                try
                {
                    using var frame = JsonDocument.Parse(line);
                    take(this, frame.RootElement);
                }
                catch (Exception error) when (error is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
                {
                    throw new InvalidDataException($"{file}, line {number}: {error.Message}", error);
                }
            }
            if (_rows.Count == 0) throw new InvalidDataException($"{file} holds no receptions.");
            var devices = _gateways.ConvertAll(gateway => new DataDevice(
                $"{gateway.Model}-{gateway.Name}", $"owner-{gateway.Name}", WirelessCoverage.ClassId, WirelessCoverage.ReceptionSchema, gateway.Model, 0, 0,
                gateway.Place is { } place ? DataSet.CellAt(place) : 0));
            return new DataSet(name, devices, DataSet.Ordered(_rows));
        }

        public void Add(string gateway, string model, GeoPoint? place, long time, Reception reception)
        {
            if (!_known.TryGetValue(gateway, out var device))
            {
                _known[gateway] = device = _gateways.Count;
                _gateways.Add((gateway, model, place));
            }
            // A gateway asserts one place: the first that is known of it.
            if (_gateways[device].Place is null && place is not null) _gateways[device] = _gateways[device] with { Place = place };
            _rows.Add(new ReceptionRow(device, time, reception));
        }
    }
}
