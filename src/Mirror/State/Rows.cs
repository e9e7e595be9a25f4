using System.Numerics;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Mirror.State;

// One record a versioned table; members in the order of its columns. Times are unix seconds, amounts base units.

internal sealed record SplitRow(long FirstEpoch, byte[] Accounts, int[] Bps, int LogIndex);

internal sealed record MakerRow(long MakerId, AccountId Account, long Quota, bool Active);

internal sealed record ModelRow(long ModelId, long MakerId, int Class, long Capabilities, long Cadence, Bytes32 Metadata);

internal sealed record DeviceBatchRow(long BatchId, long MakerId, Bytes32 Root, long DeviceCount, string Uri, bool Revoked);

internal sealed record DeviceRow(
    long TokenId, Bytes32 DeviceId, AccountId Owner, long ModelId, long BatchId, short KeyType, byte[] PublicKey, BigInteger Cell, Bytes32 Metadata,
    string Status, long RegisteredAt, Bytes32? NextDeviceId, short? NextKeyType, byte[]? NextPublicKey, long? NextReadyAt);

internal sealed record PayoutAccountRow(AccountId Account, long PayoutIndex, AccountId Recipient, AccountId? NextRecipient, long? NextReadyAt);

internal sealed record PoolRow(
    AccountId Provider, BigInteger Tokens, BigInteger Shares, BigInteger ThawingTokens, BigInteger ThawingShares, BigInteger SelfShares, long Generation);

internal sealed record StakeRow(AccountId Provider, AccountId Staker, BigInteger Shares, long Generation);

internal sealed record ThawRow(
    AccountId Provider, AccountId Staker, long ThawId, BigInteger Shares, long ReadyAt, long Generation, string Status, BigInteger Paid);

internal sealed record OperatorRow(
    Address ReportKey, AccountId Account, Bytes32 ProtocolKey, BigInteger Bond, string Endpoint, long ExitAt, bool Slashed);

internal sealed record ConfigRow(
    long ConfigCount, long FirstEpoch, Bytes32 Digest, short N, short Q, Bytes32 ParametersHash, Bytes32 RulesHash, byte[] ReportKeys, byte[] ProtocolKeys);

internal sealed record ReportRow(
    Bytes32 Digest, long Epoch, long Generation, byte[] Report, long Signers, long ClaimableAt, string Status, AccountId? Challenger,
    BigInteger? ChallengeBond, Bytes32? ChallengeEvidence, bool? ChallengeBondReturned, short? CancelReason, long AcceptedBlock, byte[] AcceptedTransaction);

internal sealed record RootRow(long Epoch, Bytes32 Root, long LeafCount, BigInteger CumulativeTotal);

internal sealed record BreakerRow(short Breaker, BigInteger Used, BigInteger Capacity, long UsedAt);
