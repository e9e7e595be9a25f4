using System.Text.RegularExpressions;

namespace DePin.Architecture.Tests;

/// <summary>What may not stand in the tree, and where SQL may.</summary>
public sealed partial class TreeTests
{
    // Published test vectors and the well-known keys of Anvil's mnemonic are no secrets.
    private static readonly string[] PublicKeys = ["contracts/vectors/", "tests/", "contracts/evm/test/", "contracts/evm/artifacts/", "data/"];

    [Fact]
    public void Sql_lives_in_Storage_and_Mirror_only()
    {
        var found = Repository.Files
            .Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal)
                && !f.StartsWith("src/Storage/", StringComparison.Ordinal) && !f.StartsWith("src/Mirror/", StringComparison.Ordinal)
                && !f.StartsWith("src/DevTools/", StringComparison.Ordinal)) // creates databases, reads no table of ours
            .SelectMany(f => Sql().Matches(Repository.Read(f)).Select(m => $"{f}: {m.Value}"));
        Assert.Empty(found);
    }

    [Fact]
    public void No_path_of_anyones_machine_stands_in_the_tree()
    {
        var found = Texts().SelectMany(f => MachinePath().Matches(Repository.Read(f)).Select(m => $"{f}: {m.Value}"));
        Assert.Empty(found);
    }

    [Fact]
    public void No_secret_stands_in_the_tree()
    {
        Assert.DoesNotContain(Repository.Files, f => KeyFile().IsMatch(f));
        var found = Texts()
            .Where(f => !PublicKeys.Any(p => f.StartsWith(p, StringComparison.Ordinal)))
            .SelectMany(f => Secret().Matches(Repository.Read(f)).Select(m => $"{f}: {m.Value[..12]}…"));
        Assert.Empty(found);
    }

    [Fact]
    public void Scripts_can_be_run()
    {
        var scripts = Repository.Files.Where(f => f.StartsWith("scripts/", StringComparison.Ordinal) || f == ".ci/run").ToList();
        Assert.NotEmpty(scripts);
        Assert.All(scripts.Where(f => Repository.Read(f).StartsWith("#!", StringComparison.Ordinal)),
            f => Assert.True((File.GetUnixFileMode(Path.Combine(Repository.Root, f)) & UnixFileMode.UserExecute) != 0, f));
    }

    [Fact]
    public void Commands_that_the_readme_names_exist()
    {
        var commands = Command().Matches(Repository.Read("README.md")).Select(m => m.Groups[1].Value).Distinct().ToList();
        Assert.NotEmpty(commands);
        Assert.All(commands, c => Assert.True(File.Exists(Path.Combine(Repository.Root, c)), c));
    }

    [Fact]
    public void Links_of_the_documents_lead_somewhere()
    {
        var missing = Repository.Files
            .Where(f => f == "README.md" || (f.StartsWith("docs/", StringComparison.Ordinal) && f.EndsWith(".md", StringComparison.Ordinal)))
            .SelectMany(f => Link().Matches(Repository.Read(f)).Select(m => (File: f, Target: m.Groups[1].Value)))
            .Where(l => !File.Exists(Resolve(l)) && !Directory.Exists(Resolve(l)))
            .Select(l => $"{l.File}: {l.Target}");
        Assert.Empty(missing);

        static string Resolve((string File, string Target) link) => Path.Combine(Repository.Root, Path.GetDirectoryName(link.File)!, link.Target);
    }

    private static IEnumerable<string> Texts() => Repository.Files.Where(f => Path.GetExtension(f) is
        ".cs" or ".md" or ".sql" or ".json" or ".sol" or ".sh" or ".mjs" or ".js" or ".html" or ".csproj" or ".props" or ".toml" or ".proto" or "");

    [GeneratedRegex(@"\b(select\s+[\w\*\.,\s]+\s+from\s+\w+|insert\s+into\s+\w+|update\s+\w+(\.\w+)?\s+set\s|delete\s+from\s+\w+|create\s+(table|schema|role)\s)", RegexOptions.IgnoreCase)]
    private static partial Regex Sql();

    [GeneratedRegex(@"(?<![\w./-])/(work|root|home/\w+|Users/\w+|mnt)/[\w.-]+")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"(\.key|\.pem|\.p12|\.password)$")]
    private static partial Regex KeyFile();

    [GeneratedRegex(@"-----BEGIN [A-Z ]*PRIVATE KEY|(?i)(private[_ ]?key|secret|password)""?\s*[:=]\s*""?(0x)?[0-9a-f]{32,}")]
    private static partial Regex Secret();

    [GeneratedRegex(@"(?<![\w/])\.?/?((?:scripts|\.ci)/[a-z-]+)\b")]
    private static partial Regex Command();

    [GeneratedRegex(@"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();
}
