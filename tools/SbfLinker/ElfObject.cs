using System.Buffers.Binary;
using System.Text;

namespace DePin.SbfLinker;

/// <summary>A section of an object file; <paramref name="Offset"/> and <paramref name="Size"/> in bytes of the file.</summary>
internal sealed record Section(int Index, string Name, uint Type, ulong Flags, int Offset, int Size, int Alignment, uint Link, uint Info, int EntrySize)
{
    public bool IsExecutable => (Flags & 4) != 0;
    public bool IsWritable => (Flags & 1) != 0;
    public bool IsAllocated => (Flags & 2) != 0;
}

/// <summary>A symbol: where it lies, or <paramref name="Section"/> 0 if another file (for us: a syscall) defines it.</summary>
internal sealed record Symbol(string Name, int Binding, int Type, int Section, ulong Value);

/// <summary>A relocation at <paramref name="Offset"/> of the section that carries it. The addend is in the bytes there.</summary>
internal sealed record Relocation(int Offset, uint Type, int Symbol);

/// <summary>An ELF relocatable for BPF, every field checked against the file before it is believed.</summary>
internal sealed class ElfObject
{
    public const int LargestFile = 64 << 20;
    private const int HeaderSize = 64, SectionHeaderSize = 64, SymbolSize = 24, RelocationSize = 16, ExtendedIndices = 0xff00;
    private const uint SymbolTable = 2, StringTable = 3, NoBits = 8, RelocationsWithAddend = 4, Relocations = 9;

    private readonly byte[] _file;
    private readonly Dictionary<int, List<Relocation>> _relocations = [];

    public IReadOnlyList<Section> Sections { get; }
    public IReadOnlyList<Symbol> Symbols { get; }

    public ElfObject(byte[] file)
    {
        _file = file;
        if (file.Length > LargestFile) throw new LinkException(LinkFault.TooLarge, $"The object has {file.Length} bytes; at most {LargestFile} are read.");
        if (file.Length < HeaderSize) throw new LinkException(LinkFault.Truncated, $"The file has {file.Length} bytes, an ELF header has {HeaderSize}.");
        Identify();
        Sections = ReadSections();
        Symbols = ReadSymbols(out var table);
        ReadRelocations(table);
    }

    /// <summary>The bytes of a section that has some.</summary>
    public ReadOnlySpan<byte> Content(Section section) => section.Type == NoBits ? [] : _file.AsSpan(section.Offset, section.Size);

    /// <summary>The relocations of a section, ascending by offset.</summary>
    public IReadOnlyList<Relocation> RelocationsOf(int section) => _relocations.TryGetValue(section, out var found) ? found : [];

    private void Identify()
    {
        Require(U32(0) == 0x464c457f, "it does not begin with the ELF magic");
        Require(_file[4] == 2 && _file[5] == 1 && _file[6] == 1, "it is not a 64-bit little-endian ELF of version 1");
        Require(U16(16) == 1, "it is not relocatable (e_type 1): give the object of llvm-mc, not a linked file");
        Require(U16(18) == 247, "it is not for BPF (e_machine 247): assemble with -triple=bpfel");
        Require(U32(20) == 1 && U16(52) == HeaderSize, "its ELF version or header size is unknown");
        Require(U16(58) == SectionHeaderSize && U16(60) is > 0 and < ExtendedIndices, "its section headers are of an unknown size, absent or too many");

        static void Require(bool holds, string why)
        {
            if (!holds) throw new LinkException(LinkFault.NotABpfObject, $"This is no BPF object: {why}.");
        }
    }

    private List<Section> ReadSections()
    {
        int count = U16(60), names = U16(62);
        var start = Range(U64(40), (ulong)count * SectionHeaderSize, "the section headers");
        if (names >= count) throw new LinkException(LinkFault.BadReference, $"The section names are said to lie in section {names} of {count}.");
        var raw = new List<Section>(count);
        for (var i = 0; i < count; i++)
        {
            var at = start + (i * SectionHeaderSize);
            var type = U32(at + 4);
            var (offset, size) = (U64(at + 24), U64(at + 32));
            var place = type is NoBits or 0 ? 0 : Range(offset, size, $"section {i}");
            if (size > LargestFile) throw new LinkException(LinkFault.TooLarge, $"Section {i} claims {size} bytes.");
            var alignment = U64(at + 48);
            if (alignment > 4096 || (alignment & (alignment - 1)) != 0) throw new LinkException(LinkFault.NotABpfObject, $"Section {i} asks for an alignment of {alignment}.");
            raw.Add(new Section(i, "", type, U64(at + 8), place, (int)size, Math.Max(1, (int)alignment), U32(at + 40), U32(at + 44), (int)Math.Min(U64(at + 56), int.MaxValue)));
        }

        if (raw[names].Type != StringTable) throw new LinkException(LinkFault.BadReference, $"Section {names} does not hold names.");
        return [.. raw.Select(s => s with { Name = Name(raw[names], U32(start + (s.Index * SectionHeaderSize)), $"section {s.Index}") })];
    }

    private List<Symbol> ReadSymbols(out int tableIndex)
    {
        var tables = Sections.Where(s => s.Type == SymbolTable).ToList();
        if (tables.Count != 1) throw new LinkException(LinkFault.NotABpfObject, $"The object has {tables.Count} symbol tables instead of one.");
        var table = tables[0];
        tableIndex = table.Index;
        if (table.EntrySize != SymbolSize || table.Size % SymbolSize != 0) throw new LinkException(LinkFault.NotABpfObject, "The symbol table's entries are of an unknown size.");
        if (table.Link >= Sections.Count || Sections[(int)table.Link].Type != StringTable) throw new LinkException(LinkFault.BadReference, "The symbol table names no table of names.");
        var names = Sections[(int)table.Link];
        var symbols = new List<Symbol>(table.Size / SymbolSize);
        for (var at = table.Offset; at < table.Offset + table.Size; at += SymbolSize)
        {
            var section = U16(at + 6);
            if (section < ExtendedIndices && section >= Sections.Count) throw new LinkException(LinkFault.BadReference, $"Symbol {symbols.Count} lies in section {section} of {Sections.Count}.");
            symbols.Add(new Symbol(Name(names, U32(at), $"symbol {symbols.Count}"), _file[at + 4] >> 4, _file[at + 4] & 15, section, U64(at + 8)));
        }

        return symbols;
    }

    private void ReadRelocations(int symbolTable)
    {
        foreach (var table in Sections)
        {
            if (table.Type == RelocationsWithAddend) throw new LinkException(LinkFault.BadRelocation, $"'{table.Name}' has relocations with addends; BPF objects have none.");
            if (table.Type != Relocations) continue;
            if (table.EntrySize != RelocationSize || table.Size % RelocationSize != 0) throw new LinkException(LinkFault.NotABpfObject, $"The entries of '{table.Name}' are of an unknown size.");
            if (table.Link != symbolTable) throw new LinkException(LinkFault.BadReference, $"'{table.Name}' does not use the symbol table.");
            if (table.Info == 0 || table.Info >= Sections.Count) throw new LinkException(LinkFault.BadReference, $"'{table.Name}' relocates section {table.Info} of {Sections.Count}.");
            var target = Sections[(int)table.Info];
            if (!_relocations.TryGetValue(target.Index, out var list)) _relocations[target.Index] = list = [];
            for (var at = table.Offset; at < table.Offset + table.Size; at += RelocationSize)
            {
                var (offset, info) = (U64(at), U64(at + 8));
                if (offset >= (ulong)target.Size) throw new LinkException(LinkFault.BadRelocation, $"'{table.Name}' has an entry at {offset}, past the end of '{target.Name}'.");
                if (info >> 32 >= (ulong)Symbols.Count) throw new LinkException(LinkFault.BadReference, $"'{table.Name}' names symbol {info >> 32} of {Symbols.Count}.");
                list.Add(new Relocation((int)offset, (uint)info, (int)(info >> 32)));
            }

            list.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        }
    }

    private int Range(ulong offset, ulong size, string what)
    {
        if (offset > (ulong)_file.Length || size > (ulong)_file.Length - offset)
            throw new LinkException(LinkFault.Truncated, $"The file has {_file.Length} bytes, but {what} would take {size} from {offset}: it is cut short or damaged.");
        return (int)offset;
    }

    private string Name(Section names, uint offset, string of)
    {
        if (offset == 0 && names.Size == 0) return "";
        if (offset >= names.Size) throw new LinkException(LinkFault.Truncated, $"The name of {of} lies outside of '{names.Name}'.");
        var rest = _file.AsSpan(names.Offset + (int)offset, names.Size - (int)offset);
        var end = rest.IndexOf((byte)0);
        if (end < 0) throw new LinkException(LinkFault.Truncated, $"The name of {of} has no end.");
        if (end > 4096) throw new LinkException(LinkFault.NotABpfObject, $"The name of {of} has {end} characters.");
        return Encoding.Latin1.GetString(rest[..end]);
    }

    private ushort U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_file.AsSpan(at));
    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_file.AsSpan(at));
    private ulong U64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(_file.AsSpan(at));
}
