using System.Numerics;
using System.Text.Json.Serialization;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Client;

/// <summary>What an account earned, may claim and holds.</summary>
/// <param name="Account">As the mirror has it.</param>
/// <param name="Claimable">Final cumulative less what was claimed: what a claim asks for now; the contract pays no more than the outflow breaker's room.</param>
/// <param name="Waiting">Earned in epochs that are not final yet.</param>
public sealed record AccountRewards(Account Account, TokenAmount Claimable, TokenAmount Waiting);

/// <summary>A payout account.</summary>
/// <param name="PayoutIndex">Its leaf in every reward tree.</param>
/// <param name="Address">The account.</param>
/// <param name="Recipient">Where its claims are paid.</param>
/// <param name="NextRecipient">Where they will be paid; null without a change under way.</param>
/// <param name="NextReadyAt">From when, in chain seconds since 1970.</param>
/// <param name="Cumulative">Earned up to the newest recomputed epoch.</param>
/// <param name="Final">Earned up to the claimable root.</param>
/// <param name="Claimed">Paid.</param>
/// <param name="Epoch">The newest recomputed epoch; null before the first.</param>
/// <param name="Balance">Tokens that it holds; null on Solana, where a token keeps no log: ask the cluster.</param>
/// <param name="Staked">Its own stake.</param>
/// <param name="Devices">That it owns.</param>
public sealed record Account(long PayoutIndex, [property: JsonPropertyName("account")] ChainAddress Address, ChainAddress Recipient, ChainAddress? NextRecipient, long? NextReadyAt,
    TokenAmount Cumulative, TokenAmount Final, TokenAmount Claimed, Epoch? Epoch, TokenAmount? Balance, TokenAmount Staked, long Devices);

/// <summary>Why an amount is what it is: one device under one rule in one epoch.</summary>
/// <param name="Epoch">When.</param>
/// <param name="Account">Who earned.</param>
/// <param name="Class">Resource class.</param>
/// <param name="ClassName">Its name.</param>
/// <param name="DeviceId">Which device.</param>
/// <param name="Rule">Number of the rule.</param>
/// <param name="RuleName">Its name.</param>
/// <param name="Weight">By which the rule's part was shared out.</param>
/// <param name="Amount">What came of it.</param>
/// <param name="Accepted">Proofs of the device that count.</param>
/// <param name="Rejected">Proofs that broke a rule.</param>
/// <param name="Inconclusive">Proofs of which nothing could be said.</param>
public sealed record RewardLine(Epoch Epoch, ChainAddress Account, ClassId Class, string ClassName, DeviceId DeviceId, int Rule, string RuleName, BigInteger Weight, TokenAmount Amount, long Accepted, long Rejected, long Inconclusive);

/// <summary>What a device or an account came to in one epoch.</summary>
/// <param name="Epoch">Which.</param>
/// <param name="Start">When it began.</param>
/// <param name="Amount">What was earned.</param>
/// <param name="Devices">How many devices had part in it.</param>
/// <param name="Accepted">Their proofs that count.</param>
/// <param name="Rejected">Those that broke a rule.</param>
/// <param name="Inconclusive">Those of which nothing could be said.</param>
public sealed record EpochEarning(Epoch Epoch, DateTimeOffset Start, TokenAmount Amount, long Devices, long Accepted, long Rejected, long Inconclusive);

/// <summary>A payout account in a list.</summary>
/// <param name="PayoutIndex">Its leaf in every reward tree.</param>
/// <param name="Address">The account.</param>
/// <param name="Recipient">Where its claims are paid.</param>
/// <param name="Cumulative">Earned up to the newest recomputed epoch.</param>
/// <param name="Claimed">Paid.</param>
/// <param name="Devices">That it owns.</param>
/// <param name="Epoch">The newest recomputed epoch; null before the first.</param>
public sealed record AccountEntry(long PayoutIndex, [property: JsonPropertyName("account")] ChainAddress Address, ChainAddress Recipient, TokenAmount Cumulative, TokenAmount Claimed,
    long Devices, Epoch? Epoch);

/// <summary>A claim that was paid.</summary>
/// <param name="BlockNumber">Where.</param>
/// <param name="LogIndex">Which event of the block.</param>
/// <param name="Recipient">To whom.</param>
/// <param name="Amount">How much.</param>
/// <param name="Claimed">All that the account was paid until then.</param>
/// <param name="FeeTo">Who sent it for a fee; zero where nobody did.</param>
/// <param name="Fee">The fee.</param>
/// <param name="BlockTime">When.</param>
public sealed record PaidClaim(long BlockNumber, int LogIndex, ChainAddress Recipient, TokenAmount Amount, TokenAmount Claimed, ChainAddress FeeTo, TokenAmount Fee, DateTimeOffset? BlockTime);

/// <summary>A claim, ready to submit.</summary>
/// <param name="Epoch">Epoch of the root.</param>
/// <param name="Root">The distributor's current root.</param>
/// <param name="Leaf">The account's leaf.</param>
/// <param name="Proof">Siblings, bottom first.</param>
/// <param name="Claimable">What it asks for: cumulative less claimed.</param>
/// <param name="Transaction">Unsigned; anyone may send it, it pays the account's recipient. Null on a chain that is not EVM.</param>
/// <param name="Solana">The same on a Solana cluster; null elsewhere.</param>
public sealed record ReadyClaim(Epoch Epoch, Bytes32 Root, ClaimLeaf Leaf, IReadOnlyList<Bytes32> Proof, TokenAmount Claimable, UnsignedTransaction? Transaction,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] UnsignedSolanaClaim? Solana = null);

/// <summary>A reward leaf as the contract takes it.</summary>
public sealed record ClaimLeaf(uint Index, ChainAddress Account, TokenAmount Cumulative, TokenAmount Prefix, Bytes32 ItemsHash);

/// <summary>An unsigned EVM transaction: fill in nonce, gas and fees, then sign.</summary>
/// <param name="Chain">CAIP-2.</param>
/// <param name="To">The contract.</param>
/// <param name="Data">Call data.</param>
/// <param name="Value">Of the chain's own coin, in its base units.</param>
public sealed record UnsignedTransaction(string Chain, Address To, ReadOnlyMemory<byte> Data, BigInteger Value);

/// <summary>A claim for a Solana wallet.</summary>
/// <param name="Chain">CAIP-2.</param>
/// <param name="Payer">Who signs and pays the fee in <paramref name="Transactions"/>: the account.</param>
/// <param name="Transactions">Unsigned, in the order in which they are sent: put a recent blockhash in the place of the zero one, sign and send. Empty where the proof is too long for one transaction; <paramref name="Instructions"/>
/// then fit with an address lookup table.</param>
/// <param name="Instructions">What they do, for whoever lays out transactions of its own, or pays for another's: replace <paramref name="Payer"/> wherever it signs.</param>
public sealed record UnsignedSolanaClaim(string Chain, ChainAddress Payer, IReadOnlyList<string> Transactions, IReadOnlyList<SolanaCall> Instructions);

/// <summary>An instruction of a Solana transaction.</summary>
/// <param name="Program">Whose code runs.</param>
/// <param name="Accounts">In the program's order.</param>
/// <param name="Data">Base64.</param>
public sealed record SolanaCall(ChainAddress Program, IReadOnlyList<SolanaCallAccount> Accounts, string Data);

/// <summary>An account as an instruction takes it.</summary>
public sealed record SolanaCallAccount(ChainAddress Address, bool Signer, bool Writable);
