using DePin.Cryptography;
using DePin.Storage.Oracle;
using DePin.TestKit;

namespace DePin.Oracle.Tests;

/// <summary>What the evidence stage reads at each look: what a bundle is owed for, and never the settled past.</summary>
public sealed class OwedBundleTests
{
    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public async Task Only_reports_without_their_bundle_are_owed_and_what_is_settled_is_left_alone()
    {
        await using var database = await TestDatabase.CreateAsync();
        var reports = new ReportStore(database.DataSource);
        var bundles = new BundleStore(database.DataSource);
        Assert.Equal(0, await reports.GetSettledAsync(0, Ct));
        for (var epoch = 5; epoch <= 30; epoch++) await AddAsync(reports, epoch, epoch <= 28 ? "final" : "accepted"); // joined late: nothing before 5
        await AddAsync(reports, 30, "cancelled", generation: 1);
        await AddAsync(reports, 31, "attested");

        Assert.Equal(Enumerable.Range(5, 16).Select(e => (long)e), (await reports.GetOwedAsync(0, 16, Ct)).Select(o => o.Epoch));
        Assert.Equal(4, await reports.GetSettledAsync(0, Ct));
        for (var epoch = 5; epoch <= 30; epoch++) await WriteAsync(bundles, epoch);
        Assert.Equal(Enumerable.Range(5, 24).Select(e => (long)e), (await reports.GetOwedAsync(0, 100, Ct)).Select(o => o.Epoch)); // to be marked final
        for (var epoch = 5; epoch <= 28; epoch++) Assert.True(await bundles.FinalizeAsync(Digest(epoch, 0), Ct));

        Assert.Empty(await reports.GetOwedAsync(0, 100, Ct));
        Assert.Equal(28, await reports.GetSettledAsync(0, Ct));
        Assert.Equal(28, await reports.GetSettledAsync(28, Ct));
        await reports.MoveAsync(Digest(29, 0), "accepted", "final", Ct);
        Assert.Equal(new OwedBundle(Digest(29, 0), 29, true, true), Assert.Single(await reports.GetOwedAsync(28, 100, Ct)));
        await bundles.FinalizeAsync(Digest(29, 0), Ct);
        Assert.Equal(29, await reports.GetSettledAsync(28, Ct));
        await reports.MoveAsync(Digest(30, 0), "accepted", "final", Ct);
        await bundles.FinalizeAsync(Digest(30, 0), Ct);
        Assert.Equal(30, await reports.GetSettledAsync(29, Ct));
        Assert.Equal(30, await reports.GetSettledAsync(30, Ct));
    }

    private static Bytes32 Digest(int epoch, int generation) => Keccak256.Hash([(byte)epoch, (byte)generation]);

    private static Task AddAsync(ReportStore reports, int epoch, string status, int generation = 0) =>
        reports.AddAsync(new ReportRow(Digest(epoch, generation), Bytes32.Zero, epoch, generation, new byte[348], [1], [1], new byte[100], status), Ct);

    private static Task WriteAsync(BundleStore bundles, int epoch) => bundles.AddAsync(Digest(epoch, 0), epoch, 0, [new byte[] { 1, 2, 3 }], () => (Digest(epoch, 9), 3), Ct);
}
