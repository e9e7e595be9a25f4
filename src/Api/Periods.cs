using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using DePin.Storage.Read;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api;

/// <summary>The parameters <c>from</c> (inclusive) and <c>to</c> (exclusive) of lists: times as RFC 3339 writes them, always with their offset.</summary>
public static class Periods
{
    private static readonly string[] Forms = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    /// <summary>Reads both; neither restricts where it is left out.</summary>
    public static bool TryRead(string? from, string? to, out Period period, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        period = default;
        if (!TryMoment("from", from, out var first, out problem) || !TryMoment("to", to, out var end, out problem)) return false;
        if (end <= first)
        {
            problem = Problems.BadParameter("to", "later than 'from'");
            return false;
        }

        period = new Period(first, end);
        return true;
    }

    /// <summary>Reads both as the epochs that begin in that time, by the network's clock.</summary>
    public static bool TryRead(Network network, string? from, string? to, out EpochRange epochs, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        epochs = default;
        if (!TryRead(from, to, out var period, out problem)) return false;
        if (period == default) return true;
        if (network.Clock is not { } clock)
        {
            problem = Problems.NotYet("no-clock", "When the network's epochs are is not known here yet: the indexer publishes it with the deployment. Leave 'from' and 'to' out, or try again when /v1/network has a clock.");
            return false;
        }

        epochs = new EpochRange(FirstBeginningAt(period.FromSeconds), FirstBeginningAt(period.ToSeconds));
        return true;

        // Epoch 1 begins with the genesis; none does before.
        long? FirstBeginningAt(long? second) => second is not { } at ? null : at <= clock.Genesis ? 1 : 1 + ((at - clock.Genesis + clock.EpochSeconds - 1) / clock.EpochSeconds);
    }

    private static bool TryMoment(string parameter, string? text, out DateTimeOffset? moment, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        (moment, problem) = (null, null);
        if (text is null) return true;
        if (DateTimeOffset.TryParseExact(text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var read))
        {
            moment = read;
            return true;
        }

        problem = Problems.BadParameter(parameter, "a time such as 2026-11-01T00:00:00Z or 2026-11-01T01:00:00%2B01:00 (a plus sign in a URL is written %2B)");
        return false;
    }
}
