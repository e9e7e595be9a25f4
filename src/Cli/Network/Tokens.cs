using System.Globalization;
using System.Numerics;

namespace DePin.Cli.Network;

/// <summary>Amounts as people write them: tokens with as many decimals as the network's token has.</summary>
public static class Tokens
{
    /// <summary>Of a token on an EVM chain.</summary>
    public const byte EvmDecimals = 18;

    /// <summary>Base units as tokens, trailing zeros dropped.</summary>
    public static string Show(BigInteger baseUnits, byte decimals = EvmDecimals)
    {
        var whole = BigInteger.DivRem(baseUnits, BigInteger.Pow(10, decimals), out var rest);
        var digits = decimals == 0 ? "" : rest.ToString($"D{decimals}", CultureInfo.InvariantCulture).TrimEnd('0');
        return whole.ToString("N0", CultureInfo.InvariantCulture) + (digits.Length > 0 ? "." + digits : "");
    }

    /// <summary>Base units given as decimal text.</summary>
    public static string Show(string? baseUnits) => Show(BigInteger.Parse(baseUnits ?? "0", CultureInfo.InvariantCulture));

    /// <summary>Reads <c>12.5</c> tokens as base units.</summary>
    /// <exception cref="CliException">It is no positive amount.</exception>
    public static UInt128 Parse(string text, byte decimals = EvmDecimals)
    {
        var one = (UInt128)BigInteger.Pow(10, decimals);
        var parts = text.Split('.');
        if (parts.Length <= 2 && UInt128.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var whole) && whole < UInt128.MaxValue / one
            && (parts.Length == 1 || (parts[1].Length > 0 && parts[1].Length <= decimals && parts[1].All(char.IsAsciiDigit))))
        {
            var amount = (whole * one) + (parts.Length == 1 ? 0 : UInt128.Parse(parts[1].PadRight(decimals, '0'), CultureInfo.InvariantCulture));
            if (amount > 0) return amount;
        }

        throw new CliException($"'{text}' is no amount of tokens: write 100 or 12.5 (at most {decimals} decimals).", ExitCodes.Usage);
    }
}
