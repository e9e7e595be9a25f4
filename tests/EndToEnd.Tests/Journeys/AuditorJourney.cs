using DePin.Cli.Dev;
using DePin.Client;
using DePin.TestKit;
using Npgsql;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>Somebody who believes nothing: neither a bundle, nor the operators, nor the mirror.</summary>
public abstract class AuditorJourney(NetworkSide network) : IDisposable
{
    [Fact]
    public async Task A_bundle_that_was_touched_is_no_evidence()
    {
        await network.FinalAsync(1);
        var (good, bad) = (network.Running.Beside("good.bundle"), network.Running.Beside("bad.bundle"));
        File.Delete(good);
        var (audited, audit) = await network.AskAsync("audit", "--save", good);
        Assert.True(audited == 0 && audit["holds"]!.GetValue<bool>(), audit.ToJsonString());

        var bytes = await File.ReadAllBytesAsync(good);
        var untouched = 0;
        for (var part = 1; part < 8; part++)
        {
            var forged = (byte[])bytes.Clone();
            forged[forged.Length * part / 8] ^= 1;
            await File.WriteAllBytesAsync(bad, forged);
            var (code, answer) = await RunningNetwork.AskAsync("audit", "--bundle", bad, "--offline");
            if (code == 0) untouched++;
            Assert.True(code != 0, $"bit at {forged.Length * part / 8} of {forged.Length}: {answer.ToJsonString()}");
        }

        Assert.Equal(0, untouched);
    }

    [Fact]
    public async Task A_mirror_that_was_touched_is_found_out_and_made_anew_while_the_network_runs()
    {
        await network.FinalAsync(1);
        var right = await VerifyAsync();
        Assert.True(right.Code == 0, right.ToString());
        var (same, rebuilt) = await network.AskAsync("index", "rebuild");
        Assert.True(same == 0, rebuilt.ToJsonString());

        // Somebody with the administrator's rights gives a provider a hundred million tokens more.
        var databases = DevDatabases.Of(DevSettings.Load(Path.Combine(network.Running.Data, "settings.json"))!);
        await using (var administrator = NpgsqlDataSource.Create(databases.Administrator(DevDatabases.Public)))
        {
            await using var command = administrator.CreateCommand("update chain.pools set tokens = tokens + 100000000000000000000000000 where provider = (select min(provider) from chain.pools)");
            Assert.True(await command.ExecuteNonQueryAsync() >= 1);
        }

        await Eventually.HoldsAsync(async () => (await VerifyAsync()).Code == 1, "the lie is found once its block is final", default, TimeSpan.FromMinutes(5));
        var (wrong, found) = await network.AskAsync("index", "rebuild", "--promote");
        Assert.Equal(1, wrong);
        Assert.NotEmpty(found["differences"]!.AsArray());
        await Eventually.HoldsAsync(async () => (await VerifyAsync()).Code == 0, "the new mirror is the chain", default, TimeSpan.FromMinutes(5));

        // And the indexer, which rested, follows the chain again.
        using var api = network.Running.Client(network.Manifest.NetworkId);
        var before = await HeadAsync(api);
        await Eventually.HoldsAsync(async () => await HeadAsync(api) > before, "the mirror goes on", default, TimeSpan.FromMinutes(5));
    }

    public void Dispose()
    {
        network.Dispose();
        GC.SuppressFinalize(this);
    }

    private Task<ToolResult> VerifyAsync() => network.Running.VerifyMirrorAsync(network.Named);

    private static async Task<long> HeadAsync(DePinClient api) => (await RunningNetwork.TryAsync<IndexerState>(async ct => await api.GetIndexerAsync(ct)))?.Mirror.BlockNumber ?? 0;
}

/// <summary>On an EVM chain.</summary>
[Collection(RunningNetwork.Shared)]
public sealed class EvmAuditorJourney(RunningNetwork network) : AuditorJourney(NetworkSide.Evm(network));

/// <summary>On Solana.</summary>
[Collection(RunningSolana.Shared)]
public sealed class SolanaAuditorJourney(RunningSolana network) : AuditorJourney(NetworkSide.Solana(network));
