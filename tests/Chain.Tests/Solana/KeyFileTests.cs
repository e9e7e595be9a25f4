using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Tests.Solana;

public sealed class KeyFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-solana-keys").FullName;

    [Fact]
    public async Task Key_files_are_those_of_solana_s_tools_byte_for_byte()
    {
        foreach (var c in await Witness.RunAsync("solana-keys", 44, 50))
        {
            var address = c.GetProperty("address").GetString()!;
            var key = SolanaKeyFile.Load(Write($"{address}.json", c.GetProperty("file").GetString()!));
            Assert.Equal(address, SolanaAddress.Of(key.PublicKey).ToString());
            var copy = Path.Combine(_folder, $"{address}-copy.json");
            SolanaKeyFile.Save(copy, key);
            Assert.Equal(c.GetProperty("file").GetString(), await File.ReadAllTextAsync(copy));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(copy));
        }
    }

    [Fact]
    public void Nothing_is_overwritten_and_nothing_is_left_behind()
    {
        var path = Write("there.json", "mine");
        Assert.Contains("never overwritten", Assert.Throws<IOException>(() => SolanaKeyFile.Save(path, PrivateKey.Generate(KeyType.Ed25519))).Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(path));
        Assert.Throws<ArgumentException>(() => SolanaKeyFile.Save(Path.Combine(_folder, "p256.json"), PrivateKey.Generate(KeyType.P256)));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void An_operators_account_may_be_a_file_of_solanas_own_tools_and_no_other_key()
    {
        var (key, path) = (PrivateKey.Generate(KeyType.Ed25519), Path.Combine(_folder, "transaction.json"));
        SolanaKeyFile.Save(path, key);
        Assert.Equal(path, KeyFile.Find(_folder, "transaction"));
        Assert.Equal(key.PublicKey, KeyFile.Load(path, KeyType.Ed25519, () => throw new InvalidOperationException("asked for a password")).PublicKey);
        Assert.Equal(key.PublicKey, KeyFile.Load(Write("spaced.key", $"\n {File.ReadAllText(path)}"), KeyType.Ed25519, null).PublicKey);
        Assert.Throws<InvalidOperationException>(() => KeyFile.Load(path, KeyType.Secp256k1, null));

        Assert.True(SolanaKeyFile.Is(path));
        foreach (var other in new[] { "", " ", "{}", "0x5b", $"{Convert.ToHexStringLower(new byte[32])} ed25519", new string(' ', 5000) + "[" }) Assert.False(SolanaKeyFile.Is(Write("other.key", other)));
        Assert.False(SolanaKeyFile.Is(Path.Combine(_folder, "none")));
    }

    [Fact]
    public void What_is_wrong_is_said_without_the_secret()
    {
        var key = PrivateKey.FromBytes(KeyType.Ed25519, [.. Enumerable.Repeat((byte)213, 32)]);
        var whole = Path.Combine(_folder, "whole.json");
        SolanaKeyFile.Save(whole, key);
        var text = File.ReadAllText(whole);
        Assert.Equal(key.PublicKey, SolanaKeyFile.Load(Write("spaced.json", $" {text.Replace(",", ",\n  ", StringComparison.Ordinal)}\n")).PublicKey);

        Assert.Contains("is damaged", Refusal($"{text[..text.LastIndexOf(',')]},{(key.PublicKey.Bytes[31] + 1) % 256}]"), StringComparison.Ordinal);
        Assert.Contains("is damaged", Refusal("[212" + text[4..]), StringComparison.Ordinal);
        foreach (var other in new[] { "", "[]", "213", "{}", "[213]", text[..^1], text + "1", "[1," + text[1..], text[..^1] + ",1]", "[256" + text[4..], "[-13" + text[4..], "[2.5" + text[4..], "[\"2\"" + text[4..], "[[213]" + text[4..], "0x" + new string('d', 64) })
        {
            var message = Refusal(other);
            Assert.Contains("a JSON array of 64 numbers", message, StringComparison.Ordinal);
            Assert.DoesNotContain("213", message, StringComparison.Ordinal);
        }

        Assert.Contains("at most 2048 are expected", Refusal(new string(' ', 5000)), StringComparison.Ordinal);
        File.SetUnixFileMode(whole, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Assert.Throws<InvalidOperationException>(() => SolanaKeyFile.Load(whole)).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<InvalidOperationException>(() => SolanaKeyFile.Load(Path.Combine(_folder, "none.json"))).Message, StringComparison.Ordinal);

        string Refusal(string content) => Assert.Throws<InvalidOperationException>(() => SolanaKeyFile.Load(Write("wrong.json", content))).Message;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
