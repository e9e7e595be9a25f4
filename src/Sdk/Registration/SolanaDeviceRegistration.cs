using DePin.Abi;
using DePin.Abi.Solana;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Sdk.Registration;

/// <summary>
/// What a device signs so that a Solana network takes it in, or its new key, and the instructions that carry it (docs/protocol.md, Device registration). Every type of key proves
/// itself: secp256k1 is recovered by the program; P-256 and Ed25519 are checked by the runtime, whose instruction stands directly before the program's.
/// </summary>
/// <param name="cluster">Genesis hash.</param>
/// <param name="network">Where the network's accounts are.</param>
public sealed class SolanaDeviceRegistration(in Bytes32 cluster, SolanaNetwork network)
{
    private readonly Bytes32 domain = DomainOf(cluster, network.Registry);

    /// <summary>keccak(tag · kind · genesis hash · registry's account): binds signatures to one network.</summary>
    public Bytes32 Domain => domain;

    /// <summary>The domain of any registry.</summary>
    public static Bytes32 DomainOf(in Bytes32 cluster, SolanaAddress registry)
    {
        var hash = new Keccak256();
        hash.Append(ProtocolTags.Device);
        hash.Append([(byte)ChainKind.Solana]);
        hash.Append(cluster);
        hash.Append(registry.AsSpan());
        return hash.Finish();
    }

    /// <summary>What is said of a device when it registers.</summary>
    /// <param name="device">Its key.</param>
    /// <param name="owner">Who owns the device and is paid for it; needs a payout account.</param>
    /// <param name="modelId">Model, which names maker and class.</param>
    /// <param name="cell">H3 cell, 0 = unknown.</param>
    /// <param name="word">How the maker vouches.</param>
    /// <param name="deadline">Unix seconds after which the program refuses.</param>
    public static Depin.Registration Of(PublicKey device, SolanaAddress owner, uint modelId, ulong cell, MakerWord word, ulong deadline) =>
        new((byte)device.Type, device.Bytes.ToArray(), owner, modelId, (word as MakerWord.InBatch)?.BatchId ?? 0, cell, Bytes32.Zero, Nonce: 0, deadline);

    /// <summary>What device and approval key sign to register.</summary>
    /// <exception cref="ArgumentException">The registration holds no public key of its type.</exception>
    public Bytes32 Digest(in Depin.Registration registration) => Digest(domain, registration, token: 0);

    /// <summary>What a device's new key signs to replace the one it has. Owner and model are the device's, the batch is 0.</summary>
    /// <exception cref="ArgumentException">The registration holds no public key of its type, or there is no token 0.</exception>
    public Bytes32 RotationDigest(in Depin.Registration registration, ulong token) =>
        token != 0 ? Digest(domain, registration, token) : throw new ArgumentException("Devices are numbered from 1.", nameof(token));

    /// <summary>The digest in any domain; <paramref name="token"/> 0 registers.</summary>
    public static Bytes32 Digest(in Bytes32 domain, in Depin.Registration registration, ulong token) => TypedData.Digest(domain, DeviceAction.Hash(
        token, KeyOf(registration).DeviceId, registration.Owner.ToBytes32(), registration.ModelId, registration.BatchId, registration.Cell, registration.Metadata, registration.Nonce, registration.Deadline));

    /// <summary>Signs a digest as the program checks it: secp256k1 compact (EIP-2098) over the digest; P-256 over its SHA-256, low s; Ed25519 over its bytes. 64 bytes.</summary>
    public static byte[] Sign(PrivateKey device, Bytes32 digest) => device.Type == KeyType.Secp256k1 ? device.SignDigest(digest).ToArray() : device.Sign(digest.AsSpan());

    /// <summary>Registers a device whose key is at hand. The owner's payout account must be open by then.</summary>
    public IReadOnlyList<SolanaInstruction> Register(SolanaAddress payer, PrivateKey device, SolanaAddress owner, uint modelId, ulong cell, MakerWord word, ulong deadline)
    {
        var registration = Of(device.PublicKey, owner, modelId, cell, word, deadline);
        return Register(payer, registration, Sign(device, Digest(registration)), word);
    }

    /// <summary>Registers a device that signed the digest elsewhere. Neither order nor company may change: the runtime's check stands directly before the program's instruction.</summary>
    /// <exception cref="ArgumentException">The registration names another batch than the maker's word, or holds no public key of its type.</exception>
    public IReadOnlyList<SolanaInstruction> Register(SolanaAddress payer, in Depin.Registration registration, byte[] signature, MakerWord word)
    {
        var batch = word as MakerWord.InBatch;
        if (registration.BatchId != (batch?.BatchId ?? 0)) throw new ArgumentException($"The registration names batch {registration.BatchId}, the maker's word {batch?.BatchId ?? 0}.", nameof(word));
        var (key, digest) = (KeyOf(registration), Digest(registration));
        var approval = word is MakerWord.Approval(_, var approver) ? approver.SignDigest(digest).ToArray() : [];
        return
        [
            .. Check(key, digest, signature),
            new Depin.RegisterDeviceInstruction(registration, InData(key, signature), approval, batch is null ? [] : [.. batch.Siblings]).ToInstruction(network.Program, new Depin.RegisterDeviceAccounts
            {
                Payer = payer,
                Network = network.Account,
                Maker = network.Maker(word.MakerId),
                Batch = batch is null ? null : network.Batch(batch.BatchId),
                Device = network.Device(key.DeviceId),
                Approver = (word as MakerWord.Account)?.Address,
            }),
        ];
    }

    /// <summary>Schedules a device's new key, which is at hand; the owner signs the transaction and pays.</summary>
    /// <param name="device">The device's account.</param>
    /// <param name="state">As it is there.</param>
    /// <param name="newKey">A key that was never a device's.</param>
    /// <param name="deadline">Unix seconds after which the program refuses.</param>
    public IReadOnlyList<SolanaInstruction> ScheduleKey(SolanaAddress device, in Depin.DeviceAccount state, PrivateKey newKey, ulong deadline)
    {
        var registration = new Depin.Registration((byte)newKey.Type, newKey.PublicKey.Bytes.ToArray(), state.Owner, state.ModelId, 0, state.Cell, Bytes32.Zero, Nonce: 0, deadline);
        return ScheduleKey(device, state.Token, registration, Sign(newKey, RotationDigest(registration, state.Token)));
    }

    /// <summary>Schedules a device's new key, which signed the digest elsewhere.</summary>
    public IReadOnlyList<SolanaInstruction> ScheduleKey(SolanaAddress device, ulong token, in Depin.Registration registration, byte[] signature)
    {
        var key = KeyOf(registration);
        return
        [
            .. Check(key, RotationDigest(registration, token), signature),
            new Depin.ScheduleKeyInstruction(registration, InData(key, signature)).ToInstruction(network.Program, new Depin.ScheduleKeyAccounts
            {
                Owner = registration.Owner,
                Network = network.Account,
                Device = device,
                Key = network.Device(key.DeviceId),
            }),
        ];
    }

    private static PublicKey KeyOf(in Depin.Registration registration) => PublicKey.Create((KeyType)registration.KeyType, registration.PublicKey);

    // What the program recovers itself is in its data; the rest is the runtime's.
    private static byte[] InData(PublicKey key, byte[] signature) => key.Type == KeyType.Secp256k1 ? signature : [];

    private static SolanaInstruction[] Check(PublicKey key, Bytes32 digest, byte[] signature) =>
        key.Type == KeyType.Secp256k1 ? [] : [SignatureCheck.Instruction(new SignatureCheck(key, signature, digest.ToArray()))];
}
