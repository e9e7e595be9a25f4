using System.ComponentModel.DataAnnotations;
using DePin.Storage;

namespace DePin.Api;

/// <summary>Settings of the API host, section <c>Api</c>.</summary>
public sealed record ApiOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Api";

    /// <summary>PostgreSQL connection string. Required.</summary>
    [Required]
    public required string Database { get; init; }

    /// <summary>Role that the host acts as in the database, which only reads; empty = the connecting one. Default depin_api.</summary>
    public string Role { get; init; } = DatabaseRole.Api;

    /// <summary>Requests a second that one client address may make on average; default 50.</summary>
    [Range(1, 100_000)]
    public int RequestsPerSecond { get; init; } = 50;

    /// <summary>Requests that one client address may make at once before it is slowed down; default 200.</summary>
    [Range(1, 1_000_000)]
    public int Burst { get; init; } = 200;

    /// <summary>Chain seconds that the mirror's head may lie behind the node's before <c>/ready</c> says no; default 6 hours of chain time.</summary>
    [Range(1, 30 * 86_400)]
    public int ReadyLagSeconds { get; init; } = 6 * 3600;

    /// <summary>Seconds that the mirror's lag may be served from memory; what depends on the mirror's head alone is kept until that moves. 0 turns both off. Default 1.</summary>
    [Range(0, 3600)]
    public int CacheSeconds { get; init; } = 1;

    /// <summary>Wall time between two looks of the live feed at the mirror; default 0.5 s.</summary>
    public TimeSpan FeedPace { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Events of a network that the live feed holds for those who reconnect or are slow; default 4,096.</summary>
    [Range(16, 1_000_000)]
    public int FeedEvents { get; init; } = 4_096;

    /// <summary>Live streams that one client address may hold open; default 16.</summary>
    [Range(1, 100_000)]
    public int StreamsPerAddress { get; init; } = 16;
}
