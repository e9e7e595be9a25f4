using System.Numerics;
using DePin.Abi;
using DePin.Protocol;

namespace DePin.Chain.Deployment;

/// <summary>What holds off a development chain, whatever the profile calls itself.</summary>
public static class ProductionBounds
{
    private const ulong Hour = 3_600;
    private const ulong Day = 24 * Hour;

    /// <summary>The constructor arguments that are bounded, with the least and the greatest value allowed.</summary>
    public static IReadOnlyList<(string Contract, string Path, ulong Minimum, ulong Maximum)> Bounds { get; } =
    [
        ("ReportVerifier", "settings.epochLength", Day, Day),
        ("ReportVerifier", "settings.challengeWindow", 24 * Hour, 14 * Day),
        ("ReportVerifier", "settings.challengeExtension", 24 * Hour, 28 * Day),
        ("RewardDistributor", "settings.breakerWindow", 24 * Hour, 7 * Day),
        ("RewardDistributor", "settings.maxFeeBps", 0, 500),
        ("PayoutRegistry", "recipientDelay", 24 * Hour, 30 * Day),
        ("DeviceRegistry", "keyDelay", 24 * Hour, 30 * Day),
        ("OperatorRegistry", "settings.bondThaw", 14 * Day, 90 * Day),
        ("OperatorRegistry", "settings.recoverySilence", 72 * Hour, 30 * Day),
        ("OperatorRegistry", "settings.reporterBps", 0, 500),
        ("ProviderStaking", "settings.thawPeriod", 14 * Day, 28 * Day),
    ];

    /// <summary>Every bound that the arguments break, in words; empty if none.</summary>
    public static IReadOnlyList<string> Violations(IReadOnlyDictionary<string, (ContractAbi Abi, IReadOnlyList<object> Arguments)> deploy, NetworkParameters parameters)
    {
        var violations = new List<string>();
        foreach (var (contract, path, minimum, maximum) in Bounds)
        {
            if (!deploy.TryGetValue(contract, out var d)) continue;
            if (Find(d.Abi.Constructor, d.Arguments, path.Split('.')) is not { } value) violations.Add($"{contract}.{path} is missing");
            else if (value < minimum || value > maximum) violations.Add($"{contract}.{path} is {value}, allowed are {minimum} to {maximum}");
        }

        // Ten days' emission is the most that the breaker may ever let out in its window.
        if (deploy.TryGetValue("RewardDistributor", out var distributor) && deploy.TryGetValue("EmissionController", out var emission)
            && Find(distributor.Abi.Constructor, distributor.Arguments, ["settings", "maxCapacity"]) is { } capacity
            && Find(emission.Abi.Constructor, emission.Arguments, ["base"]) is { } daily && capacity > daily * 10)
            violations.Add($"RewardDistributor.settings.maxCapacity is {capacity}, allowed is ten times the first epoch's emission, {daily * 10}");
        violations.AddRange(ParameterBounds.Violations(parameters));
        return violations;
    }

    internal static BigInteger? Find(IReadOnlyList<AbiParameter> parameters, IReadOnlyList<object> values, ReadOnlySpan<string> path)
    {
        for (var i = 0; i < parameters.Count; i++)
        {
            if (parameters[i].Name.Trim('_') != path[0]) continue;
            return path.Length == 1 ? values[i] as BigInteger? : Find(parameters[i].Type.Components, (object[])values[i], path[1..]);
        }

        return null;
    }
}
