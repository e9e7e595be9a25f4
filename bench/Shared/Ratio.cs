using System.Globalization;

namespace DePin.Bench;

/// <summary>A result that <c>scripts/bench</c> reads: one line, a name, a ratio to a reference of the same run, and which way is better.</summary>
internal static class Ratio
{
    /// <summary>Our rate of the reference's: more is better.</summary>
    public static void OfRate(string name, double value) => Print(name, value, "more");

    /// <summary>Our time of the reference's: less is better.</summary>
    public static void OfTime(string name, double value) => Print(name, value, "less");

    private static void Print(string name, double value, string better) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"RATIO {name} {value:F3} {better}"));
}
