using DePin.TestKit;

namespace DePin.Jobs.Tests;

/// <summary>The dashboard in a real browser: <c>browser/dashboard.mjs</c> does what an operator does.</summary>
public sealed class BrowserTests
{
    private static readonly CancellationToken Ct = CancellationToken.None;
    private static readonly string[] Shots = ["recurring", "history", "failed-dark", "narrow", "signed-out"];

    [Fact]
    public async Task An_operator_signs_in_with_a_wallet_and_sees_and_steers_the_jobs()
    {
        var wallet = new TestWallet("wallet in the browser");
        await using var network = await JobsNetwork.CreateAsync();
        network.MineOperators(wallet.Address, new TestWallet("outsider").Address);
        await network.FollowAsync();
        await network.ImportAsync(1);
        await network.Database.ExecuteAsync("alter table jobs.epoch_classes rename to away", Ct); // roll-up fails until it is mended
        await network.Database.ExecuteAsync(
            """
            insert into jobs.runs (job, trigger, fire_instance, node, attempt, started_at, ended_at, outcome, recovering, error)
            values ('hostile', 'hostile', 'h', 'n<b>ode</b>', 0, now() - interval '1 minute', now(), 'failed', false, '<script>window.pwned = 1</script><img src=x onerror="window.pwned = 2">')
            """, Ct);
        await using var host = await JobHost.StartAsync(network);
        await BrowserScript.RunAsync("tests/Jobs.Tests/browser/dashboard.mjs", [host.Root.ToString(), "0x" + Convert.ToHexStringLower(wallet.Key)], Shots, async what =>
        {
            switch (what)
            {
                case "mend":
                    await network.Database.ExecuteAsync("alter table jobs.away rename to epoch_classes", Ct);
                    break;
                case "paused alarms":
                    Assert.Equal("PAUSED", await network.ScalarAsync<string>("select trigger_state from jobs.qrtz_triggers where trigger_name = 'alarms'"));
                    break;
                case "resumed alarms":
                    Assert.NotEqual("PAUSED", await network.ScalarAsync<string>("select trigger_state from jobs.qrtz_triggers where trigger_name = 'alarms'"));
                    break;
                default:
                    Assert.Fail(what);
                    break;
            }
        });
        Assert.Equal(1, await network.ScalarAsync<long>("select count(*) from jobs.epoch_classes"));
        Assert.Equal(1, await network.ScalarAsync<long>("select count(*) from jobs.sign_ins where ended_at is not null"));
    }
}
