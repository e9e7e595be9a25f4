using DePin.DevTools;
using DePin.TestKit;
using Npgsql;

namespace DePin.EndToEnd.Tests.Tools;

public sealed class LocalToolsTests
{
    [Fact]
    public async Task A_test_database_is_private_and_dropped()
    {
        var server = await PostgresServer.GetAsync(default);
        string name;
        await using (var database = await TestDatabase.CreateAsync())
        {
            name = database.Name;
            await database.ExecuteAsync("create table mine (n int)", default);
            await using var other = await TestDatabase.CreateAsync();
            Assert.Equal(0L, await other.ScalarAsync<long>("select count(*) from pg_tables where tablename = 'mine'", default));
        }

        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select count(*) from pg_database where datname = $1", connection) { Parameters = { new() { Value = name } } };
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_test_database_is_migrated()
    {
        await using var database = await TestDatabase.CreateAsync();
        Assert.True(await database.ScalarAsync<long>("select count(*) from depin.migrations", default) > 0);
    }

    [Fact]
    public async Task A_private_server_keeps_committed_rows_through_a_crash()
    {
        await using var postgres = await PostgresServer.StartPrivateAsync(default);
        var connectionString = await postgres.CreateDatabaseAsync(default, migrated: false) + ";Pooling=false";
        await RunAsync(connectionString, "create table kept as select 7 as n");
        await postgres.CrashAsync(default);
        Assert.Equal(7, await RunAsync(connectionString, "select n from kept"));
        await postgres.RestartAsync(default);
        Assert.Equal(7, await RunAsync(connectionString, "select n from kept"));
    }

    [Fact]
    public async Task The_dev_chain_runs_a_day_a_minute_and_finalizes_two_blocks_behind()
    {
        await using var anvil = await AnvilNode.StartAsync(AnvilNode.Live);
        await Eventually.HoldsAsync(async () => await anvil.Rpc.BlockNumberAsync(default) >= 5, "five blocks", default);
        var latest = await anvil.Rpc.BlockAsync("0x5", default);
        var before = await anvil.Rpc.BlockAsync("0x4", default);
        Assert.Equal(1440UL, latest.Timestamp - before.Timestamp);
        await Eventually.HoldsAsync(
            async () => (await anvil.Rpc.BlockAsync("finalized", default)).Number + 2 == (await anvil.Rpc.BlockAsync("latest", default)).Number,
            "finalized is latest - 2",
            default);
    }

    [Fact]
    public async Task A_reorganisation_replaces_the_last_blocks()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await anvil.Rpc.MineAsync(10, default);
        var before = (await anvil.Rpc.CallAsync("eth_getBlockByNumber", ["0x9", false], default))!["hash"]!.GetValue<string>();
        await anvil.Rpc.ReorganiseAsync(3, default);
        var after = (await anvil.Rpc.CallAsync("eth_getBlockByNumber", ["0x9", false], default))!["hash"]!.GetValue<string>();
        Assert.Equal(10UL, await anvil.Rpc.BlockNumberAsync(default));
        Assert.NotEqual(before, after);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(-3)]
    public async Task A_resumed_chain_goes_on_from_its_last_block_without_its_clock_jumping(int daysFromNow)
    {
        var folder = Directory.CreateTempSubdirectory("depin-test-anvil-");
        try
        {
            var start = DateTimeOffset.UtcNow.AddDays(daysFromNow).ToUnixTimeSeconds();
            var options = AnvilNode.Live with { Timestamp = start, StateFile = Path.Combine(folder.FullName, "state.json") };
            (ulong Number, ulong Timestamp) last;
            await using (var first = await AnvilNode.StartAsync(options))
            {
                await Eventually.HoldsAsync(async () => await first.Rpc.BlockNumberAsync(default) >= 3, "three blocks", default);
                await first.Rpc.SetIntervalMiningAsync(0, default);
                last = await first.Rpc.BlockAsync("latest", default);
            }

            await using var second = await AnvilNode.StartAsync(options);
            await Eventually.HoldsAsync(async () => await second.Rpc.BlockNumberAsync(default) >= last.Number + 2, "two more blocks", default);
            Assert.Equal(last, await second.Rpc.BlockAsync($"0x{last.Number:x}", default));
            Assert.Equal((last.Number + 1, last.Timestamp + 1440), await second.Rpc.BlockAsync($"0x{last.Number + 1:x}", default));
            Assert.Equal((last.Number + 2, last.Timestamp + 2880), await second.Rpc.BlockAsync($"0x{last.Number + 2:x}", default));
        }
        finally
        {
            folder.Delete(true);
        }
    }

    [Fact]
    public async Task A_guarded_child_ends_with_its_guard()
    {
        var child = await GuardedProcess.StartAsync(new ProcessSpecification("sleep", ["600"]), null, default);
        Assert.True(Directory.Exists($"/proc/{child.Id}"));
        var id = child.Id;
        await child.DisposeAsync();
        Assert.False(Directory.Exists($"/proc/{id}"));
    }

    private static async Task<object?> RunAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
