using System.Buffers.Binary;
using System.Text;

namespace DePin.SbfLinker.Tests;

/// <summary>Writes ELF relocatables as no compiler would.</summary>
internal sealed class ObjectBuilder
{
    private readonly List<(string Name, uint Type, ulong Flags, byte[] Content, int Alignment, List<(ulong Offset, uint Type, int Symbol)> Relocations, ulong? Size)> _sections = [];
    private readonly List<(string Name, byte Info, int Section, ulong Value)> _symbols = [("", 0, 0, 0)];

    public ushort Machine { get; init; } = 247;

    /// <summary>Adds a section; returns its index.</summary>
    public int Section(string name, byte[] content, ulong flags = 6, uint type = 1, int alignment = 8, ulong? size = null)
    {
        _sections.Add((name, type, flags, content, alignment, [], size));
        return _sections.Count;
    }

    /// <summary>Adds a symbol (0x12 a global function, 0x03 a section); returns its index.</summary>
    public int Symbol(string name, int section, ulong value = 0, byte info = 0x12)
    {
        _symbols.Add((name, info, section, value));
        return _symbols.Count - 1;
    }

    public ObjectBuilder Relocate(int section, ulong offset, uint type, int symbol)
    {
        _sections[section - 1].Relocations.Add((offset, type, symbol));
        return this;
    }

    /// <summary>An object whose entry point is this text.</summary>
    public static ObjectBuilder WithText(params byte[][] instructions)
    {
        var builder = new ObjectBuilder();
        builder.Symbol("entrypoint", builder.Section(".text", [.. instructions.SelectMany(i => i)]));
        return builder;
    }

    /// <summary>One instruction of eight bytes.</summary>
    public static byte[] Instruction(byte opcode, int destination = 0, int source = 0, short offset = 0, int immediate = 0)
    {
        var bytes = new byte[8];
        bytes[0] = opcode;
        bytes[1] = (byte)(destination | source << 4);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(2), offset);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), immediate);
        return bytes;
    }

    public static byte[] Exit { get; } = Instruction(0x95);

    /// <summary>A 64-bit load of an immediate: two slots.</summary>
    public static byte[] Load(int destination, int immediate = 0) => [.. Instruction(0x18, destination, immediate: immediate), .. new byte[8]];

    public byte[] Build()
    {
        var file = new List<byte>(new byte[64]);
        var names = new List<byte> { 0 };
        var headers = new List<byte[]> { new byte[64] };
        int Name(List<byte> table, string name)
        {
            if (name.Length == 0) return 0;
            var at = table.Count;
            table.AddRange(Encoding.Latin1.GetBytes(name));
            table.Add(0);
            return at;
        }

        void Add(string name, uint type, ulong flags, byte[] content, uint link, uint info, int alignment, ulong entrySize, ulong? size = null)
        {
            while (file.Count % Math.Max(1, alignment) != 0) file.Add(0);
            var header = new byte[64];
            BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)Name(names, name));
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), type);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), flags);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(24), (ulong)file.Count);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), size ?? (ulong)content.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(40), link);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(44), info);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(48), (ulong)alignment);
            BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(56), entrySize);
            headers.Add(header);
            file.AddRange(content);
        }

        foreach (var s in _sections) Add(s.Name, s.Type, s.Flags, s.Content, 0, 0, s.Alignment, 0, s.Size);
        var symbolNames = new List<byte> { 0 };
        var symbols = new List<byte>();
        foreach (var s in _symbols)
        {
            var entry = new byte[24];
            BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)Name(symbolNames, s.Name));
            entry[4] = s.Info;
            BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(6), (ushort)s.Section);
            BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(8), s.Value);
            symbols.AddRange(entry);
        }

        var symbolSection = (uint)headers.Count;
        Add(".symtab", 2, 0, [.. symbols], symbolSection + 1, 1, 8, 24);
        Add(".strtab", 3, 0, [.. symbolNames], 0, 0, 1, 0);
        for (var i = 0; i < _sections.Count; i++)
        {
            if (_sections[i].Relocations.Count == 0) continue;
            var entries = new List<byte>();
            foreach (var (offset, type, symbol) in _sections[i].Relocations)
            {
                var entry = new byte[16];
                BinaryPrimitives.WriteUInt64LittleEndian(entry, offset);
                BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(8), (ulong)symbol << 32 | type);
                entries.AddRange(entry);
            }

            Add(".rel" + _sections[i].Name, 9, 0, [.. entries], symbolSection, (uint)i + 1, 8, 16);
        }

        Name(names, ".shstrtab");
        Add("", 3, 0, [.. names], 0, 0, 1, 0);
        while (file.Count % 8 != 0) file.Add(0);
        var headersAt = file.Count;
        foreach (var header in headers) file.AddRange(header);
        var bytes = file.ToArray();
        ((ReadOnlySpan<byte>)[0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(16), 1);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(18), Machine);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(20), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(40), (ulong)headersAt);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(52), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(58), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(60), (ushort)headers.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(62), (ushort)(headers.Count - 1));
        return bytes;
    }
}
