using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace DePin.Protocol.Parameters;

/// <summary>A parameter document cannot be used; the message names the key and says what it must be.</summary>
public sealed class ParameterException(string path, string problem) : FormatException($"Network parameter '{path}' {problem}.");

/// <summary>
/// One object of the network's parameter document: integers, strings, lists and objects of them. A reader takes what it knows and
/// then calls <see cref="End"/>, so that a misspelt key is an error, not a default.
/// </summary>
public sealed class ParameterObject
{
    private readonly SortedDictionary<string, object> _values;
    private readonly SortedSet<string> _taken = new(StringComparer.Ordinal);

    private ParameterObject(string path, SortedDictionary<string, object> values)
    {
        Path = path;
        _values = values;
    }

    /// <summary>Where it stands in the document, for messages.</summary>
    public string Path { get; }

    /// <summary>An object without keys.</summary>
    public static ParameterObject Empty { get; } = new("", new SortedDictionary<string, object>(StringComparer.Ordinal));

    /// <summary>Reads a JSON object of integers (of 64 bits), strings, lists and objects; nothing else may occur in it.</summary>
    /// <exception cref="ParameterException">It is not JSON, or holds fractions, exponents, booleans, nulls or a key twice.</exception>
    public static ParameterObject Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? Read(document.RootElement, "")
                : throw new ParameterException("", "is not a JSON object");
        }
        catch (JsonException error)
        {
            throw new ParameterException("", $"is not JSON: {error.Message}");
        }
    }

    /// <summary>Whether the key is present.</summary>
    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>A required integer within bounds.</summary>
    public long Number(string key, long minimum, long maximum) => Bounded(key, Required(key), minimum, maximum);

    /// <summary>An integer within bounds, or <paramref name="absent"/> where the key is missing.</summary>
    public long Number(string key, long minimum, long maximum, long absent) =>
        Optional(key) is { } value ? Bounded(key, value, minimum, maximum) : absent;

    /// <summary>A required string.</summary>
    public string Text(string key) => Required(key) as string ?? throw new ParameterException(PathOf(key), "must be a string");

    /// <summary>A string, or <paramref name="absent"/> where the key is missing.</summary>
    public string Text(string key, string absent) =>
        Optional(key) is { } value ? value as string ?? throw new ParameterException(PathOf(key), "must be a string") : absent;

    /// <summary>A required amount in base units: a string of decimal digits below 2^128.</summary>
    public UInt128 Amount(string key)
    {
        var text = Text(key);
        var canonical = text.Length > 0 && text.All(char.IsAsciiDigit) && (text.Length == 1 || text[0] != '0');
        return canonical && UInt128.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var amount)
            ? amount
            : throw new ParameterException(PathOf(key), "must be a string of decimal digits, without leading zeros, below 2^128");
    }

    /// <summary>A required list of integers within bounds.</summary>
    public ImmutableArray<long> Numbers(string key, long minimum, long maximum) =>
        [.. List(key).Select((value, i) => Bounded($"{key}[{i}]", value, minimum, maximum))];

    /// <summary>A required list of strings.</summary>
    public ImmutableArray<string> Texts(string key) =>
        [.. List(key).Select((value, i) => value as string ?? throw new ParameterException(PathOf($"{key}[{i}]"), "must be a string"))];

    /// <summary>A required object.</summary>
    public ParameterObject Child(string key) => Required(key) as ParameterObject ?? throw new ParameterException(PathOf(key), "must be an object");

    /// <summary>An object, or an empty one where the key is missing.</summary>
    public ParameterObject ChildOrEmpty(string key) => Has(key) ? Child(key) : Empty;

    /// <summary>A required list of objects.</summary>
    public ImmutableArray<ParameterObject> Children(string key) =>
        [.. List(key).Select((value, i) => value as ParameterObject ?? throw new ParameterException(PathOf($"{key}[{i}]"), "must be an object"))];

    /// <summary>A list of objects, or an empty one where the key is missing.</summary>
    public ImmutableArray<ParameterObject> ChildrenOrNone(string key)
    {
        if (Has(key)) return Children(key);
        Optional(key); // known, though absent: a message about another key lists it
        return [];
    }

    /// <summary>The keys present, in ordinal order, for objects that map names.</summary>
    public ImmutableArray<string> Keys => [.. _values.Keys];

    /// <summary>Every key must have been read.</summary>
    /// <exception cref="ParameterException">A key is unknown.</exception>
    public void End()
    {
        lock (_taken)
        {
            foreach (var key in _values.Keys)
            {
                if (!_taken.Contains(key)) throw new ParameterException(PathOf(key), $"is unknown here; known are: {string.Join(", ", _taken)}");
            }
        }
    }

    /// <summary>Writes the canonical form: keys in ordinal order, no white space.</summary>
    internal void Write(Utf8JsonWriter writer) => WriteValue(writer, this);

    private static void WriteValue(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case long number:
                writer.WriteNumberValue(number);
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case ParameterObject child:
                writer.WriteStartObject();
                foreach (var (key, element) in child._values)
                {
                    writer.WritePropertyName(key);
                    WriteValue(writer, element);
                }
                writer.WriteEndObject();
                break;
            default:
                writer.WriteStartArray();
                foreach (var element in (ImmutableArray<object>)value) WriteValue(writer, element);
                writer.WriteEndArray();
                break;
        }
    }

    private static ParameterObject Read(JsonElement element, string path)
    {
        var values = new SortedDictionary<string, object>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            var child = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
            if (!values.TryAdd(property.Name, ReadValue(property.Value, child))) throw new ParameterException(child, "occurs twice");
        }
        return new ParameterObject(path, values);
    }

    private static object ReadValue(JsonElement element, string path) => element.ValueKind switch
    {
        JsonValueKind.String => Plain(element.GetString()!, path),
        JsonValueKind.Number when IsInteger(element.GetRawText()) && element.TryGetInt64(out var number) => number,
        JsonValueKind.Object => Read(element, path),
        JsonValueKind.Array => element.EnumerateArray().Select((child, i) => ReadValue(child, $"{path}[{i}]")).ToImmutableArray(),
        _ => throw new ParameterException(path, "must be an integer of 64 bits, a string, a list or an object"),
    };

    // One number, one spelling: 1.0, 1e3 and -0 have others.
    private static bool IsInteger(string text) => text != "-0" && text.AsSpan(text[0] == '-' ? 1 : 0).IndexOfAnyExceptInRange('0', '9') < 0;

    // Strings outside printable ASCII would need a rule for their escapes and normal form.
    private static string Plain(string text, string path) =>
        text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 ? text : throw new ParameterException(path, "must hold printable ASCII only");

    private ImmutableArray<object> List(string key) =>
        Required(key) is ImmutableArray<object> list ? list : throw new ParameterException(PathOf(key), "must be a list");

    private long Bounded(string key, object value, long minimum, long maximum) =>
        value is long number && number >= minimum && number <= maximum
            ? number
            : throw new ParameterException(PathOf(key), $"must be an integer from {minimum} to {maximum}");

    private object Required(string key) => Optional(key) ?? throw new ParameterException(PathOf(key), "is missing");

    private object? Optional(string key)
    {
        lock (_taken) _taken.Add(key);
        return _values.GetValueOrDefault(key);
    }

    private string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";
}
