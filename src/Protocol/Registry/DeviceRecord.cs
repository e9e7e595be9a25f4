using DePin.Cryptography;

namespace DePin.Protocol.Registry;

/// <summary>A device's standing at the anchor. The numbers are those of the contract.</summary>
public enum DeviceStatus : byte
{
    None = 0,
    Active = 1,
    Suspended = 2,
    Retired = 3,
}

/// <summary>
/// What a resource class may know of a device: never who owns it or who is paid. Compared by value, so that a cached item verdict can be
/// kept under (proof id, this).
/// </summary>
/// <param name="Id">Of the current key.</param>
/// <param name="Class">Of its model: the one class that it proves for.</param>
/// <param name="Model">The contract's number of the model.</param>
/// <param name="Capabilities">Class-defined bit set of the model.</param>
/// <param name="CadenceSeconds">Seconds between proofs as designed; 0 = irregular.</param>
/// <param name="Cell">Asserted H3 cell; 0 = unknown.</param>
/// <param name="RegisteredAt">Chain time of registration, in seconds.</param>
/// <param name="Metadata">The 32 bytes given at registration; a class may define them.</param>
public sealed record DeviceView(
    DeviceId Id, ClassId Class, uint Model, uint Capabilities, uint CadenceSeconds, ulong Cell, ulong RegisteredAt, Bytes32 Metadata);

/// <summary>A device of the registry at the anchor.</summary>
/// <param name="View">What classes see.</param>
/// <param name="TokenId">Its token: older tokens are covered by stake first.</param>
/// <param name="Owner">The holder of the token: provider and payout account.</param>
/// <param name="Status">Only active devices earn.</param>
/// <param name="KeyType">Of the current key.</param>
/// <param name="PublicKey">64 bytes x · y, or 32 for Ed25519.</param>
public sealed record DeviceRecord(
    DeviceView View, ulong TokenId, AccountId Owner, DeviceStatus Status, KeyType KeyType, ReadOnlyMemory<byte> PublicKey)
{
    /// <summary>Of the current key.</summary>
    public DeviceId Id => View.Id;

    /// <summary>keccak(key type u8 · public key): what <see cref="Id"/> must be.</summary>
    public static DeviceId IdOf(KeyType keyType, ReadOnlySpan<byte> publicKey) => new(Keccak256.Hash([(byte)keyType], publicKey));
}

/// <summary>A provider's active stake at the anchor, own and delegated, in base units.</summary>
public readonly record struct ProviderStake(AccountId Provider, UInt128 Amount);
