using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api;

/// <summary>One page of a list in key order, and where the next one begins.</summary>
/// <param name="Items">At most the asked number.</param>
/// <param name="Next">Opaque; null on the last page.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>
/// Keyset pagination: a cursor names the last key seen, so that pages neither skip nor repeat a row while others are added, and page 10,000 costs what
/// page 1 costs. The cursor is base64url of the list's name and its key parts.
/// </summary>
public static class Paging
{
    /// <summary>Items a page when none are asked for.</summary>
    public const int DefaultLimit = 50;

    /// <summary>Most items a page.</summary>
    public const int MaxLimit = 500;

    /// <summary>Checks <paramref name="limit"/> and decodes <paramref name="cursor"/> into <paramref name="keys"/> text parts; null keys on the first page.</summary>
    public static bool TryRead(string list, int? limit, string? cursor, int keys, out int take, out string[]? after, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        take = limit ?? DefaultLimit;
        after = null;
        problem = null;
        if (take is < 1 or > MaxLimit)
        {
            problem = Problems.BadParameter("limit", string.Create(CultureInfo.InvariantCulture, $"a number from 1 to {MaxLimit}"));
            return false;
        }

        if (cursor is null) return true;
        if (cursor.Length <= 1024 && Base64Url.IsValid(cursor))
        {
            var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)).Split('|');
            if (parts.Length == keys + 1 && parts[0] == list)
            {
                after = parts[1..];
                return true;
            }
        }

        problem = Problems.BadCursor();
        return false;
    }

    /// <summary>Cuts the one row too many that the query asked for and turns the last kept one into a cursor.</summary>
    public static Page<TItem> Cut<TRow, TItem>(string list, IReadOnlyList<TRow> rows, int take, Func<TRow, TItem> item, Func<TRow, string[]> key)
    {
        var kept = rows.Count > take ? take : rows.Count;
        var items = new TItem[kept];
        for (var i = 0; i < kept; i++) items[i] = item(rows[i]);
        var next = rows.Count > take ? Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Join('|', [list, .. key(rows[kept - 1])]))) : null;
        return new Page<TItem>(items, next);
    }
}
