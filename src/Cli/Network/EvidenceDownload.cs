using DePin.Client;
using DePin.Protocol;

namespace DePin.Cli.Network;

/// <summary>Evidence bundles as the operators keep them. Any operator's will do: it is checked, not believed.</summary>
internal static class EvidenceDownload
{
    /// <summary>The bundle of an epoch; of the newest final one where <paramref name="asked"/> is null.</summary>
    /// <exception cref="CliException">There is none yet, or no operator gives it.</exception>
    public static async Task<byte[]> FetchAsync(Output output, ISettlementReader settlement, ulong? asked, CancellationToken ct)
    {
        var epoch = asked ?? await settlement.GetLastFinalAsync(ct).ConfigureAwait(false);
        if (epoch == 0) throw new CliException("No epoch is final yet. Wait for one (`depin dev up` shows them), or audit an accepted one with --epoch.", ExitCodes.Refused);
        var problems = new List<string>();
        foreach (var source in await settlement.GetEndpointsAsync(ct).ConfigureAwait(false))
        {
            try
            {
                using var operators = EvidenceClient.Create(new DePinClientOptions { BaseAddress = new Uri(source, "/"), AttemptTimeout = TimeSpan.FromSeconds(30), Timeout = TimeSpan.FromMinutes(2) });
                using var bytes = new MemoryStream();
                var bundle = await output.ProgressAsync($"evidence of epoch {epoch}", told => operators.DownloadAsync(new Epoch(epoch), null, bytes, new Told(told), ct)).ConfigureAwait(false);
                if (bundle is not null) return bytes.ToArray();
                problems.Add($"{source}: holds no such evidence");
            }
            catch (Exception problem) when (problem is ApiException or ArgumentException) // an address that is none of ours to ask is written on chain by whoever likes
            {
                problems.Add($"{source}: {problem.Message}");
            }
        }

        throw new CliException($"No operator gives the bundle of epoch {epoch}. Is the epoch accepted on chain, and are the operators up (depin operator status)? {string.Join("; ", problems)}");
    }

    private sealed class Told(Action<double, double, string?> told) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => told(value.Received, value.Total ?? value.Received, null);
    }
}
