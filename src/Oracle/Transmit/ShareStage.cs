using DePin.Cryptography;
using DePin.Oracle.Batch;
using DePin.Oracle.Network;
using DePin.Oracle.Running;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Transmit;

/// <summary>
/// Hands signed reports that are not this operator's own to its peers: a liar shows one report to the one and another to the other, and only who
/// holds both can prove it. What a peer has taken is not sent to it again while this process lives.
/// </summary>
public sealed partial class ShareStage(
    ReportStore reports, NetworkView view, IOperatorSigner keys, TransmitOptions options, IHttpClientFactory clients, ILogger<ShareStage> logger) : IStage
{
    private const int MostAtOnce = 64;
    private const int MostRemembered = 100_000;

    private readonly HashSet<(Bytes32 Digest, Address Signer, Address Peer)> _taken = [];

    /// <inheritdoc/>
    public string Name => "share";

    /// <inheritdoc/>
    public TimeSpan Pace => options.Pace;

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        if (view.Current is not { } roster) return false;
        var foreign = await reports.GetForeignAsync(MostAtOnce, ct);
        if (_taken.Count > MostRemembered) _taken.Clear();
        foreach (var peer in roster.Members.Where(m => m.Address != keys.Address && m.Endpoint is not null)) await ShareAsync(foreign, peer, ct);
        return false;
    }

    private async Task ShareAsync(IReadOnlyList<AttestationRow> foreign, Member peer, CancellationToken ct)
    {
        foreach (var one in foreign.Where(one => one.Signer != peer.Address && !_taken.Contains((one.Digest, one.Signer, peer.Address))))
        {
            try
            {
                using var client = clients.CreateClient(LaneClient.ClientName);
                using var response = await client.PostAsJsonAsync(new Uri(peer.Endpoint!, "/v1/attestations"), new SignedReportRequest(one.Report, one.Signature), ct);
                // A peer that does not know the config yet says 422, as to a stranger's signature: it is asked again.
                if (response.IsSuccessStatusCode) _taken.Add((one.Digest, one.Signer, peer.Address));
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
            {
                LogUnreachable(logger, peer.Address, error.Message);
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Signed reports did not reach operator {Peer}: {Problem}")]
    private static partial void LogUnreachable(ILogger logger, Address peer, string problem);
}
