using System.CommandLine;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Solana;
using DePin.Cli.Network;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Sdk.Network;
using DePin.Sdk.Registration;

namespace DePin.Cli.Keys;

/// <summary>What <c>depin device</c> does on Solana.</summary>
internal static class SolanaDevices
{
    /// <summary>Registers a device. The maker's key file is its account's, which then signs the transaction, or its approval key's (secp256k1), which signs what the device signs.</summary>
    public static async Task<int> RegisterAsync(
        ParseResult parsed, Output output, SolanaNetworkAccess network, PrivateKey device, uint modelId, string? ownerText, string makerPath, ulong cell, CancellationToken ct)
    {
        var (at, id) = (network.Accounts, device.PublicKey.DeviceId);
        var sender = Sender(parsed, network);
        var owner = ownerText is null ? sender.Payer : SolanaAddress.Parse(ownerText);
        var model = await network.Rpc.FindAsync<Depin.DeviceModelAccount>(at.Program, at.Model(modelId), Finality.Safe, ct).ConfigureAwait(false)
            ?? throw new CliException($"There is no model {modelId}. `depin device models` lists those that there are.", ExitCodes.Refused);
        var maker = LoadMaker(makerPath);
        MakerWord word = maker.Type == KeyType.Ed25519 ? new MakerWord.Account(model.MakerId, SolanaAddress.Of(maker.PublicKey)) : new MakerWord.Approval(model.MakerId, maker);
        var deadline = await network.GetTimeAsync(ct).ConfigureAwait(false) + (7 * 86_400);
        var opens = await SolanaPayouts.OpenIfMissingAsync(network, sender.Payer, owner, ct).ConfigureAwait(false);
        var registers = new SolanaDeviceRegistration(network.Cluster, at).Register(sender.Payer, device, owner, modelId, cell, word, deadline);
        var receipt = await Reverts.WhereAsync(
            () => sender.SendAsync(new SolanaTransactionRequest([.. opens, .. registers]) { Signers = maker.Type == KeyType.Ed25519 ? [maker] : [] }, ct), "AlreadyExists", () => Reverts.KeyUsed).ConfigureAwait(false);
        var token = (await network.Rpc.ReadAsync<Depin.DeviceAccount>(at.Program, at.Device(id), Finality.Safe, ct).ConfigureAwait(false)).Token;
        output.Answer(
            new { deviceId = id, token = token.ToString(System.Globalization.CultureInfo.InvariantCulture), owner = owner.ToString(), slot = receipt.Slot, transaction = receipt.Transaction.Id.Text },
            $"Device {id} is number {token}, of {owner}, registered in slot {receipt.Slot}.");
        return ExitCodes.Success;
    }

    /// <summary>The models that there are, by number.</summary>
    public static async Task<IReadOnlyList<Depin.DeviceModelAccount>> ModelsAsync(SolanaNetworkAccess network, CancellationToken ct)
    {
        var at = network.Accounts;
        var registry = await network.Rpc.ReadAsync<Depin.DeviceRegistryAccount>(at.Program, at.Registry, Finality.Safe, ct).ConfigureAwait(false);
        var models = await network.Rpc.FindManyAsync<Depin.DeviceModelAccount>(at.Program, [.. Enumerable.Range(1, checked((int)registry.Models)).Select(id => at.Model((uint)id))], Finality.Safe, ct).ConfigureAwait(false);
        return [.. models.OfType<Depin.DeviceModelAccount>()];
    }

    /// <summary>Adds a model; its maker's account sends and pays.</summary>
    public static async Task<int> AddModelAsync(ParseResult parsed, Output output, SolanaNetworkAccess network, uint makerId, Depin.ModelSettings settings, CancellationToken ct)
    {
        var (at, sender) = (network.Accounts, Sender(parsed, network));
        var next = (await network.Rpc.ReadAsync<Depin.DeviceRegistryAccount>(at.Program, at.Registry, Finality.Safe, ct).ConfigureAwait(false)).Models + 1;
        var receipt = await sender.SendAsync(
            new SolanaTransactionRequest(new Depin.AddModelInstruction(settings)
                .ToInstruction(at.Program, new Depin.AddModelAccounts { Account = sender.Payer, Network = at.Account, Maker = at.Maker(makerId), Model = at.Model(next) })),
            ct).ConfigureAwait(false);
        output.Answer(new { model = next, maker = makerId, slot = receipt.Slot, transaction = receipt.Transaction.Id.Text }, $"Model {next} of maker {makerId} exists since slot {receipt.Slot}.");
        return ExitCodes.Success;
    }

    private static SolanaTransactionSender Sender(ParseResult parsed, SolanaNetworkAccess network) =>
        new(network.Rpc, SolanaOptions.Sender(parsed), SolanaOptions.Fees, SolanaVerifierTransactions.Names(network.Accounts.Program));

    private static PrivateKey LoadMaker(string path) =>
        PrivateKey.TypeOf(path) == KeyType.Secp256k1 ? PrivateKey.Load(path, KeyType.Secp256k1) : SolanaOptions.Load(path);
}
