using DePin.Protocol;

namespace DePin.Oracle.Network;

/// <summary>What never changes in a network.</summary>
/// <param name="Id">Network id, in every proof and acknowledgement.</param>
/// <param name="GenesisSeconds">Unix seconds at which epoch 1 starts.</param>
/// <param name="EpochSeconds">Length of an epoch.</param>
/// <param name="LateSeconds">How far before its period's start a cut still counts proofs; a network parameter.</param>
/// <param name="GraceSeconds">How long after a period's end operators wait before they agree on the cut; a network parameter.</param>
public sealed record NetworkFacts(NetworkId Id, ulong GenesisSeconds, ulong EpochSeconds, ulong LateSeconds, ulong GraceSeconds)
{
    /// <summary>The epoch of a network time in ms; 0 for all time before genesis.</summary>
    public ulong EpochOf(ulong milliseconds)
    {
        var seconds = milliseconds / 1_000;
        return seconds < GenesisSeconds ? 0 : ((seconds - GenesisSeconds) / EpochSeconds) + 1;
    }

    /// <summary>Unix seconds at which an epoch starts; its end is the start of the next.</summary>
    public ulong StartOf(ulong epoch) => checked(GenesisSeconds + ((epoch - 1) * EpochSeconds));
}
