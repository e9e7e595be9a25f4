using System.Text.Json;
using DePin.Abi;
using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Tests.Solana;

public sealed class MessageTests
{
    private static readonly SolanaAddress Program = SolanaAddress.Parse("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");

    [Fact]
    public async Task Compiles_and_signs_the_bytes_of_kit_and_reads_those_of_web3()
    {
        var (large, partial, looked) = (0, 0, 0);
        foreach (var c in await Witness.RunAsync("solana-transactions", 42, 600))
        {
            var payer = SolanaAddress.Parse(c.GetProperty("payer").GetString()!);
            SolanaInstruction[] instructions = [.. c.GetProperty("instructions").EnumerateArray().Select(Instruction)];
            SolanaLookupTable[] tables = [.. c.GetProperty("tables").EnumerateArray().Select(Table)];
            var isLegacy = c.GetProperty("legacy").GetBoolean();
            var size = c.GetProperty("size").GetInt32();
            Assert.True(Base58.TryDecode(c.GetProperty("blockhash").GetString(), out Bytes32 lifetime));
            SolanaMessage Compile() => isLegacy ? SolanaMessage.Compile(payer, instructions, lifetime) : SolanaMessage.CompileV0(payer, instructions, lifetime, tables);
            Assert.Equal(size, SolanaMessage.Measure(payer, instructions, isLegacy ? null : tables));
            var raw = Convert.FromBase64String(c.GetProperty("raw").GetString()!);
            if (size > SolanaMessage.MaxTransactionBytes)
            {
                large++;
                Assert.Contains($"would have {size} bytes", Assert.Throws<ArgumentException>(Compile).Message, StringComparison.Ordinal);
                Assert.Throws<FormatException>(() => SolanaTransaction.Decode(raw));
                continue;
            }

            var message = Compile();
            Assert.Equal(c.GetProperty("message").GetString(), Hex.ToString(message.Bytes.Span));
            PrivateKey[] keys = [.. c.GetProperty("seeds").EnumerateArray().Select(s => PrivateKey.Parse(KeyType.Ed25519, s.GetString()!))];
            var signed = SolanaTransaction.Unsigned(message).Sign(keys);
            Assert.Equal(raw, signed.Encode());
            Assert.Equal(c.GetProperty("raw").GetString(), signed.ToBase64());
            Assert.Equal(c.GetProperty("id").GetString(), signed.Id.ToString());
            Assert.Equal(size, raw.Length);
            var missing = c.GetProperty("missing").EnumerateArray().Select(a => a.GetString()!).ToHashSet();
            Assert.Equal(missing, signed.Missing.Select(a => a.ToString()).ToHashSet());
            Assert.Equal(missing.Count == 0, signed.IsComplete);
            Assert.Equal(missing.Count == 0, signed.Verify());
            if (missing.Count > 0) partial++;

            var decoded = SolanaTransaction.FromBase64(signed.ToBase64());
            Assert.Equal(raw, decoded.Encode());
            Assert.Equal(signed.Signatures.AsEnumerable(), decoded.Signatures.AsEnumerable());
            AssertSame(payer, instructions, decoded.Message, tables);
            if (!decoded.Message.Lookups.IsEmpty) looked++;

            var byWeb3 = Hex.Parse(c.GetProperty("web3").GetString()!);
            var read = SolanaMessage.Decode(byWeb3);
            Assert.Equal(byWeb3, read.Bytes.ToArray());
            Assert.Equal(lifetime, read.Lifetime);
            Assert.Equal(isLegacy ? SolanaMessageVersion.Legacy : SolanaMessageVersion.V0, read.Version);
            AssertSame(payer, instructions, read, tables);
        }

        Assert.True(large > 10 && partial > 10 && looked > 50, $"{large} too large, {partial} signed by some, {looked} with lookups");
    }

    // A single bit anywhere either changes what a message says or makes it none: none is read as something that would be written otherwise.
    [Fact]
    public void A_message_that_was_cut_extended_or_changed_is_refused_or_another_one()
    {
        var bytes = Sample().Bytes.ToArray();
        for (var length = 0; length < bytes.Length; length++) Assert.Throws<FormatException>(() => SolanaMessage.Decode(bytes.AsSpan(0, length)));
        Assert.Contains("1 bytes beyond its end", Assert.Throws<FormatException>(() => SolanaMessage.Decode([.. bytes, 0])).Message, StringComparison.Ordinal);
        var refused = 0;
        for (var i = 0; i < bytes.Length * 8; i++)
        {
            var changed = bytes.ToArray();
            changed[i / 8] ^= (byte)(1 << (i % 8));
            try
            {
                Assert.Equal(changed, SolanaMessage.Decode(changed).Bytes.ToArray());
            }
            catch (FormatException)
            {
                refused++;
            }
        }

        Assert.True(refused > 50);
    }

    [Fact]
    public void Random_bytes_are_refused_or_read_exactly()
    {
        var random = new Random(7);
        var header = Sample().Bytes.ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(1, 1300)];
            random.NextBytes(bytes);
            header.AsSpan(0, Math.Min(random.Next(0, header.Length), bytes.Length)).CopyTo(bytes); // so that some get past the first fields
            try
            {
                Assert.Equal(bytes, SolanaMessage.Decode(bytes).Bytes.ToArray());
            }
            catch (FormatException)
            {
            }
        }
    }

    public static TheoryData<string, string> Hostile => new()
    {
        { "00 00 00 01 K H 00", "no signer that could pay" },
        { "01 01 00 01 K H 00", "no signer that could pay" },
        { "02 00 00 01 K H 00", "counts 2 signers" },
        { "01 00 01 01 K H 00", "counts 1 signers and 1 other" },
        { "01 00 00 02 K K H 00", "names an account twice" },
        { "01 00 00 ff ff 03", "ends within its accounts" },
        { "01 00 00 81 00 K H 00", "not a compact-u16 in its shortest form" },
        { "01 00 00 01 K H 01 00 00 00", "calls the program at index 0" },
        { "01 00 00 01 K H 01 01 00 00", "calls the program at index 1" },
        { "01 00 01 02 K P H 01 01 01 02 00", "account index of 2, and 2 accounts" },
        { "01 00 01 02 K P H 01 01 00 ff ff 03", "ends within its instruction data" },
        { "01 00 01 02 K P H ff ff 03", "ends within its instructions" },
        { "80 01 00 01 02 K P H 01 01 01 03 00 01 T 01 00 00", "account index of 3, and 3 accounts" },
        { "80 01 00 01 02 K P H 01 02 00 00 01 T 01 00 00", "calls the program at index 2" },
        { "80 01 00 00 01 K H 00 01 T 00 00", "takes nothing from the lookup table" },
        { "80 01 00 00 01 K H 00 05 T", "ends within its table lookups" },
        { "80 01 00 00 01 K H 00", "not a compact-u16" },
        { "81 01 00 00 01 K H 00 00", "of version 1" },
        { "ff", "of version 127" },
        { "", "ends within its header" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void What_is_wrong_with_a_message_is_said(string layout, string problem)
    {
        var bytes = layout.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(word => word switch
        {
            "K" => Enumerable.Repeat((byte)1, 32),
            "P" => Enumerable.Repeat((byte)2, 32),
            "T" => Enumerable.Repeat((byte)3, 32),
            "H" => Enumerable.Repeat((byte)4, 32),
            _ => Convert.FromHexString(word),
        }).ToArray();
        Assert.Contains(problem, Assert.Throws<FormatException>(() => SolanaMessage.Decode(bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lookup_beyond_256_accounts_is_refused()
    {
        var entries = Enumerable.Range(0, 255).Select(i => (byte)i).ToArray();
        byte[] Message(int count) => [0x80, 1, 0, 0, 1, .. Filled(1), .. Filled(4), 0, 1, .. Filled(3), 0, (byte)(count | 0x80), 1, .. entries[..count]];
        Assert.Equal(255, SolanaMessage.Decode(Message(255)).Lookups[0].ReadOnly.Length);
        byte[] two = [0x80, 1, 0, 0, 1, .. Filled(1), .. Filled(4), 0, 2, .. Filled(3), 0, 0xff, 1, .. entries, .. Filled(5), 1, 0, 0];
        Assert.Contains("257 accounts", Assert.Throws<FormatException>(() => SolanaMessage.Decode(two)).Message, StringComparison.Ordinal);

        static byte[] Filled(byte value) => [.. Enumerable.Repeat(value, 32)];
    }

    [Fact]
    public void Too_much_for_one_transaction_is_refused()
    {
        var payer = Random();
        Assert.Contains("at most 64 accounts, not 65", Refusal([.. Enumerable.Range(0, 63).Select(_ => Call(SolanaAccountMeta.ReadOnly(Random())))]), StringComparison.Ordinal);
        Assert.Contains("at most 64 instructions, not 65", Refusal([.. Enumerable.Repeat(Call(), 65)]), StringComparison.Ordinal);
        Assert.Contains("cannot be written to", Refusal([Call(SolanaAccountMeta.Writable(Program))]), StringComparison.Ordinal);
        Assert.Contains("cannot pay for it", Refusal([Call() with { Program = payer }]), StringComparison.Ordinal);
        Assert.Contains("would have 1233 bytes", Refusal([Call() with { Data = new byte[1233 - 170] }]), StringComparison.Ordinal);
        Assert.Equal(1232, SolanaMessage.Compile(payer, [Call() with { Data = new byte[1232 - 170] }], default).TransactionSize);
        var table = new SolanaLookupTable(Random(), [Random()]);
        Assert.Throws<ArgumentException>(() => SolanaMessage.CompileV0(payer, [Call()], default, table, table));
        Assert.Throws<ArgumentException>(() => SolanaMessage.CompileV0(payer, [Call()], default, table with { Addresses = [.. Enumerable.Range(0, 257).Select(_ => Random())] }));

        string Refusal(SolanaInstruction[] instructions) => Assert.Throws<ArgumentException>(() => SolanaMessage.Compile(payer, instructions, default)).Message;
    }

    [Fact]
    public void What_a_message_loads_has_to_be_there()
    {
        var (payer, read, written) = (Random(), Random(), Random());
        var table = new SolanaLookupTable(Random(), [Random(), read, written]);
        var message = SolanaMessage.CompileV0(payer, [Call(SolanaAccountMeta.ReadOnly(read), SolanaAccountMeta.Writable(written))], default, table);
        Assert.Equal([written, read], message.Load([table]).AsEnumerable());
        Assert.Equal([2], message.Lookups.Single().Writable.ToArray());
        Assert.Equal([1], message.Lookups.Single().ReadOnly.ToArray());
        Assert.Contains("was not given", Assert.Throws<ArgumentException>(() => message.Load([])).Message, StringComparison.Ordinal);
        Assert.Contains("which has 2", Assert.Throws<ArgumentException>(() => message.Load([table with { Addresses = table.Addresses[..2] }])).Message, StringComparison.Ordinal);
        Assert.Contains("takes 2 addresses", Assert.Throws<ArgumentException>(() => message.ToInstructions(read)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_lifetime_of_a_message_that_advances_a_nonce_is_its_account_s_value()
    {
        var (payer, nonce) = (Random(), Random());
        SolanaInstruction Advance(SolanaAccountMeta account, byte tag = 4) => new(SolanaAddress.Zero, [account, SolanaAccountMeta.ReadOnly(Random()), SolanaAccountMeta.Signer(payer)], new byte[] { tag, 0, 0, 0 });
        Assert.Equal(nonce, SolanaMessage.Compile(payer, [Advance(SolanaAccountMeta.Writable(nonce)), Call()], default).NonceAccount);
        Assert.Null(SolanaMessage.Compile(payer, [Call(), Advance(SolanaAccountMeta.Writable(nonce))], default).NonceAccount);
        Assert.Null(SolanaMessage.Compile(payer, [Advance(SolanaAccountMeta.ReadOnly(nonce))], default).NonceAccount);
        Assert.Null(SolanaMessage.Compile(payer, [Advance(SolanaAccountMeta.Writable(nonce), 5)], default).NonceAccount);
        Assert.Null(SolanaMessage.Compile(payer, [Advance(SolanaAccountMeta.Writable(nonce)) with { Program = Program }], default).NonceAccount);
        Assert.Null(SolanaMessage.Compile(payer, [], default).NonceAccount);
        var table = new SolanaLookupTable(Random(), [nonce]);
        Assert.Null(SolanaMessage.CompileV0(payer, [Advance(SolanaAccountMeta.Writable(nonce))], default, table).NonceAccount);
    }

    [Fact]
    public void Signatures_come_in_any_order_and_are_checked()
    {
        var (payer, second, stranger) = (PrivateKey.Generate(KeyType.Ed25519), PrivateKey.Generate(KeyType.Ed25519), PrivateKey.Generate(KeyType.Ed25519));
        var message = SolanaMessage.Compile(SolanaAddress.Of(payer.PublicKey), [Call(SolanaAccountMeta.Signer(SolanaAddress.Of(second.PublicKey)))], default);
        var unsigned = SolanaTransaction.Unsigned(message);
        Assert.Null(unsigned.Id);
        Assert.False(unsigned.Verify());
        Assert.Equal(message.Signers.ToArray(), unsigned.Missing.AsEnumerable());
        Assert.Null(unsigned.Sign(second).Id);

        var signature = new SolanaSignature(second.Sign(message.Bytes.Span));
        var complete = SolanaTransaction.Decode(unsigned.With(SolanaAddress.Of(second.PublicKey), signature).Encode()).Sign(payer);
        Assert.True(complete.IsComplete && complete.Verify());
        Assert.Equal(complete.Signatures.AsEnumerable(), unsigned.Sign(payer, second).Signatures.AsEnumerable());
        Assert.Equal(complete.Signatures[0], complete.Id);
        Assert.Equal(complete.Id, SolanaSignature.Parse(complete.Id.ToString()!));

        Assert.Contains("none of the transaction's signers", Assert.Throws<ArgumentException>(() => unsigned.Sign(stranger)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => unsigned.With(SolanaAddress.Of(payer.PublicKey), signature));
        Assert.Throws<ArgumentException>(() => unsigned.Sign(PrivateKey.Generate(KeyType.P256)));
        var raw = complete.Encode();
        raw[^1] ^= 1; // the data of the instruction
        Assert.False(SolanaTransaction.Decode(raw).Verify());
    }

    [Fact]
    public void What_is_wrong_with_a_transaction_is_said()
    {
        var raw = SolanaTransaction.Unsigned(Sample()).Encode();
        Assert.Contains("has 2 signatures, and its message 1 signers", Refusal([2, .. new byte[64], .. raw.AsSpan(1)]), StringComparison.Ordinal);
        Assert.Contains("has 0 signatures", Refusal([0, .. raw.AsSpan(65)]), StringComparison.Ordinal);
        Assert.Contains("ends within its signatures", Refusal(raw[..40]), StringComparison.Ordinal);
        Assert.Contains("beyond its end", Refusal([.. raw, 0]), StringComparison.Ordinal);
        Assert.Contains("at most 1232 bytes, not 1233", Refusal(new byte[1233]), StringComparison.Ordinal);
        Assert.Contains("not base64", Assert.Throws<FormatException>(() => SolanaTransaction.FromBase64("=")).Message, StringComparison.Ordinal);
        Assert.Contains("characters of base64", Assert.Throws<FormatException>(() => SolanaTransaction.FromBase64(new string('A', 10_000_000))).Message, StringComparison.Ordinal);

        static string Refusal(byte[] bytes) => Assert.Throws<FormatException>(() => SolanaTransaction.Decode(bytes)).Message;
    }

    // Each account's role is the sum of its roles, so instructions are compared with that.
    private static void AssertSame(SolanaAddress payer, SolanaInstruction[] expected, SolanaMessage message, SolanaLookupTable[] tables)
    {
        Assert.Equal(payer, message.Payer);
        var metas = expected.SelectMany(i => i.Accounts).Append(SolanaAccountMeta.WritableSigner(payer)).ToLookup(a => a.Address);
        var actual = message.ToInstructions(message.Load(tables).AsSpan());
        Assert.Equal(expected.Length, actual.Length);
        foreach (var (e, a) in expected.Zip(actual))
        {
            Assert.Equal(e.Program, a.Program);
            Assert.Equal(e.Data.ToArray(), a.Data.ToArray());
            Assert.Equal(e.Accounts.Select(m => new SolanaAccountMeta(m.Address, metas[m.Address].Any(o => o.IsSigner), metas[m.Address].Any(o => o.IsWritable))), a.Accounts);
        }
    }

    private static SolanaMessage Sample() => SolanaMessage.CompileV0(
        Fixed(1), [new(Fixed(2), [SolanaAccountMeta.ReadOnly(Fixed(3)), SolanaAccountMeta.Writable(Fixed(4))], new byte[] { 1, 2, 3 })], default, new SolanaLookupTable(Fixed(5), [Fixed(3)]));

    private static SolanaInstruction Call(params SolanaAccountMeta[] accounts) => new(Program, [.. accounts], new byte[] { 9 });

    private static SolanaAddress Fixed(byte value) => new([.. Enumerable.Repeat(value, 32)]);

    private static SolanaAddress Random() => SolanaAddress.From(PrivateKey.Generate(KeyType.P256).PublicKey.DeviceId);

    private static SolanaInstruction Instruction(JsonElement c) => new(
        SolanaAddress.Parse(c.GetProperty("program").GetString()!),
        [.. c.GetProperty("accounts").EnumerateArray().Select(a => new SolanaAccountMeta(SolanaAddress.Parse(a.GetProperty("address").GetString()!), a.GetProperty("signer").GetBoolean(), a.GetProperty("writable").GetBoolean()))],
        Hex.Parse(c.GetProperty("data").GetString()!));

    private static SolanaLookupTable Table(JsonElement c) =>
        new(SolanaAddress.Parse(c.GetProperty("address").GetString()!), [.. c.GetProperty("addresses").EnumerateArray().Select(a => SolanaAddress.Parse(a.GetString()!))]);
}
