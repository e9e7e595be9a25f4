using DePin.TestKit;

namespace DePin.DeviceSdk.Tests;

/// <summary>What the C library promises to a firmware's build.</summary>
public sealed class CCompilationTests
{
    // With these five every C library, and every board's own, can serve; and compilers call four of them unasked.
    private static readonly string[] OfThePlatform = ["memcmp", "memcpy", "memmove", "memset", "strlen"];

    [Theory]
    [InlineData("-O0")]
    [InlineData("-Os", "-ffreestanding")]
    [InlineData("-O2")]
    [InlineData("-O3", "-funsigned-char")]
    [InlineData("-O1", "-fsanitize=address,undefined")]
    public async Task Compiles_as_C99_without_a_warning(params string[] how)
    {
        foreach (var source in Directory.EnumerateFiles(CProgram.Sdk, "*.c")) await ObjectAsync(source, how);
    }

    [Fact]
    public async Task Asks_five_functions_of_the_platform_and_no_more()
    {
        var needed = new HashSet<string>();
        var made = new HashSet<string>();
        foreach (var source in CProgram.Library)
        {
            var symbols = await CProgram.RunAsync("nm", [await ObjectAsync(source, ["-Os", "-ffreestanding"])], CancellationToken.None);
            foreach (var line in symbols.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                (parts[^2] == "U" ? needed : made).Add(parts[^1]);
            }
        }

        Assert.Contains("depin_queue_open", made);
        Assert.Empty(needed.Except(made).Except(OfThePlatform));
    }

    [Fact]
    public async Task Keeps_no_state_of_its_own()
    {
        foreach (var source in CProgram.Library)
        {
            var symbols = await CProgram.RunAsync("nm", [await ObjectAsync(source, ["-Os"])], CancellationToken.None);
            Assert.DoesNotContain(symbols.Split('\n'), line => line.Contains(" d ", StringComparison.OrdinalIgnoreCase) || line.Contains(" b ", StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public async Task The_header_is_good_for_a_program_in_strict_C_that_includes_nothing_else()
    {
        var source = Path.Combine(Directory.CreateTempSubdirectory("depin-c-").FullName, "alone.c");
        await File.WriteAllTextAsync(source, "#include \"depin_device.h\"\nint depin_alone(void);\nint depin_alone(void) { return (int)DEPIN_SLOT_BYTES(0); }\n");
        await ObjectAsync(source, ["-Wstrict-prototypes", "-Wundef"]);
        Directory.Delete(Path.GetDirectoryName(source)!, recursive: true);
    }

    private static async Task<string> ObjectAsync(string source, string[] how)
    {
        var folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "c")).FullName;
        var output = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(source)}-{Guid.NewGuid():n}.o");
        await CProgram.RunAsync("cc", [.. CProgram.Strict, .. how, $"-I{CProgram.Sdk}", "-c", source, "-o", output], CancellationToken.None);
        return output;
    }
}
