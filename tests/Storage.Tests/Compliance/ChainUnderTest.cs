using DePin.Mirror;

namespace DePin.Storage.Tests.Compliance;

/// <summary>A chain with a network on it, as <see cref="ChainCompliance"/> asks of each.</summary>
internal abstract class ChainUnderTest : IAsyncDisposable
{
    public abstract MirroredNetwork Network { get; }

    public abstract IChainSource Source { get; }

    public abstract EmissionSchedule Emission { get; }

    /// <summary>Makes the network tell of something in a block of its own; returns once that is on the chain.</summary>
    public abstract Task ActAsync();

    /// <summary>From here on no block comes by itself.</summary>
    public virtual Task StandStillAsync() => Task.CompletedTask;

    /// <summary>Compares a mirror with the chain; null where the chain has nobody to ask.</summary>
    public abstract IMirrorVerifier? Verifier(MirrorDatabase database);

    public abstract ValueTask DisposeAsync();
}
