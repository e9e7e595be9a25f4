using System.Numerics;
using DePin.Cryptography;
using DePin.Mirror;

namespace DePin.TestKit;

/// <summary>
/// Plausible events of a living network from a seed: makers, devices, transfers, stakes and thaws, operators, reports and claims, each consistent with those
/// before it. <see cref="Clone"/> before a block lets a test take the block back.
/// </summary>
public sealed class FakeNetworkActivity
{
    private static readonly Address[] People = [.. Enumerable.Range(1, 24).Select(i => AddressOf($"person {i}"))];

    private readonly Dictionary<Address, BigInteger> _balances = [];
    private readonly List<(long Token, Address Owner, bool Rotating, int Status)> _devices = [];
    private readonly List<Address> _accounts = [];
    private readonly List<(Address Provider, Address Staker, long Id, BigInteger Shares)> _thaws = [];
    private readonly Dictionary<(Address, Address), BigInteger> _stakes = [];
    private readonly List<Address> _operators = [];
    private readonly List<(ulong Epoch, Bytes32 Digest, bool Challenged, Address Challenger)> _pending = [];
    private readonly Dictionary<Address, BigInteger> _claimed = [];
    private long _makers, _models, _batches, _nextToken, _nextThaw, _configs;
    private ulong _nextEpoch = 1, _generation;

    /// <summary>An address made from a name.</summary>
    public static Address AddressOf(string name) => new(Keccak256.Hash(System.Text.Encoding.UTF8.GetBytes(name)).AsSpan()[12..]);

    /// <summary>A hash made from a name.</summary>
    public static Bytes32 HashOf(string name) => Keccak256.Hash(System.Text.Encoding.UTF8.GetBytes(name));

    /// <summary>The same activity, to go on from here separately.</summary>
    public FakeNetworkActivity Clone()
    {
        var copy = new FakeNetworkActivity
        {
            _makers = _makers,
            _models = _models,
            _batches = _batches,
            _nextToken = _nextToken,
            _nextThaw = _nextThaw,
            _configs = _configs,
            _nextEpoch = _nextEpoch,
            _generation = _generation,
        };
        foreach (var (key, value) in _balances) copy._balances[key] = value;
        foreach (var (key, value) in _stakes) copy._stakes[key] = value;
        foreach (var (key, value) in _claimed) copy._claimed[key] = value;
        copy._devices.AddRange(_devices);
        copy._accounts.AddRange(_accounts);
        copy._thaws.AddRange(_thaws);
        copy._operators.AddRange(_operators);
        copy._pending.AddRange(_pending);
        return copy;
    }

    /// <summary>The logs of one block: <paramref name="actions"/> actions.</summary>
    public FakeLog[] Block(Random random, int actions)
    {
        var logs = new List<FakeLog>();
        for (var i = 0; i < actions; i++)
        {
            switch (random.Next(12))
            {
                case 0: Registry(random, logs); break;
                case 1 or 2: Devices(random, logs); break;
                case 3: Payouts(random, logs); break;
                case 4 or 5: Stake(random, logs); break;
                case 6: Operators(random, logs); break;
                case 7: Reports(random, logs); break;
                case 8: Claims(random, logs); break;
                default: Transfer(random, logs); break;
            }
        }

        return [.. logs];
    }

    private static T Pick<T>(Random random, IReadOnlyList<T> list) => list[random.Next(list.Count)];

    private void Transfer(Random random, List<FakeLog> logs)
    {
        var to = Pick(random, People);
        var holders = _balances.Where(b => b.Value > 0).Select(b => b.Key).Order().ToList();
        if (holders.Count == 0 || random.Next(4) == 0)
        {
            var minted = new BigInteger(random.NextInt64(1, long.MaxValue)) * random.Next(1, 1000);
            _balances[to] = _balances.GetValueOrDefault(to) + minted;
            logs.Add(FakeLog.Of(EventKind.TokenTransfer, Address.Zero, to, minted));
            return;
        }

        var from = Pick(random, holders);
        var amount = random.Next(3) == 0 ? _balances[from] : _balances[from] / random.Next(1, 9);
        _balances[from] -= amount;
        if (random.Next(6) == 0) to = Address.Zero;
        else _balances[to] = _balances.GetValueOrDefault(to) + amount;
        logs.Add(FakeLog.Of(EventKind.TokenTransfer, from, to, amount));
        if (random.Next(8) == 0) logs.Add(FakeLog.Of(EventKind.TokenApproval, from, Pick(random, People), amount));
    }

    private void Registry(Random random, List<FakeLog> logs)
    {
        if (_makers == 0 || random.Next(5) == 0)
            logs.Add(FakeLog.Of(EventKind.MakerSet, random.Next(3) == 0 && _makers > 0 ? random.NextInt64(1, _makers + 1) : ++_makers, Pick(random, People), random.Next(1, 1000), random.Next(4) != 0));
        else if (_models == 0 || random.Next(3) == 0)
            logs.Add(FakeLog.Of(EventKind.ModelAdded, ++_models, random.NextInt64(1, _makers + 1), random.Next(1, 9), random.Next(), random.Next(0, 3600), HashOf($"model {_models}")));
        else if (_batches == 0 || random.Next(2) == 0)
            logs.Add(FakeLog.Of(EventKind.BatchPublished, ++_batches, random.NextInt64(1, _makers + 1), HashOf($"batch {_batches}"), random.Next(1, 500), $"ipfs://batch/{_batches}/é"));
        else
            logs.Add(FakeLog.Of(EventKind.BatchRevoked, random.NextInt64(1, _batches + 1)));
    }

    private void Devices(Random random, List<FakeLog> logs)
    {
        if (_devices.Count == 0 || random.Next(3) == 0)
        {
            var owner = Pick(random, People);
            var token = ++_nextToken;
            var key = new byte[random.Next(2) == 0 ? 64 : 32];
            random.NextBytes(key);
            _devices.Add((token, owner, false, 1));
            logs.Add(FakeLog.Of(EventKind.DeviceTransfer, Address.Zero, owner, token));
            logs.Add(FakeLog.Of(EventKind.DeviceRegistered, token, Keccak256.Hash(key), owner, random.Next(1, 5), key.Length == 32 ? 3 : 2, key, _batches, (ulong)random.NextInt64(), HashOf($"device {token}")));
            return;
        }

        var at = random.Next(_devices.Count);
        var device = _devices[at];
        switch (random.Next(5))
        {
            case 0:
                var to = Pick(random, People);
                logs.Add(FakeLog.Of(EventKind.DeviceTransfer, device.Owner, to, device.Token));
                device.Owner = to;
                break;
            case 1: logs.Add(FakeLog.Of(EventKind.CellAsserted, device.Token, ulong.MaxValue - (ulong)random.Next(9))); break;
            case 2:
                var status = random.Next(1, 4);
                logs.Add(FakeLog.Of(EventKind.StatusChanged, device.Token, device.Status, status));
                device.Status = status;
                break;
            case 3 when device.Rotating:
                logs.Add(random.Next(3) == 0
                    ? FakeLog.Of(EventKind.KeyRotationCancelled, device.Token)
                    : FakeLog.Of(EventKind.KeyRotated, device.Token, HashOf("old"), HashOf($"rotated {device.Token} {random.Next()}")));
                device.Rotating = false;
                break;
            default:
                var key = new byte[64];
                random.NextBytes(key);
                logs.Add(FakeLog.Of(EventKind.KeyRotationScheduled, device.Token, Keccak256.Hash(key), 1, key, ulong.MaxValue));
                device.Rotating = true;
                break;
        }

        _devices[at] = device;
    }

    private void Payouts(Random random, List<FakeLog> logs)
    {
        var free = People.Except(_accounts).ToList();
        if (free.Count > 0 && random.Next(2) == 0)
        {
            _accounts.Add(Pick(random, free));
            logs.Add(FakeLog.Of(EventKind.IndexAssigned, _accounts[^1], _accounts.Count - 1));
        }
        else if (_accounts.Count > 0)
        {
            var account = Pick(random, _accounts);
            logs.Add(random.Next(2) == 0
                ? FakeLog.Of(EventKind.RecipientScheduled, account, Pick(random, People), random.Next(1_700_000_000, 1_800_000_000))
                : FakeLog.Of(EventKind.RecipientChanged, account, Pick(random, People)));
        }
    }

    private void Stake(Random random, List<FakeLog> logs)
    {
        var (provider, staker) = (People[random.Next(4)], People[random.Next(8)]);
        var shares = _stakes.GetValueOrDefault((provider, staker));
        switch (random.Next(6))
        {
            case 0 when shares > 1:
                var part = shares / 2;
                _stakes[(provider, staker)] = shares - part;
                _thaws.Add((provider, staker, ++_nextThaw, part));
                logs.Add(FakeLog.Of(EventKind.ThawRequested, provider, staker, _nextThaw, part, part, part, 1_800_000_000));
                break;
            case 1 or 2 when _thaws.Count > 0:
                var at = random.Next(_thaws.Count);
                var thaw = _thaws[at];
                _thaws.RemoveAt(at);
                if (random.Next(2) == 0)
                {
                    _stakes[(thaw.Provider, thaw.Staker)] = _stakes.GetValueOrDefault((thaw.Provider, thaw.Staker)) + thaw.Shares;
                    logs.Add(FakeLog.Of(EventKind.ThawCancelled, thaw.Provider, thaw.Staker, thaw.Id, thaw.Shares, thaw.Shares));
                }
                else
                {
                    logs.Add(FakeLog.Of(EventKind.Withdrawn, thaw.Provider, thaw.Staker, thaw.Id, thaw.Shares));
                }

                break;
            case 3 when random.Next(6) == 0:
                logs.Add(FakeLog.Of(EventKind.Slashed, provider, 0, 0, HashOf("reason")));
                break;
            default:
                var tokens = new BigInteger(random.NextInt64(1, long.MaxValue));
                _stakes[(provider, staker)] = shares + tokens;
                logs.Add(FakeLog.Of(EventKind.Deposited, provider, staker, tokens, tokens));
                break;
        }
    }

    private void Operators(Random random, List<FakeLog> logs)
    {
        if (_operators.Count < 4)
        {
            _operators.Add(AddressOf($"operator {_operators.Count}"));
            logs.Add(FakeLog.Of(EventKind.OperatorRegistered, _operators[^1], Pick(random, People), HashOf($"protocol {_operators.Count}"), "http://127.0.0.1:1/\0x", (BigInteger)1000));
            return;
        }

        var who = Pick(random, _operators);
        switch (random.Next(4))
        {
            case 0: logs.Add(FakeLog.Of(EventKind.BondAdded, who, 5, random.Next(1000, 9000))); break;
            case 1: logs.Add(FakeLog.Of(EventKind.EndpointChanged, who, $"https://operator.example/{random.Next()}")); break;
            case 2: logs.Add(FakeLog.Of(EventKind.ExitRequested, who, random.Next())); break;
            default:
                var keys = _operators.Order().ToArray();
                logs.Add(FakeLog.Of(EventKind.ConfigScheduled, ++_configs, (ulong)_configs, HashOf($"config {_configs}"), 4, 3, HashOf("parameters"), HashOf("rules"), keys,
                    keys.Select((_, i) => HashOf($"protocol {i}")).ToArray()));
                break;
        }
    }

    private void Reports(Random random, List<FakeLog> logs)
    {
        switch (random.Next(4))
        {
            case 0 when _pending.Count > 0:
                var (epoch, digest, challenged, challenger) = _pending[0];
                _pending.RemoveAt(0);
                if (challenged) logs.Add(FakeLog.Of(EventKind.ChallengeSettled, epoch, digest, challenger, 7, false));
                logs.Add(FakeLog.Of(EventKind.EpochMinted, epoch, random.NextInt64(), 3, 4));
                logs.Add(FakeLog.Of(EventKind.RootAdvanced, epoch, HashOf($"root {epoch}"), _accounts.Count, random.NextInt64()));
                logs.Add(FakeLog.Of(EventKind.ReportFinalized, epoch, digest, HashOf($"root {epoch}"), random.NextInt64(), _accounts.Count));
                break;
            case 1 when _pending.Count > 0:
                var from = random.Next(_pending.Count);
                _generation++;
                logs.Add(FakeLog.Of(EventKind.ReportCancelled, _pending[from].Epoch, _pending[from].Digest, _generation, random.Next(1, 3)));
                if (_pending[from].Challenged) logs.Add(FakeLog.Of(EventKind.ChallengeSettled, _pending[from].Epoch, _pending[from].Digest, _pending[from].Challenger, 7, true));
                _nextEpoch = _pending[from].Epoch;
                _pending.RemoveRange(from, _pending.Count - from);
                break;
            case 2 when _pending.FindIndex(p => !p.Challenged) is >= 0 and var open:
                var who = Pick(random, People);
                logs.Add(FakeLog.Of(EventKind.ReportChallenged, _pending[open].Epoch, _pending[open].Digest, who, 7, HashOf("evidence"), 1_900_000_000));
                _pending[open] = _pending[open] with { Challenged = true, Challenger = who };
                break;
            default:
                var report = new byte[348];
                random.NextBytes(report);
                _pending.Add((_nextEpoch, Keccak256.Hash(report), false, default));
                logs.Add(FakeLog.Of(EventKind.ReportAccepted, _nextEpoch++, _generation, _pending[^1].Digest, report, 7, 1_800_000_000));
                break;
        }
    }

    private void Claims(Random random, List<FakeLog> logs)
    {
        if (_accounts.Count == 0) return;
        var at = random.Next(_accounts.Count);
        var amount = new BigInteger(random.NextInt64());
        _claimed[_accounts[at]] = _claimed.GetValueOrDefault(_accounts[at]) + amount;
        logs.Add(FakeLog.Of(EventKind.Claimed, _accounts[at], at, Pick(random, People), amount, _claimed[_accounts[at]], HashOf("root")));
        if (random.Next(3) == 0) logs.Add(FakeLog.Of(EventKind.ClaimFeePaid, _accounts[at], Pick(random, People), amount / 100, 0));
        if (random.Next(5) == 0) logs.Add(FakeLog.Of(EventKind.BreakerChanged, random.NextInt64()));
        if (random.Next(5) == 0) logs.Add(FakeLog.Of(EventKind.SplitsScheduled, random.Next(1, 9), new (Address, int)[] { (People[0], 1000), (People[1], 500) }));
        if (random.Next(9) == 0) logs.Add(FakeLog.Of(EventKind.EquivocationProven, Pick(random, People), 1, 0, HashOf("a"), HashOf("b"), Pick(random, People)));
        if (random.Next(9) == 0) logs.Add(FakeLog.Of(EventKind.TreeFaultProven, 1, 2, 3, Pick(random, People)));
    }
}
