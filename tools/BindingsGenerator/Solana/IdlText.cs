using System.Text;
using System.Text.Json;

namespace DePin.BindingsGenerator.Solana;

/// <summary>Finds the JSON of an IDL in what programs publish: the JSON itself, or Anchor's TypeScript of it (target/types/*.ts and the .d.ts that npm packages carry).</summary>
internal static class IdlText
{
    private static readonly JsonDocumentOptions Options = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 64 };

    /// <exception cref="InvalidDataException">It is neither.</exception>
    public static JsonDocument Parse(string text)
    {
        try
        {
            return JsonDocument.Parse(text.AsSpan().TrimStart().StartsWith("{") ? text : FirstObject(text), Options);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"Not an IDL: {e.Message}", e);
        }
    }

    // The first object literal behind a '=': its members end in ';' (a type) or ',' (a value), its strings are JSON's.
    private static string FirstObject(string text)
    {
        var start = text.IndexOf("= {", StringComparison.Ordinal);
        if (start < 0) throw new InvalidDataException("Not an IDL: neither JSON nor TypeScript with '= {'.");
        var result = new StringBuilder();
        var depth = 0;
        for (var i = start + 2; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '"')
            {
                var end = i + 1;
                while (end < text.Length && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
                result.Append(text.AsSpan(i, Math.Min(end + 1, text.Length) - i));
                i = end;
                continue;
            }

            result.Append(c == ';' ? ',' : c);
            if (c is '{' or '[') depth++;
            if (c is '}' or ']' && --depth == 0) return result.ToString();
        }

        throw new InvalidDataException("Not an IDL: its TypeScript object does not end.");
    }
}
