using System.Buffers.Binary;

namespace DePin.SbfLinker;

/// <summary>Turns one BPF object into a shared object that Solana's loader takes (SBPF version 0).</summary>
/// <remarks>Only what <c>entrypoint</c> reaches is kept, in the object's order, so equal objects give equal bytes.</remarks>
public static class Linker
{
    /// <summary>Largest program, in bytes of text and read-only data.</summary>
    public const int LargestProgram = 10 << 20;

    private const string EntryPoint = "entrypoint";
    private const uint AbsoluteInLoad = 1, Absolute64 = 2, CallTarget = 10;
    private const int Undefined = 0, NoType = 0, Function = 2, SectionSymbol = 3, Global = 1;

    /// <summary>Links <paramref name="objectFile"/>.</summary>
    /// <returns>The shared object.</returns>
    /// <exception cref="LinkException">The object is damaged or needs something that Solana does not have.</exception>
    public static byte[] Link(byte[] objectFile)
    {
        ArgumentNullException.ThrowIfNull(objectFile);
        var elf = new ElfObject(objectFile);
        var entry = FindEntryPoint(elf);
        var live = Reachable(elf, entry.Section);
        var image = Place(elf, live);
        var starts = live.Where(i => elf.Sections[i].IsExecutable).ToDictionary(i => i, i => CheckText(elf, image, i));
        if (!starts[entry.Section][entry.Value / Instructions.Size]) throw new LinkException(LinkFault.NoEntryPoint, "'entrypoint' lies inside an instruction.");
        foreach (var index in live) Relocate(elf, image, index, starts);
        return SharedObject.Write(image, image.AddressOf(elf, entry.Section, (long)entry.Value));
    }

    private static Symbol FindEntryPoint(ElfObject elf)
    {
        var found = elf.Symbols.Where(s => s.Name == EntryPoint && s.Binding == Global && s.Type is Function or NoType && s.Section != Undefined).ToList();
        if (found.Count != 1) throw new LinkException(LinkFault.NoEntryPoint, "The object defines no global function 'entrypoint', or several: write one with #[no_mangle] extern \"C\".");
        var entry = found[0];
        if (entry.Section >= elf.Sections.Count || !elf.Sections[entry.Section].IsExecutable || entry.Value >= (ulong)elf.Sections[entry.Section].Size || entry.Value % Instructions.Size != 0)
            throw new LinkException(LinkFault.NoEntryPoint, "'entrypoint' does not lie at an instruction.");
        return entry;
    }

    private static List<int> Reachable(ElfObject elf, int start)
    {
        var seen = new HashSet<int> { start };
        var waiting = new Stack<int>([start]);
        long size = 0;
        while (waiting.TryPop(out var index))
        {
            var section = elf.Sections[index];
            CheckKind(section);
            size += section.Size + section.Alignment;
            if (size > LargestProgram) throw new LinkException(LinkFault.TooLarge, $"What 'entrypoint' reaches exceeds {LargestProgram} bytes.");
            foreach (var relocation in elf.RelocationsOf(index))
            {
                var symbol = elf.Symbols[relocation.Symbol];
                if (symbol.Section == Undefined) continue;
                if (symbol.Section >= elf.Sections.Count) throw new LinkException(LinkFault.BadRelocation, $"'{section.Name}' uses the absolute or common symbol '{symbol.Name}'.");
                if (seen.Add(symbol.Section)) waiting.Push(symbol.Section);
            }
        }

        return [.. seen.Order()];
    }

    private static void CheckKind(Section section)
    {
        // Tables of pointers are writable in LLVM's eyes, because a dynamic linker would fill them; the Solana loader does, before the program runs.
        var table = section.Name == ".data.rel.ro" || section.Name.StartsWith(".data.rel.ro.", StringComparison.Ordinal);
        if (section.Type == 8 || (section.IsWritable && !table))
            throw new LinkException(LinkFault.WritableData, $"The program reaches the writable section '{section.Name}'. Solana has none: keep state in accounts, and no static mut.");
        if (section.Type != 1 || !section.IsAllocated)
            throw new LinkException(LinkFault.BadReference, $"The program reaches '{section.Name}', which is no part of a program (type {section.Type}).");
    }

    private static Image Place(ElfObject elf, List<int> live)
    {
        var image = new Image();
        foreach (var index in live.Where(i => elf.Sections[i].IsExecutable)) image.Add(elf, index);
        image.EndOfText();
        foreach (var index in live.Where(i => !elf.Sections[i].IsExecutable)) image.Add(elf, index);
        return image;
    }

    private static bool[] CheckText(ElfObject elf, Image image, int index)
    {
        var places = elf.RelocationsOf(index).Select(r => r.Offset).ToHashSet();
        return Instructions.CheckAndAdapt(image.Content(index), elf.Sections[index].Name, places.Contains);
    }

    private static void Relocate(ElfObject elf, Image image, int index, Dictionary<int, bool[]> starts)
    {
        var section = elf.Sections[index];
        var relocations = elf.RelocationsOf(index);
        var content = image.Content(index);
        var last = -1;
        foreach (var relocation in relocations)
        {
            if (relocation.Offset <= last) throw Bad(relocation, "overlaps another");
            last = relocation.Offset;
            switch (relocation.Type)
            {
                case AbsoluteInLoad when section.IsExecutable:
                    if (!IsInstruction(content, relocation.Offset, Instructions.LoadImmediate)) throw Bad(relocation, "does not stand at a 64-bit load");
                    var addend = BinaryPrimitives.ReadUInt32LittleEndian(content[(relocation.Offset + 4)..]);
                    if (BinaryPrimitives.ReadUInt32LittleEndian(content[(relocation.Offset + 12)..]) != 0) throw Bad(relocation, "has an addend above 32 bits");
                    BinaryPrimitives.WriteUInt32LittleEndian(content[(relocation.Offset + 4)..], Target(relocation, addend));
                    image.Dynamic.Add(new DynamicRelocation(image.PlaceOf(index) + relocation.Offset, null));
                    break;
                case Absolute64 when !section.IsExecutable:
                    if (relocation.Offset > content.Length - 8) throw Bad(relocation, "reaches past the end of its section");
                    var place = content.Slice(relocation.Offset, 8);
                    var target = Target(relocation, BinaryPrimitives.ReadUInt64LittleEndian(place));
                    // The loader reads the address from the upper half.
                    BinaryPrimitives.WriteUInt32LittleEndian(place, 0);
                    BinaryPrimitives.WriteUInt32LittleEndian(place[4..], target);
                    image.Dynamic.Add(new DynamicRelocation(image.PlaceOf(index) + relocation.Offset, null));
                    last = relocation.Offset + 7;
                    break;
                case CallTarget when section.IsExecutable:
                    if (!IsInstruction(content, relocation.Offset, Instructions.Call)) throw Bad(relocation, "does not stand at a call");
                    RelocateCall(relocation);
                    break;
                default:
                    throw Bad(relocation, $"is of type {relocation.Type}, which has no counterpart in Solana's loader");
            }
        }

        void RelocateCall(Relocation relocation)
        {
            var symbol = elf.Symbols[relocation.Symbol];
            var content = image.Content(index);
            var immediate = content[(relocation.Offset + 4)..];
            var addend = BinaryPrimitives.ReadInt32LittleEndian(immediate);
            if (symbol.Section == Undefined)
            {
                if (symbol.Name.Length == 0 || addend != -1) throw Bad(relocation, "calls nothing that has a name");
                content[relocation.Offset + 1] &= 0x0f;
                BinaryPrimitives.WriteInt32LittleEndian(immediate, -1);
                image.Dynamic.Add(new DynamicRelocation(image.PlaceOf(index) + relocation.Offset, symbol.Name));
                return;
            }

            var offset = Checked(symbol.Value) + ((addend + 1L) * Instructions.Size);
            var target = image.AddressOf(elf, symbol.Section, offset);
            var distance = ((target - (image.PlaceOf(index) + relocation.Offset)) / Instructions.Size) - 1;
            // -1 is how the loader tells a syscall.
            if (!starts.TryGetValue(symbol.Section, out var known) || offset % Instructions.Size != 0 || !known[offset / Instructions.Size] || distance == -1)
                throw Bad(relocation, "calls something that is no function");
            BinaryPrimitives.WriteInt32LittleEndian(immediate, distance);
        }

        uint Target(Relocation relocation, ulong addend)
        {
            var symbol = elf.Symbols[relocation.Symbol];
            if (symbol.Section == Undefined) throw Bad(relocation, $"takes the address of '{symbol.Name}', which the object does not define");
            if (symbol.Type == SectionSymbol && symbol.Value != 0) throw Bad(relocation, "is against a section that does not begin at its beginning");
            return (uint)image.AddressOf(elf, symbol.Section, Checked(symbol.Value) + Checked(addend));
        }

        static long Checked(ulong value) => value <= int.MaxValue ? (long)value : throw new LinkException(LinkFault.BadReference, $"A symbol or addend of {value} lies outside of every section.");

        bool IsInstruction(ReadOnlySpan<byte> content, int offset, byte opcode) =>
            offset % Instructions.Size == 0 && starts[index][offset / Instructions.Size] && content[offset] == opcode;

        LinkException Bad(Relocation relocation, string why) => new(LinkFault.BadRelocation, $"The relocation at byte {relocation.Offset} of '{section.Name}' {why}.");
    }
}
