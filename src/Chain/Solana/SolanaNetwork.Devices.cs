using System.Buffers.Binary;
using DePin.Abi.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Solana;

/// <content>Devices and stakes.</content>
public sealed partial class SolanaNetwork
{
    /// <summary>Counts models, batches and devices: the registry of what devices sign.</summary>
    public SolanaAddress Registry => Depin.Addresses.Registry(Program, Account);

    /// <summary>The rules of the providers' stakes.</summary>
    public SolanaAddress Staking => Depin.Addresses.Staking(Program, Account);

    /// <summary>Who vouches for devices.</summary>
    public SolanaAddress Maker(uint makerId) => Depin.Addresses.Maker(Program, Account, makerId);

    /// <summary>What devices are, from 1.</summary>
    public SolanaAddress Model(uint modelId) => Depin.Addresses.Model(Program, Account, modelId);

    /// <summary>Devices approved in bulk, from 1.</summary>
    public SolanaAddress Batch(ulong batchId)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, batchId);
        return Find("batch"u8, bytes);
    }

    /// <summary>What stands for a key: a device at the id of its first key, a <see cref="Depin.DeviceKeyAccount"/> at that of any later one.</summary>
    public SolanaAddress Device(Bytes32 deviceId) => Find("device"u8, deviceId.ToArray());

    /// <summary>A provider's shares.</summary>
    public SolanaAddress Pool(SolanaAddress provider) => Depin.Addresses.Pool(Program, Account, provider);

    /// <summary>A staker's shares in a provider's pool.</summary>
    public SolanaAddress Position(SolanaAddress provider, SolanaAddress staker) => Depin.Addresses.Position(Program, Account, provider, staker);
}
