using System.Text.Json;
using System.Text.Json.Serialization;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Client;

/// <summary>A network that an API serves.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Chain">Its chain, CAIP-2 (<c>eip155:1</c>).</param>
/// <param name="Name">As deployed; null until the indexer published it.</param>
public sealed record NetworkName(NetworkId Id, string Chain, string? Name);

/// <summary>A network, its contracts and its numbers.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Chain">CAIP-2.</param>
/// <param name="Name">As deployed; null until the indexer published it.</param>
/// <param name="Contracts">By contract name.</param>
/// <param name="Totals">Counts and amounts at the mirror's head.</param>
/// <param name="Parameters">The parameter document, JSON as published; null until then.</param>
/// <param name="Clock">When epochs are; null until published.</param>
/// <param name="Decimals">Digits of the token after the point: 10^Decimals base units are one token.</param>
public sealed record Network(NetworkId Id, string Chain, string? Name, IReadOnlyDictionary<string, ChainAddress> Contracts, NetworkTotals Totals, JsonElement? Parameters, EpochClock? Clock, int Decimals);

/// <summary>Counts and amounts; epochs are 0 before the first. Holders and what is burned are null on Solana, where a token keeps no log.</summary>
public sealed record NetworkTotals(long Devices, long ActiveDevices, long Providers, long? Holders, long Operators, TokenAmount Minted, TokenAmount? Burned, TokenAmount Claimed, TokenAmount Staked,
    Epoch LastAcceptedEpoch, Epoch LastFinalEpoch, Epoch LastImportedEpoch);

/// <summary>When epochs are, in chain time.</summary>
/// <param name="Genesis">Unix seconds at which epoch 1 starts.</param>
/// <param name="EpochSeconds">Length of an epoch.</param>
/// <param name="ChallengeSeconds">How long a report is open to challenge.</param>
public sealed record EpochClock(long Genesis, long EpochSeconds, long ChallengeSeconds);

/// <summary>How far the mirror is behind the chain and how final it is.</summary>
/// <param name="Chain">CAIP-2.</param>
/// <param name="Mirror">Newest and final block.</param>
/// <param name="LagSeconds">Chain seconds between the newest mirrored block and now; null before the first block.</param>
/// <param name="LastAcceptedEpoch">Newest epoch with an accepted report; 0 before the first.</param>
/// <param name="LastImportedEpoch">Newest epoch whose evidence was recomputed; 0 before the first.</param>
/// <param name="KeptFrom">From which epochs on details are kept.</param>
public sealed record IndexerState(string Chain, MirrorHead Mirror, double? LagSeconds, Epoch LastAcceptedEpoch, Epoch LastImportedEpoch, KeptFrom KeptFrom);

/// <summary>Where the mirror stands. Times are of blocks; null before the first.</summary>
/// <param name="BlockNumber">Newest block.</param>
/// <param name="BlockHash">Its hash.</param>
/// <param name="BlockTime">Its time.</param>
/// <param name="FinalizedNumber">Newest final block; -1 before there is one.</param>
/// <param name="FinalizedTime">Its time.</param>
/// <param name="Halted">Why the indexer stopped following; null while it follows.</param>
public sealed record MirrorHead(long BlockNumber, [property: JsonConverter(typeof(BlockHashConverter))] Bytes32 BlockHash, DateTimeOffset? BlockTime, long FinalizedNumber, DateTimeOffset? FinalizedTime, string? Halted);

/// <summary>First epochs whose verdicts and reward trees are kept; sums, leaves and lines are kept for ever.</summary>
public sealed record KeptFrom(Epoch Verdicts, Epoch Trees);
