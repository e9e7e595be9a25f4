namespace DePin.DevTools;

/// <summary>Finds the folder that holds the solution: chain tools, artifacts and scripts lie below it.</summary>
public static class RepositoryRoot
{
    /// <summary>The folder named by <c>DEPIN_HOME</c>, else the nearest one above the program or the current folder that holds <c>DePin.Dapp.sln</c>.</summary>
    /// <exception cref="InvalidOperationException">There is none; the message says how to name it.</exception>
    public static string Find() => TryFind() ?? throw new InvalidOperationException(
        "The repository was not found from here. Run the command inside a clone, or set DEPIN_HOME to the clone's folder.");

    /// <summary>A path below the root.</summary>
    public static string Combine(params string[] parts) => Path.Combine([Find(), .. parts]);

    private static string? TryFind()
    {
        if (Environment.GetEnvironmentVariable("DEPIN_HOME") is { Length: > 0 } home)
            return Directory.Exists(home) ? Path.GetFullPath(home) : null;
        foreach (var start in new[] { AppContext.BaseDirectory, Environment.CurrentDirectory })
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "DePin.Dapp.sln"))) return folder.FullName;
            }
        }

        return null;
    }
}
