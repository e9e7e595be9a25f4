namespace DePin.Architecture.Tests;

/// <summary>Who may reference whom: only downward, and never one host another.</summary>
public sealed class ReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Cryptography"] = [],
        ["DevTools"] = [],
        ["Abi"] = ["Cryptography"],
        ["Protocol"] = ["Cryptography"],
        // Names of traces and spans, over the framework's own activities: no package, or a device would carry it.
        ["Tracing"] = ["Protocol", "Cryptography"],
        ["Hosting"] = ["Tracing"],
        ["ContractBindings"] = ["Abi", "Cryptography"],
        ["Chain"] = ["Protocol", "Abi", "ContractBindings", "Cryptography"],
        ["Signing"] = ["Protocol", "Chain", "Cryptography"],
        ["Storage"] = ["Protocol", "Cryptography"],
        ["Mirror"] = ["Protocol", "Chain", "Storage", "ContractBindings", "Tracing", "Cryptography"],
        // Small enough for a gateway: a device knows neither chain nor database.
        ["DeviceSdk"] = ["Protocol", "Tracing", "Cryptography"],
        // The same for an app: what a network's services answer, and nothing that makes the answers.
        ["Client"] = ["Protocol", "Abi", "Cryptography"],
        ["Sdk"] = ["Protocol", "DeviceSdk", "Chain", "Abi", "ContractBindings", "Cryptography"],
        // Sessions and their endpoints, for the hosts that have people to sign in.
        ["SignIn"] = ["Storage", "Hosting", "Abi", "Cryptography"],
        ["Oracle"] = ["Protocol", "Chain", "Signing", "Storage", "Mirror", "Hosting", "Tracing", "Cryptography"],
        ["Indexer"] = ["Protocol", "Chain", "Storage", "Mirror", "Hosting", "Tracing", "Cryptography"],
        ["Jobs"] = ["Protocol", "Chain", "Storage", "Mirror", "Hosting", "SignIn", "Abi", "Cryptography"],
        // Abi and ContractBindings are codecs: the API lays out transactions for others to sign and send, and calls no chain.
        ["Api"] = ["Protocol", "Storage", "Abi", "ContractBindings", "Hosting", "SignIn", "Cryptography"],
        ["Cli"] = ["Protocol", "Chain", "Storage", "Mirror", "Client", "Sdk", "DeviceSdk", "Signing", "Hosting", "Tracing", "DevTools", "Cryptography"],
    };

    public static TheoryData<string> Projects => [.. SourceProjects()];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_lies_below_it(string project)
    {
        Assert.True(Allowed.TryGetValue(project, out var allowed), $"src/{project} has no rule here: decide what it may reference.");
        Assert.Empty(Repository.References($"src/{project}/{project}.csproj").Except(allowed));
    }

    [Fact]
    public void The_rules_name_no_project_that_is_gone() => Assert.Empty(Allowed.Keys.Except(SourceProjects()));

    [Fact]
    public void Sources_do_not_reference_tools_or_tests() =>
        Assert.DoesNotContain(SourceProjects(), p => Repository.Read($"src/{p}/{p}.csproj").Contains("../../", StringComparison.Ordinal));

    [Fact]
    public void Contract_bindings_are_generated_to_the_last_file()
    {
        var sources = Repository.Files.Where(f => f.StartsWith("src/ContractBindings/", StringComparison.Ordinal) && f.EndsWith(".cs", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(sources);
        Assert.All(sources, f => Assert.EndsWith(".g.cs", f, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = Repository.Read("DePin.Dapp.sln").Replace('\\', '/');
        Assert.All(Repository.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal)), f => Assert.Contains($"\"{f}\"", solution, StringComparison.Ordinal));
    }

    private static IEnumerable<string> SourceProjects() => Repository.Files
        .Where(f => f.StartsWith("src/", StringComparison.Ordinal) && f.EndsWith(".csproj", StringComparison.Ordinal))
        .Select(f => Path.GetFileNameWithoutExtension(f));
}
