using DePin.ContractBindings.Evm;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Faults;

/// <summary>Three honest operators as processes, and one with real keys that lies.</summary>
/// <remarks>
/// On an EVM chain alone: lanes and rounds have no line that depends on the chain (an architecture test, <c>ChainNeutralityTests</c>, holds them to it), so what a liar does to peers is refused by
/// the same code on Solana. What the chain itself decides, a bond slashed for two reports and a tree that is wrong, is shown there too: <see cref="SolanaFaultTests"/> and <see cref="SolanaWatchTests"/>.
/// </remarks>
[Collection(FaultTests.Name)]
public sealed class LiarTests(LiarTests.ThreeAndALiar three) : IClassFixture<LiarTests.ThreeAndALiar>
{
    private const int Liar = 1;

    private static CancellationToken Ct => CancellationToken.None;

    private FaultNetwork Network => three.Network;

    [Fact]
    public async Task Two_branches_of_a_lane_stop_nobody()
    {
        await LieAsync(Lies.Lanes);
        var caught = 0L;
        foreach (var one in Network.Processes) caught += await one.Database.ScalarAsync<long>("select count(*) from oracle.lane_conflicts", Ct);
        Assert.True(caught > 0, "Somebody holds the proof that two batches were signed for one index.");
    }

    [Fact]
    public Task False_reports_and_cuts_that_do_not_follow_are_not_agreed_on() => LieAsync(Lies.Values);

    [Fact]
    public async Task Prepares_and_commits_that_contradict_each_other_split_nobody()
    {
        await LieAsync(Lies.Votes);
        var caught = 0L;
        foreach (var one in Network.Processes) caught += await one.Database.ScalarAsync<long>($"select count(*) from oracle.round_conflicts where sender = {Liar}", Ct);
        Assert.True(caught > 0, "Somebody holds two votes of one slot.");
    }

    [Fact]
    public async Task Noise_too_much_and_what_is_not_signed_is_refused_and_stops_nobody()
    {
        var epoch = await Network.NextEpochAsync(Ct);
        var config = await Network.AskAsync(new OperatorRegistry.ConfigDigestAtCall(epoch), Ct, "OperatorRegistry");
        await using var garbage = new Garbage(Network, Network.Chain.Operators[Liar], Liar);
        garbage.Start(config, epoch);
        await Eventually.HoldsAsync(() => Task.FromResult(garbage.Refused > 100), "a hundred requests were refused", Ct, FaultNetwork.Patience);
        await three.Honest.GoOnAsync(Ct);
        Assert.Empty(garbage.Taken);
    }

    [Fact]
    public async Task Two_reports_shown_to_two_operators_cost_the_bond_of_which_a_twentieth_is_the_reporters_and_the_rest_burnt()
    {
        await new Equivocator(Network, Liar).SignTwoAsync(Network.Processes[0], Network.Processes[2], Ct);
        await three.Honest.SlashedAsync(Liar, Ct);
        await three.Honest.GoOnAsync(Ct);
    }

    private async Task LieAsync(Lies lies)
    {
        var (told, proposed) = (three.Liar.Told(lies), three.Liar.Proposed);
        three.Liar.Lies = lies;
        // As a proposer it lies in every fourth epoch.
        await Eventually.HoldsAsync(
            () => Task.FromResult(three.Liar.Told(lies) > told && (lies != Lies.Values || three.Liar.Proposed >= proposed + 3)), "the lies were told", Ct, FaultNetwork.Patience);
        await three.Honest.GoOnAsync(Ct);
        three.Liar.Lies = Lies.None;
    }

    /// <summary>One network for all of these.</summary>
    public sealed class ThreeAndALiar : IAsyncLifetime
    {
        public FaultNetwork Network { get; private set; } = null!;

        public LyingOperator Liar { get; private set; } = null!;

        public HonestOperators Honest { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Network = await FaultNetwork.StartAsync(4, [0, 2, 3], Ct);
            Liar = await LyingOperator.StartAsync(Network.Chain, LiarTests.Liar, Ct);
            Honest = new HonestOperators(Network, [LiarTests.Liar]);
        }

        public async Task DisposeAsync()
        {
            await Liar.DisposeAsync();
            await Network.DisposeAsync();
        }
    }
}
