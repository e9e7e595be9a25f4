using System.Text.Json;
using DePin.Abi.Solana;
using DePin.Cryptography;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Enrolment;

/// <summary><c>depin device</c> against a network on Solana.</summary>
public sealed class SolanaDeviceCommandTests(SolanaDeviceNetwork network) : IClassFixture<SolanaDeviceNetwork>, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("depin-test-").FullName;

    [Fact]
    public async Task A_maker_adds_a_model_and_devices_of_it_are_registered_by_each_of_its_keys()
    {
        var (manifest, maker, payer) = (In("network.json"), In("maker.key"), In("payer.json"));
        network.Solana.ToManifest().Save(manifest);
        network.Maker.Save(maker);
        SolanaKeyFile.Save(payer, network.Solana.Key); // as Solana's own tools write it
        await network.Solana.SendAsync(default, SystemProgram.Transfer(network.Solana.Owner, SolanaAddress.Of(network.Maker.PublicKey), 100_000_000));

        Assert.Contains("no models yet", (await DepinAsync(0, "device", "models")).Output, StringComparison.Ordinal);
        var added = await DepinAsync(0, "device", "add-model", "--class", "2", "--capabilities", "3", "--cadence", "600", "--key", maker, "--json");
        Assert.Equal(1, JsonDocument.Parse(added.Output).RootElement.GetProperty("model").GetInt32());
        Assert.Contains("model   1  maker 1  class 2  capabilities   3  a report every 600 s", (await DepinAsync(0, "device", "models")).Output, StringComparison.Ordinal);

        // The maker's account signs; the owner is another, and has no place in the rewards yet.
        var (device, owner) = (PrivateKey.Generate(KeyType.P256), SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey));
        device.Save(In("p256.key"));
        var registered = JsonDocument.Parse((await DepinAsync(
            0, "device", "register", "--device", In("p256.key"), "--model", "1", "--maker", maker, "--owner", owner.ToString(), "--cell", "8a1fb46622dffff", "--key", payer, "--json")).Output).RootElement;
        var (_, there) = Assert.NotNull(await network.Access.FindAccountAsync(device.PublicKey.DeviceId, default));
        Assert.Equal((owner, 0x8a1fb46622dfffful, there.Token.ToString(System.Globalization.CultureInfo.InvariantCulture)), (there.Owner, there.Cell, registered.GetProperty("token").GetString()));

        // The approval key signs what the device signs; the payer owns it.
        var approver = In("approver.key");
        network.Approver.Save(approver);
        var second = PrivateKey.Generate(KeyType.Secp256k1);
        second.Save(In("secp.key"));
        Assert.Contains($"of {network.Solana.Owner}", (await DepinAsync(0, "device", "register", "--device", In("secp.key"), "--model", "1", "--maker", approver, "--key", payer)).Output, StringComparison.Ordinal);
        Assert.Equal(network.Solana.Owner, Assert.NotNull(await network.Access.FindAccountAsync(second.PublicKey.DeviceId, default)).Device.Owner);

        // Refusals, in words.
        Assert.Contains("once and for all", (await DepinAsync(1, "device", "register", "--device", In("secp.key"), "--model", "1", "--maker", approver, "--key", payer)).Error, StringComparison.Ordinal);
        Assert.Contains("depin device models", (await DepinAsync(1, "device", "register", "--device", In("secp.key"), "--model", "7", "--maker", approver, "--key", payer)).Error, StringComparison.Ordinal);
        Assert.Contains("--maker", (await DepinAsync(1, "device", "register", "--device", In("stranger.key", KeyType.Ed25519), "--model", "1", "--maker", payer, "--key", payer)).Error, StringComparison.Ordinal);
        Assert.Contains("depin device register", (await DepinAsync(1, "device", "prove", "--device", In("stranger.key"), "-r", "temperature=18")).Error, StringComparison.Ordinal);
        Assert.Contains("--class 2", (await DepinAsync(1, "device", "prove", "--device", In("secp.key"), "--class", "1", "--payload", "00")).Error, StringComparison.Ordinal);

        async Task<(int Code, string Output, string Error)> DepinAsync(int expected, params string[] words)
        {
            var result = await RunningNetwork.DepinAsync([.. words, "--network", manifest, "--rpc", network.Solana.Node.Url.ToString()]);
            Assert.True(result.Code == expected, $"depin {string.Join(' ', words)} ended with {result.Code}: {result.Output}{result.Error}");
            return (result.Code, result.Output, result.Error);
        }
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string In(string name) => Path.Combine(folder, name);

    private string In(string name, KeyType type)
    {
        PrivateKey.Generate(type).Save(In(name));
        return In(name);
    }
}
