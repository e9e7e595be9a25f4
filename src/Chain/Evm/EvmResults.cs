using System.Text.Json;
using DePin.Abi;
using DePin.Chain.Rpc;
using DePin.Cryptography;

namespace DePin.Chain.Evm;

/// <summary>Parameters of the calls and readers of their results.</summary>
internal static class EvmResults
{
    public static RpcCall HeaderCall(BlockTag block) => block.IsHash
        ? new RpcCall("eth_getBlockByHash", w => { w.WriteStringValue(block.ToString()); w.WriteBooleanValue(false); })
        : new RpcCall("eth_getBlockByNumber", w => { w.WriteStringValue(block.ToString()); w.WriteBooleanValue(false); });

    public static RpcCall AccountCall(string method, Address account, BlockTag block) => new(method, w =>
    {
        w.WriteStringValue(account.ToString());
        block.Write(w);
    });

    public static RpcCall ContractCall(string method, EvmCall call, BlockTag block) => new(method, w =>
    {
        w.WriteStartObject();
        if (call.From is { } from) w.WriteString("from"u8, from.ToString());
        if (call.To is { } to) w.WriteString("to"u8, to.ToString());
        if (!call.Value.IsZero) w.WriteString("value"u8, Quantity(call.Value));
        w.WriteString("data"u8, Hex.ToString(call.Data.Span));
        w.WriteEndObject();
        block.Write(w);
    });

    public static RpcCall LogsCall(EvmLogFilter filter) => new("eth_getLogs", w =>
    {
        w.WriteStartObject();
        if (filter.BlockHash is { } hash)
        {
            w.WriteString("blockHash"u8, hash.ToString());
        }
        else
        {
            w.WriteString("fromBlock"u8, Quantity(filter.FromBlock));
            w.WriteString("toBlock"u8, Quantity(filter.ToBlock));
        }

        if (filter.Addresses.Count > 0)
        {
            w.WriteStartArray("address"u8);
            foreach (var address in filter.Addresses) w.WriteStringValue(address.ToString());
            w.WriteEndArray();
        }

        if (filter.Topics.Count > 0)
        {
            w.WriteStartArray("topics"u8);
            w.WriteStartArray();
            foreach (var topic in filter.Topics) w.WriteStringValue(topic.ToString());
            w.WriteEndArray();
            w.WriteEndArray();
        }

        w.WriteEndObject();
    });

    public static EvmHeader? Header(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        ulong number = 0, timestamp = 0, gasLimit = 0;
        Bytes32 hash = default, parent = default;
        UInt256? baseFee = null;
        byte[] bloom = [];
        var fields = 0;
        var proof = new HeaderProof();
        Object(ref reader);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            proof.See(reader);
            if (reader.ValueTextEquals("number"u8)) { reader.Read(); number = JsonHex.Number(ref reader); fields |= 1; }
            else if (reader.ValueTextEquals("hash"u8)) { reader.Read(); hash = JsonHex.Word(ref reader); fields |= 2; }
            else if (reader.ValueTextEquals("parentHash"u8)) { reader.Read(); parent = JsonHex.Word(ref reader); fields |= 4; }
            else if (reader.ValueTextEquals("timestamp"u8)) { reader.Read(); timestamp = JsonHex.Number(ref reader); fields |= 8; }
            else if (reader.ValueTextEquals("gasLimit"u8)) { reader.Read(); gasLimit = JsonHex.Number(ref reader); }
            else if (reader.ValueTextEquals("baseFeePerGas"u8)) { reader.Read(); if (reader.TokenType != JsonTokenType.Null) baseFee = JsonHex.Number256(ref reader); }
            else if (reader.ValueTextEquals("logsBloom"u8)) { reader.Read(); if (reader.TokenType != JsonTokenType.Null) bloom = JsonHex.Bytes(ref reader); }
            else { reader.Read(); reader.Skip(); }
        }

        if (fields != 15) throw new JsonException("a block lacks a field");
        return new EvmHeader(number, hash, parent, timestamp, baseFee, gasLimit, bloom, proof.Makes(hash));
    }

    public static EvmReceipt? Receipt(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        Bytes32 transaction = default, blockHash = default;
        ulong blockNumber = 0, status = 0, gasUsed = 0;
        UInt256 price = default;
        Address? contract = null;
        var logs = new EvmLogBatch();
        var fields = 0;
        Object(ref reader);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("transactionHash"u8)) { reader.Read(); transaction = JsonHex.Word(ref reader); fields |= 1; }
            else if (reader.ValueTextEquals("blockNumber"u8)) { reader.Read(); blockNumber = JsonHex.Number(ref reader); fields |= 2; }
            else if (reader.ValueTextEquals("blockHash"u8)) { reader.Read(); blockHash = JsonHex.Word(ref reader); fields |= 4; }
            else if (reader.ValueTextEquals("status"u8)) { reader.Read(); status = JsonHex.Number(ref reader); fields |= 8; }
            else if (reader.ValueTextEquals("gasUsed"u8)) { reader.Read(); gasUsed = JsonHex.Number(ref reader); fields |= 16; }
            else if (reader.ValueTextEquals("effectiveGasPrice"u8)) { reader.Read(); price = JsonHex.Number256(ref reader); }
            else if (reader.ValueTextEquals("contractAddress"u8)) { reader.Read(); if (reader.TokenType != JsonTokenType.Null) contract = JsonHex.Address(ref reader); }
            else if (reader.ValueTextEquals("logs"u8)) { reader.Read(); EvmLogReader.ReadArray(ref reader, logs); }
            else { reader.Read(); reader.Skip(); }
        }

        if (fields != 31) throw new JsonException("a receipt lacks a field");
        return new EvmReceipt(transaction, blockNumber, blockHash, status == 1, gasUsed, price, contract, logs);
    }

    public static EvmTransactionInfo? Transaction(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        ulong? nonce = null, blockNumber = null;
        Object(ref reader);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("nonce"u8)) { reader.Read(); nonce = JsonHex.Number(ref reader); }
            else if (reader.ValueTextEquals("blockNumber"u8)) { reader.Read(); if (reader.TokenType != JsonTokenType.Null) blockNumber = JsonHex.Number(ref reader); }
            else { reader.Read(); reader.Skip(); }
        }

        return new EvmTransactionInfo(nonce ?? throw new JsonException("a transaction lacks its nonce"), blockNumber);
    }

    private static void Object(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("an object was expected");
    }

    // Without leading zeros, as the specification of quantities asks.
    private static string Quantity(UInt256 value)
    {
        var digits = Hex.ToString(value.ToBytes32().AsSpan())[2..].TrimStart('0');
        return digits.Length == 0 ? "0x0" : $"0x{digits}";
    }
}
