using System.Collections.Immutable;
using System.Text.Json;
using DePin.Abi.Solana;
using DePin.Chain.Rpc;
using DePin.Cryptography;

namespace DePin.Chain.Solana;

/// <summary>Reads parts of answers. What is not as it should be is a <see cref="JsonException"/>: a broken answer, which the client asks for again.</summary>
internal static class SolanaJson
{
    /// <summary>A reader of a whole result.</summary>
    public static RpcResultReader<T> Reader<T>(Func<JsonElement, T> read) => (ref Utf8JsonReader reader) =>
    {
        using var json = JsonDocument.ParseValue(ref reader);
        return Guard(json.RootElement, read);
    };

    /// <summary>A reader of a result that comes with its slot.</summary>
    public static RpcResultReader<SolanaContext<T>> ContextReader<T>(Func<JsonElement, T> read) =>
        Reader(result => new SolanaContext<T>(result.GetProperty("context").GetProperty("slot").GetUInt64(), read(result.GetProperty("value"))));

    /// <summary>Runs a reader; a missing member or one of another kind is a broken answer.</summary>
    public static T Guard<T>(JsonElement element, Func<JsonElement, T> read)
    {
        try
        {
            return read(element);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException or IndexOutOfRangeException or OverflowException or ArgumentException)
        {
            throw new JsonException("an answer of another form was expected", e);
        }
    }

    public static SolanaAddress Address(JsonElement element) => SolanaAddress.Parse(element.GetString() ?? throw new JsonException("an address was expected"));

    public static Bytes32 Hash(JsonElement element) => Address(element).ToBytes32();

    /// <summary>64 bytes in base58, given back as they were written.</summary>
    public static TransactionId Id(JsonElement element)
    {
        var text = element.GetString() ?? throw new JsonException("a signature was expected");
        Span<byte> bytes = stackalloc byte[64];
        return Base58.TryDecode(text, bytes) ? new TransactionId(text) : throw new JsonException("a signature of 64 bytes was expected");
    }

    /// <summary>["…", "base64"].</summary>
    public static byte[] Bytes(JsonElement element) => element.ValueKind == JsonValueKind.Array && element[1].GetString() == "base64"
        ? element[0].GetBytesFromBase64()
        : throw new JsonException("bytes in base64 were expected");

    public static ulong? OptionalU64(JsonElement parent, string name) => Given(parent, name) is { } value ? value.GetUInt64() : null;

    public static long? OptionalI64(JsonElement parent, string name) => Given(parent, name) is { } value ? value.GetInt64() : null;

    public static JsonElement? Given(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static SolanaTransactionError? Error(JsonElement parent) => parent.TryGetProperty("err", out var error)
        ? SolanaTransactionError.Read(error)
        : throw new JsonException("a transaction's err is missing");

    public static ImmutableArray<T> Array<T>(JsonElement element, Func<JsonElement, T> read) => [.. element.EnumerateArray().Select(read)];

    public static ImmutableArray<string> Lines(JsonElement parent, string name) =>
        Given(parent, name) is { } lines ? Array(lines, l => l.GetString() ?? "") : default;

    public static Finality Commitment(JsonElement element) => element.GetString() switch
    {
        "processed" => Finality.Latest,
        "confirmed" => Finality.Safe,
        "finalized" => Finality.Finalized,
        _ => throw new JsonException("a commitment was expected"),
    };

    public static string Name(Finality finality) => finality switch
    {
        Finality.Latest => "processed",
        Finality.Safe => "confirmed",
        Finality.Finalized => "finalized",
        _ => throw new ArgumentOutOfRangeException(nameof(finality)),
    };
}
