namespace DePin.Cli.Dev;

/// <summary>Lets the indexer of a running dev network rest until this is disposed of.</summary>
public sealed class IndexerRest : IAsyncDisposable
{
    private readonly DevFolder folder;

    private IndexerRest(DevFolder folder) => this.folder = folder;

    /// <summary>Asks the supervisor, and waits until the indexer has stopped.</summary>
    /// <exception cref="CliException">No network runs here.</exception>
    public static async Task<IndexerRest> BeginAsync(DevFolder folder, Output output, CancellationToken ct)
    {
        if (folder.RunningSupervisor() is null) throw new CliException($"The dev network on {folder.Path} does not run, and with it neither chain nor database. Start it with: depin dev up");
        if (!File.Exists(folder.ReadyFile)) throw new CliException("The dev network is still starting. Try again when `depin dev status` says that it is ready.");
        await File.WriteAllTextAsync(folder.RestIndexer, "", ct).ConfigureAwait(false);
        var rest = new IndexerRest(folder);
        try
        {
            await output.WaitAsync("waiting until the indexer rests", async _ =>
            {
                while (!File.Exists(folder.IndexerRests))
                {
                    if (folder.RunningSupervisor() is null) throw new CliException("The dev network ended meanwhile.");
                    await Task.Delay(100, ct).ConfigureAwait(false);
                }

                return true;
            }).ConfigureAwait(false);
            return rest;
        }
        catch
        {
            await rest.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The supervisor starts the indexer again.</summary>
    public ValueTask DisposeAsync()
    {
        File.Delete(folder.RestIndexer);
        return ValueTask.CompletedTask;
    }
}
