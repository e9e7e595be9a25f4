using System.Buffers;
using System.Text.Json;

namespace DePin.Chain.Rpc;

/// <summary>Reads a result that the reader stands on.</summary>
/// <typeparam name="T">What it becomes.</typeparam>
public delegate T RpcResultReader<out T>(ref Utf8JsonReader reader);

/// <summary>JSON-RPC 2.0's wrapping of calls and answers.</summary>
internal static class RpcEnvelope
{
    private const int LongestMessage = 64 * 1024;

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
    public static T ReadOne<T>(ReadOnlySpan<byte> answer, string method, RpcErrorReader errors, RpcResultReader<T> read)
    {
        var reader = new Utf8JsonReader(answer);
        reader.Read();
        var result = ReadWellFormed(answer, ref reader, [method], errors, (ref Utf8JsonReader r, int _) => read(ref r), out var id);
        if (id != 1) throw new JsonException("the answer is to another request");
        if (reader.Read()) throw new JsonException("more than one answer");
        return result;
    }

    /// <summary>Reads the answers to a batch, in any order; <paramref name="read"/> gets each result with the index of its call.</summary>
    public static T[] ReadBatch<T>(ReadOnlySpan<byte> answer, IReadOnlyList<RpcCall> calls, RpcErrorReader errors, IndexedReader<T> read)
    {
        var results = new T[calls.Count];
        var seen = new bool[calls.Count];
        var methods = calls.Select(c => c.Method).ToArray();
        var reader = new Utf8JsonReader(answer);
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject) _ = ReadWellFormed(answer, ref reader, methods, errors, read, out _); // an error for the whole
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("an array of answers was expected");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var result = ReadWellFormed(answer, ref reader, methods, errors, read, out var id);
            if (id < 1 || id > calls.Count || seen[id - 1]) throw new JsonException("an answer is to no request of the batch");
            seen[id - 1] = true;
            results[id - 1] = result;
        }

        if (reader.TokenType != JsonTokenType.EndArray || seen.Contains(false)) throw new JsonException("answers of the batch are missing");
        return results;
    }

    public delegate T IndexedReader<T>(ref Utf8JsonReader reader, int index);

    // A value of another kind or out of range is a broken answer like any other.
    private static T ReadWellFormed<T>(ReadOnlySpan<byte> answer, ref Utf8JsonReader reader, string[] methods, RpcErrorReader errors, IndexedReader<T> read, out int id)
    {
        try
        {
            return ReadAnswer(answer, ref reader, methods, errors, read, out id);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new JsonException(e.Message, e);
        }
    }

    private static T ReadAnswer<T>(ReadOnlySpan<byte> answer, ref Utf8JsonReader reader, string[] methods, RpcErrorReader errors, IndexedReader<T> read, out int id)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("an answer was expected");
        T? result = default;
        var hasResult = false;
        var (start, end) = (0, 0);
        RpcError? error = null;
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

        if (error is { } e) throw errors(methods[Math.Clamp(id - 1, 0, methods.Length - 1)], e);

        if (!hasResult) throw new JsonException("an answer has neither result nor error");
        if (end == 0) return result!;
        if (id < 1 || id > methods.Length) throw new JsonException("an answer has no id");
        var inner = new Utf8JsonReader(answer[start..end]);
        inner.Read();
        return read(ref inner, id - 1);
    }

    private static RpcError ReadError(ref Utf8JsonReader reader)
    {
        using var json = JsonDocument.ParseValue(ref reader);
        var root = json.RootElement;
        if (root.ValueKind != JsonValueKind.Object) return new RpcError(0, Bounded(root.ToString()), null);
        var code = root.TryGetProperty("code", out var c) && c.ValueKind == JsonValueKind.Number && c.TryGetInt32(out var number) ? number : 0;
        var message = root.TryGetProperty("message", out var m) ? m.ToString() : "";
        return new RpcError(code, Bounded(message), root.TryGetProperty("data", out var data) ? data.Clone() : null);
    }

    private static string Bounded(string text) => text.Length > LongestMessage ? text[..LongestMessage] : text;
}

/// <summary>A JSON-RPC call: its method and what writes its parameters, if it has any.</summary>
public readonly record struct RpcCall(string Method, Action<Utf8JsonWriter>? WriteParameters = null);
