using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DePin.Architecture.Tests;

/// <summary><c>docs/settings.md</c> is what the hosts' option records say of themselves. DEPIN_WRITE_SETTINGS=1 (<c>scripts/settings</c>) writes it anew.</summary>
public sealed partial class SettingsTests
{
    private const string Document = "docs/settings.md";
    private const string Providers = "src/Chain/Rpc/RpcProviderOptions.cs"; // of no host: shared

    private static readonly (string Host, string Title, (string Section, string File, string Record)[] Parts)[] Hosts =
    [
        ("Oracle", "An operator's node", [
            ("Oracle", "src/Oracle/OracleConfiguration.cs", "OracleOptions"),
            ("Oracle:Rpc:0", Providers, "RpcProviderOptions"),
            ("Oracle:Ingest", "src/Oracle/Ingest/IngestOptions.cs", "IngestOptions"),
            ("Oracle:Lanes", "src/Oracle/Batch/LaneOptions.cs", "LaneOptions"),
            ("Oracle:Round", "src/Oracle/Round/RoundOptions.cs", "RoundOptions"),
            ("Oracle:Transmit", "src/Oracle/Transmit/TransmitOptions.cs", "TransmitOptions"),
            ("Oracle:Evidence", "src/Oracle/Evidence/EvidenceOptions.cs", "EvidenceOptions"),
        ]),
        ("Indexer", "The indexer", [("Indexer", "src/Indexer/IndexerOptions.cs", "IndexerOptions"), ("Indexer:Rpc:0", Providers, "RpcProviderOptions")]),
        ("Api", "The API", [("Api", "src/Api/ApiOptions.cs", "ApiOptions")]),
        ("Jobs", "The job host", [("Jobs", "src/Jobs/JobsOptions.cs", "JobsOptions"), ("Jobs:Networks:0", "src/Jobs/JobsOptions.cs", "NetworkOptions")]),
        ("Hosting", "Telemetry, of every host", [("Telemetry", "src/Hosting/TelemetryOptions.cs", "TelemetryOptions")]),
    ];

    [Fact]
    public void The_document_of_settings_is_what_the_hosts_read()
    {
        var expected = Write();
        var path = Path.Combine(Repository.Root, Document);
        if (Environment.GetEnvironmentVariable("DEPIN_WRITE_SETTINGS") == "1") File.WriteAllText(path, expected);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == expected, $"{Document} is not current: run scripts/settings.");
    }

    [Fact]
    public void Every_option_record_of_a_host_is_in_the_document()
    {
        var listed = Hosts.SelectMany(h => h.Parts).Select(p => p.File).Where(f => f != Providers).ToHashSet();
        var records = Repository.Files.Where(f => Hosts.Any(h => f.StartsWith($"src/{h.Host}/", StringComparison.Ordinal)) && f.EndsWith(".cs", StringComparison.Ordinal))
            .Where(f => OptionRecord().IsMatch(Repository.Read(f)));
        Assert.Equal(listed.Order(StringComparer.Ordinal), records);
    }

    private static string Write()
    {
        var text = new StringBuilder(
            """
            # Settings of the hosts

            Written by `scripts/settings` from the source; a test compares. Every setting is read from the environment, where a colon is two underscores and a list has numbers
            (`Oracle__Lanes__SealEvery=00:00:02`, `Indexer__Rpc__0=https://…`), from `appsettings.json` in the working folder, or from the command line (`--Api:Burst=500`). Times are `hh:mm:ss`. A value out of its
            bounds ends the host at the start with a message that names it. Where a host listens is ASP.NET's own `Urls` (`ASPNETCORE_URLS`), what it logs is `Logging`.

            """);
        foreach (var (_, title, parts) in Hosts)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {title}\n\n| setting | type | meaning |\n|---|---|---|\n");
            foreach (var (section, file, record) in parts)
            {
                var source = Repository.Read(file);
                source = source[source.IndexOf($"record {record}", StringComparison.Ordinal)..];
                source = source[..source.IndexOf("\n}", StringComparison.Ordinal)];
                var settings = Setting().Matches(source);
                if (settings.Count != Regex.Count(source, "get; init;")) throw new InvalidOperationException($"{file}: a setting without a summary of one line.");
                foreach (Match setting in settings)
                {
                    var type = setting.Groups["type"].Value;
                    if (type.EndsWith("Options", StringComparison.Ordinal)) continue; // a part of its own
                    text.Append(CultureInfo.InvariantCulture, $"| `{section}:{setting.Groups["name"].Value}` | {Name(type)} | {Meaning(setting)} |\n");
                }
            }
        }

        return text.ToString();
    }

    private static string Meaning(Match setting)
    {
        var meaning = Reference().Replace(setting.Groups["summary"].Value, "`$1`").Replace("<c>", "`", StringComparison.Ordinal).Replace("</c>", "`", StringComparison.Ordinal);
        return Range().Match(setting.Groups["rules"].Value) is { Success: true } range ? $"{meaning} From {Plain(range.Groups[1].Value)} to {Plain(range.Groups[2].Value)}." : meaning;
    }

    private static string Plain(string bound)
    {
        var parts = bound.Replace("_", "", StringComparison.Ordinal).Split(" * ").Select(static part => part switch
        {
            "int.MaxValue" => int.MaxValue,
            "short.MaxValue" => short.MaxValue,
            _ when part.Split(" << ") is [var one, var shift] => int.Parse(one, CultureInfo.InvariantCulture) << int.Parse(shift, CultureInfo.InvariantCulture),
            _ => double.Parse(part, CultureInfo.InvariantCulture),
        });
        return parts.Aggregate(1.0, static (product, part) => product * part).ToString("#,0.###", CultureInfo.InvariantCulture);
    }

    private static string Name(string type) => type switch
    {
        "TimeSpan" => "time",
        "string" => "text",
        "bool" => "true, false",
        "Uri[]" or "string[]" or "RpcProviderOptions[]" or "NetworkOptions[]" => "list",
        "Uri" or "Uri?" => "URL",
        "int" or "long" or "short" => "whole number",
        "double" => "number",
        _ => throw new InvalidOperationException($"How is a {type} called in {Document}?"),
    };

    [GeneratedRegex("/// <summary>(?<summary>[^\n]*)</summary>\n(?<rules>(?: *\\[[^\n]*\\]\n)*) *public (?:required )?(?<type>[A-Za-z]+(?:\\[\\])?\\??) (?<name>[A-Za-z]+) \\{ get; init; \\}")]
    private static partial Regex Setting();

    [GeneratedRegex(@"Range\(([^,]+), ([^)]+)\)")]
    private static partial Regex Range();

    [GeneratedRegex("<see cref=\"([A-Za-z.]+)\"/>")]
    private static partial Regex Reference();

    [GeneratedRegex(@"record [A-Za-z]+Options\b")]
    private static partial Regex OptionRecord();
}
