using System.Diagnostics;

namespace DePin.TestKit;

/// <summary>The C sources of the device SDK, and programs made of them with the system's compiler: gcc with its sanitizers, and libc's headers.</summary>
public static class CProgram
{
    /// <summary>Every warning that the sources promise not to give is an error.</summary>
    public static IReadOnlyList<string> Strict { get; } = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"];

    /// <summary>The first byte out of bounds, the first shift too far ends the program.</summary>
    public static IReadOnlyList<string> Sanitized { get; } = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

    /// <summary>The repository's root.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Folder of the C device SDK.</summary>
    public static string Sdk { get; } = Path.Combine(Root, "src", "DeviceSdk", "c");

    /// <summary>Files of the C device SDK that need nothing of the platform.</summary>
    public static IReadOnlyList<string> Library { get; } = [.. new[] { "depin_device.c", "depin_answer.c", "depin_queue.c" }.Select(f => Path.Combine(Sdk, f))];

    private static readonly string[] LibraryFolders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"];

    /// <summary>Compiles and links sources with the SDK, signer by libsodium and all, under the sanitizers.</summary>
    /// <returns>Path of the program, in a folder of the test run's own.</returns>
    public static async Task<string> BuildAsync(string name, CancellationToken ct, params string[] sources)
    {
        var folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "c")).FullName;
        var program = Path.Combine(folder, name);
        await RunAsync("cc", [.. Strict, .. Sanitized, $"-I{Sdk}", .. sources, .. Library, Path.Combine(Sdk, "depin_sodium.c"), "-o", program, Sodium()], ct);
        return program;
    }

    /// <summary>Runs a tool to its end and hands back what it printed.</summary>
    /// <exception cref="InvalidOperationException">It is not there or failed; the message holds what it said.</exception>
    public static async Task<string> RunAsync(string tool, IEnumerable<string> arguments, CancellationToken ct)
    {
        var start = new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Start(start);
        var error = process.StandardError.ReadToEndAsync(ct);
        var output = await process.StandardOutput.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{tool} ended with {process.ExitCode}: {output}{await error}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception problem)
        {
            throw new InvalidOperationException($"{start.FileName} is missing: run scripts/setup --tests, or install gcc and libc6-dev.", problem);
        }
    }

    // The file itself: the name that -lsodium looks for comes only with the development package.
    private static string Sodium() =>
        Environment.GetEnvironmentVariable("DEPIN_LIBSODIUM")
        ?? LibraryFolders.Where(Directory.Exists).SelectMany(f => Directory.EnumerateFiles(f, "libsodium.so*")).Order(StringComparer.Ordinal).FirstOrDefault()
        ?? throw new InvalidOperationException("libsodium is not where libraries are: install libsodium23, or name the file in DEPIN_LIBSODIUM.");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DePin.Dapp.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException("The tests must run from inside the clone.");
    }
}
