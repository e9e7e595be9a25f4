using System.Collections.Concurrent;
using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Signing;

namespace DePin.Oracle.Transmit;

/// <summary>
/// Whose turn it is to send: the operators in an order that the epoch rotates, each waiting one stage longer than the one before. Normally the first
/// sends and the others see it land; a dead one costs a stage. Waits are of the wall clock, from when this process first saw the need.
/// </summary>
public sealed class Turn(IOperatorSigner keys, TransmitOptions options, TimeProvider wallClock)
{
    private readonly ConcurrentDictionary<(string Purpose, Bytes32 Subject), long> _since = new();

    /// <summary>Place of an operator in the order of an epoch: 0 sends at once.</summary>
    public static int PlaceOf(OperatorRoster roster, Address operatorAddress, ulong epoch, ulong generation)
    {
        var n = (ulong)roster.Members.Length;
        var index = (ulong)(roster.Find(operatorAddress)?.Index ?? 0);
        return (int)((index + n - ((epoch + generation) % n)) % n);
    }

    /// <summary>Whether this operator may send now.</summary>
    public bool HasCome(string purpose, Bytes32 subject, OperatorRoster roster, ulong epoch, ulong generation)
    {
        var now = wallClock.GetTimestamp();
        var since = _since.GetOrAdd((purpose, subject), now);
        return wallClock.GetElapsedTime(since, now) >= PlaceOf(roster, keys.Address, epoch, generation) * options.StageDelay;
    }

    /// <summary>Forgets a need that is met.</summary>
    public void Done(string purpose, Bytes32 subject) => _since.TryRemove((purpose, subject), out _);
}
