using DePin.Storage.Read;

namespace DePin.Api.Operators;

/// <summary>Where a network is, by the mirror.</summary>
/// <param name="Sets">Newest first.</param>
/// <param name="Epoch">The epoch that runs.</param>
/// <param name="Progress">Of its reports.</param>
/// <param name="Now">Chain time, Unix seconds.</param>
/// <param name="Clock">When epochs are; null where the deployment does not say.</param>
internal sealed record OperatorMoment(IReadOnlyList<SetRow> Sets, long Epoch, ReportProgress Progress, long Now, EpochClock? Clock);

/// <summary>
/// How an operator stands: what <c>OperatorRegistry</c> would say, reckoned from its events. A set is in force from its first epoch until a later one is, and a later one may also begin at the same epoch or
/// before it (a recovery).
/// </summary>
internal sealed record OperatorStanding(string State, int? Place, SetRow? Set, long? SignsFrom, long? SignsUntil, bool InNewestSet, long? LockedByEpoch, bool MayLeave, bool IsWithdrawable)
{
    public static OperatorStanding Of(OwnOperatorRow row, OperatorMoment moment)
    {
        var current = InForce(moment.Sets, moment.Epoch);
        var place = current is null ? null : PlaceIn(current, row.ReportKey);
        var later = moment.Sets.Where(s => current is null || s.ConfigCount > current.ConfigCount).OrderBy(s => s.ConfigCount).ToList();
        var newest = moment.Sets.Count > 0 && PlaceIn(moment.Sets[0], row.ReportKey) is not null;
        var (from, until) = Membership(row.ReportKey, moment, place is null ? null : current, later);

        // As the contract keeps lastEpoch: unknown to the future while in the newest set, else the last epoch that it could sign.
        var last = newest ? null : LastEpoch(row.ReportKey, moment);
        var locked = last > moment.Progress.LastFinal ? last : null;
        var thaws = row.ExitAt != 0;
        var hasBond = row.Bond != "0";
        var withdrawable = !row.Slashed && thaws && hasBond && moment.Now >= row.ExitAt;
        var state = row.Slashed ? "slashed"
            : thaws ? !hasBond ? "withdrawn" : withdrawable ? "withdrawable" : "thawing"
            : place is not null ? newest ? "signs" : "leaves"
            : newest || later.Exists(s => PlaceIn(s, row.ReportKey) is not null) ? "joins"
            : from is null ? "waiting" : "left";
        return new OperatorStanding(state, place, current, from, until, newest, locked, !row.Slashed && !thaws && !newest && locked is null, withdrawable);
    }

    /// <summary>The set that signs an epoch; null before the first.</summary>
    public static SetRow? InForce(IReadOnlyList<SetRow> sets, long epoch) => sets.FirstOrDefault(s => s.FirstEpoch <= epoch);

    /// <summary>The place of a report key in a set; null: it is not in it.</summary>
    public static int? PlaceIn(SetRow set, byte[] key)
    {
        for (var i = 0; i < set.N; i++)
        {
            if (set.ReportKeys.AsSpan(20 * i, 20).SequenceEqual(key)) return i;
        }

        return null;
    }

    public OwnOperatorView View(OwnOperatorRow row, OperatorMoment moment, OperatorRules rules) => new(
        Text.Hex(row.ReportKey), Text.Hex(row.ProtocolKey), row.Endpoint, State, Place, Set?.N, Set?.Q, SignsFrom, SignsUntil,
        new BondView(row.Bond, LockedByEpoch, InNewestSet, row.ExitAt != 0 ? Time(row.ExitAt) : null, IsWithdrawable), OperatorNotices.Of(this, row, moment, rules));

    /// <summary>Unix seconds of a contract, which may name any; what no calendar holds is its end.</summary>
    public static DateTimeOffset Time(long seconds) => DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, DateTimeOffset.MaxValue.ToUnixTimeSeconds()));

    // From and until which epoch: of the membership that runs, else of the one to come, else of the last one.
    private static (long? From, long? Until) Membership(byte[] key, OperatorMoment moment, SetRow? current, List<SetRow> later)
    {
        var start = current ?? later.Find(s => PlaceIn(s, key) is not null);
        if (start is null)
        {
            var end = LastEpoch(key, moment);
            return end is not { } e || InForce(moment.Sets, e) is not { } ended || PlaceIn(ended, key) is null ? (null, end) : (Back(ended), end);
        }

        var leaves = later.Find(s => s.ConfigCount > start.ConfigCount && PlaceIn(s, key) is null);
        return (Back(start), leaves?.FirstEpoch - 1);

        long Back(SetRow set)
        {
            var first = set.FirstEpoch;
            while (first > 1 && InForce(moment.Sets, first - 1) is { } before && before.FirstEpoch < first && PlaceIn(before, key) is not null) first = before.FirstEpoch;
            return first;
        }
    }

    private static long? LastEpoch(byte[] key, OperatorMoment moment)
    {
        for (var i = 0; i < moment.Sets.Count; i++)
        {
            if (PlaceIn(moment.Sets[i], key) is null) continue;
            if (i == 0) return null;
            var successor = moment.Sets[i - 1];
            // A schedule begins with an epoch that has not begun; a recovery with one that the old set could still sign.
            var recovery = moment.Clock is { } clock && successor.ScheduledAt >= clock.Genesis + ((successor.FirstEpoch - 1) * clock.EpochSeconds);
            return recovery ? successor.FirstEpoch : successor.FirstEpoch - 1;
        }

        return null;
    }
}
