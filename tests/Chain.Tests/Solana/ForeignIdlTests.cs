using DePin.BindingsGenerator.Solana;
using DePin.DevTools;

namespace DePin.Chain.Tests.Solana;

public sealed class ForeignIdlTests
{
    private static readonly string Fixtures = RepositoryRoot.Combine("tests", "Chain.Tests", "Solana", "idl");

    [Fact]
    public async Task Heliums_programs_compile_and_read_and_write_what_anchor_does()
    {
        var path = RepositoryRoot.Combine("node_modules", "@helium", "idls", "lib", "types");
        Assert.Equal(19, Directory.GetFiles(path, "*.d.ts").Length);
        await CheckAsync(path, "Helium");
    }

    [Fact]
    public async Task Every_type_and_awkward_name_compiles_and_reads_and_writes_what_anchor_does() =>
        await CheckAsync(Path.Combine(Fixtures, "everything.json"), "Everything");

    [Fact]
    public async Task The_form_before_anchor_0_30_gives_what_anchor_does() => await CheckAsync(Path.Combine(Fixtures, "old.json"), "Old");

    [Theory]
    [InlineData("""{"instructions":[],"metadata":{"name":"x","spec":"0.2.0"}}""", "spec is 0.2.0")]
    [InlineData("""{"metadata":{"name":"x","spec":"0.1.0"}}""", "no \"instructions\"")]
    [InlineData("[1, 2]", "Not an IDL")]
    [InlineData("export type X = {\"instructions\": [", "does not end")]
    [InlineData(Head + """[{"name":"A","type":{"kind":"struct","fields":[{"name":"a","type":"u7"}]}}]}""", "u7")]
    [InlineData(Head + """[{"name":"A","type":{"kind":"struct","fields":[{"name":"a","type":{"coption":"u8"}}]}}]}""", "coption")]
    [InlineData(Head + """[{"name":"A","type":{"kind":"struct","fields":[{"name":"a","type":{"defined":{"name":"B"}}}]}}]}""", "B is used, but")]
    [InlineData(Head + """[{"name":"A","type":{"kind":"struct","fields":[{"name":"a","type":{"vec":{"defined":{"name":"A"}}}}]}}]}""", "A contains itself")]
    [InlineData(Head + """[{"name":"A","type":{"kind":"type","alias":{"option":{"defined":{"name":"A"}}}}},{"name":"B","type":{"kind":"struct","fields":[{"name":"a","type":{"defined":{"name":"A"}}}]}}]}""", "A contains itself")]
    [InlineData(Head + """[{"name":"A","type":{"kind":"struct","fields":[{"name":"a","type":{"vec":{"array":["u8",0]}}}]}}]}""", "elements without bytes")]
    [InlineData(Head + """[{"name":"A","type":{"kind":"struct","fields":[{"name":"a","type":{"array":[{"array":["u64",2147483647]},9]}}]}}]}""", "2^31")]
    [InlineData(Head + """[{"name":"A","type":{"kind":"enum","variants":[]}},{"name":"A","type":{"kind":"struct","fields":[]}}]}""", "Two different types")]
    [InlineData(Head + """[],"accounts":[{"name":"A","discriminator":[]}]}""", "empty discriminator")]
    [InlineData(Head + """[],"accounts":[{"name":"A","discriminator":[1]}]}""", "A is used, but")]
    public void What_cannot_be_bound_is_refused_with_the_reason(string idl, string reason)
    {
        var refused = Assert.Throws<InvalidDataException>(() => SolanaGenerator.GenerateText(idl, "x.json"));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_cannot_leave_its_place_in_the_code()
    {
        var text = SolanaGenerator.GenerateText(Head + """[{"name":"A {} //","docs":["</summary>","a\u2028b"],"type":{"kind":"struct","fields":[{"name":"x; y(","type":"u8"}]}}]}""", "x.json");
        Assert.Contains("public readonly record struct A(byte XY)", text["X.Types.g.cs"], StringComparison.Ordinal);
        Assert.Contains("/// <summary>&lt;/summary&gt; a b</summary>", text["X.Types.g.cs"], StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => SolanaGenerator.GenerateText(Head + "[]}", "x.json", "A; class B"));
    }

    private const string Head = """{"metadata":{"name":"x","spec":"0.1.0"},"instructions":[],"types":""";

    private static async Task CheckAsync(string path, string name)
    {
        var assembly = await TemporaryProject.CompileAsync(name, SolanaGenerator.Generate(path, $"Foreign.{name}"));
        var bound = new BoundPrograms(assembly, $"Foreign.{name}");
        Assert.InRange(bound.CheckCodec(await Witness.RunAsync("solana-borsh", 43, 5, path)), 3, int.MaxValue);
        bound.CheckInstructions(await Witness.RunAsync("solana-instructions", 44, 3, path));
    }
}
