using System.CommandLine;
using DePin.Cli;
using DePin.Cli.Dev;
using DePin.Cli.Keys;

var root = new RootCommand("depin: run, prove, claim and audit a DePIN network")
{
    CommandRunner.Json,
    DevCommands.Create(),
    KeyCommands.Create(),
    DeviceCommands.Create(),
};
// Stopping a network takes longer than the two seconds that are usual; a second Ctrl-C ends us at once.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
