using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace DePin.Cryptography.Tests;

/// <summary>Keystores of version 3: published vectors, files that other tools wrote and read, and files that mean harm.</summary>
public sealed class KeystoreTests : IDisposable
{
    // The two test vectors of the Web3 Secret Storage definition, password "testpassword".
    private const string Pbkdf2Vector = """
        {"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf":"pbkdf2","kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
        "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}
        """;

    private const string ScryptVector = """
        {"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},"ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
        "kdf":"scrypt","kdfparams":{"dklen":32,"n":262144,"r":1,"p":8,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
        "mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}
        """;

    // Written by ethers 6.
    private const string EthersFile = """
        {"address":"008aeeda4d805471df9b2a5b0f38a0c3bcba786b","id":"eb2f9fd5-3f97-47cb-afd4-a2268acd198f","version":3,"Crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"82e04622727a7a11a8ca0028e9699d99"},
        "ciphertext":"ffe853f43cd6682c930b07852ef1baedddf7705f9afd971bb033f50b0ecab16c","kdf":"scrypt","kdfparams":{"salt":"20335acbe10ddcc82b4b27d16a7547df9eb06998dfa98e5664081db7144dc241","n":8192,"dklen":32,"p":1,"r":8},
        "mac":"5351c440093edd15dbcafc585dbe05e6b34938df712b5cd01337b0f981d190d5"}}
        """;

    private const string EthersFileOfAnotherAlphabet = """
        {"address":"008aeeda4d805471df9b2a5b0f38a0c3bcba786b","id":"0bc2baea-8d46-4f13-821a-8149b375c1ab","version":3,"Crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"e06607d272b761b136d7e965aff62900"},
        "ciphertext":"cf5045e5e1d80c2620fe4f048816442dba0953eb019ed297e4d84390ce20dd2d","kdf":"scrypt","kdfparams":{"salt":"e50b2af580386f9c469eab4d16952bfffcad89febd5ebdb8a4168d116eebbe73","n":4096,"dklen":32,"p":6,"r":8},
        "mac":"ca4e3fe3582707edf2709e8a7a59f60e0d188c4b2a2061209ace8caef4a8b5bc"}}
        """;

    private const string VectorKey = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

    private static readonly byte[] Password = "testpassword"u8.ToArray();

    private readonly string _folder = Directory.CreateTempSubdirectory("depin-keystore").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Pbkdf2Vector, "testpassword")]
    [InlineData(ScryptVector, "testpassword")]
    [InlineData(EthersFile, "testpassword")]
    [InlineData(EthersFileOfAnotherAlphabet, "Šifra 密码")]
    public void Published_vectors_and_files_of_ethers_open(string file, string password)
    {
        var expected = PrivateKey.Parse(KeyType.Secp256k1, VectorKey);
        Assert.Equal(expected.PublicKey, Open(file, Encoding.UTF8.GetBytes(password)).PublicKey);
        Assert.Equal(KeystoreFault.WrongPassword, Assert.Throws<KeystoreException>(() => Open(file, "testpassworD"u8)).Fault);
    }

    [Theory]
    [InlineData("", "", 16, 1, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906")]
    [InlineData("password", "NaCl", 1024, 8, 16, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")]
    [InlineData("pleaseletmein", "SodiumChloride", 16384, 8, 1, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887")]
    public void Scrypt_is_that_of_RFC_7914(string password, string salt, int n, int r, int p, string expected) =>
        Assert.Equal(expected, Convert.ToHexStringLower(Scrypt.Derive(Encoding.ASCII.GetBytes(password), Encoding.ASCII.GetBytes(salt), n, r, p, 64)));

    [Theory]
    [InlineData(KeyType.Secp256k1)]
    [InlineData(KeyType.Ed25519)]
    [InlineData(KeyType.P256)]
    public void A_keystore_gives_back_the_key_of_any_type_and_tells_its_public_side_without_the_password(KeyType type)
    {
        var key = PrivateKey.Generate(type);
        var file = Keystore.Seal(key, Password, KeystoreCost.Light);
        Assert.Equal(key.PublicKey, Keystore.Open(file, Password).PublicKey);
        Assert.Equal(type, Keystore.Open(file, Password).Type);
        Assert.True(Keystore.TryPeek(file, out var told, out var publicSide));
        Assert.Equal(type, told);
        Assert.Equal(type == KeyType.Secp256k1 ? Convert.ToHexStringLower(key.Address.AsSpan()) : Convert.ToHexStringLower(key.PublicKey.Bytes), publicSide);
        Assert.NotEqual(Encoding.UTF8.GetString(file), Encoding.UTF8.GetString(Keystore.Seal(key, Password, KeystoreCost.Light)));
    }

    [Fact]
    public async Task An_independent_program_opens_what_is_written_here()
    {
        var path = Path.Combine(_folder, "report.json");
        KeyFile.SaveSealed(path, PrivateKey.Parse(KeyType.Secp256k1, VectorKey), "testpassword", KeystoreCost.Standard);
        Assert.Equal(VectorKey, await WitnessAsync("open", path, "testpassword"));
    }

    [Fact]
    public async Task What_an_independent_program_writes_opens_here()
    {
        var file = await WitnessAsync("seal", VectorKey, "testpassword");
        Assert.Equal(PrivateKey.Parse(KeyType.Secp256k1, VectorKey).PublicKey, Open(file, Password).PublicKey);
    }

    [Theory]
    [InlineData("n", "1073741824")] // 1 TiB
    [InlineData("n", "9223372036854775807")]
    [InlineData("n", "3")]
    [InlineData("n", "0")]
    [InlineData("r", "1000000")]
    [InlineData("p", "1000000")]
    [InlineData("p", "2147483647")]
    [InlineData("r", "-1")]
    public void A_file_that_asks_for_all_memory_or_for_days_of_work_is_refused_before_any_is_spent(string parameter, string value)
    {
        var file = Changed(EthersFile, crypto => crypto["kdfparams"]![parameter] = JsonNode.Parse(value));
        Assert.Equal(KeystoreFault.TooCostly, Assert.Throws<KeystoreException>(() => Open(file, Password)).Fault);
    }

    [Fact]
    public void Two_hundred_million_rounds_of_pbkdf2_are_refused() => Assert.Equal(KeystoreFault.TooCostly,
        Assert.Throws<KeystoreException>(() => Open(Changed(Pbkdf2Vector, crypto => crypto["kdfparams"]!["c"] = 200_000_000), Password)).Fault);

    [Fact]
    public void Damaged_and_foreign_files_are_refused_with_a_reason_and_without_a_crash()
    {
        Refused(KeystoreFault.Malformed, "");
        Refused(KeystoreFault.Malformed, "{");
        Refused(KeystoreFault.Malformed, "{}");
        Refused(KeystoreFault.Malformed, new string('[', 10_000));
        Refused(KeystoreFault.Malformed, EthersFile + new string(' ', Keystore.MaxFileBytes));
        Refused(KeystoreFault.Unsupported, "[3]");
        Refused(KeystoreFault.Unsupported, EthersFile.Replace("\"version\":3", "\"version\":1", StringComparison.Ordinal));
        Refused(KeystoreFault.Unsupported, Changed(EthersFile, crypto => crypto["cipher"] = "aes-128-cbc"));
        Refused(KeystoreFault.Unsupported, Changed(EthersFile, crypto => crypto["kdf"] = "argon2id"));
        Refused(KeystoreFault.Unsupported, Changed(EthersFile, crypto => crypto["kdfparams"]!["dklen"] = 1 << 30));
        Refused(KeystoreFault.Unsupported, Changed(Pbkdf2Vector, crypto => crypto["kdfparams"]!["prf"] = "hmac-sha1"));
        Refused(KeystoreFault.Malformed, Changed(EthersFile, crypto => crypto["kdfparams"]!["salt"] = new string('0', 2_000)));
        Refused(KeystoreFault.Malformed, Changed(EthersFile, crypto => crypto["ciphertext"] = "00"));
        Refused(KeystoreFault.Malformed, Changed(EthersFile, crypto => crypto["mac"] = "zz"));
        Refused(KeystoreFault.Malformed, Changed(EthersFile, crypto => ((JsonObject)crypto).Remove("mac")));
        Refused(KeystoreFault.Malformed, EthersFile.Replace("{\"address\"", "{\"crypto\":{},\"address\"", StringComparison.Ordinal));
        Refused(KeystoreFault.Malformed, EthersFile.Replace("008aeeda", "008aeedb", StringComparison.Ordinal)); // holds another key than it names
        Refused(KeystoreFault.WrongPassword, Changed(EthersFile, crypto => crypto["ciphertext"] = VectorKey));

        void Refused(KeystoreFault fault, string file)
        {
            var problem = Assert.Throws<KeystoreException>(() => Open(file, Password));
            Assert.Equal(fault, problem.Fault);
            Assert.DoesNotContain("testpassword", problem.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_key_file_is_of_either_form_and_private_in_both()
    {
        var key = PrivateKey.Generate(KeyType.Ed25519);
        var path = Path.Combine(_folder, "protocol.json");
        KeyFile.SaveSealed(path, key, "correct horse", KeystoreCost.Light);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal([path], Directory.GetFiles(_folder)); // nothing unfinished beside it
        Assert.Throws<IOException>(() => KeyFile.SaveSealed(path, key, "correct horse", KeystoreCost.Light));
        Assert.Equal(path, KeyFile.Find(_folder, "protocol"));
        Assert.Equal(key.PublicKey, KeyFile.Load(path, KeyType.Ed25519, () => "correct horse").PublicKey);

        var wrong = Assert.Throws<InvalidOperationException>(() => KeyFile.Load(path, KeyType.Ed25519, () => "battery staple"));
        Assert.Contains("password is wrong", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("staple", wrong.ToString(), StringComparison.Ordinal);
        Assert.Contains("wanted", Assert.Throws<InvalidOperationException>(() => KeyFile.Load(path, KeyType.Secp256k1, () => "correct horse")).Message, StringComparison.Ordinal);
        Assert.Contains("password", Assert.Throws<InvalidOperationException>(() => KeyFile.Load(path, KeyType.Ed25519, null)).Message, StringComparison.Ordinal);

        key.Save(Path.Combine(_folder, "protocol.key"));
        Assert.Contains("both", Assert.Throws<InvalidOperationException>(() => KeyFile.Find(_folder, "protocol")).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<InvalidOperationException>(() => KeyFile.Load(path, KeyType.Ed25519, () => "correct horse")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_is_the_first_line_of_a_private_file()
    {
        var path = Path.Combine(_folder, "password");
        File.WriteAllText(path, "correct horse\r\nnote to self\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        Assert.Equal("correct horse", KeyFile.ReadPassword(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Throws<InvalidOperationException>(() => KeyFile.ReadPassword(path));
    }

    private static PrivateKey Open(string file, ReadOnlySpan<byte> password) => Keystore.Open(Encoding.UTF8.GetBytes(file), password);

    private static string Changed(string file, Action<JsonNode> change)
    {
        var root = JsonNode.Parse(file)!;
        change((root["crypto"] ?? root["Crypto"])!);
        return root.ToJsonString();
    }

    private static async Task<string> WitnessAsync(string verb, string argument, string password)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root!.FullName, "DePin.Dapp.sln"))) root = root.Parent;
        var start = new ProcessStartInfo("node", [Path.Combine(root.FullName, "tests", "Cryptography.Tests", "witness", "keystore.mjs"), verb, argument])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(password);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var answer = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return answer.Trim();
    }
}
