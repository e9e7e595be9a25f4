using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Proofs;

namespace DePin.Protocol.State;

/// <summary>The five sections of a state, their bytes and their root.</summary>
internal static class NetworkStateCodec
{
    private const int MaxClassState = 256 * 1024 * 1024;

    public static Bytes32 RootOf(NetworkState state)
    {
        var root = new CanonicalWriter().Bytes(ProtocolTags.State);
        foreach (var section in Sections(state)) root.Word(section.Keccak());
        return root.Keccak();
    }

    public static byte[] Encode(NetworkState state)
    {
        var sections = Sections(state);
        var writer = new CanonicalWriter(ProtocolTags.State.Length + sections.Sum(section => section.Length));
        writer.Bytes(ProtocolTags.State);
        foreach (var section in sections) writer.Bytes(section.Written);
        return writer.ToArray();
    }

    public static NetworkState Decode(ReadOnlyMemory<byte> bytes)
    {
        var reader = new CanonicalReader(bytes.Span, "network state");
        reader.Expect(ProtocolTags.State);
        var watermarks = ReadWatermarks(ref reader);
        var classes = ReadClasses(ref reader);
        var reputation = ReadReputation(ref reader);
        var ledger = ReadLedger(ref reader);
        var deferred = ReadDeferred(ref reader, bytes);
        reader.End();
        return new NetworkState(watermarks, classes, reputation, ledger, deferred);
    }

    private static CanonicalWriter[] Sections(NetworkState state)
    {
        var watermarks = new CanonicalWriter(4 + (state.Watermarks.Length * 48)).U32((uint)state.Watermarks.Length);
        foreach (var entry in state.Watermarks) watermarks.Word(entry.Device.Value).U64(entry.Sequence).U64(entry.Seen);
        var classes = new CanonicalWriter().U16((ushort)state.Classes.Length);
        foreach (var entry in state.Classes) classes.U16(entry.Class.Value).Sized(entry.Bytes.Span);
        var reputation = new CanonicalWriter(4 + (state.Reputation.Length * 36)).U32((uint)state.Reputation.Length);
        foreach (var entry in state.Reputation) reputation.Word(entry.Device.Value).U32(entry.Ppm);
        var ledger = new CanonicalWriter(4 + (state.Ledger.Length * 80)).U32((uint)state.Ledger.Length);
        foreach (var entry in state.Ledger) ledger.Word(entry.Account.Value).U128(entry.Cumulative).Word(entry.ItemsHash);
        var deferred = new CanonicalWriter().U32((uint)state.Deferred.Length);
        foreach (var proof in state.Deferred) deferred.Sized(proof.Envelope.Span);
        return [watermarks, classes, reputation, ledger, deferred];
    }

    private static ImmutableArray<Watermark> ReadWatermarks(ref CanonicalReader reader)
    {
        var entries = new Watermark[reader.Count(48)];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = new Watermark(new DeviceId(reader.Word()), reader.U64(), reader.U64());
            if (i > 0 && entries[i - 1].Device >= entries[i].Device) throw reader.Wrong("the watermarks are not ascending by device");
            if (entries[i].Sequence < Watermark.Reach && entries[i].Seen >> (int)entries[i].Sequence != 0) throw reader.Wrong("a watermark has seen sequences below 0");
        }
        return ImmutableArray.Create(entries);
    }

    private static ImmutableArray<ClassState> ReadClasses(ref CanonicalReader reader)
    {
        var entries = new ClassState[reader.U16()];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = new ClassState(new ClassId(reader.U16()), reader.Sized(MaxClassState).ToArray());
            if (entries[i].Bytes.IsEmpty) throw reader.Wrong($"the state of class {entries[i].Class} is empty and must be left out");
            if (i > 0 && entries[i - 1].Class >= entries[i].Class) throw reader.Wrong("the class states are not ascending by class");
        }
        return ImmutableArray.Create(entries);
    }

    private static ImmutableArray<Reputation> ReadReputation(ref CanonicalReader reader)
    {
        if (reader.Count(36) != 0) throw reader.Wrong("reputation must be empty in rules version 1");
        return [];
    }

    private static ImmutableArray<LedgerEntry> ReadLedger(ref CanonicalReader reader)
    {
        var entries = new LedgerEntry[reader.Count(80)];
        for (var i = 0; i < entries.Length; i++) entries[i] = new LedgerEntry(new AccountId(reader.Word()), reader.U128(), reader.Word());
        return ImmutableArray.Create(entries);
    }

    private static ImmutableArray<DeviceProof> ReadDeferred(ref CanonicalReader reader, ReadOnlyMemory<byte> bytes)
    {
        var entries = new DeviceProof[reader.Count(4 + DeviceProof.HeaderSize)];
        for (var i = 0; i < entries.Length; i++)
        {
            var length = reader.Sized(DeviceProof.MaxSize).Length;
            if (!DeviceProof.TryParse(bytes.Slice(reader.Offset - length, length), out var proof, out var fault))
                throw reader.Wrong($"a deferred proof is malformed ({fault})");
            entries[i] = proof;
            if (i > 0 && entries[i - 1].Id >= proof.Id) throw reader.Wrong("the deferred proofs are not ascending by proof id");
        }
        return ImmutableArray.Create(entries);
    }
}
