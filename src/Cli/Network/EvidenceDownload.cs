using System.Globalization;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Sdk.Network;

namespace DePin.Cli.Network;

/// <summary>Evidence bundles as the operators keep them. Any operator's will do: it is checked, not believed.</summary>
public static class EvidenceDownload
{
    /// <summary>The bundle of an epoch; of the newest final one where <paramref name="asked"/> is null.</summary>
    /// <exception cref="CliException">There is none yet, or no operator gives it.</exception>
    public static async Task<byte[]> FetchAsync(Output output, NetworkAccess network, ulong? asked, CancellationToken ct)
    {
        var epoch = asked ?? await network.Rpc.CallAsync(network.Contracts.Verifier, new ReportVerifier.NextFinalCall(), BlockTag.Latest, ct).ConfigureAwait(false) - 1;
        if (epoch == 0) throw new CliException("No epoch is final yet. Wait for one (`depin dev up` shows them), or audit an accepted one with --epoch.", ExitCodes.Refused);
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(10) };
        var problems = new List<string>();
        foreach (var source in await network.GetOperatorsAsync(ct).ConfigureAwait(false))
        {
            try
            {
                var url = new Uri(source.Endpoint, string.Create(CultureInfo.InvariantCulture, $"/v1/evidence/{epoch}"));
                return await output.ProgressAsync($"evidence of epoch {epoch}", told => DownloadAsync(http, url, told, ct)).ConfigureAwait(false);
            }
            catch (Exception problem) when (problem is HttpRequestException or IOException || (problem is OperationCanceledException && !ct.IsCancellationRequested))
            {
                problems.Add($"{source.Endpoint}: {problem.Message}");
            }
        }

        throw new CliException($"No operator gives the bundle of epoch {epoch}. Is the epoch accepted on chain, and are the operators up (depin operator status)? {string.Join("; ", problems)}");
    }

    private static async Task<byte[]> DownloadAsync(HttpClient http, Uri url, Action<double, double, string?> told, CancellationToken ct)
    {
        using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, ct).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        var total = response.Content.Headers.ContentLength;
        using var bytes = new MemoryStream((int)Math.Min(total ?? 0, int.MaxValue));
        await using var stream = await response.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        var buffer = new byte[1 << 16];
        int read;
        while ((read = await stream.ReadAsync(buffer, ct).ConfigureAwait(false)) > 0)
        {
            bytes.Write(buffer, 0, read);
            told(bytes.Length, total ?? bytes.Length, null);
        }

        return bytes.ToArray();
    }
}
