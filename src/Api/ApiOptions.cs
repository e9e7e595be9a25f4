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

    /// <summary>Whether the host has the operator pages (<c>/operator</c>), to which operators sign in with their wallets. Default true.</summary>
    public bool OperatorPages { get; init; } = true;

    /// <summary>PostgreSQL connection string of the sign-ins to the operator pages, the only thing that the host writes; empty = that of <c>Api:Database</c>. For a host that reads from a replica: the primary. Default empty.</summary>
    public string SignInDatabase { get; init; } = "";

    /// <summary>Role that writes the sign-ins, and may do nothing else; empty = the connecting one. Default depin_sign_in.</summary>
    public string SignInRole { get; init; } = DatabaseRole.SignIn;

    /// <summary>Origins at which operators open their pages, e.g. https://api.example.org; sign-in messages for another are refused. Default: localhost, 127.0.0.1 and [::1] with the host's port.</summary>
    public Uri[] Origins { get; init; } = [];

    /// <summary>Minutes after which a sign-in to the operator pages ends by itself; default 8 hours.</summary>
    [Range(1, 7 * 1440)]
    public int SessionMinutes { get; init; } = 480;

    /// <summary>Requests to sign in that one client address may make at once, and one more each second; default 30.</summary>
    [Range(5, 1_000_000)]
    public int SignInBurst { get; init; } = 30;
}
