using System.Diagnostics;
using DePin.TestKit;

namespace DePin.DeviceSdk.Tests;

/// <summary>The C library in a process of its own, under the sanitizers (c/harness.c says what it answers).</summary>
internal sealed class CLibrary : IAsyncDisposable
{
    private static readonly Lazy<Task<string>> Program = new(() => CProgram.BuildAsync("harness", CancellationToken.None, Path.Combine(CProgram.Root, "tests", "DeviceSdk.Tests", "c", "harness.c")));
    private readonly Process process;

    private CLibrary(Process process) => this.process = process;

    public static async Task<CLibrary> StartAsync()
    {
        var start = new ProcessStartInfo(await Program.Value) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        return new CLibrary(Process.Start(start)!);
    }

    /// <summary>One command, one answer. Fails with what the sanitizers said if the program ended.</summary>
    public async Task<string> AskAsync(params object[] words)
    {
        var command = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{string.Join(' ', words.Select(Text))}");
        try
        {
            await process.StandardInput.WriteLineAsync(command);
            await process.StandardInput.FlushAsync();
            if (await process.StandardOutput.ReadLineAsync() is { } answer) return answer;
        }
        catch (IOException)
        {
            // It is gone: why, it wrote to standard error.
        }

        var why = await process.StandardError.ReadToEndAsync();
        throw new InvalidOperationException($"The C program ended at: {(command.Length > 2_000 ? command[..2_000] + "…" : command)}\n{why}");
    }

    public static string Hex(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? "-" : Convert.ToHexStringLower(bytes);

    public static byte[] Bytes(string hex) => hex == "-" ? [] : Convert.FromHexString(hex);

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static string Text(object word) => word switch
    {
        byte[] bytes => Hex(bytes),
        ReadOnlyMemory<byte> bytes => Hex(bytes.Span),
        Cryptography.Bytes32 bytes => Hex(bytes.AsSpan()),
        Cryptography.Address bytes => Hex(bytes.AsSpan()),
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => word.ToString()!,
    };
}
