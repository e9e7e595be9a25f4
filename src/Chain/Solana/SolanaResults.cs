using System.Text.Json;
using DePin.Abi.Solana;

namespace DePin.Chain.Solana;

/// <summary>What results become.</summary>
internal static class SolanaResults
{
    private const int MostSignatures = 127; // a count of one byte; a transaction of 1,232 bytes has room for fewer

    public static SolanaBlockhash Blockhash(JsonElement value) => new(SolanaJson.Hash(value.GetProperty("blockhash")), value.GetProperty("lastValidBlockHeight").GetUInt64());

    public static SolanaAccount? OptionalAccount(JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : Account(value);

    public static SolanaAccount Account(JsonElement value)
    {
        var data = SolanaJson.Bytes(value.GetProperty("data"));
        return new SolanaAccount(
            SolanaJson.Address(value.GetProperty("owner")),
            value.GetProperty("lamports").GetUInt64(),
            value.GetProperty("executable").GetBoolean(),
            data,
            SolanaJson.OptionalU64(value, "space") ?? (ulong)data.Length);
    }

    public static SolanaKeyedAccount KeyedAccount(JsonElement value) => new(SolanaJson.Address(value.GetProperty("pubkey")), Account(value.GetProperty("account")));

    public static SolanaBlock? Block(ulong slot, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null) return null;
        var time = SolanaJson.OptionalI64(value, "blockTime");
        return new SolanaBlock(
            slot,
            value.GetProperty("parentSlot").GetUInt64(),
            SolanaJson.Hash(value.GetProperty("blockhash")),
            SolanaJson.Hash(value.GetProperty("previousBlockhash")),
            SolanaJson.OptionalU64(value, "blockHeight"),
            time,
            SolanaJson.Given(value, "transactions") is { } transactions ? SolanaJson.Array(transactions, t => Transaction(t, slot, time)) : []);
    }

    public static SolanaTransactionRecord? Transaction(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null ? null : Transaction(value, value.GetProperty("slot").GetUInt64(), SolanaJson.OptionalI64(value, "blockTime"));

    private static SolanaTransactionRecord Transaction(JsonElement value, ulong slot, long? time)
    {
        var bytes = SolanaJson.Bytes(value.GetProperty("transaction"));
        return new SolanaTransactionRecord(IdOf(bytes), slot, time, bytes, Meta(value.GetProperty("meta")));
    }

    // Number of signatures, then 64 bytes each; the first is the id.
    public static TransactionId IdOf(ReadOnlySpan<byte> transaction) => transaction.Length > 65 && transaction[0] is > 0 and <= MostSignatures
        ? new TransactionId(Base58.Encode(transaction.Slice(1, 64)))
        : throw new JsonException("a transaction with a signature was expected");

    private static SolanaTransactionMeta Meta(JsonElement meta)
    {
        var loaded = SolanaJson.Given(meta, "loadedAddresses");
        return new SolanaTransactionMeta(
            SolanaJson.Error(meta),
            meta.GetProperty("fee").GetUInt64(),
            SolanaJson.OptionalU64(meta, "computeUnitsConsumed"),
            SolanaJson.Lines(meta, "logMessages"),
            SolanaJson.Given(meta, "innerInstructions") is { } inner ? [.. inner.EnumerateArray().SelectMany(InnerInstructions)] : default,
            loaded is { } w ? SolanaJson.Array(w.GetProperty("writable"), SolanaJson.Address) : [],
            loaded is { } r ? SolanaJson.Array(r.GetProperty("readonly"), SolanaJson.Address) : []);
    }

    private static IEnumerable<SolanaInnerInstruction> InnerInstructions(JsonElement group)
    {
        var outer = group.GetProperty("index").GetInt32();
        foreach (var instruction in group.GetProperty("instructions").EnumerateArray())
        {
            var data = Base58.TryDecode(instruction.GetProperty("data").GetString(), out byte[]? bytes) ? bytes : throw new JsonException("an instruction's data in base58 were expected");
            yield return new SolanaInnerInstruction(
                outer,
                instruction.GetProperty("programIdIndex").GetInt32(),
                SolanaJson.Array(instruction.GetProperty("accounts"), a => a.GetInt32()),
                data,
                SolanaJson.Given(instruction, "stackHeight")?.GetInt32());
        }
    }

    public static SolanaSignatureInfo SignatureInfo(JsonElement value) => new(
        SolanaJson.Id(value.GetProperty("signature")),
        value.GetProperty("slot").GetUInt64(),
        SolanaJson.Error(value),
        SolanaJson.OptionalI64(value, "blockTime"),
        SolanaJson.Given(value, "confirmationStatus") is { } status ? SolanaJson.Commitment(status) : null);

    // Nodes of old gave confirmations only: null of them meant rooted.
    public static SolanaSignatureStatus? SignatureStatus(JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : new SolanaSignatureStatus(
        value.GetProperty("slot").GetUInt64(),
        SolanaJson.Error(value),
        SolanaJson.Given(value, "confirmationStatus") is { } status ? SolanaJson.Commitment(status)
            : value.GetProperty("confirmations").ValueKind == JsonValueKind.Null ? Finality.Finalized : Finality.Latest);

    public static SolanaSimulation Simulation(JsonElement value) => new(
        SolanaJson.Error(value),
        SolanaJson.Lines(value, "logs") is { IsDefault: false } logs ? logs : [],
        SolanaJson.OptionalU64(value, "unitsConsumed") ?? 0,
        SolanaJson.Given(value, "returnData") is { } returned ? SolanaJson.Bytes(returned.GetProperty("data")) : null);
}
