using DePin.Storage.Read;

namespace DePin.Api;

/// <summary>Rows in their chain's own writing: every member that is an account, a transaction or a block, and no other; null where the mirror of such a chain does not know.</summary>
internal static class ChainForms
{
    public static NetworkTotals In(this NetworkTotals totals, ChainText text) => text.KnowsHolders ? totals : totals with { Holders = null, Burned = null };

    public static MirrorRow In(this MirrorRow row, ChainText text) => row with { BlockHash = text.Block(row.BlockHash) };

    public static DeviceRow In(this DeviceRow row, ChainText text) => row with { Owner = text.Account(row.Owner) };

    public static MakerRow In(this MakerRow row, ChainText text) => row with { Account = text.Account(row.Account) };

    public static EpochRow In(this EpochRow row, ChainText text) => row with { Challenger = text.AccountOrNull(row.Challenger), AcceptedTransaction = text.Transaction(row.AcceptedTransaction) };

    public static OwnReportRow In(this OwnReportRow row, ChainText text) => row with { Challenger = text.AccountOrNull(row.Challenger), Transaction = text.Transaction(row.Transaction) };

    public static OperatorRow In(this OperatorRow row, ChainText text) => row with { Account = text.Account(row.Account) };

    public static FaultRow In(this FaultRow row, ChainText text) => row with { Reporter = text.Account(row.Reporter) };

    public static PoolRow In(this PoolRow row, ChainText text) => row with { Provider = text.Account(row.Provider) };

    public static StakeRow In(this StakeRow row, ChainText text) => row with { Provider = text.Account(row.Provider), Staker = text.Account(row.Staker) };

    public static ThawRow In(this ThawRow row, ChainText text) => row with { Provider = text.Account(row.Provider), Staker = text.Account(row.Staker) };

    public static AccountRow In(this AccountRow row, ChainText text) =>
        row with { Account = text.Account(row.Account), Recipient = text.Account(row.Recipient), NextRecipient = text.AccountOrNull(row.NextRecipient), Balance = text.KnowsHolders ? row.Balance : null };

    public static AccountEntryRow In(this AccountEntryRow row, ChainText text) => row with { Account = text.Account(row.Account), Recipient = text.Account(row.Recipient) };

    public static LineRow In(this LineRow row, ChainText text) => row with { Account = text.Account(row.Account) };

    public static ClaimRow In(this ClaimRow row, ChainText text) => row with { Recipient = text.Account(row.Recipient), FeeTo = text.Account(row.FeeTo) };

    public static MirrorPoint In(this MirrorPoint point, ChainText text) => point with { Hash = text.Block(point.Hash) };

    public static ClaimChange In(this ClaimChange change, ChainText text) => change with { Account = text.Account(change.Account), Recipient = text.Account(change.Recipient) };

    public static DeviceChange In(this DeviceChange change, ChainText text) => change with { Owner = text.Account(change.Owner) };
}
