using System.Buffers;
using System.Text.Json;
using DePin.Abi;

namespace DePin.Chain.Evm;

/// <summary>Reads a result that the reader stands on.</summary>
/// <typeparam name="T">What it becomes.</typeparam>
public delegate T RpcResultReader<out T>(ref Utf8JsonReader reader);

/// <summary>JSON-RPC 2.0's wrapping of calls and answers.</summary>
internal static class RpcEnvelope
{
    public static ReadOnlyMemory<byte> Write(IReadOnlyList<RpcCall> calls, bool batch)
    {
        var buffer = new ArrayBufferWriter<byte>(256 * calls.Count);
        using var writer = new Utf8JsonWriter(buffer);
        if (batch) writer.WriteStartArray();
        for (var i = 0; i < calls.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc"u8, "2.0"u8);
            writer.WriteNumber("id"u8, i + 1);
            writer.WriteString("method"u8, calls[i].Method);
            writer.WriteStartArray("params"u8);
            calls[i].WriteParameters?.Invoke(writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        if (batch) writer.WriteEndArray();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>Reads the answer to one call.</summary>
    public static T ReadOne<T>(ReadOnlySpan<byte> answer, string method, RpcResultReader<T> read)
    {
        var reader = new Utf8JsonReader(answer);
        reader.Read();
        var result = ReadWellFormed(answer, ref reader, [method], (ref Utf8JsonReader r, int _) => read(ref r), out var id);
        if (id != 1) throw new JsonException("the answer is to another request");
        if (reader.Read()) throw new JsonException("more than one answer");
        return result;
    }

    /// <summary>Reads the answers to a batch, in any order; <paramref name="read"/> gets each result with the index of its call.</summary>
    public static T[] ReadBatch<T>(ReadOnlySpan<byte> answer, IReadOnlyList<RpcCall> calls, IndexedReader<T> read)
    {
        var results = new T[calls.Count];
        var seen = new bool[calls.Count];
        var methods = calls.Select(c => c.Method).ToArray();
        var reader = new Utf8JsonReader(answer);
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject) _ = ReadWellFormed(answer, ref reader, methods, read, out _); // an error for the whole
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("an array of answers was expected");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var result = ReadWellFormed(answer, ref reader, methods, read, out var id);
            if (id < 1 || id > calls.Count || seen[id - 1]) throw new JsonException("an answer is to no request of the batch");
            seen[id - 1] = true;
            results[id - 1] = result;
        }

        if (reader.TokenType != JsonTokenType.EndArray || seen.Contains(false)) throw new JsonException("answers of the batch are missing");
        return results;
    }

    public delegate T IndexedReader<T>(ref Utf8JsonReader reader, int index);

    // A value of another kind or out of range is a broken answer like any other.
    private static T ReadWellFormed<T>(ReadOnlySpan<byte> answer, ref Utf8JsonReader reader, string[] methods, IndexedReader<T> read, out int id)
    {
        try
        {
            return ReadAnswer(answer, ref reader, methods, read, out id);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new JsonException(e.Message, e);
        }
    }

    private static T ReadAnswer<T>(ReadOnlySpan<byte> answer, ref Utf8JsonReader reader, string[] methods, IndexedReader<T> read, out int id)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("an answer was expected");
        T? result = default;
        var hasResult = false;
        var (start, end) = (0, 0);
        (int Code, string Message, byte[]? Data)? error = null;
        id = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.Number) id = reader.GetInt32();
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.Null) error = ReadError(ref reader);
            }
            else if (reader.ValueTextEquals("result"u8))
            {
                reader.Read();
                hasResult = true;
                if (id > 0 && id <= methods.Length)
                {
                    result = read(ref reader, id - 1);
                    continue;
                }

                // The id comes after: come back to the result then.
                start = (int)reader.TokenStartIndex;
                reader.Skip();
                end = (int)reader.BytesConsumed;
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (error is { } e)
        {
            var failure = new RpcException(methods[Math.Clamp(id - 1, 0, methods.Length - 1)], e.Code, e.Message, e.Data);
            throw failure.Kind == RpcErrorKind.RateLimited ? new TransientRpcException(failure.Message, null, "refuses as asked too often") : failure;
        }

        if (!hasResult) throw new JsonException("an answer has neither result nor error");
        if (end == 0) return result!;
        if (id < 1 || id > methods.Length) throw new JsonException("an answer has no id");
        var inner = new Utf8JsonReader(answer[start..end]);
        inner.Read();
        return read(ref inner, id - 1);
    }

    private static (int Code, string Message, byte[]? Data) ReadError(ref Utf8JsonReader reader)
    {
        using var json = JsonDocument.ParseValue(ref reader);
        var root = json.RootElement;
        if (root.ValueKind != JsonValueKind.Object) return (0, root.ToString(), null);
        var code = root.TryGetProperty("code", out var c) && c.TryGetInt32(out var number) ? number : 0;
        var message = root.TryGetProperty("message", out var m) ? m.ToString() : "";
        byte[]? data = null;
        if (root.TryGetProperty("data", out var d))
        {
            if (d.ValueKind == JsonValueKind.Object && d.TryGetProperty("data", out var inner)) d = inner;
            if (d.ValueKind == JsonValueKind.String && d.GetString() is { } text && text.StartsWith("0x", StringComparison.Ordinal)) data = Hex.TryParse(text, out var bytes) ? bytes : null;
        }

        return (code, message.Length > 500 ? message[..500] : message, data);
    }
}

/// <summary>A JSON-RPC call: its method and what writes its parameters, if it has any.</summary>
public readonly record struct RpcCall(string Method, Action<Utf8JsonWriter>? WriteParameters = null);
