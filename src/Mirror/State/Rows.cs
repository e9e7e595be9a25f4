using System.Numerics;
using DePin.Cryptography;

namespace DePin.Mirror.State;

// One record a versioned table; members in the order of its columns. Times are unix seconds, amounts base units.

internal sealed record SplitRow(long FirstEpoch, byte[] Accounts, int[] Bps, int LogIndex);

internal sealed record MakerRow(long MakerId, Address Account, long Quota, bool Active);

internal sealed record ModelRow(long ModelId, long MakerId, int Class, long Capabilities, long Cadence, Bytes32 Metadata);

internal sealed record DeviceBatchRow(long BatchId, long MakerId, Bytes32 Root, long DeviceCount, string Uri, bool Revoked);

internal sealed record DeviceRow(
    long TokenId, Bytes32 DeviceId, Address Owner, long ModelId, long BatchId, short KeyType, byte[] PublicKey, BigInteger Cell, Bytes32 Metadata,
    string Status, long RegisteredAt, Bytes32? NextDeviceId, short? NextKeyType, byte[]? NextPublicKey, long? NextReadyAt);

internal sealed record PayoutAccountRow(Address Account, long PayoutIndex, Address Recipient, Address? NextRecipient, long? NextReadyAt);

internal sealed record PoolRow(
    Address Provider, BigInteger Tokens, BigInteger Shares, BigInteger ThawingTokens, BigInteger ThawingShares, BigInteger SelfShares, long Generation);

internal sealed record StakeRow(Address Provider, Address Staker, BigInteger Shares, long Generation);

internal sealed record ThawRow(
    Address Provider, Address Staker, long ThawId, BigInteger Shares, long ReadyAt, long Generation, string Status, BigInteger Paid);

internal sealed record OperatorRow(
    Address ReportKey, Address Account, Bytes32 ProtocolKey, BigInteger Bond, string Endpoint, long ExitAt, bool Slashed);

internal sealed record ConfigRow(
    long ConfigCount, long FirstEpoch, Bytes32 Digest, short N, short Q, Bytes32 ParametersHash, Bytes32 RulesHash, byte[] ReportKeys, byte[] ProtocolKeys);

internal sealed record ReportRow(
    Bytes32 Digest, long Epoch, long Generation, byte[] Report, long Signers, long ClaimableAt, string Status, Address? Challenger,
    BigInteger? ChallengeBond, Bytes32? ChallengeEvidence, bool? ChallengeBondReturned, short? CancelReason, long AcceptedBlock, Bytes32 AcceptedTransaction);

internal sealed record RootRow(long Epoch, Bytes32 Root, long LeafCount, BigInteger CumulativeTotal);

internal sealed record BreakerRow(short Breaker, BigInteger Used, BigInteger Capacity, long UsedAt);
