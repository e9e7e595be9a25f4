namespace DePin.BindingsGenerator.Solana;

/// <summary>Writes a type: a record struct, an enum, or a record with a record for each variant.</summary>
internal sealed class TypeWriter(Code code, SolanaTypes types, SolanaCSharp cs)
{
    /// <summary>A type that is neither account nor event.</summary>
    public void Write(BoundType type)
    {
        code.Line(ProgramFiles.Summary(type.Definition.Docs, type.Definition.Name));
        if (type.IsPlainEnum) PlainEnum(type);
        else if (type.IsEnum) Enum(type);
        else Struct(type);
    }

    /// <summary>An account or an event.</summary>
    public void Write(BoundType type, byte[] discriminator, string kind, string complete)
    {
        code.Line(ProgramFiles.Summary(type.Definition.Docs, $"{kind} {type.Definition.Name}"));
        code.Open($"public readonly record struct {type.Name}({Declare(type.Members)}) : ISolana{kind}<{type.Name}>");
        if (kind == "Account") Layout(type, discriminator);
        code.Line("/// <inheritdoc/>");
        code.Line($"public static ReadOnlySpan<byte> Discriminator => {ProgramFiles.Bytes(discriminator)};");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Open($"public static bool TryDecode(ReadOnlySpan<byte> data, out {type.Name} value)");
        code.Line("var r = new BorshReader(data);");
        code.Line("r.Discriminator(Discriminator);");
        code.Line("value = r.Ok ? Read(ref r) : default;");
        code.Line($"return r.{complete}();");
        code.Close();
        if (kind == "Account") Prefix(type);
        code.Line("/// <inheritdoc/>");
        code.Open("public byte[] Encode()");
        code.Line("var w = new BorshWriter(stackalloc byte[512]);");
        code.Line("w.Raw(Discriminator);");
        code.Line("Write(ref w);");
        code.Line("return w.ToArray();");
        code.Close();
        ReadAndWrite(type);
        code.Close();
    }

    public string Declare(IReadOnlyList<Member> members) => string.Join(", ", members.Select(m => $"{cs.Name(m.Type)} {m.Property}"));

    private void Struct(BoundType type)
    {
        code.Open($"public readonly record struct {type.Name}({Declare(type.Members)})");
        ReadAndWrite(type);
        code.Close();
    }

    private void ReadAndWrite(BoundType type)
    {
        code.Line($"internal static {type.Name} Read(ref BorshReader r) => new({string.Join(", ", type.Members.Select(m => cs.Read(m.Type, "r")))});");
        code.Line();
        code.Open("internal void Write(ref BorshWriter w)");
        foreach (var member in type.Members) code.Line(cs.Write(member.Type, member.Property, "w"));
        code.Close();
    }

    private void Prefix(BoundType type)
    {
        code.Line("/// <inheritdoc/>");
        code.Open($"public static bool TryDecodePrefix(ReadOnlySpan<byte> data, out {type.Name} value, out int length)");
        code.Line("var r = new BorshReader(data);");
        code.Line("r.Discriminator(Discriminator);");
        code.Line("value = r.Ok ? Read(ref r) : default;");
        code.Line("length = r.Ok ? data.Length - r.Left : 0;");
        code.Line("return r.Ok;");
        code.Close();
    }

    private void PlainEnum(BoundType type)
    {
        code.Open($"public enum {type.Name} : byte");
        for (var i = 0; i < type.Variants.Count; i++) code.Line($"{type.Variants[i].Name} = {i},");
        code.Close();
    }

    private void Enum(BoundType type)
    {
        code.Open($"public abstract record {type.Name}");
        code.Open($"private {type.Name}()");
        code.Close();
        foreach (var variant in type.Variants)
        {
            code.Line($"/// <summary>{type.Definition.Name}::{variant.Name}</summary>");
            code.Line($"public sealed record {variant.Name}({Declare(variant.Members)}) : {type.Name};");
            code.Line();
        }

        code.Open($"internal static {type.Name} Read(ref BorshReader r) => r.Variant({type.Variants.Count}) switch");
        for (var i = 0; i < type.Variants.Count; i++)
        {
            var made = $"new {type.Variants[i].Name}({string.Join(", ", type.Variants[i].Members.Select(m => cs.Read(m.Type, "r")))}),";
            code.Line(i == type.Variants.Count - 1 ? $"_ => {made}" : $"{i} => {made}");
        }

        code.CloseExpression();
        code.Open("internal void Write(ref BorshWriter w)");
        code.Open("switch (this)");
        for (var i = 0; i < type.Variants.Count; i++)
        {
            var variant = type.Variants[i];
            code.Line(variant.Members.Count == 0 ? $"case {variant.Name}:" : $"case {variant.Name} v:");
            code.Line($"    w.UInt8({i});");
            foreach (var member in variant.Members) code.Line($"    {cs.Write(member.Type, $"v.{member.Property}", "w")}");
            code.Line("    break;");
        }

        code.Close();
        code.Close();
        code.Close();
    }

    // Where the fields lie whose place is the same in every account: for filters and slices of RPC requests.
    private void Layout(BoundType type, byte[] discriminator)
    {
        var offsets = new List<(Member Member, int Offset)>();
        int? offset = discriminator.Length;
        foreach (var member in type.Members)
        {
            if (offset is not { } at) break;
            offsets.Add((member, at));
            offset = types.FixedSize(member.Type) is { } size ? checked(at + size) : null;
        }

        if (offset is { } total)
        {
            code.Line("/// <summary>Bytes of the data, discriminator included.</summary>");
            code.Line($"public const int Size = {total};");
            code.Line();
        }

        if (offsets.Count > 0)
        {
            code.Line("/// <summary>Where in the data a field begins: for filters and slices of requests.</summary>");
            code.Open("public static class Offsets");
            foreach (var (member, at) in offsets) code.Line($"public const int {member.Property} = {at};");
            code.Close();
        }

        foreach (var (member, at) in offsets) Element(member, at);
    }

    // One element of an array in place, so that a slot of thousands is read without the others.
    private void Element(Member member, int offset)
    {
        if (member.Type is not IdlType.Array array || SolanaCSharp.Bytes(array) is not null || types.FixedSize(array.Element) is not (> 0 and var size)) return;
        if (array.Element is IdlType.Array) return;
        var length = SolanaTypes.Length(array);
        code.Line($"/// <summary>Reads one of the {length} elements of {ProgramFiles.Escape(member.Key)} alone; false where the data is of another kind or too short.</summary>");
        code.Line($"/// <exception cref=\"ArgumentOutOfRangeException\"><paramref name=\"index\"/> is not from 0 to {length - 1}.</exception>");
        code.Open($"public static bool TryRead{member.Property}(ReadOnlySpan<byte> data, int index, out {cs.Name(array.Element)} value)");
        code.Line("ArgumentOutOfRangeException.ThrowIfNegative(index);");
        code.Line($"ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, {length});");
        code.Line($"var place = {offset} + ({size} * index);");
        code.Line($"var found = data.StartsWith(Discriminator) && data.Length >= place + {size};");
        code.Line($"var r = new BorshReader(found ? data.Slice(place, {size}) : default);");
        code.Line($"value = {cs.Read(array.Element, "r")};");
        code.Line("return r.Complete() && found;");
        code.Close();
    }
}
