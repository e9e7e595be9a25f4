using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Epochs;
using DePin.Protocol.Lanes;
using DePin.Protocol.Parameters;
using DePin.Protocol.Registry;
using DePin.Protocol.Reports;
using DePin.Protocol.State;

namespace DePin.Protocol.Evidence;

/// <summary>The bytes of a bundle: tag, then sections kind u16 · length u64 · SHA-256 of the bytes · bytes, ascending by kind.</summary>
internal static class EvidenceBundleCodec
{
    private const int SectionHeader = 2 + 8 + 32;

    /// <summary>Most bytes of a file; a larger epoch needs larger arrays than one process should hold.</summary>
    private const int MaxFile = 0x7FFF_FFC7;

    private enum Section : ushort
    {
        Window = 1,
        PreviousState = 2,
        Snapshot = 3,
        Parameters = 4,
        PreviousCut = 5,
        Cut = 6,
        Batch = 7,
        Report = 8,
    }

    public static IEnumerable<ReadOnlyMemory<byte>> Encode(EvidenceBundle bundle)
    {
        yield return ProtocolTags.Bundle.ToArray();
        foreach (var (section, bytes) in Sections(bundle))
        {
            yield return new CanonicalWriter(SectionHeader).U16((ushort)section).U64((ulong)bytes.Length).Word(Sha256.Hash(bytes.Span)).ToArray();
            yield return bytes;
        }
    }

    public static EvidenceBundle Decode(ReadOnlyMemory<byte> file)
    {
        var reader = new CanonicalReader(file.Span, "evidence bundle");
        reader.Expect(ProtocolTags.Bundle);
        var window = DecodeWindow(Take(ref reader, file, Section.Window).Span);
        var state = NetworkState.Parse(Take(ref reader, file, Section.PreviousState));
        var snapshot = RegistrySnapshot.Parse(Take(ref reader, file, Section.Snapshot).Span);
        var parameters = DecodeParameters(Take(ref reader, file, Section.Parameters).Span);
        var previousCut = Cut.Parse(Take(ref reader, file, Section.PreviousCut).Span);
        var cut = Cut.Parse(Take(ref reader, file, Section.Cut).Span);
        var network = snapshot.Config.NetworkId;
        var batches = new List<Batch>();
        while (Peek(reader) == Section.Batch)
        {
            if (!Batch.TryParse(network, Take(ref reader, file, Section.Batch), out var batch, out var refusal))
                throw reader.Wrong($"batch {batches.Count} is refused ({refusal})");
            if (batches.Count > 0 && !Follows(batches[^1].Header, batch.Header)) throw reader.Wrong("the batches are not ascending by operator and index");
            batches.Add(batch);
        }
        var report = AttestedReport.Parse(Take(ref reader, file, Section.Report).Span);
        reader.End();
        return EvidenceBundle.Create(window, state, snapshot, parameters, previousCut, cut, batches, report);
    }

    private static IEnumerable<(Section Section, ReadOnlyMemory<byte> Bytes)> Sections(EvidenceBundle bundle)
    {
        var window = bundle.Window;
        yield return (Section.Window, new CanonicalWriter(64).U64(window.Epoch.Value).U64(window.Generation.Value).U64(window.StartSeconds)
            .U64(window.EndSeconds).Word(window.PreviousReport.Value).ToArray());
        yield return (Section.PreviousState, bundle.PreviousState.ToBytes());
        yield return (Section.Snapshot, bundle.Snapshot.ToBytes().ToArray());
        yield return (Section.Parameters, bundle.Parameters.ToBytes().ToArray());
        yield return (Section.PreviousCut, bundle.PreviousCut.Encode());
        yield return (Section.Cut, bundle.Cut.Encode());
        foreach (var batch in bundle.Batches) yield return (Section.Batch, batch.Encode());
        yield return (Section.Report, bundle.Report.Encode());
    }

    private static int LimitOf(Section section) => section switch
    {
        Section.Window => 64,
        Section.Parameters => 1 << 20,
        Section.PreviousCut or Section.Cut => 1 + (Cut.MaxLanes * LaneHeight.Size),
        Section.Batch => Batch.MaxSize,
        Section.Report => Report.Size + 4 + (32 * CompactSignature.Size),
        _ => MaxFile,
    };

    private static Section Peek(CanonicalReader reader) => reader.Remaining < 2 ? 0 : (Section)reader.U16();

    private static ReadOnlyMemory<byte> Take(ref CanonicalReader reader, ReadOnlyMemory<byte> file, Section expected)
    {
        var section = (Section)reader.U16();
        if (section != expected) throw reader.Wrong($"section {expected} was expected, number {(ushort)section} is there");
        var length = reader.U64();
        if (length > (ulong)LimitOf(section)) throw reader.Wrong($"section {section} states {length} bytes, more than its limit of {LimitOf(section)}");
        var hash = reader.Word();
        var start = reader.Offset;
        if (Sha256.Hash(reader.Bytes((int)length)) != hash) throw reader.Wrong($"section {section} does not have the SHA-256 that it states: the file is damaged");
        return file.Slice(start, (int)length);
    }

    private static bool Follows(BatchHeader before, BatchHeader header) =>
        before.Operator < header.Operator || (before.Operator == header.Operator && before.Index < header.Index);

    private static EpochWindow DecodeWindow(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "window of an evidence bundle");
        var window = new EpochWindow(new Epoch(reader.U64()), new Generation(reader.U64()), reader.U64(), reader.U64(), new ReportDigest(reader.Word()));
        reader.End();
        return window;
    }

    private static NetworkParameters DecodeParameters(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return NetworkParameters.ParseCanonical(bytes);
        }
        catch (ParameterException error)
        {
            throw new CanonicalFormatException($"Invalid parameters in an evidence bundle: {error.Message}");
        }
    }
}
