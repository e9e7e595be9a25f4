using Xunit.Abstractions;

namespace DePin.Protocol.Tests.Rounds;

/// <summary>
/// Thousands of seeded schedules of the pure round. DEPIN_DEEP=1 runs ten times as many; a failure names n and seed, and the same seed fails
/// again.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private static readonly LiarKind[] Kinds = Enum.GetValues<LiarKind>();

    private static int Runs(int runs) => Environment.GetEnvironmentVariable("DEPIN_DEEP") is "1" ? runs * 10 : runs;

    [Fact]
    public void Four_operators_agree_whatever_one_liar_and_the_network_do() => Many(4, Runs(1_500), 10_000);

    [Fact]
    public void Seven_operators_agree_whatever_two_liars_and_the_network_do() => Many(7, Runs(400), 500_000);

    [Fact]
    public void All_decide_in_the_first_view_when_nothing_is_wrong()
    {
        foreach (var n in (int[])[4, 7, 10])
        {
            var simulation = new Simulation(n, 42, Faults.None, []);
            simulation.Run(60_000);
            Assert.NotNull(simulation.Decided);
            Assert.InRange(simulation.ViewsAfterHealing, 0u, 1u);
        }
    }

    [Fact]
    public void Decide_without_f_silent_operators_and_without_other_faults()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            new Simulation(4, seed, Faults.None, [LiarKind.Silent]).Run(120_000);
            new Simulation(7, seed, Faults.None, [LiarKind.Silent, LiarKind.Silent]).Run(120_000);
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        var first = new Simulation(4, 77, new Faults(), [LiarKind.Twins]);
        var second = new Simulation(4, 77, new Faults(), [LiarKind.Twins]);
        first.Run();
        second.Run();
        Assert.Equal(first.Decided, second.Decided);
        Assert.Equal(first.Deliveries, second.Deliveries);
        Assert.Equal(first.Now, second.Now);
    }

    [Fact]
    public void The_checks_notice_operators_that_forget_their_locks()
    {
        var hostile = new Faults(Drop: 0.05, Crash: 0, Partitions: false, Hostile: true, HealsAtMs: 60_000);
        Assert.Contains("two values were decided", FirstBreak(hostile, Sabotage.ForgetsLocks), StringComparison.Ordinal);
        Assert.Equal("every run passed", FirstBreak(hostile, Sabotage.None));
    }

    [Fact]
    public void The_checks_notice_operators_that_sign_anew_after_losing_their_log() =>
        Assert.Contains("signed two different messages", FirstBreak(new Faults(Crash: 0.1), Sabotage.LosesLog), StringComparison.Ordinal);

    private static string FirstBreak(Faults faults, Sabotage sabotage)
    {
        for (var seed = 0; seed < 150; seed++)
        {
            try
            {
                new Simulation(4, seed, faults, [seed % 2 == 0 ? LiarKind.Twins : LiarKind.Selective], sabotage).Run(300_000);
            }
            catch (InvariantException broken)
            {
                return broken.Message;
            }
        }
        return "every run passed";
    }

    private void Many(int n, int runs, int firstSeed)
    {
        var deliveries = 0L;
        var restarts = 0L;
        var most = 0u;
        Parallel.For(0, runs, new ParallelOptions { MaxDegreeOfParallelism = 2 }, run =>
        {
            var seed = firstSeed + run;
            var f = (n - 1) / 3;
            var liars = Enumerable.Range(0, f).Select(i => Kinds[(run + (i * (1 + (run / Kinds.Length)))) % Kinds.Length]).ToArray();
            if (run % 13 == 0) liars = []; // crashes, losses and partitions alone
            var simulation = new Simulation(n, seed, new Faults(Hostile: run % 5 == 0), liars);
            simulation.Run();
            Interlocked.Add(ref deliveries, simulation.Deliveries);
            Interlocked.Add(ref restarts, simulation.Restarts);
            InterlockedMax(ref most, simulation.ViewsAfterHealing);
        });
        output.WriteLine($"n = {n}: {runs} schedules, {deliveries} deliveries, {restarts} restarts, at most {most} views after healing");
        Assert.True(restarts > runs / 4, "restarts are part of the schedules");
        Assert.InRange(most, 0u, (uint)(6 * n));
    }

    private static void InterlockedMax(ref uint target, uint value)
    {
        var seen = Volatile.Read(ref target);
        while (value > seen)
        {
            var found = Interlocked.CompareExchange(ref target, value, seen);
            if (found == seen) return;
            seen = found;
        }
    }
}
