using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Client;
using DePin.Mirror;
using DePin.Storage;
using Npgsql;

namespace DePin.Cli;

/// <summary>Runs a command's body and turns what can go wrong into a message and an exit code.</summary>
public static class CommandRunner
{
    /// <summary>Answers in JSON; inherited by every command.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "Answer with one JSON document on standard output", Recursive = true };

    /// <summary>Sets what a command does.</summary>
    public static Command Does(this Command command, Func<ParseResult, Output, CancellationToken, Task<int>> body)
    {
        command.SetAction(async (parsed, ct) => await RunAsync(parsed, body, ct).ConfigureAwait(false));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, Func<ParseResult, Output, CancellationToken, Task<int>> body, CancellationToken ct)
    {
        var output = new Output(parsed.GetValue(Json));
        try
        {
            return await body(parsed, output, ct).ConfigureAwait(false);
        }
        catch (CliException problem)
        {
            output.Error(problem.Message);
            return problem.ExitCode;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (InvalidOperationException problem)
        {
            // "Cannot go on": by our rule the message says what to do.
            output.Error(problem.Message);
            return ExitCodes.Environment;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            output.Error(problem.Message);
            return ExitCodes.Environment;
        }
        catch (FormatException problem)
        {
            output.Error(problem.Message);
            return ExitCodes.Usage;
        }
        catch (EvmRevertException problem)
        {
            output.Error(Reverts.Explain(problem));
            return ExitCodes.Refused;
        }
        catch (SolanaProgramException problem)
        {
            output.Error(Reverts.Explain(problem));
            return ExitCodes.Refused;
        }
        catch (Exception problem) when (problem is DeploymentException or MigrationException or TransactionSupersededException or ChainSourceException or MirrorMismatchException or MirrorBehindException)
        {
            output.Error(problem.Message);
            return ExitCodes.Environment;
        }
        catch (Exception problem) when (problem is RpcUnavailableException or RpcException)
        {
            output.Error($"{problem.Message} Is the chain up (depin dev status), and is --rpc its address?");
            return ExitCodes.Environment;
        }
        catch (ApiException problem) when (problem.Status is { } status)
        {
            output.Error(problem.Message);
            return status == HttpStatusCode.NotFound ? ExitCodes.Refused : ExitCodes.Environment;
        }
        catch (Exception problem) when (problem is ApiException or HttpRequestException)
        {
            output.Error($"{problem.Message} Is the network up (depin dev status), or is another address meant?");
            return ExitCodes.Environment;
        }
        catch (Exception problem) when (problem is NpgsqlException or SocketException)
        {
            output.Error($"The database cannot be reached: {problem.Message}. Check the connection string and that the server runs.");
            return ExitCodes.Environment;
        }
    }
}
