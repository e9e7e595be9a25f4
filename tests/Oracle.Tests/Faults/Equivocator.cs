using System.Globalization;
using System.Net.Http.Json;
using DePin.Cryptography;
using DePin.Oracle.Transmit;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Faults;

/// <summary>An operator whose report key signs two reports of one instance.</summary>
public sealed class Equivocator(FaultNetwork network, int number)
{
    /// <summary>Shows a report of an epoch that is far away to the one and another of the same epoch to the other: neither sees two, nor has what was signed in earnest.</summary>
    public async Task SignTwoAsync(OperatorProcess one, OperatorProcess other, CancellationToken ct)
    {
        var epoch = await network.NextEpochAsync(ct);
        byte[]? bytes = null;
        var query = string.Create(CultureInfo.InvariantCulture, $"select report from oracle.reports where epoch = {epoch}");
        await Eventually.HoldsAsync(async () => (bytes = await one.Database.ScalarAsync<byte[]>(query, ct)) is not null, $"epoch {epoch} is decided", ct, FaultNetwork.Patience);
        var report = Protocol.Reports.Report.Parse(bytes) with { Epoch = new Protocol.Epoch(epoch + 1_000) };
        await HandInAsync(one, report, ct);
        await HandInAsync(other, report with { StateRoot = Keccak256.Hash("another"u8) }, ct);
    }

    private async Task HandInAsync(OperatorProcess to, Protocol.Reports.Report report, CancellationToken ct)
    {
        var signature = network.Chain.Operators[number].Report.SignDigest(report.Digest.Value);
        using var response = await to.Http.PostAsJsonAsync("/v1/attestations", new SignedReportRequest(report.Encode(), signature.ToArray()), ct);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(ct));
    }
}
