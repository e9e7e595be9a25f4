using DePin.Cryptography;
using DePin.Oracle.Running;
using DePin.Protocol.State;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Network;

/// <summary>
/// Keeps the in-memory view level with the operator's own mirror: network clock, devices, operators, the next report and the watermarks of the
/// last accepted one.
/// </summary>
public sealed partial class ViewStage(
    ChainView chain, ReportStore reports, NetworkClock clock, NetworkView view, DeviceDirectory devices, ILogger<ViewStage> logger) : IStage
{
    // Reread far enough back that a device whose registration moved to another block in a reorg is seen again.
    private const long Overlap = 128;

    private long _from;
    private Bytes32 _lastReport;

    /// <inheritdoc/>
    public string Name => "view";

    /// <inheritdoc/>
    public TimeSpan Pace => TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        if (await chain.GetHeadAsync(ct) is not { } head) return false;
        devices.Apply(await chain.GetDevicesSinceAsync(_from, ct));
        _from = Math.Max(0, head.Number - Overlap);

        var endpoints = (await chain.GetOperatorsAsync(ct)).ToDictionary(o => o.ReportKey, o => o.Endpoint);
        view.Replace((await chain.GetConfigsAsync(ct)).Select(row => OperatorRoster.From(row, endpoints)));
        await FollowReportsAsync(ct);
        clock.Advance(head.Time); // last: whoever sees the new time sees the devices of its block
        return false;
    }

    private async Task FollowReportsAsync(CancellationToken ct)
    {
        var last = await chain.GetLastReportAsync(ct);
        view.NextReport = last is null ? 1 : (ulong)last.Epoch + 1;
        if (last is null || last.Digest == _lastReport) return;
        if (await reports.FindAsync(last.Digest, ct) is not { } own) return; // not computed here (yet): the old watermarks only let more through
        var state = NetworkState.Parse(own.State);
        foreach (var watermark in state.Watermarks)
        {
            if (devices.TryGet(watermark.Device, out var device)) device.Watermark = watermark;
        }

        _lastReport = last.Digest;
        LogWatermarks(logger, last.Epoch, state.Watermarks.Length);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Took over {Count} watermarks of epoch {Epoch}")]
    private static partial void LogWatermarks(ILogger logger, long epoch, int count);
}
