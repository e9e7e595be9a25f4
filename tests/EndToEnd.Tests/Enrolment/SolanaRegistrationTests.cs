using System.Text.Json;
using DePin.Abi;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Sdk.Network;
using DePin.Sdk.Registration;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Enrolment;

/// <summary>Devices at the real program, in the real runtime.</summary>
public sealed class SolanaRegistrationTests(SolanaDeviceNetwork network) : IClassFixture<SolanaDeviceNetwork>, IAsyncLifetime
{
    private const ulong Cell = 0x8a1fb46622dffff;
    private readonly PrivateKey owner = PrivateKey.Generate(KeyType.Ed25519);

    public static TheoryData<KeyType> Types => [KeyType.Secp256k1, KeyType.P256, KeyType.Ed25519];

    private DeployedSolana Solana => network.Solana;

    private SolanaAddress Owner => SolanaAddress.Of(owner.PublicKey);

    public async Task InitializeAsync()
    {
        await Solana.SendAsync(default, await SolanaPayouts.OpenIfMissingAsync(network.Access, Solana.Owner, Owner, default));
        if (await Solana.Rpc.FindAsync<Depin.DeviceModelAccount>(Solana.Network.Program, Solana.Network.Model(1), Finality.Safe, default) is not null) return;
        // The first test brings the maker's lamports and its model.
        await Solana.SendAsync(default, SystemProgram.Transfer(Solana.Owner, SolanaAddress.Of(network.Maker.PublicKey), 100_000_000));
        await SendAsync([network.Maker], new Depin.AddModelInstruction(new Depin.ModelSettings(2, 7, 600, Keccak256.Hash("model"u8))).ToInstruction(Solana.Network.Program, new Depin.AddModelAccounts
        {
            Account = SolanaAddress.Of(network.Maker.PublicKey),
            Network = Solana.Network.Account,
            Maker = Solana.Network.Maker(1),
            Model = Solana.Network.Model(1),
        }));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public void Digests_and_signatures_are_those_of_the_vectors()
    {
        var vectors = JsonDocument.Parse(File.ReadAllBytes(RepositoryRoot.Combine("contracts", "vectors", "registrations.json"))).RootElement;
        var domain = SolanaDeviceRegistration.DomainOf(Word(vectors, "chain"), SolanaAddress.From(Word(vectors, "registry")));
        Assert.Equal(Word(vectors, "domain"), domain);
        var types = new HashSet<KeyType>();
        foreach (var v in vectors.GetProperty("registrations").EnumerateArray())
        {
            var type = (KeyType)v.GetProperty("keyType").GetByte();
            types.Add(type);
            var key = PrivateKey.Parse(type, v.GetProperty("privateKey").GetString()!);
            Assert.Equal(Word(v, "deviceId"), key.PublicKey.DeviceId);
            var registration = new Depin.Registration(
                (byte)type, Bytes(v, "publicKey"), SolanaAddress.From(Word(v, "owner")), v.GetProperty("modelId").GetUInt32(), Number(v, "batchId"), Number(v, "cell"), Word(v, "metadata"), Number(v, "nonce"), Number(v, "deadline"));
            var token = v.GetProperty("token").GetUInt64();
            Assert.Equal(token == 0 ? "register" : "rotate", v.GetProperty("action").GetString());
            var digest = SolanaDeviceRegistration.Digest(domain, registration, token);
            Assert.Equal(Word(v, "digest"), digest);
            var signature = SolanaDeviceRegistration.Sign(key, digest);
            if (type != KeyType.P256) Assert.Equal(Bytes(v, "signature"), signature);
            else Assert.True(key.PublicKey.Verify(digest.AsSpan(), signature) && key.PublicKey.Verify(digest.AsSpan(), Bytes(v, "signature")), "ours are not deterministic");
        }

        Assert.Equal(3, types.Count);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public async Task A_device_of_each_type_is_registered_by_its_makers_account_its_approval_key_or_its_batch(KeyType type)
    {
        PrivateKey[] devices = [.. Enumerable.Range(0, 3).Select(_ => PrivateKey.Generate(type))];
        await SendAsync([network.Maker], Register(devices[0], new MakerWord.Account(1, SolanaAddress.Of(network.Maker.PublicKey))));
        await SendAsync([], Register(devices[1], new MakerWord.Approval(1, network.Approver)));
        var (id, batch) = await PublishAsync(type, devices[2]);
        await SendAsync([], Register(devices[2], new MakerWord.InBatch(1, id, batch.Prove(devices[2].PublicKey.DeviceId))));

        var tokens = new List<ulong>();
        foreach (var device in devices)
        {
            var (_, registered) = Assert.NotNull(await network.Access.FindAccountAsync(device.PublicKey.DeviceId, default));
            Assert.Equal((Owner, 1u, Cell, (byte)type), (registered.Owner, registered.ModelId, registered.Cell, registered.KeyType));
            tokens.Add(registered.Token);
            Assert.Equal(new RegisteredDevice(registered.Token, 1, 2), await network.Access.FindDeviceAsync(device.PublicKey.DeviceId, default));
        }

        Assert.Equal([tokens[0], tokens[0] + 1, tokens[0] + 2], tokens);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public async Task A_registration_that_something_is_wrong_with_is_refused_by_name(KeyType type)
    {
        var device = PrivateKey.Generate(type);
        var approval = new MakerWord.Approval(1, network.Approver);
        var makerSigns = new MakerWord.Account(1, SolanaAddress.Of(network.Maker.PublicKey));

        // It signed that somebody else owns it.
        var registration = SolanaDeviceRegistration.Of(device.PublicKey, Owner, 1, Cell, approval, ulong.MaxValue);
        var stolen = SolanaDeviceRegistration.Sign(device, network.Registration.Digest(registration with { Owner = Solana.Owner }));
        var refusal = await RefusedAsync([], [.. network.Registration.Register(Solana.Owner, registration, stolen, approval)]);
        if (type == KeyType.Secp256k1) Assert.Equal("BadDeviceSignature", refusal.ErrorName);
        else Assert.NotEqual(Solana.Network.Program, refusal.Program); // the runtime's check, before the program
        if (type != KeyType.Secp256k1)
        {
            // The runtime's check is right, and not of this registration; or not directly before.
            var other = network.Registration.Register(Solana.Owner, device, Owner, 1, Cell + 1, approval, ulong.MaxValue);
            var mine = Register(device, approval);
            Assert.Equal("BadDeviceSignature", (await RefusedAsync([], other[0], mine[1])).ErrorName);
            Assert.Equal("BadDeviceSignature", (await RefusedAsync([], mine[0], SystemProgram.Transfer(Solana.Owner, Owner, 1_000_000), mine[1])).ErrorName);
        }

        // Its maker's word is another's, or none.
        var stranger = PrivateKey.Generate(KeyType.Ed25519);
        Assert.Equal("NotMaker", (await RefusedAsync([stranger], Register(device, new MakerWord.Account(1, SolanaAddress.Of(stranger.PublicKey))))).ErrorName);
        Assert.Equal("BadMakerSignature", (await RefusedAsync([], Register(device, new MakerWord.Approval(1, PrivateKey.Generate(KeyType.Secp256k1))))).ErrorName);
        var unsigned = await Assert.ThrowsAsync<InvalidOperationException>(() => SendAsync([], Register(device, makerSigns)));
        Assert.Contains(makerSigns.Address.ToString(), unsigned.Message, StringComparison.Ordinal);
        var (id, batch) = await PublishAsync(type, PrivateKey.Generate(type));
        Assert.Equal("NotInBatch", (await RefusedAsync([], Register(device, new MakerWord.InBatch(1, id, [batch.Root])))).ErrorName);

        // Its owner has no place in the rewards; its time is over; it is there already.
        var placeless = network.Registration.Register(Solana.Owner, device, SolanaAddress.Of(stranger.PublicKey), 1, Cell, approval, ulong.MaxValue);
        Assert.Equal("NoPayout", (await RefusedAsync([], [.. placeless])).ErrorName);
        Assert.Equal("Expired", (await RefusedAsync([], [.. network.Registration.Register(Solana.Owner, device, Owner, 1, Cell, approval, deadline: 1)])).ErrorName);
        Assert.Null(await network.Access.FindDeviceAsync(device.PublicKey.DeviceId, default));
        await SendAsync([], Register(device, approval));
        Assert.Equal("AlreadyExists", (await RefusedAsync([], Register(device, approval))).ErrorName);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public async Task A_key_is_replaced_by_one_of_each_type_and_found_by_its_new_id_alone(KeyType type)
    {
        var device = PrivateKey.Generate(KeyType.Ed25519);
        await SendAsync([], Register(device, new MakerWord.Approval(1, network.Approver)));
        var (address, before) = Assert.NotNull(await network.Access.FindAccountAsync(device.PublicKey.DeviceId, default));
        await Solana.SendAsync(default, SystemProgram.Transfer(Solana.Owner, Owner, 100_000_000)); // who schedules pays
        var newKey = PrivateKey.Generate(type);

        // A digest that registers does not rotate.
        var registration = new Depin.Registration((byte)type, newKey.PublicKey.Bytes.ToArray(), Owner, 1, 0, 0, Bytes32.Zero, 0, ulong.MaxValue);
        await RefusedAsync([owner], [.. network.Registration.ScheduleKey(address, before.Token, registration, SolanaDeviceRegistration.Sign(newKey, network.Registration.Digest(registration)))]);

        await SendAsync([owner], [.. network.Registration.ScheduleKey(address, before, newKey, ulong.MaxValue)]);
        Assert.Null(await network.Access.FindDeviceAsync(newKey.PublicKey.DeviceId, default));
        await Solana.TravelAsync(await network.Access.GetTimeAsync(default) + SolanaDevices.KeyDelay + 200, default);
        await SendAsync([], new Depin.ApplyKeyInstruction().ToInstruction(Solana.Network.Program, new Depin.ApplyKeyAccounts { Network = Solana.Network.Account, Device = address }));
        Assert.Equal(new RegisteredDevice(before.Token, 1, 2), await network.Access.FindDeviceAsync(newKey.PublicKey.DeviceId, default));
        Assert.Null(await network.Access.FindDeviceAsync(device.PublicKey.DeviceId, default));
    }

    [Fact]
    public async Task A_p256_device_of_the_largest_batch_of_an_enrolment_fits_into_a_transaction_with_its_budget()
    {
        var device = PrivateKey.Generate(KeyType.P256);
        var batch = new DeviceBatch([.. Enumerable.Range(0, 255).Select(i => (Bytes32.FromUInt64((ulong)i), 1u)), (device.PublicKey.DeviceId, 1u)]);
        var id = await PublishAsync(batch);
        var word = new MakerWord.InBatch(1, id, batch.Prove(device.PublicKey.DeviceId));
        Assert.Equal(8, word.Siblings.Count);
        var receipt = await Solana.Sender.SendAsync(new SolanaTransactionRequest(Register(device, word)) { Price = 1 }, default);
        Assert.InRange(receipt.Transaction.Bytes.Length, 1_100, SolanaMessage.MaxTransactionBytes);
    }

    [Fact]
    public void A_word_for_another_batch_than_was_signed_is_refused_here()
    {
        var device = PrivateKey.Generate(KeyType.Secp256k1);
        var word = new MakerWord.InBatch(1, 7, []);
        var registration = SolanaDeviceRegistration.Of(device.PublicKey, Owner, 1, Cell, word, ulong.MaxValue);
        Assert.Throws<ArgumentException>(() => network.Registration.Register(Solana.Owner, registration, new byte[64], word with { BatchId = 8 }));
        Assert.Throws<ArgumentException>(() => network.Registration.Register(Solana.Owner, registration, new byte[64], new MakerWord.Approval(1, network.Approver)));
        Assert.Throws<ArgumentException>(() => network.Registration.RotationDigest(registration, token: 0));
        Assert.Throws<ArgumentException>(() => network.Registration.Digest(registration with { PublicKey = new byte[63] }));
    }

    private SolanaInstruction[] Register(PrivateKey device, MakerWord word) => [.. network.Registration.Register(Solana.Owner, device, Owner, 1, Cell, word, ulong.MaxValue)];

    private Task<SolanaReceipt> SendAsync(PrivateKey[] signers, params SolanaInstruction[] instructions) => Solana.Sender.SendAsync(new SolanaTransactionRequest(instructions) { Signers = signers }, default);

    private Task<SolanaProgramException> RefusedAsync(PrivateKey[] signers, params SolanaInstruction[] instructions) => Assert.ThrowsAsync<SolanaProgramException>(() => SendAsync(signers, instructions));

    private async Task<(ulong Id, DeviceBatch Batch)> PublishAsync(KeyType type, PrivateKey member)
    {
        var batch = new DeviceBatch([(member.PublicKey.DeviceId, 1), (PrivateKey.Generate(type).PublicKey.DeviceId, 1), (PrivateKey.Generate(type).PublicKey.DeviceId, 1)]);
        return (await PublishAsync(batch), batch);
    }

    private async Task<ulong> PublishAsync(DeviceBatch batch)
    {
        var (at, maker) = (Solana.Network, SolanaAddress.Of(network.Maker.PublicKey));
        var id = (await Solana.Rpc.ReadAsync<Depin.DeviceRegistryAccount>(at.Program, at.Registry, Finality.Safe, default)).Batches + 1;
        await SendAsync([network.Maker], new Depin.PublishBatchInstruction(batch.Root, (uint)batch.Count, "").ToInstruction(
            at.Program, new Depin.PublishBatchAccounts { Account = maker, Network = at.Account, Maker = at.Maker(1), Batch = at.Batch(id) }));
        return id;
    }

    private static Bytes32 Word(JsonElement json, string name) => Bytes32.Parse(json.GetProperty(name).GetString()!);

    private static byte[] Bytes(JsonElement json, string name) => Hex.TryParse(json.GetProperty(name).GetString()!, out var bytes) ? bytes : throw new FormatException(name);

    private static ulong Number(JsonElement json, string name) => ulong.Parse(json.GetProperty(name).GetString()!, System.Globalization.CultureInfo.InvariantCulture);
}
