using System.Diagnostics;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Protocol.Rounds;
using DePin.TestKit;
using Xunit.Abstractions;

namespace DePin.Oracle.Tests.Faults;

/// <summary>Four operators whose processes die.</summary>
[Collection(FaultTests.Name)]
public sealed class CrashTests(CrashTests.Four four, ITestOutputHelper output) : IClassFixture<CrashTests.Four>
{
    private static CancellationToken Ct => CancellationToken.None;

    // CI: 20 kills; DEPIN_DEEP=1: 1,000, or as many as DEPIN_KILLS says.
    private static int Kills => Environment.GetEnvironmentVariable("DEPIN_DEEP") != "1" ? 20
        : int.TryParse(Environment.GetEnvironmentVariable("DEPIN_KILLS"), out var kills) ? kills : 1_000;

    private FaultNetwork Network => four.Network;

    [Fact]
    public async Task Operators_killed_at_any_moment_lose_nothing_double_nothing_and_sign_nothing_twice()
    {
        var started = Stopwatch.GetTimestamp();
        var first = await Network.NextEpochAsync(Ct);
        for (var kill = 1; kill <= Kills; kill++)
        {
            var victim = Network.Processes[Random.Shared.Next(Network.Processes.Count)];
            await Task.Delay(Random.Shared.Next(0, 800), Ct);
            await victim.KillAsync();
            await victim.StartAsync(Ct);
            if (kill < Kills && Random.Shared.Next(4) == 0)
            {
                // Some die again before they are back.
                kill++;
                await Task.Delay(Random.Shared.Next(0, 2_000), Ct);
                await victim.KillAsync();
                await victim.StartAsync(Ct);
            }

            await victim.ReadyAsync(Ct);
            if (kill % 100 == 0) output.WriteLine($"{kill} kills, {Network.Load.Receipts.Count} receipts, epoch {await Network.NextEpochAsync(Ct)}, {Stopwatch.GetElapsedTime(started)}");
        }

        var receipts = Network.Load.Receipts;
        var last = await Network.NextEpochAsync(Ct) + 1;
        output.WriteLine($"{Kills} kills while epochs {first} to {last - 2} were agreed on, {receipts.Count} receipts, {Stopwatch.GetElapsedTime(started)}");
        Assert.True(receipts.Count > Kills);
        Assert.True(last > first + 2, "Epochs went by.");

        await Network.FinalAsync(last, Ct);
        var (through, times) = await four.Witness.TakenAsync([.. receipts.Keys], Ct);
        Assert.All(times, proof => Assert.Equal(1, proof.Value));
        await SoundAsync(through);
    }

    [Theory]
    [InlineData(MessageKind.Proposal)] // before anybody has its proposal
    [InlineData(MessageKind.Commit)] // after its proposal and its prepare
    public async Task A_proposer_killed_in_mid_round_holds_nothing_up_and_says_nothing_else_when_it_is_back(MessageKind dying)
    {
        var epoch = await Network.NextEpochAsync(Ct) + 1;
        var proposer = Network.Process((int)(epoch % 4)); // of view 0 in generation 0
        await using var trap = await RoundTrap.SetAsync(proposer.Database, epoch, dying, Ct, every: 4);
        epoch = await trap.SprungAsync(Ct, Network.TellAsync);
        await proposer.KillAsync();
        await trap.ReleaseAsync();

        await Network.AcceptedAsync(epoch, Ct);
        var decided = await DecisionAsync(Network.Processes.First(one => one != proposer), epoch);
        if (dying == MessageKind.Proposal) Assert.True(decided.Commits[0].View > 0, "Without a proposal view 0 decides nothing.");
        await proposer.StartAsync(Ct);
        await Eventually.HoldsAsync(
            async () => await proposer.Database.ScalarAsync<long>($"select count(*) from oracle.reports where epoch = {epoch} and status in ('accepted', 'final')", Ct) == 1,
            "the proposer has the report of the others", Ct, FaultNetwork.Patience);
        await Network.AcceptedAsync(epoch + 1, Ct);
        await four.Witness.AuditAsync(epoch + 1, Ct);
        await SoundAsync(epoch + 1);
    }

    [Fact]
    public async Task A_transmitter_killed_after_signing_is_overtaken_and_sends_again_in_its_next_turn()
    {
        // Two in a row: what the one signed never reaches the node; what the other signed does, but late.
        var epoch = await Network.NextEpochAsync(Ct) + 1;
        var (lost, late) = (Network.Process((int)(epoch % 4)), Network.Process((int)((epoch + 1) % 4)));
        var heldOfLost = Network.Gate.Hold(lost.Number, IsAttest);
        var heldOfLate = Network.Gate.Hold(late.Number, IsAttest);

        await heldOfLost.WaitAsync(FaultNetwork.Patience, Ct);
        await lost.KillAsync();
        Network.Gate.Open(lost.Number);
        var neverSent = await NextEpochOf(lost);
        Assert.Equal(1, await OpenTransmissionsAsync(lost, neverSent));
        await Network.AcceptedAsync(neverSent, Ct); // by another, whose turn came
        await lost.StartAsync(Ct);

        var raw = await heldOfLate.WaitAsync(FaultNetwork.Patience, Ct);
        await late.KillAsync();
        Network.Gate.Open(late.Number);
        var signedFor = await NextEpochOf(late);
        Assert.Equal(1, await OpenTransmissionsAsync(late, signedFor));
        await Network.AcceptedAsync(signedFor, Ct);
        await Network.Chain.Rpc.SendRawTransactionAsync(raw, Ct);
        await late.StartAsync(Ct);

        foreach (var (one, of) in new[] { (lost, neverSent), (late, signedFor) })
        {
            await Eventually.HoldsAsync(async () => await OpenTransmissionsAsync(one, of) == 0, "the signed transaction is settled", Ct, FaultNetwork.Patience);
            await Eventually.HoldsAsync(
                async () => await one.Database.ScalarAsync<long>(
                    $"select count(*) from oracle.transmissions where purpose = 'attest' and epoch > {of} and status in ('included', 'finalized')", Ct) > 0,
                "it transmits a later report", Ct, FaultNetwork.Patience);
        }

        var through = await Network.NextEpochAsync(Ct) - 1;
        await four.Witness.AuditAsync(through, Ct);
        await SoundAsync(through);
    }

    private static bool IsAttest(byte[] raw) =>
        SignedEvmTransaction.TryParse(raw, out var signed) && signed!.Transaction.Data.Span.StartsWith(new ReportVerifier.AttestCall([], 0, []).Encode().AsSpan(0, 4));

    private static async Task<ulong> NextEpochOf(OperatorProcess one) =>
        (ulong)await one.Database.ScalarAsync<long>("select max(epoch) from oracle.transmissions where purpose = 'attest'", Ct);

    private static Task<long> OpenTransmissionsAsync(OperatorProcess one, ulong epoch) => one.Database.ScalarAsync<long>(
        $"select count(*) from oracle.transmissions where purpose = 'attest' and epoch = {epoch} and status in ('prepared', 'sent', 'included')", Ct);

    private static async Task<RoundRecord.Decision> DecisionAsync(OperatorProcess one, ulong epoch)
    {
        byte[]? record = null;
        await Eventually.HoldsAsync(
            async () => (record = await one.Database.ScalarAsync<byte[]>($"select record from oracle.round_records where epoch = {epoch} and kind = 4", Ct)) is not null,
            "the decision is in a log", Ct, FaultNetwork.Patience);
        return (RoundRecord.Decision)RoundRecord.Parse(record);
    }

    private async Task SoundAsync(ulong through)
    {
        await four.Witness.OneReportAnEpochAsync(through, Ct);
        await four.Witness.NobodySignedTwiceAsync(Network.Processes.Select(one => one.Database), [], Ct);
        // None was shown a message of its own that it had forgotten.
        foreach (var one in Network.Processes) Assert.Equal(0, await one.Database.ScalarAsync<long>("select count(*) from oracle.round_records where kind = 5", Ct));
    }

    /// <summary>One network for all of these.</summary>
    public sealed class Four : IAsyncLifetime
    {
        public FaultNetwork Network { get; private set; } = null!;

        public Witness Witness { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Network = await FaultNetwork.StartAsync(4, [0, 1, 2, 3], Ct);
            Witness = new Witness(Network);
        }

        public async Task DisposeAsync() => await Network.DisposeAsync();
    }
}

/// <summary>Whole networks: one at a time.</summary>
[CollectionDefinition(Name)]
public sealed class FaultTests
{
    public const string Name = "faults";
}
