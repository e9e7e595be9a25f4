using System.Text.RegularExpressions;

namespace DePin.Architecture.Tests;

/// <summary>The alert rules look at metrics that the hosts have, and each rule says what to do.</summary>
public sealed partial class AlertTests
{
    private const string Rules = "docs/alerts.yml", Page = "docs/alerts.md";

    [Fact]
    public void Every_rule_has_its_paragraph_and_every_paragraph_its_rule()
    {
        var rules = Alert().Matches(Repository.Read(Rules)).Select(m => m.Groups[1].Value).ToList();
        Assert.NotEmpty(rules);
        Assert.Equal(rules, Heading().Matches(Repository.Read(Page)).Select(m => m.Groups[1].Value));
        Assert.Equal(rules.Count, rules.Distinct().Count());
    }

    [Fact]
    public void Every_metric_that_a_rule_or_the_page_names_exists_in_a_host()
    {
        var made = Repository.Files.Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal))
            .SelectMany(f => Made().Matches(Repository.Read(f))).ToList();
        var names = made.Select(m => m.Groups["counter"].Success && !m.Groups["name"].Value.EndsWith("_total", StringComparison.Ordinal) ? m.Groups["name"].Value + "_total" : m.Groups["name"].Value).ToHashSet();
        Assert.True(names.Count > 20, "The metrics are not found in the source any more.");
        var unknown = ((string[])[Rules, Page]).SelectMany(f => Named().Matches(Repository.Read(f))).Select(m => m.Value).Distinct().Where(name => !names.Contains(name));
        Assert.Equal([], unknown);
    }

    [Fact]
    public void Every_kind_of_operators_alarm_is_on_the_page()
    {
        var kinds = Repository.Files.Where(f => f.StartsWith("src/Oracle/", StringComparison.Ordinal)).SelectMany(f => Kind().Matches(Repository.Read(f))).Select(m => m.Groups[1].Value).Distinct().ToList();
        Assert.NotEmpty(kinds);
        var page = Repository.Read(Page);
        Assert.Equal([], kinds.Where(kind => !page.Contains($"`{kind}`", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"^ *- alert: (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Alert();

    [GeneratedRegex(@"^### (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"(?:(?<counter>Create(?:Observable)?Counter(?:<long>)?)|Create\w+|Depth|Lane|Tell)\(\s*""(?<name>depin_\w+)""")]
    private static partial Regex Made();

    [GeneratedRegex(@"\bdepin_[a-z_]+")]
    private static partial Regex Named();

    [GeneratedRegex(@"""kind"", ""([a-z-]+)""")]
    private static partial Regex Kind();
}
