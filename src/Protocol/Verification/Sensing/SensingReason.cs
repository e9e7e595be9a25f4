using System.Collections.Immutable;

namespace DePin.Protocol.Verification.Sensing;

/// <summary>Reasons of the environment sensing class. Numbers are part of what operators agree on: append only, never reuse.</summary>
public static class SensingReason
{
    public const ushort Malformed = 1000;
    public const ushort MeasuredAtMismatch = 1001;
    public const ushort OutOfBounds = 1002;
    public const ushort ParticleOrder = 1003;
    public const ushort NothingDeclared = 1004;
    public const ushort Saturated = 1005;
    public const ushort HumidAir = 1006;
    public const ushort Stuck = 1007;
    public const ushort Spike = 1008;
    public const ushort UnidentifiedSpike = 1009;
    public const ushort NeighbourDisagreement = 1010;
    public const ushort TooSmooth = 1011;
    public const ushort CopiesNeighbour = 1012;
    public const ushort ReplayedSeries = 1013;

    /// <summary>The table that the descriptor publishes.</summary>
    public static ImmutableArray<ReasonDescriptor> All { get; } =
    [
        new(Malformed, nameof(Malformed), "The payload's mask and length do not fit each other, or it names an unknown parameter."),
        new(MeasuredAtMismatch, nameof(MeasuredAtMismatch), "The stated time of measurement does not fit the proof's time."),
        new(OutOfBounds, nameof(OutOfBounds), "A value lies outside what the sensor can measure."),
        new(ParticleOrder, nameof(ParticleOrder), "Smaller particles outweigh larger ones that include them."),
        new(NothingDeclared, nameof(NothingDeclared), "The proof holds none of the parameters that the device's model declares (inconclusive)."),
        new(Saturated, nameof(Saturated), "The humidity sensor is at its end stop (inconclusive)."),
        new(HumidAir, nameof(HumidAir), "Air too humid for optical particle counting, or its humidity unknown where that is demanded (inconclusive)."),
        new(Stuck, nameof(Stuck), "A value did not change for longer than any working sensor's."),
        new(Spike, nameof(Spike), "A value jumped away from the values around it."),
        new(UnidentifiedSpike, nameof(UnidentifiedSpike), "A value jumped and too few values around it tell which is wrong (inconclusive)."),
        new(NeighbourDisagreement, nameof(NeighbourDisagreement), "The hour's value lies too far from the neighbours' (inconclusive)."),
        new(TooSmooth, nameof(TooSmooth), "The series lacks the noise of a real sensor: it was averaged or modelled (inconclusive)."),
        new(CopiesNeighbour, nameof(CopiesNeighbour), "The series follows an older neighbour's noise (inconclusive)."),
        new(ReplayedSeries, nameof(ReplayedSeries), "The series repeats one that this device sent in an earlier epoch."),
    ];
}
