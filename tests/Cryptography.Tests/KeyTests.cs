namespace DePin.Cryptography.Tests;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class KeyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-keys").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(KeyType.Secp256k1)]
    [InlineData(KeyType.P256)]
    [InlineData(KeyType.Ed25519)]
    public void A_key_file_is_private_and_gives_the_key_back(KeyType type)
    {
        var path = Path.Combine(_folder, "key");
        var key = PrivateKey.Generate(type);
        key.Save(path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var loaded = PrivateKey.Load(path, type);
        Assert.Equal(key.PublicKey, loaded.PublicKey);
        Assert.True(key.PublicKey.Verify([1], loaded.Sign([1])));
        Assert.False(key.PublicKey.Verify([2], loaded.Sign([1])));
        Assert.Throws<IOException>(() => key.Save(path));
        Assert.DoesNotContain(File.ReadAllText(path).Trim(), key.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_key_file_that_others_can_read_is_refused()
    {
        var path = Path.Combine(_folder, "key");
        PrivateKey.Generate(KeyType.Ed25519).Save(path);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var error = Assert.Throws<InvalidOperationException>(() => PrivateKey.Load(path, KeyType.Ed25519));
        Assert.Contains("chmod 600", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_key_file_is_not_repeated_in_the_error()
    {
        var path = Path.Combine(_folder, "key");
        const string damaged = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff";
        File.WriteAllText(path, damaged);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var error = Assert.Throws<InvalidOperationException>(() => PrivateKey.Load(path, KeyType.Secp256k1));
        Assert.DoesNotContain(damaged, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_device_id_hashes_the_type_and_the_key()
    {
        var bytes = Convert.FromHexString("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        var key = PublicKey.Create(KeyType.Ed25519, bytes);
        Assert.Equal(Keccak256.Hash([3, .. bytes]), key.DeviceId);
    }

    [Fact]
    public void A_key_of_one_type_does_not_pass_as_another()
    {
        var secp = PrivateKey.Generate(KeyType.Secp256k1);
        Assert.False(PublicKey.TryCreate(KeyType.P256, secp.PublicKey.Bytes, out _));
        Assert.False(PublicKey.TryCreate(KeyType.Ed25519, secp.PublicKey.Bytes, out _));
        Assert.False(PublicKey.TryCreate(KeyType.None, secp.PublicKey.Bytes, out _));
    }
}
