using System.CommandLine;
using DePin.Cryptography;
using Spectre.Console;

namespace DePin.Cli.Keys;

/// <summary>Passwords of keystores: from a file, from standard input or from a prompt; never from the command line, where every process could read them.</summary>
public static class Passwords
{
    private const int LeastOfNew = 8;

    /// <summary>Where it is read from.</summary>
    public static Option<string?> File { get; } = new("--password-file") { Description = "File of mode 0600 whose first line is the keystores' password (default: the first line of standard input, or a prompt)" };

    /// <summary>The password of keystores that are there.</summary>
    public static string Ask(ParseResult parsed, Output output) => Read(parsed, output, "Password of the keystores: ");

    /// <summary>A password for new keystores; at a prompt it is asked twice.</summary>
    public static string New(ParseResult parsed, Output output)
    {
        var password = Read(parsed, output, "New password for the keystores: ");
        if (password.Length < LeastOfNew) throw new CliException($"The password has fewer than {LeastOfNew} characters. Anybody who gets the file can try all of those.", ExitCodes.Usage);
        if (parsed.GetValue(File) is null && !Console.IsInputRedirected && Prompt(output, "Again: ") != password) throw new CliException("The two are different. Nothing was written.", ExitCodes.Usage);
        return password;
    }

    private static string Read(ParseResult parsed, Output output, string question)
    {
        if (parsed.GetValue(File) is { } path) return KeyFile.ReadPassword(path);
        if (!Console.IsInputRedirected) return Prompt(output, question);
        return Console.In.ReadLine() is { Length: > 0 } line ? line : throw new CliException("A password is needed and standard input is empty. Give it there, or name a file with --password-file.", ExitCodes.Usage);
    }

    private static string Prompt(Output output, string question) => output.Console.Prompt(new TextPrompt<string>(Markup.Escape(question)).Secret(null));
}
