using DePin.Abi.Solana;

namespace DePin.Chain.Solana;

/// <summary>What the runtime writes among a transaction's logs. Programs write there, too, but only after "Program log: ", "Program data: " or "Program return: ".</summary>
public static class SolanaLogs
{
    private const string Prefix = "Program ";
    private const string Failed = " failed: ";

    /// <summary>The program that failed first, which is the innermost: a failure ends all its callers. Null where no line says so.</summary>
    public static SolanaAddress? FailedProgram(IEnumerable<string> logs)
    {
        foreach (var line in logs)
        {
            if (!line.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            var end = line.IndexOf(' ', Prefix.Length);
            if (end > 0 && line.AsSpan(end).StartsWith(Failed, StringComparison.Ordinal) && SolanaAddress.TryParse(line[Prefix.Length..end], out var program)) return program;
        }

        return null;
    }
}
