using DePin.Protocol.Verification.Sensing;
using DePin.Protocol.Verification.Wireless;

namespace DePin.Protocol.Verification;

/// <summary>The resource classes of this build: what operators, the indexer and auditors alike can judge.</summary>
public static class BuiltInClasses
{
    /// <summary>All of them.</summary>
    public static ClassCatalog Catalog { get; } = new([WirelessCoverage.Implementation, EnvironmentSensing.Implementation]);
}
