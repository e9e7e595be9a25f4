using System.Text.RegularExpressions;

namespace DePin.Architecture.Tests;

/// <summary>
/// What operators do among themselves is the same whatever chain their network is on, so that a fault shown on one chain is shown on all: proofs that come in, lanes, rounds, evidence and what
/// is computed from it name no kind of chain.
/// </summary>
public sealed partial class ChainNeutralityTests
{
    public static TheoryData<string> Folders => [.. (string[])[
        "src/Oracle/Batch", "src/Oracle/Evidence", "src/Oracle/Ingest", "src/Oracle/Network", "src/Oracle/Peers", "src/Oracle/Report", "src/Oracle/Round", "src/Oracle/Score",
        "src/Oracle/Verify", "src/Protocol/Lanes", "src/Protocol/Rounds", "src/Storage/Oracle"]];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Operators_deal_with_one_another_without_a_word_of_the_chain(string folder)
    {
        var code = Repository.Code(folder).ToList();
        Assert.NotEmpty(code);
        Assert.Empty(code.SelectMany(s => ChainWords().Matches(s.Code).Select(m => $"{s.Path}: {m.Value}")));
    }

    [Theory]
    [InlineData("if (network.Kind == ChainKind.Solana) return;")]
    [InlineData("var rpc = new SolanaRpc(http);")]
    [InlineData("using DePin.Chain.Evm;")]
    public void The_search_finds_what_it_looks_for(string code) => Assert.Matches(ChainWords(), Repository.Strip(code));

    [GeneratedRegex(@"\b(ChainKind|I?Evm\w*|I?Solana\w*|ContractBindings|Surfpool\w*)\b")]
    private static partial Regex ChainWords();
}
