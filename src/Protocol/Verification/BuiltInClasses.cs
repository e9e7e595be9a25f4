using DePin.Protocol.Verification.Sensing;
using DePin.Protocol.Verification.Wireless;

namespace DePin.Protocol.Verification;

/// <summary>The classes of this build, for every host and tool alike: adding a class is adding a line here.</summary>
public static class BuiltInClasses
{
    /// <summary>Everything that can be judged.</summary>
    public static ClassCatalog Catalog { get; } = new([WirelessCoverage.Implementation, EnvironmentSensing.Implementation]);
}
