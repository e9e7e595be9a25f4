using DePin.Protocol.Geo;

namespace DePin.Protocol.Verification.Wireless;

/// <summary>The receptions of one transmission: one per receiver, agreeing with most of the others, the first few selected.</summary>
internal sealed class TransmissionGroup
{
    private readonly WirelessParameters _parameters;
    private readonly List<Heard> _all = [];

    public TransmissionGroup(in ItemGroup group, WirelessParameters parameters)
    {
        _parameters = parameters;
        foreach (var place in group.Items)
        {
            var item = group.Population.Items[place];
            if (Reception.TryParse(item.Payload, out var reception))
                _all.Add(new Heard(place, item.Device.Id, item.Device.Cell, reception, group.Population.Verdicts[place].Judgement == Judgement.Accept));
        }
        // First come first; places are in order of proof id.
        _all.Sort(static (a, b) => a.Reception.ReceivedAtMs == b.Reception.ReceivedAtMs ? a.Place.CompareTo(b.Place) : a.Reception.ReceivedAtMs.CompareTo(b.Reception.ReceivedAtMs));
    }

    public void Judge(VerdictWriter verdicts)
    {
        var receivers = new SortedSet<DeviceId>();
        var single = new List<Heard>();
        foreach (var heard in _all)
        {
            if (receivers.Add(heard.Receiver)) single.Add(heard);
            else verdicts.Inconclusive(heard.Place, WirelessReason.DuplicateReception);
        }
        var fit = new SortedSet<int>(single.Where(heard => heard.Accepted).Select(heard => heard.Place));
        Compare(single, WirelessReason.FrequencyMismatch, (a, b) => Math.Abs((long)a.FrequencyHz - b.FrequencyHz) <= _parameters.FrequencyToleranceHz);
        Compare(single, WirelessReason.DataRateMismatch, static (a, b) => a.SpreadingFactor == b.SpreadingFactor && a.BandwidthKhz == b.BandwidthKhz);
        Compare(single, WirelessReason.OutsideLagWindow, (a, b) => Math.Max(a.ReceivedAtMs, b.ReceivedAtMs) - Math.Min(a.ReceivedAtMs, b.ReceivedAtMs) <= (ulong)_parameters.LagWindowMs);
        Compare([.. single.Where(heard => heard.Reception.Position is not null)], WirelessReason.PositionMismatch, static (a, b) => SamePlace(a, b));
        Select([.. single.Where(heard => fit.Contains(heard.Place))], verdicts);

        // Whoever differs from more than half is refused; where no more than half agree, nobody can tell who is right. Time alone
        // refuses nobody, for a device may repeat a frame; and where nothing is settled the earliest stands: nobody hears a frame
        // before it is sent.
        void Compare(List<Heard> heard, ushort reason, Func<Reception, Reception, bool> agree)
        {
            if (heard.Count < 2) return;
            var support = heard.ConvertAll(one => heard.Count(other => agree(one.Reception, other.Reception)));
            var settled = support.Exists(count => count * 2 > heard.Count);
            for (var n = 0; n < heard.Count; n++)
            {
                if (support[n] * 2 > heard.Count) continue;
                if (reason == WirelessReason.OutsideLagWindow)
                {
                    if (n == 0 && !settled) continue;
                    verdicts.Inconclusive(heard[n].Place, reason);
                }
                else if (settled) verdicts.Reject(heard[n].Place, reason);
                else verdicts.Inconclusive(heard[n].Place, WirelessReason.CannotCompare);
                fit.Remove(heard[n].Place);
            }
        }
    }

    // HIP-83 "first to respond" up to a number; HIP-136: where there are more, those next to a selected one are skipped.
    private void Select(List<Heard> candidates, VerdictWriter verdicts)
    {
        if (candidates.Count <= _parameters.MaximumReceivers) return;
        var selected = new List<H3Cell>();
        foreach (var heard in candidates)
        {
            var cell = H3Cell.At(new H3Cell(heard.Cell).Centre(), 11);
            if (selected.Count < _parameters.MaximumReceivers && !selected.Exists(other => other.DistanceTo(cell) is { } steps && steps < _parameters.RedundancyCells))
                selected.Add(cell);
            else verdicts.Inconclusive(heard.Place, WirelessReason.NotSelected);
        }
    }

    private static bool SamePlace(Reception a, Reception b) =>
        a.Position == b.Position
        || GreatCircle.DistanceMillimetres(a.Position!.Value, b.Position!.Value) <= (a.PositionUncertaintyMetres + b.PositionUncertaintyMetres) * 1000L;

    private sealed record Heard(int Place, DeviceId Receiver, ulong Cell, Reception Reception, bool Accepted);
}
