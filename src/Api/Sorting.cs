using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api;

/// <summary>The parameter <c>sort</c> of lists that have more than one order.</summary>
public static class Sorting
{
    /// <summary>Reads it; the first of <paramref name="orders"/> where it is left out.</summary>
    public static bool TryRead(string? sort, string[] orders, out int order, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        order = sort is null ? 0 : Array.IndexOf(orders, sort);
        problem = order < 0 ? Problems.BadParameter("sort", string.Join(" or ", orders)) : null;
        return order >= 0;
    }
}
