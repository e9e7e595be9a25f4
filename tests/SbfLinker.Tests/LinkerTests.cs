using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using static DePin.SbfLinker.Tests.ObjectBuilder;

namespace DePin.SbfLinker.Tests;

public sealed class LinkerTests
{
    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    internal static byte[] Hello() => File.ReadAllBytes(Path.Combine(Folder(), "objects/hello.o"));

    private static void Refuses(LinkFault fault, ObjectBuilder builder)
    {
        var refused = Assert.Throws<LinkException>(() => Linker.Link(builder.Build()));
        Assert.True(refused.Fault == fault, $"{refused.Fault}: {refused.Message}");
        Assert.NotEmpty(refused.Message);
    }

    private static IEnumerable<byte[]> TextOf(byte[] linked)
    {
        var size = (int)BinaryPrimitives.ReadUInt64LittleEndian(linked.AsSpan(64 + 32));
        return linked.AsSpan(232, size).ToArray().Chunk(8);
    }

    [Fact]
    public async Task What_it_links_runs_in_the_solana_runtime()
    {
        var file = Path.Combine(Path.GetTempPath(), $"depin-hello-{Guid.NewGuid():n}.so");
        try
        {
            await File.WriteAllBytesAsync(file, Linker.Link(Hello()));
            using var node = Process.Start(new ProcessStartInfo("node", [Path.Combine(Folder(), "load.cjs"), file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var (output, errors) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
            await node.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(3));
            var said = $"{await output}\n{await errors}";
            // The text comes through a relocated load, 14 through a table of pointers, an indirect call and a direct one.
            Assert.Contains("Program log: hello", said, StringComparison.Ordinal);
            Assert.Contains("custom program error: 0xe", said, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Equal_objects_give_equal_bytes() => Assert.Equal(Linker.Link(Hello()), Linker.Link(Hello()));

    [Fact]
    public void What_the_entry_point_does_not_reach_is_left_out()
    {
        var text = Encoding.Latin1.GetString(Linker.Link(Hello()));
        Assert.Contains("sol_log_\0", text, StringComparison.Ordinal);
        Assert.DoesNotContain("sol_never_called_", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_header_is_that_of_sbpf_version_0()
    {
        var linked = Linker.Link(Hello());
        Assert.Equal(3, BinaryPrimitives.ReadUInt16LittleEndian(linked.AsSpan(16)));
        Assert.Equal(247, BinaryPrimitives.ReadUInt16LittleEndian(linked.AsSpan(18)));
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(linked.AsSpan(48)));
        Assert.Equal(232ul, BinaryPrimitives.ReadUInt64LittleEndian(linked.AsSpan(24)));
    }

    [Fact]
    public void A_program_without_relocations_has_no_table_of_them()
    {
        var linked = Linker.Link(WithText(Exit).Build());
        Assert.DoesNotContain(".rel.dyn", Encoding.Latin1.GetString(linked), StringComparison.Ordinal);
    }

    [Fact]
    public void An_indirect_call_names_its_register_where_version_0_reads_it()
    {
        var text = TextOf(Linker.Link(WithText(Instruction(0x8d, destination: 3), Exit).Build())).First();
        Assert.Equal(Instruction(0x8d, immediate: 3), text);
    }

    [Fact]
    public void A_local_call_counts_instructions_from_the_next()
    {
        var builder = WithText(Instruction(0x85, source: 1, immediate: -1), Exit);
        builder.Relocate(1, 0, 10, builder.Symbol("callee", builder.Section(".text.callee", [.. Instruction(0xb7, immediate: 1), .. Exit]), 8));
        var call = TextOf(Linker.Link(builder.Build())).First();
        Assert.Equal(2, BinaryPrimitives.ReadInt32LittleEndian(call.AsSpan(4)));
    }

    [Fact]
    public void A_call_of_a_section_with_an_addend_is_understood()
    {
        var builder = WithText(Instruction(0x85, source: 1, immediate: 0), Exit);
        builder.Relocate(1, 0, 10, builder.Symbol("", builder.Section(".text.callee", [.. Exit, .. Exit]), info: 3));
        var call = TextOf(Linker.Link(builder.Build())).First();
        Assert.Equal(2, BinaryPrimitives.ReadInt32LittleEndian(call.AsSpan(4)));
    }

    [Theory]
    [InlineData(0x16, "jumps of 32 bits (v3)")]
    [InlineData(0x56, "jumps of 32 bits (v3)")]
    [InlineData(0xd7, "bswap (v4)")]
    [InlineData(0xdb, "atomic of 64 bits")]
    [InlineData(0xc3, "atomic of 32 bits")]
    [InlineData(0x81, "sign-extending load of 32 bits")]
    [InlineData(0x89, "sign-extending load of 16 bits")]
    [InlineData(0x91, "sign-extending load of 8 bits")]
    [InlineData(0x06, "long jump (v4)")]
    [InlineData(0x00, "no instruction")]
    [InlineData(0xff, "no instruction")]
    public void An_opcode_that_version_0_does_not_have_is_refused(byte opcode, string what)
    {
        _ = what;
        Refuses(LinkFault.BadInstruction, WithText(Instruction(opcode), Exit));
    }

    [Theory]
    [InlineData(0x3f)] // sdiv
    [InlineData(0x37)]
    [InlineData(0x3c)]
    [InlineData(0x9f)] // smod
    [InlineData(0xbf)] // movsx
    [InlineData(0xbc)]
    [InlineData(0x07)]
    public void Arithmetic_that_version_4_marks_by_an_offset_is_refused(byte opcode) =>
        Refuses(LinkFault.BadInstruction, WithText(Instruction(opcode, 1, (opcode & 8) != 0 ? 2 : 0, offset: 1, immediate: (opcode & 8) != 0 ? 0 : 2), Exit));

    [Fact]
    public void Instructions_that_the_verifier_refuses_are_refused_here()
    {
        Refuses(LinkFault.BadInstruction, WithText(Instruction(0x37, 1), Exit)); // division by the constant zero
        Refuses(LinkFault.BadInstruction, WithText(Instruction(0x67, 1, immediate: 64), Exit));
        Refuses(LinkFault.BadInstruction, WithText(Instruction(0x64, 1, immediate: 32), Exit));
        Refuses(LinkFault.BadInstruction, WithText(Instruction(0xdc, 1, immediate: 8), Exit));
        Refuses(LinkFault.BadInstruction, WithText(Instruction(0xb7, 10), Exit)); // r10 is the frame
        Refuses(LinkFault.BadInstruction, WithText(Instruction(0xb7, 11), Exit));
        Refuses(LinkFault.BadInstruction, WithText(Instruction(0xbf, 0, 12), Exit));
        Refuses(LinkFault.BadInstruction, WithText(Instruction(0x85, immediate: 5), Exit)); // a helper by number
        Refuses(LinkFault.BadInstruction, WithText(Exit, Instruction(0x18, 1))); // half of a load
        Refuses(LinkFault.BadInstruction, WithText(Instruction(0x18, 1), Exit));
        Refuses(LinkFault.BadInstruction, WithText([1, 2, 3]));
    }

    [Fact]
    public void A_jump_lands_on_an_instruction_of_its_own_section()
    {
        _ = Linker.Link(WithText(Instruction(0x05, offset: 1), Exit, Exit).Build());
        Refuses(LinkFault.BadJump, WithText(Instruction(0x05, offset: 1), Exit));
        Refuses(LinkFault.BadJump, WithText(Instruction(0x05, offset: -2), Exit));
        Refuses(LinkFault.BadJump, WithText(Instruction(0x15, offset: 1), Load(1), Exit));
        Refuses(LinkFault.BadJump, WithText(Instruction(0x85, source: 1, immediate: 7), Exit));
        Refuses(LinkFault.BadJump, WithText(Instruction(0x85, source: 1, immediate: int.MaxValue), Exit));
    }

    [Fact]
    public void Writable_data_is_refused_but_tables_of_pointers_are_not()
    {
        foreach (var (name, type, good) in new (string, uint, bool)[] { (".data", 1, false), (".bss", 8, false), (".data.rel.ro", 1, true), (".data.rel.ro.local", 1, true), (".data.rel.rogue", 1, false) })
        {
            var builder = WithText(Load(1), Exit);
            builder.Relocate(1, 0, 1, builder.Symbol("x", builder.Section(name, new byte[8], flags: 3, type: type), info: 0x11));
            if (good) Assert.NotEmpty(Linker.Link(builder.Build()));
            else Refuses(LinkFault.WritableData, builder);
        }
    }

    [Fact]
    public void The_entry_point_is_one_global_function_at_an_instruction()
    {
        var none = new ObjectBuilder();
        none.Symbol("start", none.Section(".text", Exit));
        Refuses(LinkFault.NoEntryPoint, none);
        var undefined = new ObjectBuilder();
        undefined.Section(".text", Exit);
        undefined.Symbol("entrypoint", 0);
        Refuses(LinkFault.NoEntryPoint, undefined);
        foreach (var value in (ulong[])[4, 8, ulong.MaxValue])
        {
            var off = new ObjectBuilder();
            off.Symbol("entrypoint", off.Section(".text", Exit), value);
            Refuses(LinkFault.NoEntryPoint, off);
        }

        Refuses(LinkFault.NoEntryPoint, WithText());
        var inside = new ObjectBuilder();
        inside.Symbol("entrypoint", inside.Section(".text", [.. Load(1), .. Exit]), 8);
        Refuses(LinkFault.NoEntryPoint, inside);
        var data = new ObjectBuilder();
        data.Symbol("entrypoint", data.Section(".rodata", Exit, flags: 2));
        Refuses(LinkFault.NoEntryPoint, data);
        var local = new ObjectBuilder();
        local.Symbol("entrypoint", local.Section(".text", Exit), info: 0x02);
        Refuses(LinkFault.NoEntryPoint, local);
        var twice = WithText(Exit);
        twice.Symbol("entrypoint", 1);
        Refuses(LinkFault.NoEntryPoint, twice);
        var absolute = new ObjectBuilder();
        absolute.Section(".text", Exit);
        absolute.Symbol("entrypoint", 0xfff1);
        Refuses(LinkFault.NoEntryPoint, absolute);
    }

    [Fact]
    public void A_relocation_stands_where_its_type_says_and_points_into_the_program()
    {
        ObjectBuilder With(ulong offset, uint type, Func<ObjectBuilder, int> symbol, params byte[][] text)
        {
            var builder = WithText(text.Length > 0 ? text : [Load(1), Exit]);
            return builder.Relocate(1, offset, type, symbol(builder));
        }

        int Text(ObjectBuilder b) => b.Symbol("f", b.Section(".text.f", Exit));
        int Data(ObjectBuilder b) => b.Symbol("d", b.Section(".rodata", new byte[8], flags: 2), info: 0x11);
        foreach (var type in (uint[])[0, 2, 3, 4, 5, 8, 99]) Refuses(LinkFault.BadRelocation, With(0, type, Data));
        foreach (var offset in (ulong[])[1, 8, 16, 24, ulong.MaxValue]) Refuses(LinkFault.BadRelocation, With(offset, 1, Data));
        Refuses(LinkFault.BadRelocation, With(0, 10, Text)); // a call's, at a load
        Refuses(LinkFault.BadRelocation, With(0, 10, Data, Instruction(0x85, source: 1, immediate: -1), Exit));
        Refuses(LinkFault.BadRelocation, With(0, 10, b => b.Symbol("", 0), Instruction(0x85, source: 1, immediate: -1), Exit));
        Refuses(LinkFault.BadRelocation, With(0, 10, b => b.Symbol("sol_log_", 0), Instruction(0x85, source: 1, immediate: 3), Exit));
        Refuses(LinkFault.BadRelocation, With(0, 10, b => b.Symbol("common", 0xfff2), Instruction(0x85, source: 1, immediate: -1), Exit));
        Refuses(LinkFault.BadRelocation, With(0, 1, b => b.Symbol("somewhere", 0)));
        Refuses(LinkFault.BadReference, With(0, 1, b => b.Symbol("far", b.Section(".rodata", new byte[8], flags: 2), 9)));
        Refuses(LinkFault.BadReference, With(0, 1, b => b.Symbol("farther", b.Section(".rodata", new byte[8], flags: 2), ulong.MaxValue)));
        Refuses(LinkFault.BadReference, With(0, 1, Data, Load(1, immediate: -1), Exit));
        Refuses(LinkFault.BadReference, With(0, 1, b => b.Symbol("names", b.Section(".comment", new byte[8], flags: 0))));
        Refuses(LinkFault.BadReference, With(0, 1, b => b.Symbol("nowhere", 77)));
        Refuses(LinkFault.BadReference, With(0, 1, _ => 77));
        Refuses(LinkFault.BadRelocation, With(0, 10, b => b.Symbol("middle", b.Section(".text.f", [.. Load(1), .. Exit]), 8), Instruction(0x85, source: 1, immediate: -1), Exit));
        Refuses(LinkFault.BadRelocation, With(0, 10, _ => 1, Instruction(0x85, source: 1, immediate: -1), Exit)); // itself: how the loader tells a syscall
        var twice = With(0, 1, Data);
        Refuses(LinkFault.BadRelocation, twice.Relocate(1, 0, 1, 2));
        var overlap = WithText(Load(1), Exit);
        var table = overlap.Section(".data.rel.ro", new byte[16], flags: 3);
        var symbol = overlap.Symbol("t", table, info: 0x11);
        overlap.Relocate(1, 0, 1, symbol).Relocate(table, 0, 2, symbol).Relocate(table, 4, 2, symbol);
        Refuses(LinkFault.BadRelocation, overlap);
        var past = WithText(Load(1), Exit);
        table = past.Section(".data.rel.ro", new byte[12], flags: 3);
        symbol = past.Symbol("t", table, info: 0x11);
        Refuses(LinkFault.BadRelocation, past.Relocate(1, 0, 1, symbol).Relocate(table, 8, 2, symbol));
    }

    [Fact]
    public void What_is_no_bpf_object_is_said_to_be_none()
    {
        Assert.Equal(LinkFault.Truncated, Assert.Throws<LinkException>(() => Linker.Link([])).Fault);
        Assert.Equal(LinkFault.NotABpfObject, Assert.Throws<LinkException>(() => Linker.Link(new byte[64])).Fault);
        Refuses(LinkFault.NotABpfObject, new ObjectBuilder { Machine = 62 });
        var linked = Linker.Link(Hello());
        Assert.Equal(LinkFault.NotABpfObject, Assert.Throws<LinkException>(() => Linker.Link(linked)).Fault);
    }

    [Fact]
    public void A_program_beyond_what_the_loader_takes_is_refused_before_it_is_copied()
    {
        var builder = WithText(Load(1), Exit);
        Refuses(LinkFault.TooLarge, builder.Relocate(1, 0, 1, builder.Symbol("big", builder.Section(".rodata", new byte[Linker.LargestProgram], flags: 2), info: 0x11)));
        var claims = new ObjectBuilder();
        claims.Section(".bss", [], flags: 3, type: 8, size: ulong.MaxValue);
        claims.Symbol("entrypoint", claims.Section(".text", Exit));
        Refuses(LinkFault.TooLarge, claims);
    }
}
