using DePin.Cryptography;
using DePin.Protocol;
using static NpgsqlTypes.NpgsqlDbType;
using DbType = NpgsqlTypes.NpgsqlDbType;

namespace DePin.Mirror.State;

/// <summary>The versioned tables of migration 0101, one field each. Column lists here and there must agree; the round-trip test sees to it.</summary>
internal sealed class Tables
{
    private static Column<long>[] Id(string name) => [new(name, Bigint, k => k)];

    private static Column<AccountId>[] Account(string name) => [new(name, Bytea, k => k.ToNative())];

    public VersionedTable<long, SplitRow> Splits { get; } = new("split_versions", Id("first_epoch"),
        [new("accounts", Bytea, r => r.Accounts), new("bps", DbType.Array | Integer, r => r.Bps), new("log_index", Integer, r => r.LogIndex)],
        r => r.FirstEpoch, r => new(r.Int64(), r.Bytes(), r.Int32s(), r.Int32()));

    public VersionedTable<long, MakerRow> Makers { get; } = new("maker_versions", Id("maker_id"),
        [new("account", Bytea, r => r.Account.ToNative()), new("quota", Bigint, r => r.Quota), new("active", DbType.Boolean, r => r.Active)],
        r => r.MakerId, r => new(r.Int64(), r.Account(), r.Int64(), r.Bool()));

    public VersionedTable<long, ModelRow> Models { get; } = new("model_versions", Id("model_id"),
        [
            new("maker_id", Bigint, r => r.MakerId), new("class", Integer, r => r.Class), new("capabilities", Bigint, r => r.Capabilities),
            new("cadence", Bigint, r => r.Cadence), new("metadata", Bytea, r => r.Metadata.ToArray()),
        ],
        r => r.ModelId, r => new(r.Int64(), r.Int64(), r.Int32(), r.Int64(), r.Int64(), r.Bytes32()));

    public VersionedTable<long, DeviceBatchRow> Batches { get; } = new("batch_versions", Id("batch_id"),
        [
            new("maker_id", Bigint, r => r.MakerId), new("root", Bytea, r => r.Root.ToArray()), new("device_count", Bigint, r => r.DeviceCount),
            new("uri", Text, r => r.Uri), new("revoked", DbType.Boolean, r => r.Revoked),
        ],
        r => r.BatchId, r => new(r.Int64(), r.Int64(), r.Bytes32(), r.Int64(), r.Text(), r.Bool()));

    public VersionedTable<long, DeviceRow> Devices { get; } = new("device_versions", Id("token_id"),
        [
            new("device_id", Bytea, r => r.DeviceId.ToArray()), new("owner", Bytea, r => r.Owner.ToNative()), new("model_id", Bigint, r => r.ModelId),
            new("batch_id", Bigint, r => r.BatchId), new("key_type", Smallint, r => r.KeyType), new("public_key", Bytea, r => r.PublicKey),
            new("cell", Numeric, r => r.Cell), new("metadata", Bytea, r => r.Metadata.ToArray()), new("status", Text, r => r.Status),
            new("registered_at", Bigint, r => r.RegisteredAt), new("next_device_id", Bytea, r => r.NextDeviceId?.ToArray()),
            new("next_key_type", Smallint, r => r.NextKeyType), new("next_public_key", Bytea, r => r.NextPublicKey),
            new("next_ready_at", Bigint, r => r.NextReadyAt),
        ],
        r => r.TokenId,
        r => new(r.Int64(), r.Bytes32(), r.Account(), r.Int64(), r.Int64(), r.Int16(), r.Bytes(), r.Amount(), r.Bytes32(), r.Text(), r.Int64(),
            r.Bytes32OrNull(), r.Int16OrNull(), r.BytesOrNull(), r.Int64OrNull()));

    public VersionedTable<AccountId, PayoutAccountRow> PayoutAccounts { get; } = new("payout_account_versions", Account("account"),
        [
            new("payout_index", Bigint, r => r.PayoutIndex), new("recipient", Bytea, r => r.Recipient.ToNative()),
            new("next_recipient", Bytea, r => r.NextRecipient?.ToNative()), new("next_ready_at", Bigint, r => r.NextReadyAt),
        ],
        r => r.Account, r => new(r.Account(), r.Int64(), r.Account(), r.AccountOrNull(), r.Int64OrNull()));

    public VersionedTable<AccountId, PoolRow> Pools { get; } = new("pool_versions", Account("provider"),
        [
            new("tokens", Numeric, r => r.Tokens), new("shares", Numeric, r => r.Shares), new("thawing_tokens", Numeric, r => r.ThawingTokens),
            new("thawing_shares", Numeric, r => r.ThawingShares), new("self_shares", Numeric, r => r.SelfShares), new("generation", Bigint, r => r.Generation),
        ],
        r => r.Provider, r => new(r.Account(), r.Amount(), r.Amount(), r.Amount(), r.Amount(), r.Amount(), r.Int64()));

    public VersionedTable<(AccountId Provider, AccountId Staker), StakeRow> Stakes { get; } = new("stake_versions",
        [new("provider", Bytea, k => k.Provider.ToNative()), new("staker", Bytea, k => k.Staker.ToNative())],
        [new("shares", Numeric, r => r.Shares), new("generation", Bigint, r => r.Generation)],
        r => (r.Provider, r.Staker), r => new(r.Account(), r.Account(), r.Amount(), r.Int64()));

    public VersionedTable<(AccountId Provider, AccountId Staker, long ThawId), ThawRow> Thaws { get; } = new("thaw_versions",
        [new("provider", Bytea, k => k.Provider.ToNative()), new("staker", Bytea, k => k.Staker.ToNative()), new("thaw_id", Bigint, k => k.ThawId)],
        [
            new("shares", Numeric, r => r.Shares), new("ready_at", Bigint, r => r.ReadyAt), new("generation", Bigint, r => r.Generation),
            new("status", Text, r => r.Status), new("paid", Numeric, r => r.Paid),
        ],
        r => (r.Provider, r.Staker, r.ThawId), r => new(r.Account(), r.Account(), r.Int64(), r.Amount(), r.Int64(), r.Int64(), r.Text(), r.Amount()));

    public VersionedTable<Address, OperatorRow> Operators { get; } = new("operator_versions", [new("report_key", Bytea, k => k.ToArray())],
        [
            new("account", Bytea, r => r.Account.ToNative()), new("protocol_key", Bytea, r => r.ProtocolKey.ToArray()), new("bond", Numeric, r => r.Bond),
            new("endpoint", Text, r => r.Endpoint), new("exit_at", Bigint, r => r.ExitAt), new("slashed", DbType.Boolean, r => r.Slashed),
        ],
        r => r.ReportKey, r => new(r.Address(), r.Account(), r.Bytes32(), r.Amount(), r.Text(), r.Int64(), r.Bool()));

    public VersionedTable<long, ConfigRow> Configs { get; } = new("config_versions", Id("config_count"),
        [
            new("first_epoch", Bigint, r => r.FirstEpoch), new("digest", Bytea, r => r.Digest.ToArray()), new("n", Smallint, r => r.N),
            new("q", Smallint, r => r.Q), new("parameters_hash", Bytea, r => r.ParametersHash.ToArray()), new("rules_hash", Bytea, r => r.RulesHash.ToArray()),
            new("report_keys", Bytea, r => r.ReportKeys), new("protocol_keys", Bytea, r => r.ProtocolKeys),
        ],
        r => r.ConfigCount, r => new(r.Int64(), r.Int64(), r.Bytes32(), r.Int16(), r.Int16(), r.Bytes32(), r.Bytes32(), r.Bytes(), r.Bytes()));

    /// <summary>A cancellation voids every report after it: those that it may reach are always loaded.</summary>
    public VersionedTable<Bytes32, ReportRow> Reports { get; } = new("report_versions", [new("digest", Bytea, k => k.ToArray())],
        [
            new("epoch", Bigint, r => r.Epoch), new("generation", Bigint, r => r.Generation), new("report", Bytea, r => r.Report),
            new("signers", Bigint, r => r.Signers), new("claimable_at", Bigint, r => r.ClaimableAt), new("status", Text, r => r.Status),
            new("challenger", Bytea, r => r.Challenger?.ToNative()), new("challenge_bond", Numeric, r => r.ChallengeBond),
            new("challenge_evidence", Bytea, r => r.ChallengeEvidence?.ToArray()), new("challenge_bond_returned", DbType.Boolean, r => r.ChallengeBondReturned),
            new("cancel_reason", Smallint, r => r.CancelReason), new("accepted_block", Bigint, r => r.AcceptedBlock),
            new("accepted_transaction", Bytea, r => r.AcceptedTransaction),
        ],
        r => r.Digest,
        r => new(r.Bytes32(), r.Int64(), r.Int64(), r.Bytes(), r.Int64(), r.Int64(), r.Text(), r.AccountOrNull(), r.AmountOrNull(), r.Bytes32OrNull(),
            r.BoolOrNull(), r.Int16OrNull(), r.Int64(), r.Bytes()),
        alwaysLoad: "status in ('pending', 'challenged')");

    public VersionedTable<long, RootRow> Roots { get; } = new("root_versions", Id("epoch"),
        [new("root", Bytea, r => r.Root.ToArray()), new("leaf_count", Bigint, r => r.LeafCount), new("cumulative_total", Numeric, r => r.CumulativeTotal)],
        r => r.Epoch, r => new(r.Int64(), r.Bytes32(), r.Int64(), r.Amount()));

    public VersionedTable<short, BreakerRow> Breakers { get; } = new("breaker_versions", [new("breaker", Smallint, k => k)],
        [new("used", Numeric, r => r.Used), new("capacity", Numeric, r => r.Capacity), new("used_at", Bigint, r => r.UsedAt)],
        r => r.Breaker, r => new(r.Int16(), r.Amount(), r.Amount(), r.Int64()));

    public IReadOnlyList<IVersionedTable> All =>
        [Splits, Makers, Models, Batches, Devices, PayoutAccounts, Pools, Stakes, Thaws, Operators, Configs, Reports, Roots, Breakers];
}
