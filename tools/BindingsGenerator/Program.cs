using DePin.BindingsGenerator;

// BindingsGenerator <artifacts folder> <output folder> [--check]
if (args.Length is < 2 or > 3 || (args.Length == 3 && args[2] != "--check"))
{
    Console.Error.WriteLine("usage: BindingsGenerator <artifacts folder> <output folder> [--check]");
    return 2;
}

var files = Generator.Generate(args[0]);
if (files.Count == 0)
{
    Console.Error.WriteLine($"'{args[0]}' holds no artifacts (*.json with an \"abi\"). Build the contracts first.");
    return 1;
}

var present = Directory.Exists(args[1]) ? Directory.GetFiles(args[1], "*.g.cs").Select(f => Path.GetFileName(f)!).ToHashSet(StringComparer.Ordinal) : [];
var stale = files.Where(f => !present.Contains(f.Key) || File.ReadAllText(Path.Combine(args[1], f.Key)) != f.Value).Select(f => f.Key)
    .Concat(present.Where(name => !files.ContainsKey(name))).Order(StringComparer.Ordinal).ToList();
if (args.Length == 3)
{
    if (stale.Count == 0) return 0;
    Console.Error.WriteLine($"The contract bindings are not current: {string.Join(", ", stale)}. Run scripts/bindings and commit the result.");
    return 1;
}

Directory.CreateDirectory(args[1]);
foreach (var name in stale)
{
    var path = Path.Combine(args[1], name);
    if (files.TryGetValue(name, out var text)) File.WriteAllText(path, text);
    else File.Delete(path);
}

Console.WriteLine($"{files.Count} files, {stale.Count} changed.");
return 0;
