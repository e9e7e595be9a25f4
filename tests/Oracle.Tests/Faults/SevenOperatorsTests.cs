using DePin.ContractBindings.Evm;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Faults;

/// <summary>Seven operators, five of them honest, against the real contracts.</summary>
[Collection(FaultTests.Name)]
public sealed class SevenOperatorsTests(SevenOperatorsTests.FiveOfSeven five) : IClassFixture<SevenOperatorsTests.FiveOfSeven>
{
    private static readonly int[] Others = [2, 5];

    private static CancellationToken Ct => CancellationToken.None;

    private FaultNetwork Network => five.Network;

    [Fact]
    public Task Epochs_become_final_with_two_of_seven_stopped() => five.Honest.GoOnAsync(Ct);

    [Fact]
    public async Task Epochs_become_final_with_two_of_seven_lying_about_everything_and_both_lose_their_bonds()
    {
        await using var first = await LyingOperator.StartAsync(Network.Chain, Others[0], Ct);
        await using var second = await LyingOperator.StartAsync(Network.Chain, Others[1], Ct);
        first.Lies = Lies.Lanes | Lies.Values;
        second.Lies = Lies.Votes | Lies.Values;
        var epoch = await Network.NextEpochAsync(Ct);
        await using var garbage = new Garbage(Network, Network.Chain.Operators[Others[1]], (byte)Others[1]);
        garbage.Start(await Network.AskAsync(new OperatorRegistry.ConfigDigestAtCall(epoch), Ct, "OperatorRegistry"), epoch);
        await Eventually.HoldsAsync(
            () => Task.FromResult(first.Told(Lies.Lanes) > 0 && first.Proposed + second.Proposed > 0 && second.Told(Lies.Votes) > 0 && garbage.Refused > 100),
            "every lie was told", Ct, FaultNetwork.Patience);
        foreach (var liar in Others) await new Equivocator(Network, liar).SignTwoAsync(Network.Processes[0], Network.Processes[4], Ct);

        await five.Honest.GoOnAsync(Ct);
        foreach (var liar in Others) await five.Honest.SlashedAsync(liar, Ct);
        Assert.Empty(garbage.Taken);
    }

    /// <summary>One network for both.</summary>
    public sealed class FiveOfSeven : IAsyncLifetime
    {
        public FaultNetwork Network { get; private set; } = null!;

        public HonestOperators Honest { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Network = await FaultNetwork.StartAsync(7, [0, 1, 3, 4, 6], Ct);
            Honest = new HonestOperators(Network, Others);
        }

        public async Task DisposeAsync() => await Network.DisposeAsync();
    }
}
