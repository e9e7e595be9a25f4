using System.Numerics;
using DePin.Cryptography;

namespace DePin.Mirror.State;

/// <summary>Where and when a log happened.</summary>
internal readonly record struct LogContext(long Block, long Timestamp, int LogIndex, ReadOnlyMemory<byte> Transaction);

/// <summary>
/// Current state from events, in memory: <see cref="Touch"/> names the rows that a log needs, <see cref="Apply"/> changes them. Nothing but the logs
/// goes in, so that a rebuilt mirror is identical.
/// </summary>
internal sealed class StateReducer(ulong breakerWindow)
{
    private const short DistributorBreaker = 0;

    /// <summary>Versioned tables.</summary>
    public Tables Tables { get; } = new();

    /// <summary>Balances.</summary>
    public HolderChanges Holders { get; } = new();

    /// <summary>Rows that are only ever added.</summary>
    public Additions Additions { get; } = new();

    /// <summary>Forgets the batch.</summary>
    public void Clear()
    {
        foreach (var table in Tables.All) table.Clear();
        Holders.Clear();
        Additions.Clear();
    }

    /// <summary>Notes the rows that this log needs.</summary>
    public void Touch(EventKind kind, LogWords log)
    {
        switch (kind)
        {
            case EventKind.SplitsScheduled: Tables.Splits.Touch(log.TopicInt64(1)); break;
            case EventKind.MakerSet: Tables.Makers.Touch(log.TopicInt64(1)); break;
            case EventKind.ModelAdded: Tables.Models.Touch(log.TopicInt64(1)); break;
            case EventKind.BatchPublished or EventKind.BatchRevoked: Tables.Batches.Touch(log.TopicInt64(1)); break;
            case EventKind.DeviceRegistered or EventKind.CellAsserted or EventKind.StatusChanged or EventKind.KeyRotationScheduled
                or EventKind.KeyRotationCancelled or EventKind.KeyRotated:
                Tables.Devices.Touch(log.TopicInt64(1));
                break;
            case EventKind.DeviceTransfer: Tables.Devices.Touch(log.TopicInt64(3)); break;
            case EventKind.IndexAssigned or EventKind.RecipientScheduled or EventKind.RecipientChanged:
                Tables.PayoutAccounts.Touch(log.TopicAccount(1));
                break;
            case EventKind.Deposited or EventKind.ThawRequested or EventKind.ThawCancelled or EventKind.Withdrawn:
                Tables.Pools.Touch(log.TopicAccount(1));
                Tables.Stakes.Touch((log.TopicAccount(1), log.TopicAccount(2)));
                if (kind != EventKind.Deposited) Tables.Thaws.Touch((log.TopicAccount(1), log.TopicAccount(2), log.TopicInt64(3)));
                break;
            case EventKind.Slashed or EventKind.PoolReset: Tables.Pools.Touch(log.TopicAccount(1)); break;
            case EventKind.OperatorRegistered or EventKind.BondAdded or EventKind.EndpointChanged or EventKind.ExitRequested
                or EventKind.BondWithdrawn or EventKind.BondSlashed:
                Tables.Operators.Touch(log.TopicAddress(1));
                break;
            case EventKind.ConfigScheduled: Tables.Configs.Touch(log.TopicInt64(1)); break;
            case EventKind.ReportAccepted: Tables.Reports.Touch(log.TopicBytes32(3)); break;
            case EventKind.ReportFinalized or EventKind.ReportChallenged or EventKind.ChallengeSettled or EventKind.ReportCancelled:
                Tables.Reports.Touch(log.TopicBytes32(2));
                break;
            case EventKind.RootAdvanced: Tables.Roots.Touch(log.TopicInt64(1)); break;
            case EventKind.Claimed or EventKind.BreakerChanged: Tables.Breakers.Touch(DistributorBreaker); break;
            default: break;
        }
    }

    /// <summary>Changes the state as this log says.</summary>
    public void Apply(EventKind kind, LogWords log, in LogContext at)
    {
        switch (kind)
        {
            case EventKind.TokenTransfer: Holders.Transfer(log.TopicAccount(1), log.TopicAccount(2), log.AmountAt(0)); break;
            case EventKind.SplitsScheduled: Tables.Splits.Set(at.Block, ReadSplits(log, at)); break;
            case EventKind.EpochMinted:
                Additions.EmissionEpochs.Add(new(log.TopicInt64(1), log.AmountAt(0), log.AmountAt(1), log.AmountAt(2), at.Block));
                break;
            case EventKind.MakerSet:
                Tables.Makers.Set(at.Block, new(log.TopicInt64(1), log.AccountAt(0), log.Int64At(1), log.BoolAt(2)));
                break;
            case EventKind.ModelAdded:
                Tables.Models.Set(at.Block, new(log.TopicInt64(1), log.TopicInt64(2), (int)log.Int64At(0), log.Int64At(1), log.Int64At(2), log.Bytes32At(3)));
                break;
            case EventKind.BatchPublished:
                Tables.Batches.Set(at.Block, new(log.TopicInt64(1), log.TopicInt64(2), log.Bytes32At(0), log.Int64At(1), log.StringAt(2), false));
                break;
            case EventKind.BatchRevoked:
                Tables.Batches.Set(at.Block, Tables.Batches.Get(log.TopicInt64(1)) with { Revoked = true });
                break;
            case EventKind.IndexAssigned:
                Tables.PayoutAccounts.Set(at.Block, new(log.TopicAccount(1), log.TopicInt64(2), log.TopicAccount(1), null, null));
                break;
            case EventKind.RecipientScheduled:
                Tables.PayoutAccounts.Set(at.Block, Tables.PayoutAccounts.Get(log.TopicAccount(1)) with { NextRecipient = log.AccountAt(0), NextReadyAt = log.Int64At(1) });
                break;
            case EventKind.RecipientChanged:
                Tables.PayoutAccounts.Set(at.Block,
                    Tables.PayoutAccounts.Get(log.TopicAccount(1)) with { Recipient = log.AccountAt(0), NextRecipient = null, NextReadyAt = null });
                break;
            case >= EventKind.DeviceRegistered and <= EventKind.DeviceTransfer: ApplyDevice(kind, log, at); break;
            case >= EventKind.Deposited and <= EventKind.PoolReset: ApplyStake(kind, log, at); break;
            case >= EventKind.OperatorRegistered and <= EventKind.BondSlashed: ApplyOperator(kind, log, at); break;
            case >= EventKind.ReportAccepted and <= EventKind.EquivocationProven: ApplyReport(kind, log, at); break;
            case EventKind.RootAdvanced:
                Tables.Roots.Set(at.Block, new(log.TopicInt64(1), log.TopicBytes32(2), log.Int64At(0), log.AmountAt(1)));
                break;
            case EventKind.Claimed:
                Additions.Claims.Add(new(at.Block, at.LogIndex, log.TopicAccount(1), log.TopicInt64(2), log.TopicAccount(3), log.AmountAt(0),
                    log.AmountAt(1), log.Bytes32At(2), default, 0));
                var drained = Drained(at.Timestamp);
                Tables.Breakers.Set(at.Block, drained with { Used = drained.Used + log.AmountAt(0) });
                break;
            case EventKind.ClaimFeePaid: ApplyClaimFee(log, at); break;
            case EventKind.BreakerChanged:
                Tables.Breakers.Set(at.Block, Drained(at.Timestamp) with { Capacity = log.AmountAt(0) });
                break;
            default: break;
        }
    }

    private static SplitRow ReadSplits(LogWords log, in LogContext at)
    {
        var count = log.ArrayLength(0, words: 2);
        var size = Address.Size; // of all alike: a chain's accounts are of one length
        for (var i = 0; i < count; i++)
        {
            if (log.ArrayWord(0, 2 * i)[..^Address.Size].IndexOfAnyExcept((byte)0) >= 0) size = Bytes32.Size;
        }

        var accounts = new byte[count * size];
        var bps = new int[count];
        for (var i = 0; i < count; i++)
        {
            log.ArrayWord(0, 2 * i)[^size..].CopyTo(accounts.AsSpan(i * size));
            bps[i] = (int)Math.Min(LogWords.Number(log.ArrayWord(0, (2 * i) + 1)), int.MaxValue);
        }

        return new SplitRow(log.TopicInt64(1), accounts, bps, at.LogIndex);
    }

    /// <summary>The leaky bucket as RewardDistributor keeps it: drained at the capacity so far up to now, rounded down.</summary>
    private BreakerRow Drained(long now)
    {
        if (Tables.Breakers.Find(DistributorBreaker) is not { } breaker) return new BreakerRow(DistributorBreaker, 0, 0, now);
        var leaked = breaker.Capacity * (now - breaker.UsedAt) / breakerWindow;
        return breaker with { Used = BigInteger.Max(0, breaker.Used - leaked), UsedAt = now };
    }

    /// <summary>The contract says the fee right after the claim that it is a part of.</summary>
    private void ApplyClaimFee(LogWords log, in LogContext at)
    {
        var account = log.TopicAccount(1);
        var claims = Additions.Claims;
        if (claims.Count == 0 || claims[^1].Account != account || claims[^1].BlockNumber != at.Block)
            throw new MissingStateException($"A fee was paid for a claim of {account} that is not there: a log is missing.");
        claims[^1] = claims[^1] with { FeeTo = log.TopicAccount(2), Fee = log.AmountAt(0) };
    }

    // The block's time, unless the event says it in a seventh word: on Solana the program's clock need not be the time that a node tells of the slot.
    private static long RegisteredAt(LogWords log, in LogContext at) => log.Int64At(2) > 6 * Bytes32.Size ? log.Int64At(6) : at.Timestamp;

    private void ApplyDevice(EventKind kind, LogWords log, in LogContext at)
    {
        var devices = Tables.Devices;
        var token = log.TopicInt64(kind == EventKind.DeviceTransfer ? 3 : 1);
        switch (kind)
        {
            case EventKind.DeviceRegistered:
                devices.Set(at.Block, new(token, log.TopicBytes32(2), log.TopicAccount(3), log.Int64At(0), log.Int64At(3), log.ByteAt(1),
                    log.BytesAt(2).ToArray(), log.AmountAt(4), log.Bytes32At(5), "active", RegisteredAt(log, at), null, null, null, null));
                break;
            case EventKind.CellAsserted: devices.Set(at.Block, devices.Get(token) with { Cell = log.AmountAt(0) }); break;
            case EventKind.StatusChanged:
                // The registration itself may say None → Active before the registry's own event.
                if (log.ByteAt(0) != 0) devices.Set(at.Block, devices.Get(token) with { Status = DeviceStatus(log.ByteAt(1)) });
                break;
            case EventKind.KeyRotationScheduled:
                devices.Set(at.Block, devices.Get(token) with
                {
                    NextDeviceId = log.TopicBytes32(2),
                    NextKeyType = log.ByteAt(0),
                    NextPublicKey = log.BytesAt(1).ToArray(),
                    NextReadyAt = log.Int64At(2),
                });
                break;
            case EventKind.KeyRotationCancelled:
                devices.Set(at.Block, devices.Get(token) with { NextDeviceId = null, NextKeyType = null, NextPublicKey = null, NextReadyAt = null });
                break;
            case EventKind.KeyRotated:
                var device = devices.Get(token);
                if (device.NextKeyType is not { } type || device.NextPublicKey is not { } key)
                    throw new MissingStateException($"Device {token} changed its key, but the change was never scheduled: a log is missing.");
                devices.Set(at.Block, device with
                {
                    DeviceId = log.TopicBytes32(3),
                    KeyType = type,
                    PublicKey = key,
                    NextDeviceId = null,
                    NextKeyType = null,
                    NextPublicKey = null,
                    NextReadyAt = null,
                });
                break;
            case EventKind.DeviceTransfer:
                if (!log.TopicAccount(1).IsZero) devices.Set(at.Block, devices.Get(token) with { Owner = log.TopicAccount(2) });
                break;
            default: break;
        }
    }

    private static string DeviceStatus(byte status) => status switch
    {
        1 => "active",
        2 => "suspended",
        3 => "retired",
        _ => throw new MalformedLogException($"Device status {status} does not exist."),
    };

    private void ApplyStake(EventKind kind, LogWords log, in LogContext at)
    {
        var provider = log.TopicAccount(1);
        var pool = Tables.Pools.Find(provider) ?? new PoolRow(provider, 0, 0, 0, 0, 0, 0);
        if (kind is EventKind.Slashed)
        {
            // Slashed to nothing: PoolReset stands right before and has taken the amounts already.
            if (pool.Tokens < log.AmountAt(0) || pool.ThawingTokens < log.AmountAt(1)) return;
            Tables.Pools.Set(at.Block, pool with { Tokens = pool.Tokens - log.AmountAt(0), ThawingTokens = pool.ThawingTokens - log.AmountAt(1) });
            return;
        }

        if (kind is EventKind.PoolReset)
        {
            Tables.Pools.Set(at.Block, new PoolRow(provider, 0, 0, 0, 0, 0, log.Int64At(0)));
            return;
        }

        var staker = log.TopicAccount(2);
        var stake = Tables.Stakes.Find((provider, staker));
        var held = stake is not null && stake.Generation == pool.Generation ? stake.Shares : BigInteger.Zero;
        switch (kind)
        {
            case EventKind.Deposited: Move(log.AmountAt(0), log.AmountAt(1), 0, 0, at.Block); break;
            case EventKind.ThawRequested:
                Tables.Thaws.Set(at.Block, new(provider, staker, log.TopicInt64(3), log.AmountAt(2), log.Int64At(3), pool.Generation, "thawing", 0));
                Move(-log.AmountAt(1), -log.AmountAt(0), log.AmountAt(1), log.AmountAt(2), at.Block);
                break;
            case EventKind.ThawCancelled:
                var cancelled = Tables.Thaws.Get((provider, staker, log.TopicInt64(3)));
                Tables.Thaws.Set(at.Block, cancelled with { Status = "cancelled", Paid = log.AmountAt(0) });
                Move(log.AmountAt(0), log.AmountAt(1), -log.AmountAt(0), -cancelled.Shares, at.Block);
                break;
            case EventKind.Withdrawn:
                var withdrawn = Tables.Thaws.Get((provider, staker, log.TopicInt64(3)));
                Tables.Thaws.Set(at.Block, withdrawn with { Status = "withdrawn", Paid = log.AmountAt(0) });
                if (withdrawn.Generation == pool.Generation)
                    Tables.Pools.Set(at.Block, pool with { ThawingTokens = pool.ThawingTokens - log.AmountAt(0), ThawingShares = pool.ThawingShares - withdrawn.Shares });
                break;
            default: break;
        }

        void Move(BigInteger tokens, BigInteger shares, BigInteger thawingTokens, BigInteger thawingShares, long block)
        {
            Tables.Stakes.Set(block, new StakeRow(provider, staker, held + shares, pool.Generation));
            Tables.Pools.Set(block, pool with
            {
                Tokens = pool.Tokens + tokens,
                Shares = pool.Shares + shares,
                ThawingTokens = pool.ThawingTokens + thawingTokens,
                ThawingShares = pool.ThawingShares + thawingShares,
                SelfShares = pool.SelfShares + (provider == staker ? shares : 0),
            });
        }
    }

    private void ApplyOperator(EventKind kind, LogWords log, in LogContext at)
    {
        if (kind == EventKind.ConfigScheduled)
        {
            Tables.Configs.Set(at.Block, ReadConfig(log));
            return;
        }

        var operators = Tables.Operators;
        var key = log.TopicAddress(1);
        operators.Set(at.Block, kind switch
        {
            EventKind.OperatorRegistered => new OperatorRow(key, log.TopicAccount(2), log.Bytes32At(0), log.AmountAt(2), log.StringAt(1), 0, false),
            EventKind.BondAdded => operators.Get(key) with { Bond = log.AmountAt(1) },
            EventKind.EndpointChanged => operators.Get(key) with { Endpoint = log.StringAt(0) },
            EventKind.ExitRequested => operators.Get(key) with { ExitAt = log.Int64At(0) },
            EventKind.BondWithdrawn => operators.Get(key) with { Bond = operators.Get(key).Bond - log.AmountAt(0) },
            EventKind.BondSlashed => operators.Get(key) with { Bond = operators.Get(key).Bond - log.AmountAt(0), Slashed = true },
            _ => throw new InvalidOperationException($"{kind} is not an operator event."),
        });
    }

    private static ConfigRow ReadConfig(LogWords log)
    {
        var n = log.ArrayLength(4, words: 1);
        if (n != log.ByteAt(0) || n != log.ArrayLength(5, words: 1)) throw new MalformedLogException("A config's keys do not match its n.");
        var reportKeys = new byte[n * Address.Size];
        var protocolKeys = new byte[n * Bytes32.Size];
        for (var i = 0; i < n; i++)
        {
            log.ArrayWord(4, i)[12..].CopyTo(reportKeys.AsSpan(i * Address.Size));
            log.ArrayWord(5, i).CopyTo(protocolKeys.AsSpan(i * Bytes32.Size));
        }

        return new ConfigRow(log.TopicInt64(1), log.TopicInt64(2), log.TopicBytes32(3), log.ByteAt(0), log.ByteAt(1), log.Bytes32At(2), log.Bytes32At(3),
            reportKeys, protocolKeys);
    }

    private void ApplyReport(EventKind kind, LogWords log, in LogContext at)
    {
        var reports = Tables.Reports;
        var epoch = kind == EventKind.EquivocationProven ? log.TopicInt64(2) : log.TopicInt64(1);
        switch (kind)
        {
            case EventKind.ReportAccepted:
                reports.Set(at.Block, new(log.TopicBytes32(3), epoch, log.TopicInt64(2), log.BytesAt(0).ToArray(), log.Int64At(1), log.Int64At(2),
                    "pending", null, null, null, null, null, at.Block, at.Transaction.ToArray()));
                break;
            case EventKind.ReportChallenged:
                reports.Set(at.Block, reports.Get(log.TopicBytes32(2)) with
                {
                    Status = "challenged",
                    Challenger = log.TopicAccount(3),
                    ChallengeBond = log.AmountAt(0),
                    ChallengeEvidence = log.Bytes32At(1),
                    ClaimableAt = log.Int64At(2),
                });
                break;
            case EventKind.ChallengeSettled:
                reports.Set(at.Block, reports.Get(log.TopicBytes32(2)) with { ChallengeBondReturned = log.BoolAt(1) });
                break;
            case EventKind.ReportCancelled:
                // Every accepted report from this epoch on is void.
                foreach (var row in reports.Rows.Where(r => r.Epoch >= epoch && (r.Status is "pending" or "challenged")).ToList())
                    reports.Set(at.Block, row with { Status = "cancelled", CancelReason = log.ByteAt(1) });
                break;
            case EventKind.ReportFinalized:
                reports.Set(at.Block, reports.Get(log.TopicBytes32(2)) with { Status = "final" });
                break;
            case EventKind.TreeFaultProven:
                Additions.Faults.Add(new(at.Block, at.LogIndex, "tree", epoch, null, null, null, null, log.ByteAt(0), log.Int64At(1), log.AccountAt(2)));
                break;
            case EventKind.EquivocationProven:
                Additions.Faults.Add(new(at.Block, at.LogIndex, "equivocation", epoch, log.Int64At(0), log.TopicAddress(1), log.Bytes32At(1),
                    log.Bytes32At(2), null, null, log.AccountAt(3)));
                break;
            default: break;
        }
    }
}
