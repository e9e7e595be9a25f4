using System.ComponentModel.DataAnnotations;

namespace DePin.Oracle.Evidence;

/// <summary>Section <c>Evidence</c>.</summary>
public sealed record EvidenceOptions
{
    /// <summary>Final epochs whose batches stay besides the bundle, so that peers can catch up lane by lane. Default 14.</summary>
    [Range(1, 100_000)]
    public int KeptEpochs { get; init; } = 14;

    /// <summary>Wall time between two looks. Default 2 s.</summary>
    public TimeSpan Pace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Most bytes of a bundle fetched from a peer. Default 1 GiB.</summary>
    [Range(1 << 20, int.MaxValue)]
    public int MaxBundleBytes { get; init; } = 1 << 30;
}
