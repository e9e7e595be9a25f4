using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace DePin.SbfLinker;

/// <summary>What the loader still does: add its base to an address (<paramref name="Syscall"/> null) or hash a syscall's name.</summary>
internal sealed record DynamicRelocation(int Address, string? Syscall);

/// <summary>The sections that stay, one behind the other. Addresses are offsets in the file.</summary>
internal sealed class Image
{
    private readonly List<byte> _bytes = [];
    private readonly Dictionary<int, (int Start, int Size)> _places = [];

    /// <summary>Bytes before the text: ELF header and three program headers.</summary>
    public const int Start = 64 + (3 * 56);

    public List<DynamicRelocation> Dynamic { get; } = [];
    public int TextSize { get; private set; }
    public ReadOnlySpan<byte> Bytes => CollectionsMarshal.AsSpan(_bytes);

    public void Add(ElfObject elf, int index)
    {
        var section = elf.Sections[index];
        // Padding between functions would be instructions that do not exist.
        Pad(section.IsExecutable ? Instructions.Size : section.Alignment);
        _places[index] = (_bytes.Count, section.Size);
        _bytes.AddRange(elf.Content(section));
    }

    public void EndOfText()
    {
        TextSize = _bytes.Count;
        Pad(8);
    }

    public Span<byte> Content(int index) => CollectionsMarshal.AsSpan(_bytes).Slice(_places[index].Start, _places[index].Size);
    public int PlaceOf(int index) => Start + _places[index].Start;

    /// <summary>The address of a place in a section; its very end is one too (of an empty slice).</summary>
    public int AddressOf(ElfObject elf, int section, long offset)
    {
        if (section >= elf.Sections.Count || !_places.TryGetValue(section, out var place)) throw new LinkException(LinkFault.BadReference, $"Section {section} holds nothing that can be pointed at.");
        if (offset < 0 || offset > place.Size) throw new LinkException(LinkFault.BadReference, $"Byte {offset} of '{elf.Sections[section].Name}' is pointed at, which has {place.Size}.");
        return Start + place.Start + (int)offset;
    }

    private void Pad(int alignment)
    {
        while ((Start + _bytes.Count) % alignment != 0) _bytes.Add(0);
    }
}

/// <summary>Writes headers, text, read-only data and the dynamic tables.</summary>
internal static class SharedObject
{
    private const int Relative = 8, Call = 10, SymbolSize = 24, RelocationSize = 16;

    public static byte[] Write(Image image, int entry)
    {
        var bytes = image.Bytes.ToArray();
        var dataStart = (image.TextSize + 7) & ~7;
        var output = new Output();
        output.Skip(Image.Start);
        output.Bytes(bytes);
        output.Align(8);
        var (textAt, dataAt, dataSize) = (Image.Start, Image.Start + dataStart, bytes.Length - dataStart);

        var syscalls = image.Dynamic.Select(d => d.Syscall).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var symbolOf = syscalls.Select((name, i) => (name, i)).ToDictionary(s => s.name, s => s.i + 2, StringComparer.Ordinal);
        var relocations = image.Dynamic.OrderBy(d => d.Address).ToList();
        var dynamicAt = output.Length;
        var dynamicSize = (relocations.Count > 0 ? 8 : 5) * 16;
        var symbolsAt = dynamicAt + dynamicSize;
        var symbolsSize = (syscalls.Count + 2) * SymbolSize;
        var names = new Names();
        var namesAt = symbolsAt + symbolsSize;
        var entryName = names.Add("entrypoint");
        var syscallNames = syscalls.ConvertAll(names.Add);
        var namesSize = names.Bytes.Count;
        var relocationsAt = (namesAt + namesSize + 7) & ~7;
        var relocationsSize = relocations.Count * RelocationSize;

        if (relocations.Count > 0)
        {
            Entry(17, relocationsAt);
            Entry(18, relocationsSize);
            Entry(19, RelocationSize);
        }

        Entry(6, symbolsAt);
        Entry(11, SymbolSize);
        Entry(5, namesAt);
        Entry(10, namesSize);
        Entry(0, 0);

        output.Skip(SymbolSize);
        Symbol(entryName, 0x12, 1, entry);
        foreach (var name in syscallNames) Symbol(name, 0x10, 0, 0);
        output.Bytes([.. names.Bytes]);
        output.Align(8);
        foreach (var relocation in relocations)
        {
            output.U64(relocation.Address);
            output.U64(relocation.Syscall is null ? Relative : (long)symbolOf[relocation.Syscall] << 32 | Call);
        }

        var sectionNames = new Names();
        var sections = new List<(int Name, int Type, int Flags, int At, int Size, int Link, int Info, int Align, int EntrySize)>
        {
            (0, 0, 0, 0, 0, 0, 0, 0, 0),
            (sectionNames.Add(".text"), 1, 6, textAt, image.TextSize, 0, 0, 8, 0),
        };
        if (dataSize > 0) sections.Add((sectionNames.Add(".rodata"), 1, 2, dataAt, dataSize, 0, 0, 8, 0));
        var symbolSection = sections.Count + 1;
        sections.Add((sectionNames.Add(".dynamic"), 6, 3, dynamicAt, dynamicSize, symbolSection + 1, 0, 8, 16));
        sections.Add((sectionNames.Add(".dynsym"), 11, 2, symbolsAt, symbolsSize, symbolSection + 1, 1, 8, SymbolSize));
        sections.Add((sectionNames.Add(".dynstr"), 3, 2, namesAt, namesSize, 0, 0, 1, 0));
        if (relocations.Count > 0) sections.Add((sectionNames.Add(".rel.dyn"), 9, 2, relocationsAt, relocationsSize, symbolSection, 0, 8, RelocationSize));
        var ownName = sectionNames.Add(".shstrtab");
        sections.Add((ownName, 3, 0, output.Length, sectionNames.Bytes.Count, 0, 0, 1, 0));
        output.Bytes([.. sectionNames.Bytes]);
        output.Align(8);
        var headersAt = output.Length;
        foreach (var s in sections)
        {
            output.U32(s.Name);
            output.U32(s.Type);
            output.U64(s.Flags);
            output.U64((s.Flags & 2) != 0 ? s.At : 0);
            output.U64(s.At);
            output.U64(s.Size);
            output.U32(s.Link);
            output.U32(s.Info);
            output.U64(s.Align);
            output.U64(s.EntrySize);
        }

        var file = output.ToArray();
        var header = new Output();
        header.Bytes([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        header.U16(3);
        header.U16(247);
        header.U32(1);
        header.U64(entry);
        header.U64(64);
        header.U64(headersAt);
        header.U32(0);
        foreach (var value in (int[])[64, 56, 3, 64, sections.Count, sections.Count - 1]) header.U16(value);
        ProgramHeader(1, 5, textAt, image.TextSize);
        ProgramHeader(1, 4, dataAt, dataSize);
        ProgramHeader(2, 6, dynamicAt, dynamicSize);
        header.ToArray().CopyTo(file, 0);
        return file;

        void Entry(int tag, int value)
        {
            output.U64(tag);
            output.U64(value);
        }

        void Symbol(int name, byte info, int section, int value)
        {
            output.U32(name);
            output.Bytes([info, 0]);
            output.U16(section);
            output.U64(value);
            output.U64(0);
        }

        void ProgramHeader(int type, int flags, int at, int size)
        {
            header.U32(type);
            header.U32(flags);
            header.U64(at);
            header.U64(at);
            header.U64(at);
            header.U64(size);
            header.U64(size);
            header.U64(8);
        }
    }

    private sealed class Names
    {
        public List<byte> Bytes { get; } = [0];

        public int Add(string name)
        {
            var at = Bytes.Count;
            Bytes.AddRange(Encoding.Latin1.GetBytes(name));
            Bytes.Add(0);
            return at;
        }
    }

    private sealed class Output
    {
        private readonly List<byte> _bytes = [];

        public int Length => _bytes.Count;
        public byte[] ToArray() => [.. _bytes];
        public void Bytes(ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);
        public void Skip(int count) => _bytes.AddRange(new byte[count]);

        public void Align(int alignment)
        {
            while (_bytes.Count % alignment != 0) _bytes.Add(0);
        }

        public void U16(int value) => Number(value, 2);
        public void U32(int value) => Number(value, 4);
        public void U64(long value) => Number(value, 8);

        private void Number(long value, int size)
        {
            Span<byte> buffer = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(buffer, value);
            _bytes.AddRange(buffer[..size]);
        }
    }
}
