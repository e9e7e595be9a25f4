using DePin.Cryptography;
using DePin.Protocol.Geo;
using DePin.Protocol.Maths;
using DePin.Protocol.Registry;

namespace DePin.Protocol.Verification.Wireless;

/// <summary>
/// Class 1, wireless coverage: receivers are the devices, one reception is one proof, and the receptions of one transmission are judged
/// together. Rules, sources, limits and measured figures: docs/classes/wireless-coverage.md.
/// </summary>
public sealed class WirelessCoverage(WirelessParameters parameters) : IResourceClass
{
    /// <summary>The class number.</summary>
    public static readonly ClassId ClassId = new(1);

    /// <summary>The version of these rules.</summary>
    public const ushort RulesVersion = 1;

    /// <summary>Payload layout of a reception.</summary>
    public const ushort ReceptionSchema = 1;

    /// <summary>The rule that pays receptions.</summary>
    public const ushort ReceptionRule = 1;

    // A receiver's clock may run ahead of the proof's by this much.
    private const ulong ClockSkewMs = 5_000;

    // Nearer than this the far field, and with it the free-space bound, means nothing.
    private const long NearestMillimetres = 10_000;

    // Where positions are known to less than a cell of resolution 11 (about 43 m across), counting cells is certain.
    private const int CertainMetres = 40;

    /// <summary>What the catalog binds.</summary>
    public static ClassImplementation Implementation { get; } =
        new(ClassId, RulesVersion, static source => new WirelessCoverage(WirelessParameters.Parse(source)));

    /// <inheritdoc/>
    public ClassDescriptor Descriptor { get; } = new()
    {
        Id = ClassId,
        RulesVersion = RulesVersion,
        Name = "wireless-coverage",
        Schemas = [new SchemaDescriptor(ReceptionSchema, "reception", Reception.Size, Reception.Size)],
        Reasons = WirelessReason.All,
        Rules = [new RuleDescriptor(ReceptionRule, "reception", "Units per reception (HIP-15), times the receiver's density scale (HIP-17/104), less for repetition (HIP-44).")],
    };

    /// <inheritdoc/>
    public Verdict VerifyItem(in ProofItem item)
    {
        if (!Reception.TryParse(item.Payload, out var r) || !Measurable(r)) return Verdict.Reject(WirelessReason.FieldOutOfRange);
        if (r.ReceivedAtMs > item.TimeMs + ClockSkewMs || item.TimeMs > r.ReceivedAtMs + (ulong)parameters.ReportDelaySeconds * 1000)
            return Verdict.Reject(WirelessReason.ReceiveTimeMismatch);
        if (r.Transmitter == item.Device.Id.Value) return Verdict.Reject(WirelessReason.SelfReception);
        if (r.SnrDeci < DemodulationFloorDeci(r.SpreadingFactor) - parameters.SensitivitySlackDeci)
            return Verdict.Reject(WirelessReason.SignalBelowSensitivity);
        if (PositionOf(item.Device) is not { } receiver) return Verdict.Inconclusive(WirelessReason.UnknownReceiverPosition);
        if (parameters.RegionOf(receiver) is not { } region || r.FrequencyHz < region.FirstHz || r.FrequencyHz > region.LastHz)
            return Verdict.Reject(WirelessReason.FrequencyOutsideRegion);
        if (r.Position is not { } transmitter) return Verdict.Inconclusive(WirelessReason.UnknownTransmitterPosition);
        if (parameters.RegionOf(transmitter) != region) return Verdict.Reject(WirelessReason.RegionMismatch);
        return VerifyPath(r, transmitter, receiver, region);
    }

    /// <inheritdoc/>
    public void KeysOf(in ProofItem item, KeyWriter keys)
    {
        if (Reception.TryParse(item.Payload, out var r)) keys.Add(TransmissionKey(r));
    }

    /// <inheritdoc/>
    public void VerifyGroup(in ItemGroup group, EpochContext context, VerdictWriter verdicts) =>
        new TransmissionGroup(group, parameters).Judge(verdicts);

    /// <inheritdoc/>
    public void VerifyPopulation(Population population, EpochContext context, VerdictWriter verdicts)
    {
        var memory = TransmissionMemory.Parse(context.PreviousState.Span);
        for (var i = 0; i < population.Items.Length; i++)
        {
            if (population.Verdicts[i].Judgement == Judgement.Reject || !Reception.TryParse(population.Items[i].Payload, out var r)) continue;
            if (memory.Recall(TransmissionKey(r)) is not { } before) continue;
            var apart = Apart(before, r.ReceivedAtMs);
            if (apart > (ulong)parameters.ReplayAfterSeconds * 1000) verdicts.Reject(i, WirelessReason.ReplayedTransmission);
            else if (apart > (ulong)parameters.LagWindowMs) verdicts.Inconclusive(i, WirelessReason.OutsideLagWindow);
        }
        if (parameters.Reciprocity) DemandReciprocity(population, context, memory, verdicts);
        if (parameters.StatisticsMinimum == 0) return;
        for (var n = 0; n < population.DeviceCount; n++) ReceiverStatistics.Judge(population, population.DeviceAt(n), parameters, verdicts);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Score(Population population, EpochContext context, ClaimWriter claims)
    {
        var accepted = new List<(int Item, Reception Reception, Bytes32 Key)>();
        var receivers = new SortedDictionary<DeviceId, H3Cell>();
        var heard = new SortedDictionary<Bytes32, int>();
        var memory = TransmissionMemory.Parse(context.PreviousState.Span);
        for (var i = 0; i < population.Items.Length; i++)
        {
            var item = population.Items[i];
            var judgement = population.Verdicts[i].Judgement;
            var replayed = population.Verdicts[i].Reason == WirelessReason.ReplayedTransmission;
            if ((judgement == Judgement.Reject && !replayed) || !Reception.TryParse(item.Payload, out var r)) continue;
            var key = TransmissionKey(r);
            // What is replayed stays known, with its first time, for as long as somebody replays it.
            memory.Remember(key, memory.Recall(key) ?? r.ReceivedAtMs);
            var unheard = population.Verdicts[i].Reason == WirelessReason.NoReciprocity;
            if (parameters.Reciprocity && (judgement == Judgement.Accept || unheard) && context.FindDevice(new DeviceId(r.Transmitter)) is { } beaconer)
                memory.Hear(beaconer.Id, r.ReceivedAtMs);
            if (judgement != Judgement.Accept || PositionOf(item.Device) is not { } place) continue;
            accepted.Add((i, r, key));
            heard[key] = heard.GetValueOrDefault(key) + 1;
            receivers.TryAdd(item.Device.Id, H3Cell.At(place, 12));
        }

        var scales = parameters.Density.Scales(receivers.Values);
        accepted.Sort((a, b) => a.Reception.ReceivedAtMs == b.Reception.ReceivedAtMs ? a.Item.CompareTo(b.Item) : a.Reception.ReceivedAtMs.CompareTo(b.Reception.ReceivedAtMs));
        var repetitions = new SortedDictionary<(Bytes32 Transmitter, DeviceId Receiver), int>();
        var weights = new SortedDictionary<DeviceId, UInt128>();
        foreach (var (place, r, key) in accepted)
        {
            var device = population.Items[place].Device.Id;
            var ordinal = repetitions[(r.Transmitter, device)] = repetitions.GetValueOrDefault((r.Transmitter, device)) + 1;
            var weight = (UInt128)RewardUnits.Receiver(heard[key]) * (UInt128)scales[receivers[device]]
                * (UInt128)RewardUnits.Repetition(ordinal, parameters.FullReceptions, parameters.DecayPpm);
            weights[device] = weights.GetValueOrDefault(device) + weight;
        }
        foreach (var (device, weight) in weights)
            if (weight > 0) claims.Share(device, ReceptionRule, weight);
        return memory.ToBytes(context.Window, parameters.ReplayMemoryEpochs);
    }

    // A receiver that nobody hears though it transmits may be a radio that is not where it says, or none. Decided on the verdicts of the
    // layers before, so that no receiver's standing depends on another's.
    private static void DemandReciprocity(Population population, EpochContext context, TransmissionMemory memory, VerdictWriter verdicts)
    {
        var accepted = new List<(int Place, DeviceId Receiver, ulong TimeMs)>();
        for (var i = 0; i < population.Items.Length; i++)
        {
            if (population.Verdicts[i].Judgement != Judgement.Accept || !Reception.TryParse(population.Items[i].Payload, out var r)) continue;
            accepted.Add((i, population.Items[i].Device.Id, r.ReceivedAtMs));
            if (context.FindDevice(new DeviceId(r.Transmitter)) is { } beaconer) memory.Hear(beaconer.Id, r.ReceivedAtMs);
        }
        foreach (var (place, receiver, time) in accepted)
            if (!Beacon.Reciprocal(time, memory.LastHeard(receiver))) verdicts.Inconclusive(place, WirelessReason.NoReciprocity);
    }

    /// <summary>Where a device asserts to be: its cell's centre, or null where it has no valid cell.</summary>
    internal static GeoPoint? PositionOf(DeviceView device) =>
        new H3Cell(device.Cell) is { IsValid: true } cell ? cell.Centre() : null;

    private Verdict VerifyPath(Reception r, GeoPoint transmitter, GeoPoint receiver, WirelessRegion region)
    {
        var distance = GreatCircle.DistanceMillimetres(transmitter, receiver);
        var uncertainty = (parameters.ReceiverUncertaintyMetres + r.PositionUncertaintyMetres) * 1000L;
        var least = Math.Max(distance - uncertainty, NearestMillimetres);
        if (distance - uncertainty > parameters.MaximumDistanceMetres * 1000L) return Verdict.Reject(WirelessReason.TooFar);
        // The bound is one-sided: nothing is too weak. Of all that is uncertain the most favourable is assumed.
        var eirp = r.PowerDeci is { } power ? Math.Min(power + r.GainDeci, region.MaxEirpDeci) : region.MaxEirpDeci;
        var bound = (eirp + parameters.ReceiverGainDeci + parameters.BoundSlackDeci) * 100L - RadioMath.FreeSpaceLossMillidecibel(least, r.FrequencyHz);
        if (r.RssiDeci * 100L > bound) return Verdict.Reject(WirelessReason.SignalTooStrong);
        var cells = H3Cell.At(transmitter, 11).DistanceTo(H3Cell.At(receiver, 11));
        if (cells is { } steps && steps < parameters.MinimumCells)
            return uncertainty < CertainMetres * 1000L ? Verdict.Reject(WirelessReason.TooClose) : Verdict.Inconclusive(WirelessReason.TooCloseToTell);
        return Verdict.Accept();
    }

    // RSSI and SNR registers of LoRa receivers; spreading factors and bandwidths that exist.
    private static bool Measurable(Reception r) =>
        r.RssiDeci is >= -1_600 and <= 0 && r.SnrDeci is >= -300 and <= 300 && r.SpreadingFactor is >= 5 and <= 12
        && r.BandwidthKhz is 62 or 125 or 203 or 250 or 406 or 500 or 812 or 1625 && r.FrequencyHz > 0 && (r.PowerDeci ?? 0) is >= -300 and <= 600 && r.GainDeci is >= -300 and <= 600;

    // -7.5 dB at SF7, 2.5 dB less for each step.
    private static int DemodulationFloorDeci(int spreadingFactor) => -25 * (spreadingFactor - 4);

    private static Bytes32 TransmissionKey(Reception r) => Sha256.Hash(r.Transmitter.ToArray(), r.Transmission.ToArray());

    private static ulong Apart(ulong a, ulong b) => a > b ? a - b : b - a;
}
