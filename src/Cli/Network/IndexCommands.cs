using System.CommandLine;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Cli.Dev;
using DePin.Mirror;
using DePin.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace DePin.Cli.Network;

/// <summary><c>depin index</c>: the mirror against the chain.</summary>
public static class IndexCommands
{
    private static readonly Option<string?> Database = new("--database", "-d") { Description = "Connection string of the mirror's database (default: the dev network's public one)" };
    private static readonly Option<long?> At = new("--at") { Description = "Block to compare at (default: the newest final one)" };
    private static readonly Option<int> Quorum = new("--quorum") { Description = "How many of the --rpc given must agree on what is indexed (default: 1, the others stand in for the first)", DefaultValueFactory = _ => 1 };
    private static readonly Option<bool> Promote = new("--promote") { Description = "Put the new mirror in the place of the old one" };

    /// <summary>The command.</summary>
    public static Command Create() => new("index", "Check and rebuild the mirror")
    {
        new Command("verify", "Compare the mirror with what the chain holds at one block") { Database, At, NetworkOptions.Manifest, NetworkOptions.Rpc }.Does(VerifyAsync),
        new Command("rebuild", "Index the chain anew beside the mirror and compare the two. The indexer must be stopped; that of the dev network rests by itself") { Database, Promote, Quorum, NetworkOptions.Manifest, NetworkOptions.Rpc }.Does(RebuildAsync),
    };

    private static async Task<int> VerifyAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var manifest = NetworkOptions.LoadManifest(parsed);
        await using var database = new MirrorDatabase(Connection(parsed));
        var network = await OfAsync(manifest, database, ct).ConfigureAwait(false);
        var providers = Providers(parsed, quorum: 1);
        await providers.CheckChainAsync(network, ct).ConfigureAwait(false);
        var verifier = providers.CreateVerifier(database, network, manifest.ToEmissionSchedule());
        if (parsed.GetValue(At) is not null && network.Kind == ChainKind.Solana) throw new CliException("A Solana cluster keeps no past of its accounts: leave --at out to compare with what is finalized now.", ExitCodes.Usage);
        var result = await verifier.VerifyAsync((ulong?)parsed.GetValue(At), ct).ConfigureAwait(false);
        var hash = network.Kind == ChainKind.Solana ? Base58.Encode(result.Block.Hash.AsSpan()) : result.Block.Hash.ToString();
        output.Answer(
            new { block = result.Block.Number, hash, compared = result.Compared, differences = result.Differences },
            [
                $"block {result.Block.Number} ({hash})",
                .. result.Compared.Select(c => $"  {c.Key}: {c.Value:N0} compared"),
                .. result.Differences.Select(d => $"  DIFFERS {d.What}: mirror {d.Mirror}, chain {d.Chain}"),
                result.Differences.Count == 0 ? "The mirror is the chain." : $"{result.Differences.Count} differences. Rebuild with: depin index rebuild --promote",
            ]);
        return result.Differences.Count == 0 ? ExitCodes.Success : ExitCodes.Refused;
    }

    private static async Task<int> RebuildAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        var manifest = NetworkOptions.LoadManifest(parsed);
        var connection = Connection(parsed);
        await using var database = new MirrorDatabase(connection);
        var network = await OfAsync(manifest, database, ct).ConfigureAwait(false);
        await using var owner = NpgsqlDataSource.Create(connection);
        var rebuild = new MirrorRebuild(
            owner, connection, network, Providers(parsed, parsed.GetValue(Quorum)).CreateSource(network, NullLoggerFactory.Instance), new FollowerOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        await using var rest = parsed.GetValue(Database) is null ? await IndexerRest.BeginAsync(new DevFolder(DevFolder.Default()), output, ct).ConfigureAwait(false) : null;
        var result = await output.ProgressAsync("indexing", told => rebuild.RunAsync(
            parsed.GetValue(Promote), new Progress<RebuildProgress>(p => told(p.Block, p.Target, null)), ct)).ConfigureAwait(false);
        output.Answer(
            new { compared = result.Compared?.Number, differences = result.Differences, promoted = parsed.GetValue(Promote) },
            [
                result.Compared is { } at ? $"Compared at block {at.Number}." : "There was no mirror to compare with, or it had halted on blocks that the chain dropped.",
                .. result.Differences.Select(d => $"  DIFFERS {d}"),
                result.Differences.Count == 0 ? "The rebuilt mirror is identical." : "The old mirror was wrong.",
            ]);
        return result.Differences.Count == 0 ? ExitCodes.Success : ExitCodes.Refused;
    }

    // A database may hold several networks: which is this one's it knows itself.
    private static async Task<MirroredNetwork> OfAsync(NetworkManifest manifest, MirrorDatabase database, CancellationToken ct) => manifest.ToMirroredNetwork(
        await database.FindChainAsync(manifest.Id, ct).ConfigureAwait(false) ?? throw new CliException($"The database does not mirror network {manifest.Network} ({manifest.NetworkId[..10]}…). Name that of its indexer with --database, or start the indexer."));

    private static ChainProviders Providers(ParseResult parsed, int quorum)
    {
        RpcProviderOptions[] providers = [.. NetworkOptions.Urls(parsed).Select(url => new RpcProviderOptions { Url = url })];
        if (quorum < 1 || quorum > providers.Length) throw new CliException($"--quorum is {quorum} of {providers.Length} --rpc.", ExitCodes.Usage);
        return new ChainProviders(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, providers, quorum, "--rpc", TimeProvider.System);
    }

    private static string Connection(ParseResult parsed)
    {
        if (parsed.GetValue(Database) is { } given) return given;
        var folder = new DevFolder(DevFolder.Default());
        var settings = DevSettings.Load(folder.Settings) ?? throw new CliException("There is no dev network in this clone. Name the mirror's database with --database.");
        return DevDatabases.Of(settings).Administrator(DevDatabases.Public);
    }
}
