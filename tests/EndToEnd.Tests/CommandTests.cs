using System.Net;
using System.Net.Sockets;
using DePin.Cli.Network;
using DePin.Cryptography;

namespace DePin.EndToEnd.Tests;

/// <summary>What the tool says when something is in the way.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task A_port_in_use_is_named_with_the_option_that_moves_it()
    {
        using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        holder.Listen();
        var port = ((IPEndPoint)holder.LocalEndPoint!).Port;
        var data = Path.Combine(Directory.CreateTempSubdirectory("depin-test-").FullName, "data");
        var result = await RunningNetwork.DepinAsync(["dev", "up", "--data", data, "--chain-port", $"{port}"]);
        Assert.Equal(3, result.Code);
        Assert.Contains($"Port {port}", result.Error, StringComparison.Ordinal);
        Assert.Contains("--chain-port", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reset_leaves_a_folder_alone_that_is_no_network()
    {
        var folder = Directory.CreateTempSubdirectory("depin-test-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "mine.txt"), "keep");
        var result = await RunningNetwork.DepinAsync(["dev", "reset", "--data", folder.FullName]);
        Assert.Equal(3, result.Code);
        Assert.True(File.Exists(Path.Combine(folder.FullName, "mine.txt")));
    }

    [Fact]
    public async Task A_key_file_is_private_readable_back_and_never_overwritten()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("depin-test-").FullName, "device.key");
        var made = await RunningNetwork.DepinAsync(["device", "keygen", "--type", "p256", "--out", path, "--json"]);
        Assert.Equal(0, made.Code);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var secret = (await File.ReadAllTextAsync(path)).Split(' ')[0];
        Assert.Equal(64, secret.Length);
        Assert.DoesNotContain(secret, made.Output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(PrivateKey.Load(path, KeyType.P256).PublicKey.DeviceId.ToString(), made.Output, StringComparison.Ordinal);
        Assert.Equal(3, (await RunningNetwork.DepinAsync(["device", "keygen", "--out", path])).Code);
        Assert.Equal($"{secret} p256\n", await File.ReadAllTextAsync(path));
    }

    [Fact]
    public async Task An_operators_keys_are_made_as_keystores_once_and_shown_without_their_password()
    {
        var folder = Path.Combine(Directory.CreateTempSubdirectory("depin-test-").FullName, "operator");
        var password = Path.Combine(Path.GetDirectoryName(folder)!, "password");
        await File.WriteAllTextAsync(password, "correct horse battery\n");
        var open = await RunningNetwork.DepinAsync(["operator", "init", "--keys", folder, "--keystore", "--password-file", password]);
        Assert.Equal(3, open.Code);
        Assert.Contains("chmod 600", open.Error, StringComparison.Ordinal);
        File.SetUnixFileMode(password, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var none = await RunningNetwork.DepinAsync(["operator", "init", "--keys", folder, "--keystore"]); // standard input is empty
        Assert.Equal(2, none.Code);
        Assert.Contains("--password-file", none.Error, StringComparison.Ordinal);

        var (code, made) = await RunningNetwork.AskAsync("operator", "init", "--keys", folder, "--keystore", "--password-file", password);
        Assert.Equal(0, code);
        Assert.Equal(["protocol.json", "report.json", "transaction.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
        Assert.All(Directory.GetFiles(folder), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Equal(made.ToJsonString(), (await RunningNetwork.AskAsync("operator", "init", "--keys", folder, "--password-file", password)).Answer.ToJsonString());
        var (_, shown) = await RunningNetwork.AskAsync("keys", "show", Path.Combine(folder, "report.json"));
        Assert.Equal(made["reportKey"]!.ToString(), shown["address"]!.ToString(), ignoreCase: true);
        var (_, ed) = await RunningNetwork.AskAsync("keys", "show", Path.Combine(folder, "protocol.json"));
        Assert.Equal(made["protocolKey"]!.ToString(), ed["publicKey"]!.ToString(), ignoreCase: true);

        await File.WriteAllTextAsync(password, "incorrect horse\n");
        var wrong = await RunningNetwork.DepinAsync(["operator", "init", "--keys", folder, "--password-file", password]);
        Assert.Equal(3, wrong.Code);
        Assert.Contains("password is wrong", wrong.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("horse", wrong.Error + wrong.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bare_key_is_sealed_into_a_keystore_that_is_never_overwritten()
    {
        var folder = Directory.CreateTempSubdirectory("depin-test-").FullName;
        var (bare, keystore, password) = (Path.Combine(folder, "report.key"), Path.Combine(folder, "report.json"), Path.Combine(folder, "password"));
        var key = PrivateKey.Generate(KeyType.Secp256k1);
        key.Save(bare);
        await File.WriteAllTextAsync(password, "short\n");
        File.SetUnixFileMode(password, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal(2, (await RunningNetwork.DepinAsync(["keys", "seal", bare, keystore, "--password-file", password])).Code);
        await File.WriteAllTextAsync(password, "correct horse battery\n");
        Assert.Equal(0, (await RunningNetwork.DepinAsync(["keys", "seal", bare, keystore, "--password-file", password])).Code);
        Assert.Equal(key.Address, KeyFile.Load(keystore, KeyType.Secp256k1, () => "correct horse battery").Address);
        Assert.Equal(3, (await RunningNetwork.DepinAsync(["keys", "seal", bare, keystore, "--password-file", password])).Code);
    }

    [Fact]
    public async Task Five_operators_cannot_agree_and_the_tool_says_why()
    {
        var data = Path.Combine(Directory.CreateTempSubdirectory("depin-test-").FullName, "data");
        var result = await RunningNetwork.DepinAsync(["dev", "up", "--data", data, "--operators", "5"]);
        Assert.Equal(2, result.Code);
        Assert.Contains("3f + 1", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", "1000000000000000000", "1")]
    [InlineData("12.5", "12500000000000000000", "12.5")]
    [InlineData("0.000000000000000001", "1", "0.000000000000000001")]
    [InlineData("1234", "1234000000000000000000", "1,234")]
    public void Tokens_are_read_and_shown_to_the_last_unit(string text, string units, string shown)
    {
        Assert.Equal(UInt128.Parse(units, System.Globalization.CultureInfo.InvariantCulture), Tokens.Parse(text));
        Assert.Equal(shown, Tokens.Show(units));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("0")]
    [InlineData("1.0000000000000000001")]
    [InlineData("1e9")]
    public void What_is_no_amount_of_tokens_is_refused(string text) => Assert.Throws<Cli.CliException>(() => Tokens.Parse(text));
}
