using DePin.BindingsGenerator.Solana;
using DePin.DevTools;

namespace DePin.Chain.Tests.Solana;

public sealed class ForeignIdlTests
{
    private static readonly string Fixtures = RepositoryRoot.Combine("tests", "Chain.Tests", "Solana", "idl");

    [Theory]
    [InlineData("idls", "types", 19)]
    [InlineData("idls-old", "types", 14)] // before Anchor 0.30
    public async Task Heliums_programs_compile_and_read_and_write_what_anchor_does(string package, string folder, int programs)
    {
        var path = RepositoryRoot.Combine("node_modules", "@helium", package, "lib", folder);
        if (package != "idls" && !Directory.Exists(path)) return; // an older release of the package, beside it where it is installed
        Assert.Equal(programs, Directory.GetFiles(path, "*.d.ts").Length);
        await CheckAsync(path, $"Helium{programs}");
    }

    [Fact]
    public async Task Every_type_and_awkward_name_compiles_and_reads_and_writes_what_anchor_does() =>
        await CheckAsync(Path.Combine(Fixtures, "everything.json"), "Everything");

    [Fact]
    public async Task The_form_before_anchor_0_30_gives_what_anchor_does() => await CheckAsync(Path.Combine(Fixtures, "old.json"), "Old");

    private static async Task CheckAsync(string path, string name)
    {
        var assembly = await TemporaryProject.CompileAsync(name, SolanaGenerator.Generate(path, $"Foreign.{name}"));
        var bound = new BoundPrograms(assembly, $"Foreign.{name}");
        Assert.InRange(bound.CheckCodec(await Witness.RunAsync("solana-borsh", 43, 5, path)), 3, int.MaxValue);
        bound.CheckInstructions(await Witness.RunAsync("solana-instructions", 44, 3, path));
    }
}
