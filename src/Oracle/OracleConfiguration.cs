namespace DePin.Oracle;

/// <summary>From configuration and manifest to a setup.</summary>
public static class OracleConfiguration
{
    /// <summary>Reads and checks everything before anything starts.</summary>
    public static OracleSetup Read(IConfiguration configuration) => throw new InvalidOperationException($"No manifest is configured in {configuration}.");
}
