namespace DePin.SbfLinker.Tests;

/// <summary>Damage anywhere in an object ends in a program or in a named fault: never in another exception, never in a hang.</summary>
public sealed class HostileObjectTests
{
    private static readonly byte[] Values = [0x00, 0x01, 0x7f, 0x80, 0xff];

    private static bool Survives(byte[] file)
    {
        try
        {
            return Linker.Link(file).Length > 0;
        }
        catch (LinkException e)
        {
            Assert.True(Enum.IsDefined(e.Fault) && e.Message.Length > 0);
            return false;
        }
    }

    [Fact]
    public void Every_length_short_of_the_whole_is_a_named_fault()
    {
        var whole = LinkerTests.Hello();
        // The section headers end the file, so no part of it is a whole object.
        Assert.All(Enumerable.Range(0, whole.Length), length => Assert.False(Survives(whole[..length]), $"{length} bytes"));
    }

    [Fact]
    public void Every_byte_may_have_any_extreme_value()
    {
        var whole = LinkerTests.Hello();
        var refused = 0;
        for (var at = 0; at < whole.Length; at++)
        {
            foreach (var value in (byte[])[.. Values, (byte)(whole[at] ^ 1), (byte)(whole[at] ^ 0x40)])
            {
                if (value == whole[at]) continue;
                var damaged = (byte[])whole.Clone();
                damaged[at] = value;
                if (!Survives(damaged)) refused++;
            }
        }

        Assert.True(refused > 1000, $"{refused} refused");
    }

    [Fact]
    public void Every_field_of_every_header_may_have_any_extreme_value()
    {
        var whole = LinkerTests.Hello();
        var headers = BitConverter.ToInt32(whole, 40);
        var fields = Enumerable.Range(0, 64 / 4).Select(i => i * 4).Concat(Enumerable.Range(0, (whole.Length - headers) / 4).Select(i => headers + (i * 4)));
        foreach (var at in fields)
        {
            foreach (var value in (uint[])[0, 1, 7, 8, 0xffff, 0x10000, int.MaxValue, 0x80000000, uint.MaxValue - 7, uint.MaxValue, (uint)whole.Length, (uint)whole.Length - 1, (uint)whole.Length + 1])
            {
                var damaged = (byte[])whole.Clone();
                BitConverter.TryWriteBytes(damaged.AsSpan(at), value);
                Survives(damaged);
                if (at + 8 > whole.Length) continue;
                BitConverter.TryWriteBytes(damaged.AsSpan(at), (ulong)value << 32 | value);
                Survives(damaged);
            }
        }
    }

    [Fact]
    public void Bytes_changed_in_many_places_at_once_are_survived()
    {
        var whole = LinkerTests.Hello();
        var random = new Random(20261122);
        for (var run = 0; run < 20_000; run++)
        {
            var damaged = (byte[])whole.Clone();
            for (var changes = random.Next(1, 12); changes > 0; changes--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            Survives(damaged);
        }
    }

    [Fact]
    public void A_file_of_the_largest_size_with_relocations_at_every_place_ends()
    {
        var builder = new ObjectBuilder();
        const int Calls = 100_000;
        var text = new byte[(Calls + 1) * 8];
        for (var i = 0; i < Calls; i++) ObjectBuilder.Instruction(0x85, source: 1, immediate: -1).CopyTo(text, i * 8);
        ObjectBuilder.Exit.CopyTo(text, Calls * 8);
        var section = builder.Section(".text", text);
        builder.Symbol("entrypoint", section);
        for (var i = 0; i < Calls; i++) builder.Relocate(section, (ulong)i * 8, 10, builder.Symbol($"s{i}", 0));
        // One hundred thousand syscalls, each another: linear work, or this would not end.
        Assert.NotEmpty(Linker.Link(builder.Build()));
    }
}
