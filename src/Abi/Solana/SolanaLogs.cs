using System.Collections.Immutable;

namespace DePin.Abi.Solana;

/// <summary>Data that a program logged, such as an event.</summary>
/// <param name="Program">Who wrote it.</param>
/// <param name="Depth">1 for a program that the transaction itself called, 2 for one that it called, and so on.</param>
/// <param name="Data">The bytes behind "Program data: ".</param>
public sealed record SolanaLogData(SolanaAddress Program, int Depth, ReadOnlyMemory<byte> Data);

/// <summary>What a transaction's log says.</summary>
/// <param name="Data">In the order written; empty if the transaction failed.</param>
/// <param name="Complete">Whether the log is whole. Where it is not, it was truncated or makes no sense: events may be missing, and the accounts must be read instead.</param>
/// <param name="Failed">Whether the log says that the transaction failed.</param>
public sealed record SolanaLogs(ImmutableArray<SolanaLogData> Data, bool Complete, bool Failed)
{
    /// <summary>Reads one transaction's lines; see <see cref="SolanaLogReader"/> for what is believed.</summary>
    public static SolanaLogs Parse(IEnumerable<string> lines)
    {
        var reader = new SolanaLogReader();
        var found = ImmutableArray.CreateBuilder<SolanaLogData>();
        foreach (var line in lines)
        {
            if (reader.Read(line, out var data)) found.Add(new SolanaLogData(reader.Program, reader.Depth, data.ToArray()));
        }

        return new SolanaLogs(reader.Failed ? [] : found.ToImmutable(), reader.Failed || reader.Complete, reader.Failed);
    }
}
