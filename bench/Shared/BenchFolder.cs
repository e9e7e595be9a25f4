namespace DePin.Bench;

/// <summary>A folder of a measurement's own, which the account that runs PostgreSQL can reach; gone with all that is in it when it is disposed of.</summary>
internal sealed class BenchFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("depin-bench-");

    public BenchFolder() => File.SetUnixFileMode(Path, File.GetUnixFileMode(Path) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);

    public string Path => _folder.FullName;

    /// <summary>A path in it.</summary>
    public string In(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
