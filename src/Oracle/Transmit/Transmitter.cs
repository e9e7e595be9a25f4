using DePin.Chain;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Transmit;

/// <summary>
/// Sends this operator's transactions: prepare, store, broadcast, and settle. Whatever was sent before a restart is settled from its row; nothing
/// else is sent for a subject while one of its transactions is open.
/// </summary>
public sealed partial class Transmitter(NetworkId network, Address self, TransmissionStore store, IVerifierTransactions chain, TransmitOptions options, TimeProvider wallClock, ILogger<Transmitter> logger)
{
    private readonly Dictionary<long, long> _sentAt = [];

    /// <summary>Sends what <paramref name="prepare"/> signs unless a transaction for the subject is open, has landed, or was refused too often. One that expired did nothing, and is prepared anew.</summary>
    /// <returns>Whether it was sent now.</returns>
    public async Task<bool> SendAsync(
        string purpose, ulong epoch, ulong generation, Bytes32 subject, Func<CancellationToken, Task<SignedTransaction>> prepare, CancellationToken ct)
    {
        var earlier = await store.GetAsync(purpose, subject, ct);
        if (earlier.Any(t => t.Status is "prepared" or "sent" or "included" or "finalized") || earlier.Count(t => t.Status == "reverted") >= options.MaxAttempts) return false;

        SignedTransaction transaction;
        try
        {
            transaction = await prepare(ct);
        }
        catch (ChainRefusalException refused)
        {
            // Somebody else was faster, or the chain is not there yet: the next look decides.
            LogWouldRevert(logger, purpose, epoch, refused.Message);
            return false;
        }

        var row = await store.AddAsync(new TransmissionRow(
            0, purpose, (long)epoch, (long)generation, subject, transaction.Id.Text, transaction.Bytes.ToArray(), (long)transaction.Sequence, "prepared"), ct);
        await BroadcastAsync(row, transaction, ct);
        return true;
    }

    /// <summary>Looks after every open transaction: sends it again while the node does not know it, replaces it while it is stuck, notes where it ended.</summary>
    /// <returns>Whether any is open.</returns>
    public async Task<bool> SettleAsync(CancellationToken ct)
    {
        var open = await store.GetOpenAsync(ct);
        var newest = open.GroupBy(row => (row.Purpose, row.Subject)).Select(versions => versions.Max(row => row.Id)).ToHashSet();
        foreach (var row in open)
        {
            var transaction = new SignedTransaction(chain.Chain, new TransactionId(row.TransactionId), (ulong)row.Nonce, row.Raw);
            var status = await chain.GetStatusAsync(transaction, ct);
            var to = status switch
            {
                TransmissionStatus.Included => "included",
                TransmissionStatus.Finalized => "finalized",
                TransmissionStatus.Reverted => "reverted",
                TransmissionStatus.Expired => "expired",
                _ => row.Status,
            };
            if (to != row.Status && await store.MoveAsync(row.Id, row.Status, to, null, ct))
            {
                LogMoved(logger, row.TransactionId, row.Purpose, row.Epoch, to);
                if (row.Status is "prepared" or "sent") await TellAsync(row, transaction, to, ct);
            }

            // A version that was replaced is only watched: sent again, it would be refused as a replacement that pays too little.
            if (!newest.Contains(row.Id)) continue;
            if (status is TransmissionStatus.Unknown) await BroadcastAsync(row, transaction, ct);
            if (status is TransmissionStatus.Pending) await ReplaceIfStuckAsync(row, transaction, ct);
        }

        return open.Count > 0;
    }

    private async Task BroadcastAsync(TransmissionRow row, SignedTransaction transaction, CancellationToken ct)
    {
        var at = wallClock.GetTimestamp();
        await chain.BroadcastAsync(transaction, ct);
        _sentAt[row.Id] = at;
        if (await store.MoveAsync(row.Id, "prepared", "sent", null, ct)) LogSent(logger, row.TransactionId, row.Purpose, row.Epoch);
    }

    private async Task TellAsync(TransmissionRow row, SignedTransaction transaction, string status, CancellationToken ct)
    {
        if (!OracleTraces.Source.IsOn) return;
        var began = _sentAt.TryGetValue(row.Id, out var since) ? wallClock.GetUtcNow() - wallClock.GetElapsedTime(since) : (DateTimeOffset?)null;
        ulong? gas = null;
        try
        {
            gas = await chain.GetGasUsedAsync(transaction, ct);
        }
        catch (Exception) when (!ct.IsCancellationRequested)
        {
            // Only told of: what is settled does not wait for it.
        }

        OracleTraces.Transacted(network, row, began, status, gas, self);
    }

    // On an EVM chain the replacement has the same nonce, so that at most one of the two lands and the other's row ends as expired. On Solana nothing stays pending: what its time ran out
    // for expires and is prepared anew.
    private async Task ReplaceIfStuckAsync(TransmissionRow row, SignedTransaction transaction, CancellationToken ct)
    {
        if (!_sentAt.TryGetValue(row.Id, out var since))
        {
            _sentAt[row.Id] = wallClock.GetTimestamp();
            return;
        }

        if (wallClock.GetElapsedTime(since) < options.StuckAfter) return;
        _sentAt[row.Id] = wallClock.GetTimestamp();
        var replacement = await chain.ReplaceAsync(transaction, ct);
        if (replacement.Id == transaction.Id) return;
        var next = await store.AddAsync(row with { TransactionId = replacement.Id.Text, Raw = replacement.Bytes.ToArray(), Status = "prepared" }, ct);
        await BroadcastAsync(next, replacement, ct);
        LogReplaced(logger, row.TransactionId, replacement.Id.Text);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Purpose} of epoch {Epoch} was not sent, the contract would refuse it: {Problem}")]
    private static partial void LogWouldRevert(ILogger logger, string purpose, ulong epoch, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Sent transaction {Transaction}: {Purpose} of epoch {Epoch}")]
    private static partial void LogSent(ILogger logger, string transaction, string purpose, long epoch);

    [LoggerMessage(Level = LogLevel.Information, Message = "Transaction {Transaction} ({Purpose} of epoch {Epoch}) is {Status}")]
    private static partial void LogMoved(ILogger logger, string transaction, string purpose, long epoch, string status);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Transaction {Transaction} was stuck and is replaced by {Replacement}")]
    private static partial void LogReplaced(ILogger logger, string transaction, string replacement);
}
