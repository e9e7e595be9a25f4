using System.CommandLine;
using DePin.Cryptography;

namespace DePin.Cli.Keys;

/// <summary><c>depin device</c>: what a device's owner does.</summary>
public static class DeviceCommands
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var path = new Option<string>("--out", "-o") { Description = "Key file to write", DefaultValueFactory = _ => "device.key" };
        return new Command("device", "Keys, registration and proofs of a device")
        {
            new Command("keygen", "Make a device key; its device id is shown") { path, KeyCommands.TypeOption }.Does((parsed, output, _) =>
            {
                var key = PrivateKey.Generate(parsed.GetValue(KeyCommands.TypeOption));
                KeyCommands.Save(key, parsed.GetRequiredValue(path));
                KeyCommands.Show(output, key, parsed.GetRequiredValue(path));
                return Task.FromResult(ExitCodes.Success);
            }),
        };
    }
}
