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
return await root.Parse(args).InvokeAsync();
