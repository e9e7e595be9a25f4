namespace DePin.Client;

/// <summary>Which part of a list.</summary>
/// <param name="Limit">Items, 1 to 500; null for the server's 50.</param>
/// <param name="Cursor"><see cref="Page{T}.Next"/> of the page before; null for the first.</param>
public readonly record struct PageRequest(int? Limit = null, string? Cursor = null);

/// <summary>One page of a list.</summary>
/// <param name="Items">At most the asked number.</param>
/// <param name="Next">Cursor of the next page; null on the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>Which devices; a null member does not restrict.</summary>
public sealed record DeviceFilter
{
    /// <summary>Whose.</summary>
    public ChainAddress? Owner { get; init; }

    /// <summary>Of which resource class.</summary>
    public Protocol.ClassId? Class { get; init; }

    /// <summary>In which state.</summary>
    public DeviceStatus? Status { get; init; }

    /// <summary>In this cell of the H3 grid, or in one within it.</summary>
    public Protocol.Geo.H3Cell? Cell { get; init; }

    /// <summary>Registered when.</summary>
    public Period Registered { get; init; }
}

/// <summary>A stretch of time; a null end does not restrict. Of what is counted by epochs it means those that begin in it.</summary>
/// <param name="From">Begins with this moment.</param>
/// <param name="To">Ends before this moment.</param>
public readonly record struct Period(DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>Which reward lines; a null member does not restrict.</summary>
/// <param name="Epoch">Only of this epoch.</param>
/// <param name="Class">Only of this resource class.</param>
/// <param name="Earned">Only of epochs that begin then.</param>
public readonly record struct RewardFilter(Protocol.Epoch? Epoch = null, Protocol.ClassId? Class = null, Period Earned = default);

/// <summary>Which judged proofs; a null member does not restrict.</summary>
/// <param name="Judgement">Only those that were judged so.</param>
/// <param name="Proved">Only those that the device made then, by its own time.</param>
public readonly record struct ProofFilter(Protocol.Verification.Judgement? Judgement = null, Period Proved = default);

/// <summary>Which reports; a null member does not restrict.</summary>
/// <param name="Status">Only those that have come so far.</param>
/// <param name="Began">Only of epochs that begin then.</param>
public readonly record struct EpochFilter(ReportStatus? Status = null, Period Began = default);

/// <summary>Which end of a list comes first.</summary>
public enum ListOrder
{
    /// <summary>What was there last.</summary>
    Newest,

    /// <summary>What was there first.</summary>
    Oldest,
}

/// <summary>What payout accounts are ordered by.</summary>
public enum AccountOrder
{
    /// <summary>By payout index, which is by age.</summary>
    Index,

    /// <summary>Those that earned most come first.</summary>
    Earned,
}
