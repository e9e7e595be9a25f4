using System.CommandLine;
using DePin.Cli;
using DePin.Cli.Dev;
using DePin.Cli.Keys;
using DePin.Cli.Network;

var root = new RootCommand("depin: run, prove, claim and audit a DePIN network")
{
    CommandRunner.Json,
    DevCommands.Create(),
    KeyCommands.Create(),
    DeviceCommands.Create(),
    OperatorCommands.Create(),
    SignerCommands.Create(),
    NetworkCommands.Create(),
    IndexCommands.Create(),
    AuditCommands.Create(),
    AccountCommands.Create(),
    ClaimCommands.Create(),
};
foreach (var command in StakeCommands.Create()) root.Add(command);
// Stopping a network takes longer than the two seconds that are usual; a second Ctrl-C ends us at once.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
