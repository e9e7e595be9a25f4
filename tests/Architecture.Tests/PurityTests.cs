using System.Text.RegularExpressions;

namespace DePin.Architecture.Tests;

/// <summary>Two honest operators must get the same bytes: what may differ between machines or moments stays out of Protocol.</summary>
public sealed partial class PurityTests
{
    [Fact]
    public void Protocol_has_no_floating_point() => AssertAbsent(FloatingPoint());

    [Fact]
    public void Protocol_reads_no_clock_and_draws_no_chance() => AssertAbsent(ClockOrChance());

    [Fact]
    public void Protocol_does_no_input_or_output() => AssertAbsent(InputOutput());

    [Fact]
    public void Protocol_depends_on_nothing_but_cryptography()
    {
        var project = Repository.Read("src/Protocol/Protocol.csproj");
        Assert.DoesNotContain("PackageReference", project, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("var x = 1.5;")]
    [InlineData("double y = Math.Sin(2);")]
    [InlineData("float z;")]
    [InlineData("decimal d;")]
    public void The_search_finds_what_it_looks_for(string code) => Assert.Matches(FloatingPoint(), Repository.Strip(code));

    [Fact]
    public void The_search_ignores_prose() => Assert.DoesNotMatch(FloatingPoint(), Repository.Strip("// a double root of 1.5\nvar a = \"float\"; /* decimal */ var b = Math.Max(1, 2);"));

    private static void AssertAbsent(Regex pattern)
    {
        var found = Repository.Code("src/Protocol").SelectMany(s => pattern.Matches(s.Code).Select(m => $"{s.Path}: {m.Value}"));
        Assert.Empty(found);
    }

    [GeneratedRegex(@"\b(double|float|decimal|Half)\b|\b\d[\d_]*\.\d|\b\d[\d_]*e[+-]?\d|\bMath\.(?!Max\b|Min\b|Abs\b|BigMul\b|DivRem\b|Sign\b|Clamp\b|MultiplyHigh\b)\w+|\bMathF\.")]
    private static partial Regex FloatingPoint();

    [GeneratedRegex(@"\b(DateTime|DateTimeOffset|Stopwatch|TimeProvider|Random|RandomNumberGenerator|Guid)\b|\bEnvironment\.")]
    private static partial Regex ClockOrChance();

    [GeneratedRegex(@"\b(File|Directory|Stream|StreamReader|StreamWriter|FileStream|HttpClient|Socket|Console|Task|Thread|ILogger)\b(?!\s*=>)|\busing System\.(IO|Net)\b")]
    private static partial Regex InputOutput();
}
