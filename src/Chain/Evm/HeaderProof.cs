using System.Text.Json;
using DePin.Abi;
using DePin.Cryptography;

namespace DePin.Chain.Evm;

/// <summary>
/// Whether a header's fields are those that its hash was made of: the Keccak-256 of their RLP (Ethereum yellow paper, 4.4; EIP-1559, 4895, 4844, 4788 and
/// 7685 append one or two each). A header that proves itself cannot be forged without its hash, so that parent hashes carry the trust in one block down to
/// all before it. Chains with other fields prove nothing; their headers are compared instead.
/// </summary>
internal struct HeaderProof()
{
    // In the order in which they are hashed; null at the end = the chain has none of the later ones.
    private static readonly (byte[] Name, bool IsNumber)[] Fields =
    [
        ("parentHash"u8.ToArray(), false), ("sha3Uncles"u8.ToArray(), false), ("miner"u8.ToArray(), false), ("stateRoot"u8.ToArray(), false),
        ("transactionsRoot"u8.ToArray(), false), ("receiptsRoot"u8.ToArray(), false), ("logsBloom"u8.ToArray(), false), ("difficulty"u8.ToArray(), true),
        ("number"u8.ToArray(), true), ("gasLimit"u8.ToArray(), true), ("gasUsed"u8.ToArray(), true), ("timestamp"u8.ToArray(), true),
        ("extraData"u8.ToArray(), false), ("mixHash"u8.ToArray(), false), ("nonce"u8.ToArray(), false), ("baseFeePerGas"u8.ToArray(), true),
        ("withdrawalsRoot"u8.ToArray(), false), ("blobGasUsed"u8.ToArray(), true), ("excessBlobGas"u8.ToArray(), true),
        ("parentBeaconBlockRoot"u8.ToArray(), false), ("requestsHash"u8.ToArray(), false),
    ];

    private const int Required = 15;

    private readonly byte[]?[] _values = new byte[]?[Fields.Length];

    /// <summary>Keeps the value of a property if it belongs to the hash. The reader stands on the property's name and stays there.</summary>
    public readonly void See(Utf8JsonReader reader)
    {
        for (var i = 0; i < Fields.Length; i++)
        {
            if (!reader.ValueTextEquals(Fields[i].Name)) continue;
            reader.Read();
            if (reader.TokenType != JsonTokenType.Null) _values[i] = Fields[i].IsNumber ? JsonHex.Number256(ref reader).ToBytes32().ToArray() : JsonHex.Bytes(ref reader);
            return;
        }
    }

    /// <summary>Whether what was seen hashes to <paramref name="hash"/>.</summary>
    public readonly bool Makes(Bytes32 hash)
    {
        var list = new RlpWriter();
        for (var i = 0; i < Fields.Length && _values[i] is { } value; i++)
        {
            if (Fields[i].IsNumber) list.Number(new UInt256(value));
            else list.Bytes(value);
        }

        return Array.IndexOf(_values, null) is < 0 or >= Required && Keccak256.Hash(list.ToArray()) == hash;
    }
}
