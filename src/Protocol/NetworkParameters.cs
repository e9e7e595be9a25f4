using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Parameters;

namespace DePin.Protocol;

/// <summary>A resource class as a network uses it.</summary>
/// <param name="Id">Which class.</param>
/// <param name="RulesVersion">Which version of its rules.</param>
/// <param name="PoolBps">Its share of each epoch's budget, in ten-thousandths.</param>
/// <param name="Parameters">Its own parameters, which only the class understands.</param>
public sealed record ClassParameters(ClassId Id, ushort RulesVersion, int PoolBps, ParameterObject Parameters);

/// <summary>A data set that a development network replays in place of measurements.</summary>
/// <param name="Name">Which.</param>
/// <param name="ShiftSeconds">Seconds by which its first lap is shifted; whole days.</param>
/// <param name="Days">Days of a lap: lap k, from 0, is shifted by k times so many days more.</param>
public sealed record ReplayedSet(string Name, long ShiftSeconds, int Days);

/// <summary>
/// What a network chose: the "network" object of a deployment profile. Its hash is in the config digest, so that operators with
/// different parameters cannot sign one report.
/// </summary>
public sealed class NetworkParameters
{
    private readonly byte[] _bytes;

    private NetworkParameters(byte[] bytes, ParameterObject root)
    {
        _bytes = bytes;
        Hash = Keccak256.Hash(bytes);
        Name = root.Text("name");
        EpochGraceSeconds = (int)root.Number("epochGraceSeconds", 0, 86_400);
        LateSeconds = (int)root.Number("lateSeconds", 0, 30 * 86_400);
        MinimumStakePerDevice = root.Amount("minimumStakePerDevice");
        ProofsPerDevice = (int)root.Number("proofsPerDevice", 1, 1_000_000);
        ReplayShiftSeconds = root.Number("replayShiftSeconds", -(1L << 40), 1L << 40, absent: 0);
        Replay = [.. root.ChildrenOrNone("replay").Select(ReadReplayed)];
        CheckReplay();
        var batch = root.ChildOrEmpty("batch");
        BatchMaxProofs = (int)batch.Number("maxProofs", 1, 2_048, absent: 2_048);
        BatchMaxBytes = (int)batch.Number("maxBytes", 8_192, 1_048_576, absent: 1_048_576);
        batch.End();
        Classes = [.. root.Children("classes").Select(ReadClass)];
        root.End();
        CheckClasses();
    }

    /// <summary>For people; no rule reads it.</summary>
    public string Name { get; }

    /// <summary>How long after a period's end, in seconds, operators wait for late proofs before they agree on the cut.</summary>
    public int EpochGraceSeconds { get; }

    /// <summary>How far before the period's start, in seconds, a proof's time may lie.</summary>
    public int LateSeconds { get; }

    /// <summary>Active stake, in base units, that a provider needs for each active device; its oldest devices are covered first.</summary>
    public UInt128 MinimumStakePerDevice { get; }

    /// <summary>Most proofs of one device that an epoch judges; the lowest sequences are.</summary>
    public int ProofsPerDevice { get; }

    /// <summary>Seconds by which the first of <see cref="Replay"/> was shifted; 0 in production. It stands in every epoch's manifest.</summary>
    public long ReplayShiftSeconds { get; }

    /// <summary>The data sets that are replayed, each with its own shift; none in production.</summary>
    public ImmutableArray<ReplayedSet> Replay { get; }

    /// <summary>Most proofs of a batch.</summary>
    public int BatchMaxProofs { get; }

    /// <summary>Most bytes of a batch's body.</summary>
    public int BatchMaxBytes { get; }

    /// <summary>The classes, ascending.</summary>
    public ImmutableArray<ClassParameters> Classes { get; }

    /// <summary>keccak of <see cref="ToBytes"/>: the parameters hash of the config.</summary>
    public Bytes32 Hash { get; }

    /// <summary>keccak(tag · class u16 · rules version u16 for each class, ascending): the rules hash of the config.</summary>
    public Bytes32 RulesHash
    {
        get
        {
            var writer = new CanonicalWriter().Bytes(ProtocolTags.Rules);
            foreach (var entry in Classes) writer.U16(entry.Id.Value).U16(entry.RulesVersion);
            return writer.Keccak();
        }
    }

    /// <summary>Canonical JSON: keys in ordinal order, no white space, integers and printable ASCII strings only.</summary>
    public ReadOnlySpan<byte> ToBytes() => _bytes;

    /// <summary>Reads a parameter document in any spelling of JSON.</summary>
    /// <exception cref="ParameterException">A key is missing, unknown, or out of bounds; the message names it.</exception>
    public static NetworkParameters Parse(ReadOnlyMemory<byte> json)
    {
        var root = ParameterObject.Parse(json);
        var buffer = new ArrayBufferWriter<byte>();
        // The relaxed encoder escapes only what JSON demands of ASCII: quote and backslash.
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) root.Write(writer);
        return new NetworkParameters(buffer.WrittenSpan.ToArray(), root);
    }

    /// <summary>Reads canonical bytes, as they stand in an evidence bundle.</summary>
    /// <exception cref="ParameterException">They are not canonical, or not parameters.</exception>
    public static NetworkParameters ParseCanonical(ReadOnlySpan<byte> bytes)
    {
        var parameters = Parse(bytes.ToArray());
        return bytes.SequenceEqual(parameters._bytes)
            ? parameters
            : throw new ParameterException("", "is not in canonical form (keys sorted, no white space)");
    }

    private static ClassParameters ReadClass(ParameterObject entry)
    {
        var result = new ClassParameters(
            new ClassId((ushort)entry.Number("class", 1, ushort.MaxValue)),
            (ushort)entry.Number("rulesVersion", 1, ushort.MaxValue),
            (int)entry.Number("poolBps", 0, 10_000),
            entry.ChildOrEmpty("parameters"));
        entry.End();
        return result;
    }

    private static ReplayedSet ReadReplayed(ParameterObject entry)
    {
        var result = new ReplayedSet(entry.Text("set"), entry.Number("shiftSeconds", -(1L << 40), 1L << 40), (int)entry.Number("days", 1, 100_000));
        entry.End();
        return result.ShiftSeconds % 86_400 == 0 ? result : throw new ParameterException($"{entry.Path}.shiftSeconds", "must be whole days: a multiple of 86400");
    }

    private void CheckReplay()
    {
        for (var i = 1; i < Replay.Length; i++)
        {
            if (Replay.Take(i).Any(earlier => earlier.Name == Replay[i].Name)) throw new ParameterException($"replay[{i}].set", "names a set for the second time");
        }

        // The manifest has room for one: it states the first, and the config digest in it covers all.
        if (!Replay.IsEmpty && ReplayShiftSeconds != Replay[0].ShiftSeconds)
            throw new ParameterException("replayShiftSeconds", "must be the shift of the first set under replay");
    }

    private void CheckClasses()
    {
        if (Classes.Sum(entry => entry.PoolBps) > 10_000) throw new ParameterException("classes", "shares more than 10,000 ten-thousandths of the budget");
        for (var i = 1; i < Classes.Length; i++)
        {
            if (Classes[i - 1].Id >= Classes[i].Id) throw new ParameterException($"classes[{i}].class", "must be above the class before it");
        }
    }
}
