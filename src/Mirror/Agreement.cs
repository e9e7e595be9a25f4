using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DePin.Cryptography;

namespace DePin.Mirror;

/// <summary>Whether answers of different providers say the same, and where they differ if not.</summary>
internal static class Agreement
{
    /// <summary>Equal for equal headers, whatever was proven of them.</summary>
    public static Bytes32 KeyOf(IReadOnlyList<BlockHeader> headers)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var header in headers) Add(hash, header);
        return new Bytes32(hash.GetHashAndReset());
    }

    /// <summary>Equal for equal logs.</summary>
    public static Bytes32 KeyOf(LogBatch logs)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var log in logs.Entries) Add(hash, logs, log);
        return new Bytes32(hash.GetHashAndReset());
    }

    /// <summary>How a provider's logs differ from those that enough agree on.</summary>
    public static LogDifference Compare(LogBatch agreed, LogBatch its)
    {
        var known = KeysOf(agreed);
        var said = KeysOf(its);
        var missing = agreed.Entries.ToArray().Where(log => !said.Contains(KeyOf(agreed, log))).Select(log => (ulong?)log.BlockNumber).Min();
        var extra = its.Entries.ToArray().Where(log => !known.Contains(KeyOf(its, log))).Select(log => (ulong?)log.BlockNumber).Min();
        return new LogDifference(missing, extra, agreed.Count, its.Count);
    }

    private static HashSet<Bytes32> KeysOf(LogBatch logs)
    {
        var keys = new HashSet<Bytes32>(logs.Count);
        foreach (var log in logs.Entries) keys.Add(KeyOf(logs, log));
        return keys;
    }

    private static Bytes32 KeyOf(LogBatch logs, in LogEntry log)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, logs, log);
        return new Bytes32(hash.GetHashAndReset());
    }

    private static void Add(IncrementalHash hash, BlockHeader header)
    {
        Add(hash, [(long)header.Number, (long)header.ParentNumber, (long)header.Timestamp, header.LogsBloom.Length]);
        hash.AppendData(header.Hash.AsSpan());
        hash.AppendData(header.ParentHash.AsSpan());
        hash.AppendData(header.LogsBloom.Span);
    }

    private static void Add(IncrementalHash hash, LogBatch logs, in LogEntry log)
    {
        Add(hash, [(long)log.BlockNumber, log.LogIndex, log.TransactionIndex, log.TopicCount, log.DataLength]);
        hash.AppendData(log.BlockHash.AsSpan());
        hash.AppendData(log.Emitter.Value.AsSpan());
        hash.AppendData(logs.TransactionHash(log).Span);
        hash.AppendData(logs.Topics(log).Span);
        hash.AppendData(logs.Data(log).Span);
    }

    private static void Add(IncrementalHash hash, ReadOnlySpan<long> numbers) => hash.AppendData(MemoryMarshal.AsBytes(numbers));
}

/// <summary>How a provider's logs differ from those agreed on.</summary>
/// <param name="Missing">First block of which it lacks a log; null if it lacks none.</param>
/// <param name="Extra">First block of which it has a log that the others do not have, or have otherwise; null if none.</param>
/// <param name="Agreed">Logs agreed on.</param>
/// <param name="Its">Logs that it has.</param>
internal sealed record LogDifference(ulong? Missing, ulong? Extra, int Agreed, int Its)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Its} logs where {Agreed} are agreed on{(Missing is { } m ? $", one missing in block {m}" : "")}{(Extra is { } e ? $", one that nobody else has in block {e}" : "")}");
}
