using System.Globalization;
using DePin.Protocol;

namespace DePin.Chain.Deployment;

/// <summary>What holds of a network of the program off a development cluster, whatever the profile calls itself: the same as on an EVM chain (<see cref="ProductionBounds"/>).</summary>
public static class SolanaProductionBounds
{
    private const ulong Hour = 3_600;
    private const ulong Day = 24 * Hour;

    /// <summary>The settings that are bounded, by their place under "deploy", with the least and the greatest value allowed.</summary>
    public static IReadOnlyList<(string Path, ulong Minimum, ulong Maximum, Func<SolanaNetworkPlan, ulong> Value)> Bounds { get; } =
    [
        ("network.epochLength", Day, Day, p => p.Network.EpochLength),
        ("network.challengeWindow", 24 * Hour, 14 * Day, p => p.Network.ChallengeWindow),
        ("network.challengeExtension", 24 * Hour, 28 * Day, p => p.Network.ChallengeExtension),
        ("network.bondThaw", 14 * Day, 90 * Day, p => p.Network.BondThaw),
        ("network.recoverySilence", 72 * Hour, 30 * Day, p => p.Network.RecoverySilence),
        ("network.recipientDelay", 24 * Hour, 30 * Day, p => p.Network.RecipientDelay),
        ("network.reporterBps", 0, 500, p => p.Network.ReporterBps),
        ("network.breakerWindow", 24 * Hour, 7 * Day, p => p.Network.BreakerWindow),
        ("registry.keyDelay", 24 * Hour, 30 * Day, p => p.KeyDelay),
        ("staking.thawPeriod", 14 * Day, 28 * Day, p => p.Staking.ThawPeriod),
    ];

    /// <summary>Every bound that the plan breaks, in words; empty if none.</summary>
    public static IReadOnlyList<string> Violations(SolanaNetworkPlan plan, NetworkParameters parameters)
    {
        var violations = new List<string>();
        foreach (var (path, minimum, maximum, value) in Bounds)
        {
            if (value(plan) < minimum || value(plan) > maximum)
                violations.Add(string.Create(CultureInfo.InvariantCulture, $"deploy.{path} is {value(plan)}, allowed are {minimum} to {maximum}"));
        }

        // Ten days' emission is the most that the breaker may ever let out in its window.
        var most = (UInt128)plan.Network.EmissionBase * 10;
        if (plan.Network.BreakerMaxCapacity > most) violations.Add($"deploy.network.breakerMaxCapacity is {plan.Network.BreakerMaxCapacity}, allowed is ten times the first epoch's emission, {most}");
        violations.AddRange(ParameterBounds.Violations(parameters));
        return violations;
    }
}
