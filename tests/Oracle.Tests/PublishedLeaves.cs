using System.Collections.Concurrent;
using DePin.Oracle.Transmit;
using DePin.Protocol.Rewards;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DePin.Oracle.Tests;

/// <summary>All that is left of an operator that conspires: it publishes the leaves of what it signed, and answers nothing else.</summary>
public sealed class PublishedLeaves : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, byte[]> _trees = new();
    private readonly WebApplication _app;

    private PublishedLeaves(string endpoint)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(endpoint);
        _app = builder.Build();
        _app.MapGet("/v1/leaves/{digest}", (string digest) => _trees.TryGetValue(digest, out var leaves) ? Results.Bytes(leaves, "application/octet-stream") : Results.NotFound());
    }

    /// <summary>Listens where the operator's end point is.</summary>
    public static async Task<PublishedLeaves> StartAsync(string endpoint, CancellationToken ct)
    {
        var published = new PublishedLeaves(endpoint);
        await published._app.StartAsync(ct);
        return published;
    }

    /// <summary>From now on these are the leaves of a report.</summary>
    public void Add(Protocol.Reports.Report report, RewardTree tree) => _trees[report.Digest.ToString()] = LeafBytes.Encode(tree);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
