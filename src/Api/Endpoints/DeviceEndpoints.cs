using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using DePin.Protocol.Geo;
using DePin.Storage.Read;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api.Endpoints;

/// <summary>Devices in one place of the map.</summary>
/// <param name="Cell">H3 index in hex.</param>
/// <param name="Latitude">Of the cell's centre, degrees; null for an index that no cell has, since owners write what they like.</param>
/// <param name="Longitude">The same.</param>
/// <param name="Devices">All of them.</param>
/// <param name="Active">Those that are active.</param>
public sealed record PlaceView(string Cell, decimal? Latitude, decimal? Longitude, long Devices, long Active);

internal static class DeviceEndpoints
{
    private const int DefaultZoom = 5; // some 17 km across
    private static readonly string[] Orders = ["oldest", "newest"];

    public static void MapDevices(this RouteGroupBuilder api)
    {
        api.MapGet("/devices", ListAsync).WithName("listDevices").WithSummary("Devices by token, which is by registration; filter by owner, class, status, H3 cell of any resolution, time of registration").WithTags("Devices").CacheOutput(Caching.WhileTheHeadStands);
        api.MapGet("/map", MapAsync).WithName("listPlaces").WithSummary("Devices counted by H3 cell at a resolution, for a map; the filters of devices").WithTags("Devices").CacheOutput(Caching.WhileTheHeadStands);
        api.MapGet("/devices/{id}", GetAsync).WithName("getDevice").WithSummary("A device by device id (any key it ever had) or token id").WithTags("Devices");
        api.MapGet("/devices/{id}/proofs", ProofsAsync).WithName("listDeviceProofs").WithSummary("A device's judged proofs with reasons, newest first").WithTags("Devices");
        api.MapGet("/devices/{id}/rewards", RewardsAsync).WithName("listDeviceRewards").WithSummary("What a device earned, epoch by epoch and rule by rule").WithTags("Devices");
        api.MapGet("/devices/{id}/epochs", EpochsAsync).WithName("listDeviceEpochs").WithSummary("What a device came to in each epoch, newest first, for a chart").WithTags("Devices");
        api.MapGet("/makers", MakersAsync).WithName("listMakers").WithSummary("Makers with quota and devices issued").WithTags("Devices").CacheOutput(Caching.WhileTheHeadStands);
    }

    private static async Task<Results<Ok<Page<DeviceRow>>, ProblemHttpResult>> ListAsync(
        Networks networks, DeviceReads reads, string? network, string? owner, int? @class, [AllowedValues("active", "suspended", "retired")] string? status, string? cell, string? from, string? to,
        [AllowedValues("oldest", "newest")] string? sort, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (!TryFilter(found.Text, owner, @class, status, cell, from, to, out var filter, out var badFilter)) return badFilter;
        if (!Sorting.TryRead(sort, Orders, out var order, out var badOrder)) return badOrder;
        if (!Paging.TryRead(Orders[order] + " devices", limit, cursor, 1, out var take, out var after, out var bad)) return bad;
        long? last = null;
        if (after is not null)
        {
            if (!long.TryParse(after[0], NumberStyles.None, CultureInfo.InvariantCulture, out var token)) return Problems.BadCursor();
            last = token;
        }

        var rows = await reads.ListAsync(found.Chain, filter, order == 1, last, take, ct);
        return TypedResults.Ok(Paging.Cut(Orders[order] + " devices", rows, take, r => r.In(found.Text), r => [r.TokenId.ToString(CultureInfo.InvariantCulture)]));
    }

    private static async Task<Results<Ok<Page<PlaceView>>, ProblemHttpResult>> MapAsync(
        Networks networks, DeviceReads reads, string? network, int? resolution, string? owner, int? @class, [AllowedValues("active", "suspended", "retired")] string? status, string? cell, string? from, string? to, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        var zoom = resolution ?? DefaultZoom;
        if (zoom is < 0 or > H3Cell.MaxResolution) return Problems.BadParameter("resolution", "an H3 resolution from 0 (1,100 km) to 15 (1 m)");
        if (!TryFilter(found.Text, owner, @class, status, cell, from, to, out var filter, out var badFilter)) return badFilter;
        if (!Paging.TryRead("map", limit, cursor, 1, out var take, out var after, out var bad)) return bad;
        long? last = null;
        if (after is not null)
        {
            if (!long.TryParse(after[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var parsed)) return Problems.BadCursor();
            last = parsed;
        }

        var rows = await reads.MapAsync(found.Chain, filter, zoom, last, take, ct);
        return TypedResults.Ok(Paging.Cut("map", rows, take, Place, r => [r.Cell]));
    }

    private static PlaceView Place(CellRow row)
    {
        var cell = new H3Cell(ulong.Parse(row.Cell, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        GeoPoint? centre = cell.IsValid ? cell.Centre() : null;
        return new PlaceView(row.Cell, centre?.LatitudeE7 / 10_000_000m, centre?.LongitudeE7 / 10_000_000m, row.Devices, row.Active);
    }

    private static bool TryFilter(
        ChainText text, string? owner, int? @class, string? status, string? cell, string? from, string? to, [NotNullWhen(true)] out DeviceFilter? filter, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        filter = null;
        if (!Periods.TryRead(from, to, out var registered, out problem)) return false;
        byte[]? ownerBytes = null;
        H3Cell? within = null;
        if (owner is not null && !text.TryAccount(owner, out ownerBytes)) problem = Problems.BadParameter("owner", text.AccountForm);
        else if (status is not (null or "active" or "suspended" or "retired")) problem = Problems.BadParameter("status", "active, suspended or retired");
        else if (cell is not null)
        {
            if (ulong.TryParse(cell, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var parsed) && new H3Cell(parsed) is { IsValid: true } valid) within = valid;
            else problem = Problems.BadParameter("cell", "an H3 index in hexadecimal, as h3 libraries print it");
        }

        if (problem is not null) return false;
        filter = new DeviceFilter(ownerBytes, @class, status, within, registered);
        return true;
    }

    private static async Task<Results<Ok<DeviceRow>, ProblemHttpResult>> GetAsync(Networks networks, DeviceReads reads, string id, string? network, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        var (device, bad) = await FindAsync(found, reads, id, ct);
        return device is null ? bad! : TypedResults.Ok(device.In(found.Text));
    }

    private static async Task<Results<Ok<Page<VerdictView>>, ProblemHttpResult>> ProofsAsync(
        Networks networks, DeviceReads reads, ProofReads proofs, Reasons reasons, string id, string? network,
        [AllowedValues("accept", "reject", "inconclusive", "pending")] string? judgement, string? from, string? to, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        var (device, bad) = await FindAsync(found, reads, id, ct);
        if (device is null) return bad!;
        short? wanted = null;
        if (judgement is not null)
        {
            var number = Array.IndexOf(Reasons.Judgements, judgement);
            if (number < 0) return Problems.BadParameter("judgement", string.Join(", ", Reasons.Judgements));
            wanted = (short)number;
        }

        if (!Periods.TryRead(from, to, out var proved, out var badPeriod)) return badPeriod;
        if (!Paging.TryRead("proofs", limit, cursor, 3, out var take, out var after, out var badPage)) return badPage;
        (long, decimal, byte[])? last = null;
        if (after is not null)
        {
            if (!long.TryParse(after[0], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
                || !decimal.TryParse(after[1], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) || !Text.TryBytes(after[2], 32, out var proof)) return Problems.BadCursor();
            last = (epoch, sequence, proof);
        }

        var rows = await proofs.ByDeviceAsync(found.Id, IdOf(id, device), wanted, proved, last, take, ct);
        return TypedResults.Ok(Paging.Cut("proofs", rows, take, reasons.View, r => [r.Epoch.ToString(CultureInfo.InvariantCulture), r.Sequence, r.ProofId]));
    }

    private static async Task<Results<Ok<Page<LineView>>, ProblemHttpResult>> RewardsAsync(
        Networks networks, DeviceReads reads, RewardReads rewards, Reasons reasons, string id, string? network, int? @class, long? epoch, string? from, string? to, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        var (device, bad) = await FindAsync(found, reads, id, ct);
        if (device is null) return bad!;
        return await RewardEndpoints.LinesAsync(found, rewards, reasons, null, IdOf(id, device), @class, epoch, from, to, limit, cursor, ct);
    }

    private static async Task<Results<Ok<Page<EarningRow>>, ProblemHttpResult>> EpochsAsync(
        Networks networks, DeviceReads reads, RewardReads rewards, string id, string? network, string? from, string? to, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        var (device, bad) = await FindAsync(found, reads, id, ct);
        if (device is null) return bad!;
        return await RewardEndpoints.EarningsAsync(found, rewards, null, IdOf(id, device), from, to, limit, cursor, ct);
    }

    // By the key that was asked for, which need not be the one in force.
    private static byte[] IdOf(string asked, DeviceRow device) => Text.TryBytes(asked, 32, out var id) ? id : Convert.FromHexString(device.DeviceId.AsSpan(2));

    private static async Task<Results<Ok<Page<MakerRow>>, ProblemHttpResult>> MakersAsync(Networks networks, DeviceReads reads, string? network, int? limit, string? cursor, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (!Paging.TryRead("makers", limit, cursor, 1, out var take, out var after, out var bad)) return bad;
        long? last = null;
        if (after is not null)
        {
            if (!long.TryParse(after[0], NumberStyles.None, CultureInfo.InvariantCulture, out var maker)) return Problems.BadCursor();
            last = maker;
        }

        return TypedResults.Ok(Paging.Cut("makers", await reads.MakersAsync(found.Chain, last, take, ct), take, r => r.In(found.Text), r => [r.MakerId.ToString(CultureInfo.InvariantCulture)]));
    }

    private static async Task<(DeviceRow? Device, ProblemHttpResult? Problem)> FindAsync(Network network, DeviceReads reads, string id, CancellationToken ct)
    {
        DeviceRow? device;
        if (Text.TryBytes(id, 32, out var deviceId)) device = await reads.ByDeviceIdAsync(network.Chain, deviceId, ct);
        else if (long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var token)) device = await reads.ByTokenAsync(network.Chain, token, ct);
        else return (null, Problems.BadParameter("id", "a device id (64 hexadecimal digits) or a token id"));
        return device is null ? (null, Problems.NotFound("device", id)) : (device, null);
    }
}
