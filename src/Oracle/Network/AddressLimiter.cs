using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace DePin.Oracle.Network;

/// <summary>
/// One token bucket for each client address (an IPv6 client has all of its /64) in bounded memory: a bucket that is full again is forgotten, which changes nothing, and while
/// there are more addresses with a history than there is room for, newcomers share one bucket. Safe from any number of threads.
/// </summary>
/// <param name="rule">The bucket of each address.</param>
/// <param name="mostAddresses">Buckets held.</param>
public sealed class AddressLimiter(BucketRule rule, int mostAddresses)
{
    private readonly ConcurrentDictionary<(ulong High, ulong Low), StrongBox<long>> _buckets = new();
    private readonly StrongBox<long> _shared = new();
    private long _sweptAt = long.MinValue;
    private int _count;

    /// <summary>Addresses with a bucket at the moment.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes one token of an address.</summary>
    /// <param name="address">The client; null (no network) is an address like another.</param>
    /// <param name="now">Ticks of a monotone wall clock.</param>
    /// <returns>Zero where a token was there; else how long until there is one.</returns>
    public TimeSpan TryTake(IPAddress? address, long now) => rule.TryTake(ref Find(address, now).Value, now);

    /// <summary>Takes more tokens for what was admitted already, into debt if need be: what follows waits the longer.</summary>
    public void Charge(IPAddress? address, int tokens, long now)
    {
        if (tokens > 0) rule.Charge(ref Find(address, now).Value, tokens, now);
    }

    private StrongBox<long> Find(IPAddress? address, long now)
    {
        var key = KeyOf(address);
        if (_buckets.TryGetValue(key, out var found)) return found;
        if (Count >= mostAddresses) Sweep(now);
        if (Interlocked.Increment(ref _count) > mostAddresses)
        {
            Interlocked.Decrement(ref _count);
            return _shared;
        }

        var made = new StrongBox<long>();
        var kept = _buckets.GetOrAdd(key, made);
        if (!ReferenceEquals(kept, made)) Interlocked.Decrement(ref _count);
        return kept;
    }

    // At most once a second: a full table must not make every newcomer walk it.
    private void Sweep(long now)
    {
        var last = Volatile.Read(ref _sweptAt);
        if (last != long.MinValue && now - last < TimeSpan.TicksPerSecond) return;
        if (Interlocked.CompareExchange(ref _sweptAt, now, last) != last) return;
        foreach (var (key, bucket) in _buckets)
        {
            if (Volatile.Read(ref bucket.Value) <= now && _buckets.TryRemove(new(key, bucket))) Interlocked.Decrement(ref _count);
        }
    }

    private static (ulong, ulong) KeyOf(IPAddress? address)
    {
        if (address is null) return (0, 0);
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var written);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? (1, BinaryPrimitives.ReadUInt32BigEndian(bytes[..written]))
            : (BinaryPrimitives.ReadUInt64BigEndian(bytes), ulong.MaxValue);
    }
}
