namespace DePin.Cli;

/// <summary>What the shell sees.</summary>
public static class ExitCodes
{
    /// <summary>Done, or the answer is yes.</summary>
    public const int Success = 0;

    /// <summary>The command ran and the answer is no: a root differs, a claim has nothing to pay.</summary>
    public const int Refused = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Something the command needs is missing or in the way: a file, a port, a node.</summary>
    public const int Environment = 3;

    /// <summary>Stopped by the user.</summary>
    public const int Interrupted = 130;
}

/// <summary>A failure whose message tells the user what to do; shown without a stack.</summary>
public sealed class CliException(string message, int exitCode = ExitCodes.Environment, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Exit code to end with.</summary>
    public int ExitCode => exitCode;
}
