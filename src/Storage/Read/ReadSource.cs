using Npgsql;

namespace DePin.Storage.Read;

/// <summary>Data sources of hosts that ask the same few questions again and again.</summary>
public static class ReadSource
{
    private const string AutoPrepare = "Max Auto Prepare";

    /// <summary>
    /// A data source that lets the server keep the plans of its questions; a connection string that says otherwise is obeyed (behind a pooler that shares
    /// connections between clients, "Max Auto Prepare=0").
    /// </summary>
    public static NpgsqlDataSource Create(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        if (!settings.ShouldSerialize(AutoPrepare)) settings.MaxAutoPrepare = 64;
        return NpgsqlDataSource.Create(settings);
    }
}
