namespace DePin.BindingsGenerator;

/// <summary>A folder of generated files, and nothing else of the name *.g.cs.</summary>
internal sealed class OutputFolder(string folder)
{
    /// <summary>Makes the folder hold just these files, or only says whether it does; the program's exit code.</summary>
    public int Apply(SortedDictionary<string, string> files, bool check)
    {
        var present = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.g.cs").Select(f => Path.GetFileName(f)!).ToHashSet(StringComparer.Ordinal) : [];
        var stale = files.Where(f => !present.Contains(f.Key) || File.ReadAllText(Path.Combine(folder, f.Key)) != f.Value).Select(f => f.Key)
            .Concat(present.Where(name => !files.ContainsKey(name))).Order(StringComparer.Ordinal).ToList();
        if (check)
        {
            if (stale.Count == 0) return 0;
            Console.Error.WriteLine($"The bindings in {folder} are not current: {string.Join(", ", stale)}. Run scripts/bindings and commit the result.");
            return 1;
        }

        Directory.CreateDirectory(folder);
        foreach (var name in stale)
        {
            var path = Path.Combine(folder, name);
            if (files.TryGetValue(name, out var text)) File.WriteAllText(path, text);
            else File.Delete(path);
        }

        Console.WriteLine($"{folder}: {files.Count} files, {stale.Count} changed.");
        return 0;
    }
}
