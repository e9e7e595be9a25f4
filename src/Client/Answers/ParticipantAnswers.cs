using System.Numerics;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Reports;

namespace DePin.Client;

/// <summary>Operators, a page at a time, and the newest 200 sets and faults.</summary>
/// <param name="Operators">Ascending by report key.</param>
/// <param name="Next">Cursor of the next page of operators; null on the last.</param>
/// <param name="Configs">Sets, newest first.</param>
/// <param name="Faults">Proven faults, newest first.</param>
public sealed record OperatorsPage(IReadOnlyList<Operator> Operators, string? Next, IReadOnlyList<OperatorConfig> Configs, IReadOnlyList<ProvenFault> Faults);

/// <summary>An oracle operator. <paramref name="ReportsSigned"/> of the last <paramref name="ReportsSince"/> (at most 100) accepted reports of its configurations carry its signature.</summary>
/// <param name="ReportKey">Signs reports.</param>
/// <param name="Account">Owns the bond.</param>
/// <param name="ProtocolKey">Signs between operators.</param>
/// <param name="Bond">At stake.</param>
/// <param name="Endpoint">Where its node listens, as it says.</param>
/// <param name="ExitAt">Chain seconds since 1970 when it may take the bond; 0 while it stays.</param>
/// <param name="Slashed">Whether a fault was proven.</param>
/// <param name="ReportsSince">Reports that it could have signed.</param>
/// <param name="ReportsSigned">Reports that it signed.</param>
public sealed record Operator(Address ReportKey, ChainAddress Account, Bytes32 ProtocolKey, TokenAmount Bond, string Endpoint, long ExitAt, bool Slashed, long ReportsSince, long ReportsSigned);

/// <summary>A set of operators.</summary>
/// <param name="Count">Number of the set.</param>
/// <param name="FirstEpoch">From which epoch it signs.</param>
/// <param name="Digest">What its reports name.</param>
/// <param name="N">Members.</param>
/// <param name="Q">Signatures that a report needs.</param>
/// <param name="ParametersHash">Of the parameter document.</param>
/// <param name="RulesHash">Of the rules.</param>
/// <param name="Members">In the order of a report's bitmap.</param>
public sealed record OperatorConfig(long Count, Epoch FirstEpoch, ConfigDigest Digest, int N, int Q, Bytes32 ParametersHash, Bytes32 RulesHash, IReadOnlyList<ConfigMember> Members);

/// <summary>A member of a set; bit <paramref name="Index"/> of a report's bitmap.</summary>
public sealed record ConfigMember(int Index, Address ReportKey, Bytes32 ProtocolKey);

/// <summary>A fault that was proven on chain.</summary>
/// <param name="BlockNumber">Where.</param>
/// <param name="LogIndex">Which event of the block.</param>
/// <param name="Kind">The contract's name for it.</param>
/// <param name="Epoch">Of which epoch's report.</param>
/// <param name="Generation">Of which generation; null where the fault has none.</param>
/// <param name="Signer">Who did it; null where all signers did.</param>
/// <param name="TreeFault">What is wrong with the reward tree, by the contract's number.</param>
/// <param name="PayoutIndex">At which leaf.</param>
/// <param name="Reporter">Who proved it.</param>
public sealed record ProvenFault(long BlockNumber, int LogIndex, string Kind, Epoch Epoch, Generation? Generation, Address? Signer, int? TreeFault, long? PayoutIndex, ChainAddress Reporter);

/// <summary>A provider's stake pool. Shares are what stakers hold of it.</summary>
public sealed record StakePool(ChainAddress Provider, TokenAmount Tokens, BigInteger Shares, TokenAmount ThawingTokens, long Generation, long Stakers);

/// <summary>What a staker holds and thaws.</summary>
public sealed record StakerHoldings(ChainAddress Staker, IReadOnlyList<Stake> Stakes, IReadOnlyList<Thaw> Thaws);

/// <summary>A staker's part of a pool.</summary>
public sealed record Stake(ChainAddress Provider, ChainAddress Staker, BigInteger Shares, TokenAmount Tokens);

/// <summary>Stake on its way out.</summary>
/// <param name="Provider">From whose pool.</param>
/// <param name="Staker">Whose.</param>
/// <param name="ThawId">Its number.</param>
/// <param name="Shares">How much of the pool.</param>
/// <param name="ReadyAt">Chain seconds since 1970 from which it can be taken.</param>
/// <param name="Status">How far it has come, in the mirror's word.</param>
/// <param name="Paid">What was paid.</param>
public sealed record Thaw(ChainAddress Provider, ChainAddress Staker, long ThawId, BigInteger Shares, long ReadyAt, string Status, TokenAmount Paid);

/// <summary>What was minted, and who shares it.</summary>
/// <param name="Epochs">Minted epochs, newest first.</param>
/// <param name="Splits">Sinks, by the epoch from which they share.</param>
/// <param name="Breaker">The outflow breaker as last said on chain; null before.</param>
public sealed record Emission(Page<MintedEpoch> Epochs, IReadOnlyList<EmissionSplit> Splits, OutflowBreaker? Breaker);

/// <summary>A minted epoch: to rewards, to sinks, and what stayed over.</summary>
public sealed record MintedEpoch(Epoch Epoch, TokenAmount Rewards, TokenAmount Sinks, TokenAmount Unallocated, long BlockNumber);

/// <summary>Sinks from an epoch on; what they leave goes to rewards.</summary>
public sealed record EmissionSplit(Epoch FirstEpoch, IReadOnlyList<EmissionSink> Sinks);

/// <summary>A sink's share in 1/10,000.</summary>
public sealed record EmissionSink(ChainAddress Account, int Bps);

/// <summary>How much the distributor may still pay out.</summary>
/// <param name="Used">Of the capacity.</param>
/// <param name="Capacity">In base units.</param>
/// <param name="UsedAt">Chain seconds since 1970 at which that was so; it drains since.</param>
public sealed record OutflowBreaker(TokenAmount Used, TokenAmount Capacity, long UsedAt);
