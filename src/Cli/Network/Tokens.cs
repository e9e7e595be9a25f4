using System.Globalization;
using System.Numerics;

namespace DePin.Cli.Network;

/// <summary>Amounts as people write them: tokens with up to 18 decimals.</summary>
public static class Tokens
{
    private static readonly BigInteger One = BigInteger.Pow(10, 18);

    /// <summary>Base units as tokens, trailing zeros dropped.</summary>
    public static string Show(BigInteger baseUnits)
    {
        var whole = BigInteger.DivRem(baseUnits, One, out var rest);
        var digits = rest.ToString("D18", CultureInfo.InvariantCulture).TrimEnd('0');
        return whole.ToString("N0", CultureInfo.InvariantCulture) + (digits.Length > 0 ? "." + digits : "");
    }

    /// <summary>Base units given as decimal text.</summary>
    public static string Show(string? baseUnits) => Show(BigInteger.Parse(baseUnits ?? "0", CultureInfo.InvariantCulture));

    /// <summary>Reads <c>12.5</c> tokens as base units.</summary>
    /// <exception cref="CliException">It is no positive amount.</exception>
    public static UInt128 Parse(string text)
    {
        var parts = text.Split('.');
        if (parts.Length <= 2 && UInt128.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var whole) && whole < UInt128.MaxValue / (UInt128)One
            && (parts.Length == 1 || (parts[1].Length is > 0 and <= 18 && parts[1].All(char.IsAsciiDigit))))
        {
            var amount = (whole * (UInt128)One) + (parts.Length == 1 ? 0 : UInt128.Parse(parts[1].PadRight(18, '0'), CultureInfo.InvariantCulture));
            if (amount > 0) return amount;
        }

        throw new CliException($"'{text}' is no amount of tokens: write 100 or 12.5 (at most 18 decimals).", ExitCodes.Usage);
    }
}
