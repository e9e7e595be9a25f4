using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Serialization;
using DePin.Abi.Solana;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Geo;
using DePin.Protocol.Reports;

namespace DePin.Client;

/// <summary>How answers are written: ids and hashes as 0x-hex, accounts, transactions and blocks as their chain writes them, amounts as decimal text, names in camel case. Members that lack, and nulls where none belong, are errors.</summary>
public static class ApiJson
{
    /// <summary>Reads answers, and writes them as the API does. Members that this version does not know are passed over.</summary>
    public static JsonSerializerOptions Options { get; } = Create(JsonUnmappedMemberHandling.Skip);

    internal static JsonSerializerOptions Strict { get; } = Create(JsonUnmappedMemberHandling.Disallow);

    private static JsonSerializerOptions Create(JsonUnmappedMemberHandling unmapped)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            UnmappedMemberHandling = unmapped,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            Converters =
            {
                new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false),
                new TextConverter<Address>(Address.Parse), new TextConverter<ChainAddress>(ChainAddress.Parse), new TextConverter<TransactionName>(TransactionName.Parse),
                new TextConverter<Bytes32>(Bytes32.Parse),
                new TextConverter<DeviceId>(static text => new DeviceId(Bytes32.Parse(text))), new TextConverter<ProofId>(static text => new ProofId(Bytes32.Parse(text))),
                new TextConverter<NetworkId>(static text => new NetworkId(Bytes32.Parse(text))), new TextConverter<ConfigDigest>(static text => new ConfigDigest(Bytes32.Parse(text))),
                new TextConverter<ReportDigest>(static text => new ReportDigest(Bytes32.Parse(text))),
                new TextConverter<TokenAmount>(static text => new TokenAmount(Digits(text))), new TextConverter<BigInteger>(Digits),
                new TextConverter<H3Cell>(static text => new H3Cell(ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)), static cell => cell.Value.ToString("x", CultureInfo.InvariantCulture)),
                new TextConverter<ReadOnlyMemory<byte>>(static text => text.StartsWith("0x", StringComparison.Ordinal) ? Convert.FromHexString(text.AsSpan(2)) : throw new FormatException(),
                    static bytes => "0x" + Convert.ToHexStringLower(bytes.Span)),
                new NumberConverter<Epoch>(static n => new Epoch((ulong)n), static epoch => (long)epoch.Value), new NumberConverter<Generation>(static n => new Generation((ulong)n), static generation => (long)generation.Value),
                new NumberConverter<ClassId>(static n => new ClassId(checked((ushort)n)), static id => id.Value), new NumberConverter<TokenId>(static n => new TokenId(n), static id => id.Value),
                new NumberConverter<MakerId>(static n => new MakerId(n), static id => id.Value), new NumberConverter<ModelId>(static n => new ModelId(n), static id => id.Value),
            },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    private static BigInteger Digits(string text) => BigInteger.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private sealed class TextConverter<T>(Func<string, T> parse, Func<T, string>? format = null) : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException($"A {typeof(T).Name} is text, not {reader.TokenType}.");
            try
            {
                return parse(text);
            }
            catch (Exception problem) when (problem is FormatException or OverflowException)
            {
                throw new JsonException($"'{(text.Length > 80 ? text[..80] + "…" : text)}' is no {typeof(T).Name}.", problem);
            }
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(format is null ? value!.ToString() : format(value));
    }

    private sealed class NumberConverter<T>(Func<long, T> make, Func<T, long> number) : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var value) || value < 0) throw new JsonException($"A {typeof(T).Name} is a whole number of at least 0.");
            try
            {
                return make(value);
            }
            catch (OverflowException problem)
            {
                throw new JsonException($"{value} is no {typeof(T).Name}.", problem);
            }
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteNumberValue(number(value));
    }
}

/// <summary>A 64-bit counter, which is text because a browser's numbers end at 2⁵³.</summary>
internal sealed class CounterConverter : JsonConverter<ulong>
{
    public override ulong Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && ulong.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw new JsonException("A counter is decimal text.");

    public override void Write(Utf8JsonWriter writer, ulong value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
}

/// <summary>A block's hash as its chain writes it: 0x-hex, or base58 on Solana. It is written as 0x-hex.</summary>
internal sealed class BlockHashConverter : JsonConverter<Bytes32>
{
    public override Bytes32 Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return Bytes32.TryParse(text, out var hash) ? hash : SolanaAddress.TryParse(text, out var bytes) ? bytes.ToBytes32() : throw new JsonException("A block's hash is 32 bytes, in hexadecimal or base58.");
    }

    public override void Write(Utf8JsonWriter writer, Bytes32 value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
