using System.Globalization;
using System.Text;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Faults;

/// <summary>What operators say of themselves when a test has waited in vain: a failure that comes once in many runs must tell its reason the first time.</summary>
internal static class Diagnosis
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly (string Name, string Sql)[] Questions =
    [
        ("block", "select block_number || ' of ' || extract(epoch from block_time)::bigint || ', log of ' || log_count from chain.blocks order by block_number desc limit 1"),
        ("reports on chain", "select string_agg(epoch || '.' || generation || ' ' || status, ', ') from (select * from chain.reports order by epoch desc, generation desc limit 4) newest"),
        ("own messages", "select string_agg(said, '; ') from (select epoch || ': ' || string_agg(message_kind || ' in view ' || view, ', ' order by view, message_kind) said from oracle.round_records where kind = 1 group by epoch order by epoch desc limit 4) newest"),
        ("decided", "select string_agg(distinct epoch::text, ' ') from (select epoch from oracle.round_records where kind = 4 order by epoch desc limit 4) newest"),
        ("signed", "select string_agg(epoch || '.' || generation, ' ') from (select * from oracle.signed_reports order by epoch desc, generation desc limit 4) newest"),
        ("attestations", "select string_agg(held, ' ') from (select epoch || '.' || generation || ' by ' || count(*) held from oracle.attestations group by epoch, generation order by epoch desc, generation desc limit 4) newest"),
        ("transmissions", "select string_agg(purpose || ' of ' || epoch || ' ' || status, ', ') from (select * from oracle.transmissions order by id desc limit 4) newest"),
    ];

    /// <summary>One operator's health, database and last log lines; what cannot be had is told as such.</summary>
    public static async Task<string> TellAsync(int number, HttpClient http, TestDatabase database, IEnumerable<string> log)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"operator {number}\n");
        foreach (var path in (string[])["/ready", "/health"])
        {
            using var patience = new CancellationTokenSource(Patience);
            text.Append(CultureInfo.InvariantCulture, $"  {path}: {await TriedAsync(() => http.GetStringAsync(path, patience.Token)!)}\n");
        }

        foreach (var (name, sql) in Questions)
        {
            using var patience = new CancellationTokenSource(Patience);
            text.Append(CultureInfo.InvariantCulture, $"  {name}: {await TriedAsync(() => database.ScalarAsync<string>(sql, patience.Token))}\n");
        }

        foreach (var line in log) text.Append("  | ").Append(line).Append('\n');
        return text.ToString();
    }

    private static async Task<string> TriedAsync(Func<Task<string?>> ask)
    {
        try
        {
            return await ask() ?? "nothing";
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or Npgsql.NpgsqlException)
        {
            return $"{error.GetType().Name}: {error.Message}";
        }
    }
}
