using DePin.Abi;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;

namespace DePin.Sdk.Registration;

/// <summary>What a device and, where asked, its maker sign so that an EVM registry takes the device in.</summary>
public sealed class DeviceRegistration(UInt256 chainId, Address registry)
{
    private readonly Bytes32 domain = TypedData.DomainSeparator("DePIN DeviceRegistry", "1", chainId, registry);

    /// <summary>Signed arguments of <c>register</c>.</summary>
    /// <param name="device">The device's key. For Ed25519 the maker vouches instead, since no precompile checks that curve.</param>
    /// <param name="owner">Who owns the device and is paid for it.</param>
    /// <param name="modelId">Model, which names maker and class.</param>
    /// <param name="cell">H3 cell, 0 = unknown.</param>
    /// <param name="batch">Batch id and the device's proof in it, or null where the maker signs.</param>
    /// <param name="maker">The maker's key; needed for Ed25519 and without a batch.</param>
    /// <param name="deadline">Unix seconds after which the registry refuses.</param>
    /// <exception cref="InvalidOperationException">The maker's key is needed and missing.</exception>
    public DeviceRegistry.RegisterCall Sign(PrivateKey device, Address owner, uint modelId, ulong cell, (ulong Id, Bytes32[] Proof)? batch, PrivateKey? maker, ulong deadline)
    {
        var registration = new DeviceRegistry.Registration(
            (byte)device.Type, device.PublicKey.Bytes.ToArray(), owner, modelId, batch?.Id ?? 0, cell, Bytes32.Zero, Nonce: 0, deadline);
        var digest = Digest(registration, device.PublicKey.DeviceId);
        var needsMaker = batch is null || device.Type == KeyType.Ed25519;
        if (needsMaker && maker is null)
            throw new InvalidOperationException("This registration needs the maker's signature: an Ed25519 key cannot sign for itself on chain, and a device outside a batch is unknown. Pass the maker's key file.");
        return new DeviceRegistry.RegisterCall(
            registration,
            device.Type == KeyType.Ed25519 ? [] : device.SignRegistration(digest),
            needsMaker ? LongForm(maker!.SignDigest(digest)) : [],
            batch?.Proof ?? []);
    }

    /// <summary>EIP-712 digest of a registration: what <c>registrationDigest</c> of the registry returns.</summary>
    public Bytes32 Digest(in DeviceRegistry.Registration registration, Bytes32 deviceId) => TypedData.Digest(domain, DeviceAction.Hash(
        token: 0, deviceId, Bytes32.LeftPad(registration.Owner.AsSpan()), registration.ModelId, registration.BatchId, registration.Cell, registration.Metadata, registration.Nonce, registration.Deadline));

    // r · s · v: the form that contract wallets and SignatureChecker alike understand.
    private static byte[] LongForm(CompactSignature signature)
    {
        var bytes = signature.ToArray();
        var parity = (byte)(bytes[32] >> 7);
        bytes[32] &= 0x7f;
        return [.. bytes, (byte)(27 + parity)];
    }
}
