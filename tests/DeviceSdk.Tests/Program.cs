using System.Globalization;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.DeviceSdk.Tests;

/// <summary>A process that the tests kill. Prints a line when what it says is done.</summary>
public static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["spend", var path]: // sequences, without end
                using (var store = SequenceStore.Open(path, block: 3))
                {
                    while (true) Console.WriteLine(store.Next().ToString(CultureInfo.InvariantCulture));
                }

            case ["prove", var path, var seed]: // proofs to operators that are not there, without end
                using (var http = new HttpClient())
                {
                    var nowhere = Enumerable.Range(1, 4).Select(i => new OperatorEndpoint(new Address([.. new byte[19], (byte)i]), new Uri("http://127.0.0.1:1"), default)).ToList();
                    await using var device = await Device.OpenAsync(path, PrivateKey.Parse(KeyType.Ed25519, seed), StubOperator.Network, http, nowhere, 100_000, CancellationToken.None);
                    while (true) Console.WriteLine(await device.ProveAsync(new ClassId(1), 1, 1_000, new byte[100], CancellationToken.None));
                }

            default:
                return 2;
        }
    }
}
