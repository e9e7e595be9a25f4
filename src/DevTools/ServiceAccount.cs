using System.Diagnostics;
using System.Globalization;

namespace DePin.DevTools;

/// <summary>
/// The account that a PostgreSQL server runs under. The server refuses to run as root, so root hands over to <c>postgres</c> or
/// <c>nobody</c>; everybody else runs it as themselves.
/// </summary>
public sealed record ServiceAccount(string Name, int UserId, int GroupId, bool IsSelf)
{
    /// <summary>The account to use from this process.</summary>
    /// <exception cref="InvalidOperationException">Root, on a system with neither account.</exception>
    public static ServiceAccount Choose()
    {
        if (Environment.UserName != "root") return new ServiceAccount(Environment.UserName, -1, -1, true);
        foreach (var wanted in (string[])["postgres", "nobody"])
        {
            foreach (var line in File.ReadLines("/etc/passwd"))
            {
                var fields = line.Split(':');
                if (fields.Length > 3 && fields[0] == wanted)
                    return new ServiceAccount(wanted, int.Parse(fields[2], CultureInfo.InvariantCulture), int.Parse(fields[3], CultureInfo.InvariantCulture), false);
            }
        }

        throw new InvalidOperationException("PostgreSQL refuses to run as root and there is no account `postgres` or `nobody` to hand it to. Run as an ordinary user, or pass --postgres.");
    }

    /// <summary>The command line that runs <paramref name="file"/> under the account.</summary>
    public (string File, string[] Arguments) Wrap(string file, params string[] arguments) => IsSelf
        ? (file, arguments)
        : ("setpriv", [$"--reuid={UserId}", $"--regid={GroupId}", "--clear-groups", file, .. arguments]);

    /// <summary>Whether the account may reach <paramref name="path"/>: every folder above it must be searchable by others.</summary>
    public bool CanReach(string path)
    {
        if (IsSelf) return true;
        for (var folder = new DirectoryInfo(Path.GetFullPath(path)).Parent; folder is not null; folder = folder.Parent)
        {
            if (folder.Exists && (File.GetUnixFileMode(folder.FullName) & UnixFileMode.OtherExecute) == 0) return false;
        }

        return true;
    }

    /// <summary>Gives an existing file or folder to the account.</summary>
    public void Own(string path)
    {
        if (IsSelf) return;
        using var chown = Process.Start("chown", [$"{UserId}:{GroupId}", path]);
        chown.WaitForExit();
        if (chown.ExitCode != 0) throw new InvalidOperationException($"Could not give {path} to {Name}.");
    }
}
