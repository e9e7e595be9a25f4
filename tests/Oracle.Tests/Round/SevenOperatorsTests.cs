using DePin.Cryptography;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Round;

public sealed class SevenOperatorsTests
{
    [Fact]
    public async Task Seven_operators_agree_without_a_dead_one_and_against_a_lying_proposer()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        var network = new RoundNetwork(7);
        var operators = new List<RoundOperator>();
        try
        {
            for (var i = 0; i < 7; i++)
            {
                operators.Add(await RoundOperator.CreateAsync(network, i, limit.Token));
                await operators[i].OpenAsync(limit.Token);
            }

            var liar = network.Proposer();
            var dead = network.Proposer(1);
            operators[liar].Compute = cut => Keccak256.Hash(cut.Encode(), "more for me"u8);
            for (var i = 0; i < 7; i++)
            {
                if (i != dead) operators[i].Begin();
            }

            var honest = operators.Where((_, i) => i != dead && i != liar).ToList();
            await Eventually.HoldsAsync(() => Task.FromResult(honest.All(one => one.Attested is not null)), "five of seven hold five signatures", limit.Token, TimeSpan.FromMinutes(5));
            var value = Assert.Single(honest.Select(one => one.Attested!.Value).Distinct());
            Assert.Equal(network.Report(value.Cut), value.ReportDigest);
            Assert.All(honest, one => Assert.Equal(5, one.Attested!.Signatures.Count));
        }
        finally
        {
            foreach (var one in operators) await one.DisposeAsync();
        }
    }
}
