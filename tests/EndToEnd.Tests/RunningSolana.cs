namespace DePin.EndToEnd.Tests;

/// <summary>A network on Solana alone, for the journeys of one person each that are the same on every chain.</summary>
public sealed class RunningSolana : RunningNetwork
{
    /// <summary>Collection of the tests that share it; they run one after another.</summary>
    public new const string Shared = "running network on Solana";

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Replay => ["--replay-devices", "2", "--seconds-per-block", "3600"];

    /// <inheritdoc/>
    protected override string Chains => "solana";
}

/// <summary>One network for all of them.</summary>
[CollectionDefinition(RunningSolana.Shared)]
public sealed class RunningSolanaCollection : ICollectionFixture<RunningSolana>;
