namespace DePin.Api.Operators;

/// <summary>What a signed-in account runs on a network.</summary>
/// <param name="Network">Network id, 0x-hex.</param>
/// <param name="Chain">CAIP-2.</param>
/// <param name="ChainId">EIP-155 id of the chain that transactions are for; null on another kind of chain.</param>
/// <param name="Account">Who is signed in, EIP-55: the account on an EVM chain, the report key on Solana.</param>
/// <param name="ChainTime">Time of the newest mirrored block.</param>
/// <param name="CurrentEpoch">The epoch that runs by chain time; null where the deployment does not say when epochs are.</param>
/// <param name="NextReport">The epoch whose report the chain expects.</param>
/// <param name="LastFinalEpoch">Newest final epoch, 0 before the first.</param>
/// <param name="MinimumBond">Least bond in base units.</param>
/// <param name="ThawSeconds">Chain seconds between asking for a bond and getting it.</param>
/// <param name="Decimals">Digits of the token after the point.</param>
/// <param name="Operators">Ascending by report key.</param>
public sealed record OperatorAccountView(string Network, string Chain, ulong? ChainId, string Account, DateTime? ChainTime, long? CurrentEpoch, long NextReport, long LastFinalEpoch, string? MinimumBond, long? ThawSeconds,
    int Decimals, IReadOnlyList<OwnOperatorView> Operators);

/// <summary>An operator as it stands.</summary>
/// <param name="ReportKey">Its name: what signs reports.</param>
/// <param name="ProtocolKey">What signs rounds and receipts.</param>
/// <param name="Endpoint">As registered: any text.</param>
/// <param name="State">waiting (in no set yet), joins, signs, leaves (signs still), left (bond not asked for), thawing, withdrawable, withdrawn or slashed.</param>
/// <param name="Place">Its bit in the reports of the set in force, from 0; null outside of it.</param>
/// <param name="SetSize">Members of the set in force; null before the first.</param>
/// <param name="Quorum">Signatures that a report carries.</param>
/// <param name="SignsFrom">First epoch of its membership: now, to come or last; null for one that never was in a set.</param>
/// <param name="SignsUntil">Last epoch of it; null while no end is scheduled.</param>
/// <param name="Bond">Its bond.</param>
/// <param name="Notices">What to know and what to do, the most pressing first.</param>
public sealed record OwnOperatorView(string ReportKey, string ProtocolKey, string Endpoint, string State, int? Place, int? SetSize, int? Quorum, long? SignsFrom, long? SignsUntil, BondView Bond, IReadOnlyList<NoticeView> Notices);

/// <summary>An operator's bond.</summary>
/// <param name="Amount">Base units.</param>
/// <param name="LockedByEpoch">The thaw may be asked for when this epoch is final; null: nothing keeps it from that, or the operator is in the newest set.</param>
/// <param name="InNewestSet">Whether it is locked for as long as no set without the operator is scheduled.</param>
/// <param name="WithdrawableAt">End of the thaw; null: none was asked for.</param>
/// <param name="IsWithdrawable">Whether it can be taken now.</param>
public sealed record BondView(string Amount, long? LockedByEpoch, bool InNewestSet, DateTimeOffset? WithdrawableAt, bool IsWithdrawable);

/// <summary>Something to know.</summary>
/// <param name="Level">good, info, warn or bad.</param>
/// <param name="Code">Stable name.</param>
/// <param name="Title">In a few words.</param>
/// <param name="Why">What it means and where it comes from.</param>
/// <param name="Remedy">What to do; null: nothing.</param>
/// <param name="Document">Where more is said about that, a path of the repository; null: nowhere.</param>
public sealed record NoticeView(string Level, string Code, string Title, string Why, string? Remedy, string? Document);

/// <summary>Reports as they concern one operator, a page at a time.</summary>
/// <param name="Items">Newest first, cancelled ones too.</param>
/// <param name="Next">Cursor of the next page; null on the last.</param>
/// <param name="Of">Reports of this page that count and whose set the operator was in.</param>
/// <param name="SignedOf">How many of those carry its signature. A report carries a quorum of signatures, taken in turn, so that not even an operator that never fails stands in each.</param>
/// <param name="Notices">What to know about them.</param>
public sealed record OwnReportsView(IReadOnlyList<OwnReportView> Items, string? Next, int Of, int SignedOf, IReadOnlyList<NoticeView> Notices);

/// <summary>A report as it concerns one operator.</summary>
/// <param name="Epoch">Of the report.</param>
/// <param name="Generation">Of the report.</param>
/// <param name="Digest">Of the report.</param>
/// <param name="Status">pending, challenged, final or cancelled.</param>
/// <param name="Member">Whether the operator was in the report's set.</param>
/// <param name="HasSigned">Whether the report carries its signature.</param>
/// <param name="Challenger">Who challenged it; null: nobody.</param>
/// <param name="CancelReason">1 arbiter, 2 tree fault; null: not cancelled.</param>
/// <param name="ClaimableAt">End of the challenge window.</param>
/// <param name="AcceptedBlock">Block that accepted it.</param>
/// <param name="AcceptedAt">Its time.</param>
/// <param name="Transaction">That brought it. Whose it was and what it cost, its receipt says: the mirror keeps logs, and a log does not name the sender.</param>
/// <param name="Earned">What the epoch minted to the operator's account, base units; null while it is not final.</param>
public sealed record OwnReportView(long Epoch, long Generation, string Digest, string Status, bool Member, bool HasSigned, string? Challenger, short? CancelReason, DateTimeOffset ClaimableAt, long AcceptedBlock, DateTime? AcceptedAt,
    string Transaction, string? Earned);

/// <summary>An operator's process as this API sees it now.</summary>
/// <param name="Endpoint">As registered.</param>
/// <param name="LookedAt">When; an answer is kept for a few seconds. Null: it was not looked at.</param>
/// <param name="Health">What <c>/health</c> said.</param>
/// <param name="Ready">What <c>/ready</c> said.</param>
/// <param name="Notices">What that means and what to do.</param>
public sealed record ProcessView(string Endpoint, DateTimeOffset? LookedAt, ProcessAnswerView? Health, ProcessAnswerView? Ready, IReadOnlyList<NoticeView> Notices);

/// <summary>An answer, or why there is none.</summary>
/// <param name="Status">HTTP status; null: no answer.</param>
/// <param name="Problem">Why there is none that can be read; null: there is.</param>
/// <param name="State">What <c>/health</c> calls itself.</param>
/// <param name="Why">Its own words for what is wrong.</param>
/// <param name="Operator">Report key of the process.</param>
/// <param name="Epoch">The epoch that runs, as it sees the chain.</param>
/// <param name="NextReport">The epoch whose report it works on.</param>
/// <param name="Block">Its newest block.</param>
/// <param name="Devices">Devices that it knows.</param>
public sealed record ProcessAnswerView(int? Status, string? Problem, string? State, string? Why, string? Operator, long? Epoch, long? NextReport, long? Block, long? Devices);

/// <summary>Something that the account may do on chain.</summary>
/// <param name="Name">endpoint, bond, exit or withdraw.</param>
/// <param name="Title">In a few words.</param>
/// <param name="Possible">Whether the contract would take it, by the mirror's newest block.</param>
/// <param name="Why">What it does, or why it is not possible and when it will be.</param>
/// <param name="Steps">Transactions in order, each to be mined before the next; empty where it is not possible, or needs a parameter that was not given.</param>
public sealed record OperatorActionView(string Name, string Title, bool Possible, string Why, IReadOnlyList<TransactionStepView> Steps);

/// <summary>One transaction of an action.</summary>
/// <param name="Text">What it does.</param>
/// <param name="Transaction">Unsigned; the operator's account sends it.</param>
public sealed record TransactionStepView(string Text, Endpoints.TransactionView Transaction);
