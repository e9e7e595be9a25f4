using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace DePin.Api.Operators;

/// <summary>What the deployment fixed for operators.</summary>
/// <param name="IsDevelopment">Deployed with the dev profile, which the deployer refuses off a development chain: end points may be of this machine.</param>
/// <param name="MinimumBond">Least bond, base units; null where the manifest does not say.</param>
/// <param name="ThawSeconds">Chain seconds between asking for a bond and getting it; null likewise.</param>
/// <param name="Decimals">Digits of the token after the point.</param>
internal sealed record OperatorRules(bool IsDevelopment, BigInteger? MinimumBond, long? ThawSeconds, int Decimals)
{
    // Places of OperatorRegistry's constructor arguments in their ABI encoding, in words.
    private const int MinBond = 4;
    private const int BondThaw = 5;

    public static OperatorRules Of(Network network)
    {
        if (network.Row.Manifest is not { } text) return new OperatorRules(false, null, null, network.Decimals);
        var manifest = JsonSerializer.Deserialize<JsonElement>(text);
        var development = manifest.TryGetProperty("profile", out var profile) && profile.ValueKind == JsonValueKind.String && profile.GetString() == "dev";
        // On Solana the manifest says them; on an EVM chain they are arguments of a constructor.
        if (manifest.TryGetProperty("minimumBond", out var bond) && manifest.TryGetProperty("bondThaw", out var bondThaw))
            return new OperatorRules(development, BigInteger.Parse(bond.GetString()!, CultureInfo.InvariantCulture), bondThaw.GetInt64(), network.Decimals);
        byte[] arguments = [];
        if (manifest.TryGetProperty("contracts", out var contracts) && contracts.TryGetProperty("OperatorRegistry", out var registry) && registry.TryGetProperty("arguments", out var words) && words.GetString() is { } hex)
            arguments = Convert.FromHexString(hex.StartsWith("0x", StringComparison.Ordinal) ? hex.AsSpan(2) : hex);
        return new OperatorRules(development, Word(arguments, MinBond), Word(arguments, BondThaw) is { } thaw && thaw <= long.MaxValue ? (long)thaw : null, network.Decimals);
    }

    /// <summary>Base units as tokens for a person, cut to four digits after the point.</summary>
    public string Tokens(BigInteger amount)
    {
        var whole = BigInteger.DivRem(amount, BigInteger.Pow(10, Decimals), out var rest);
        var digits = rest.ToString(CultureInfo.InvariantCulture).PadLeft(Decimals, '0').PadRight(4, '0')[..4].TrimEnd('0');
        return whole.ToString(CultureInfo.InvariantCulture) + (digits.Length > 0 ? "." + digits : "");
    }

    private static BigInteger? Word(byte[] arguments, int index) => arguments.Length >= 32 * (index + 1) ? new BigInteger(arguments.AsSpan(32 * index, 32), isUnsigned: true, isBigEndian: true) : null;
}
