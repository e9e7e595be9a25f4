using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace DePin.Hosting;

/// <summary>What hosts log unless they are told otherwise.</summary>
public static class LogDefaults
{
    private static readonly string[] Talkative = ["Microsoft", "System", "Quartz"];

    /// <summary>
    /// Libraries speak up from warnings on: four lines for each request would cost more than many an answer. Ranks below every other source of settings, so that
    /// <c>Logging__LogLevel__Microsoft=Information</c> brings the lines back; <c>Microsoft.Hosting.Lifetime</c> still says where the host listens.
    /// </summary>
    public static void AddQuietLibraries(this IConfigurationBuilder configuration) => configuration.Sources.Insert(0, new MemoryConfigurationSource
    {
        InitialData = [.. Talkative.Select(name => KeyValuePair.Create<string, string?>($"Logging:LogLevel:{name}", "Warning")), new("Logging:LogLevel:Microsoft.Hosting.Lifetime", "Information")],
    });
}
