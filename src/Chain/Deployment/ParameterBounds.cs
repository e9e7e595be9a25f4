using DePin.Protocol;

namespace DePin.Chain.Deployment;

/// <summary>What holds of the parameter document of a network that is not for development, on any kind of chain.</summary>
public static class ParameterBounds
{
    /// <summary>Every bound that the document breaks, in words; empty if none.</summary>
    public static IReadOnlyList<string> Violations(NetworkParameters parameters)
    {
        var violations = new List<string>();
        if (parameters.ReplayShiftSeconds != 0) violations.Add($"network.replayShiftSeconds is {parameters.ReplayShiftSeconds}, allowed is 0: replayed data earns nothing in production");
        if (!parameters.Replay.IsEmpty) violations.Add($"network.replay names {parameters.Replay[0].Name}, allowed is none: replayed data earns nothing in production");
        return violations;
    }
}
