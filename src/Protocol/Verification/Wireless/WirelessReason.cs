using System.Collections.Immutable;

namespace DePin.Protocol.Verification.Wireless;

/// <summary>Reasons of the wireless coverage class. Numbers are part of what operators agree on: append only, never reuse.</summary>
public static class WirelessReason
{
    public const ushort FieldOutOfRange = 1000;
    public const ushort FrequencyOutsideRegion = 1001;
    public const ushort ReceiveTimeMismatch = 1002;
    public const ushort UnknownTransmitterPosition = 1003;
    public const ushort UnknownReceiverPosition = 1004;
    public const ushort SelfReception = 1005;
    public const ushort DuplicateReception = 1006;
    public const ushort TooClose = 1007;
    public const ushort TooCloseToTell = 1008;
    public const ushort TooFar = 1009;
    public const ushort SignalTooStrong = 1010;
    public const ushort SignalBelowSensitivity = 1011;
    public const ushort FrequencyMismatch = 1012;
    public const ushort DataRateMismatch = 1013;
    public const ushort OutsideLagWindow = 1014;
    public const ushort PositionMismatch = 1015;
    public const ushort NotSelected = 1016;
    public const ushort RegionMismatch = 1017;
    public const ushort ConstantSignal = 1018;
    public const ushort DistanceInsensitive = 1019;
    public const ushort ReplayedTransmission = 1020;
    public const ushort OutsideEntropyWindow = 1021;
    public const ushort BeaconTooSoon = 1022;
    public const ushort BeaconContentMismatch = 1023;
    public const ushort NoReciprocity = 1024;
    public const ushort CannotCompare = 1025;

    /// <summary>The table that the descriptor publishes.</summary>
    public static ImmutableArray<ReasonDescriptor> All { get; } =
    [
        new(FieldOutOfRange, nameof(FieldOutOfRange), "A field is malformed or outside what a LoRa receiver can measure."),
        new(FrequencyOutsideRegion, nameof(FrequencyOutsideRegion), "The frequency lies outside the bands of the receiver's region."),
        new(ReceiveTimeMismatch, nameof(ReceiveTimeMismatch), "The stated time of reception does not fit the proof's time."),
        new(UnknownTransmitterPosition, nameof(UnknownTransmitterPosition), "Nobody knows where the transmitter was, so the reception shows no coverage (inconclusive)."),
        new(UnknownReceiverPosition, nameof(UnknownReceiverPosition), "The receiver has asserted no valid cell (inconclusive)."),
        new(SelfReception, nameof(SelfReception), "The receiver reports its own transmission."),
        new(DuplicateReception, nameof(DuplicateReception), "The receiver reports this transmission more than once; the first report counts (inconclusive)."),
        new(TooClose, nameof(TooClose), "Transmitter and receiver are certainly closer than the minimum distance."),
        new(TooCloseToTell, nameof(TooCloseToTell), "Transmitter and receiver may be closer than the minimum distance; the positions are too coarse to tell (inconclusive)."),
        new(TooFar, nameof(TooFar), "Transmitter and receiver are certainly farther apart than the greatest distance."),
        new(SignalTooStrong, nameof(SignalTooStrong), "The signal is stronger than free space allows over the least possible distance."),
        new(SignalBelowSensitivity, nameof(SignalBelowSensitivity), "No receiver decodes this spreading factor at so poor a signal-to-noise ratio."),
        new(FrequencyMismatch, nameof(FrequencyMismatch), "Most receivers of this transmission report another frequency."),
        new(DataRateMismatch, nameof(DataRateMismatch), "Most receivers of this transmission report another data rate."),
        new(OutsideLagWindow, nameof(OutsideLagWindow), "Received too long after (or before) the others of this transmission: a repetition or a relay (inconclusive)."),
        new(PositionMismatch, nameof(PositionMismatch), "Most receivers of this transmission report the transmitter elsewhere."),
        new(NotSelected, nameof(NotSelected), "Valid, but enough receivers had answered before (inconclusive)."),
        new(RegionMismatch, nameof(RegionMismatch), "Transmitter and receiver lie in different regions."),
        new(ConstantSignal, nameof(ConstantSignal), "The receiver reports one and the same signal strength over many receptions (inconclusive)."),
        new(DistanceInsensitive, nameof(DistanceInsensitive), "The receiver's signal strengths do not fall with distance (inconclusive)."),
        new(ReplayedTransmission, nameof(ReplayedTransmission), "This transmission was already heard in an earlier epoch, long before."),
        new(OutsideEntropyWindow, nameof(OutsideEntropyWindow), "The beacon was not sent while its entropy was fresh."),
        new(BeaconTooSoon, nameof(BeaconTooSoon), "The beacon came in the same schedule slot as the one before."),
        new(BeaconContentMismatch, nameof(BeaconContentMismatch), "The beacon's content or channel does not follow from its entropy."),
        new(NoReciprocity, nameof(NoReciprocity), "The device was not heard itself, or heard nobody, within the reciprocity window (inconclusive)."),
        new(CannotCompare, nameof(CannotCompare), "Only two receivers report this transmission and they contradict each other (inconclusive)."),
    ];
}
