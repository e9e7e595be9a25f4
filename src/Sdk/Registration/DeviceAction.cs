using DePin.Abi;
using DePin.Cryptography;

namespace DePin.Sdk.Registration;

/// <summary>
/// The structure that a device signs on every chain (docs/protocol.md, Device registration): eleven words of the EVM's ABI. An account stands in its word as the chain has it:
/// an EVM address padded on the left, a Solana address whole.
/// </summary>
internal static class DeviceAction
{
    private static readonly Bytes32 Type = TypedData.TypeHash(
        "DeviceAction(string action,uint256 tokenId,bytes32 deviceId,address owner,uint32 modelId,uint64 batchId,uint64 cell,bytes32 metadata,uint64 nonce,uint64 deadline)");

    private static readonly Bytes32 Register = Keccak256.Hash("register"u8);
    private static readonly Bytes32 Rotate = Keccak256.Hash("rotate"u8);

    /// <summary>keccak of the structure.</summary>
    /// <param name="token">0 registers; else the device whose key is replaced.</param>
    public static Bytes32 Hash(ulong token, Bytes32 deviceId, Bytes32 owner, uint modelId, ulong batchId, ulong cell, Bytes32 metadata, ulong nonce, ulong deadline)
    {
        var encoder = new AbiEncoder([], 11);
        encoder.Bytes32(Type);
        encoder.Bytes32(token == 0 ? Register : Rotate);
        encoder.UInt(token);
        encoder.Bytes32(deviceId);
        encoder.Bytes32(owner);
        encoder.UInt(modelId);
        encoder.UInt(batchId);
        encoder.UInt(cell);
        encoder.Bytes32(metadata);
        encoder.UInt(nonce);
        encoder.UInt(deadline);
        return Keccak256.Hash(encoder.ToArray());
    }
}
