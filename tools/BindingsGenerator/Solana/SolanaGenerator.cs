using System.Text.RegularExpressions;

namespace DePin.BindingsGenerator.Solana;

/// <summary>Turns Anchor IDLs into C# files. The same IDL gives the same text on every machine.</summary>
public static partial class SolanaGenerator
{
    /// <summary>The namespace unless another is asked for.</summary>
    public const string DefaultNamespace = "DePin.ContractBindings.Solana";

    /// <summary>What <paramref name="path"/> holds: an IDL as JSON or as Anchor's TypeScript, or a folder of them (*.json, *.ts).</summary>
    /// <returns>File name → text.</returns>
    /// <exception cref="InvalidDataException">There is none, or one cannot be bound; the message names the file and says why.</exception>
    public static SortedDictionary<string, string> Generate(string path, string space = DefaultNamespace)
    {
        var sources = Directory.Exists(path)
            ? Directory.GetFiles(path).Where(f => f.EndsWith(".json", StringComparison.Ordinal) || f.EndsWith(".ts", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList()
            : File.Exists(path) ? [path] : [];
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var source in sources)
        {
            try
            {
                foreach (var (name, text) in GenerateText(File.ReadAllText(source), Path.GetFileName(source), space))
                {
                    if (!files.TryAdd(name, text)) throw new InvalidDataException($"Another IDL gives the file {name}, too: two programs have one name.");
                }
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"{source}: {e.Message}", e);
            }
        }

        return files.Count > 0 ? files : throw new InvalidDataException($"'{path}' is no IDL and holds none (*.json, *.ts).");
    }

    /// <summary>The files of one IDL.</summary>
    /// <param name="text">JSON, or Anchor's TypeScript.</param>
    /// <param name="source">Its name, for the files' first line.</param>
    /// <param name="space">The C# namespace.</param>
    /// <exception cref="InvalidDataException">It cannot be bound; the message says why.</exception>
    public static SortedDictionary<string, string> GenerateText(string text, string source, string space = DefaultNamespace)
    {
        if (!Namespace().IsMatch(space)) throw new InvalidDataException($"'{space}' is no C# namespace.");
        try
        {
            return new ProgramFiles(IdlReader.Read(text), source, space).Write();
        }
        catch (OverflowException e)
        {
            throw new InvalidDataException("A type of the IDL is larger than 2^31 bytes.", e);
        }
    }

    [GeneratedRegex(@"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]
    private static partial Regex Namespace();
}
