using System.Text.Json;
using DePin.Protocol.Geo;

namespace DePin.DataSets;

/// <summary>
/// A folder of data sets: this repository's extracts (<c>data/</c>) or the full sets in the same layout. Sets have their own calendars; a
/// replay moves each by whole days.
/// </summary>
public static class DataFolder
{
    private const string Sensors = "environment-sensorcommunity-aberdeen", Receptions = "wireless-lorawan-grenoble";

    /// <summary>Reads every set that is there, in a fixed order.</summary>
    /// <exception cref="DirectoryNotFoundException">No known set is in the folder; the message names the folders looked for.</exception>
    public static IReadOnlyList<DataSet> Read(string folder)
    {
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"The data folder '{folder}' does not exist.");
        var sets = new List<DataSet>();
        if (Directory.Exists(Path.Combine(folder, Sensors))) sets.Add(SensorCommunity.Read(Path.Combine(folder, Sensors)));
        foreach (var file in Files(folder, "sainteynard"))
            sets.Add(GrenobleReceptions.ReadChirpStack("grenoble-sainteynard", file, Endpoint(file)));
        foreach (var file in Files(folder, "helium"))
#pragma warning disable CA1308 // set names are lower case
            sets.Add(GrenobleReceptions.ReadHelium($"grenoble-{Path.GetFileName(file).Split('_')[0].ToLowerInvariant()}", file));
#pragma warning restore CA1308
        return sets.Count > 0
            ? sets
            : throw new DirectoryNotFoundException(Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)) is Sensors or Receptions
                ? $"'{folder}' is one data set; give the folder above it."
                : $"'{folder}' holds no files under {Sensors} or {Receptions}; give the repository's data folder or one of the same layout.");
    }

    /// <summary>The repository's own extracts: the nearest <c>data</c> folder above the program.</summary>
    public static string Own()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var data = Path.Combine(folder.FullName, "data");
            if (Directory.Exists(Path.Combine(data, Sensors))) return data;
        }
        throw new DirectoryNotFoundException("The repository's data folder was not found above the program; give a data folder as argument.");
    }

    private static IEnumerable<string> Files(string folder, string part)
    {
        var path = Path.Combine(folder, Receptions, part);
        return Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.ndjson.gz").Order(StringComparer.Ordinal) : [];
    }

    // endpoints.json beside the frames: the fixed transmitters' places by device EUI, which begins the file's name.
    private static GeoPoint Endpoint(string file)
    {
        var name = Path.GetFileName(file).Split('_')[0];
        var list = Path.Combine(Path.GetDirectoryName(file)!, "endpoints.json");
        if (!File.Exists(list)) throw new InvalidDataException($"{list} is missing: it holds the places of the fixed transmitters.");
        using var endpoints = JsonDocument.Parse(File.ReadAllBytes(list));
        if (!endpoints.RootElement.TryGetProperty(name, out var place)) throw new InvalidDataException($"{list} has no place for {name}, whose frames are in {file}.");
        return new GeoPoint((int)Math.Round(place.GetProperty("latitude").GetDouble() * 1e7), (int)Math.Round(place.GetProperty("longitude").GetDouble() * 1e7));
    }
}
