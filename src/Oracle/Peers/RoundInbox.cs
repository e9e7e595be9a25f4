using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Round;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;

namespace DePin.Oracle.Peers;

/// <summary>What became of a message. Numbered, append-only.</summary>
public enum InboxAnswer : byte
{
    /// <summary>Good, and kept for its instance.</summary>
    Taken = 0,

    /// <summary>The config that it names is not known here.</summary>
    UnknownConfig = 1,

    /// <summary>The sender is no operator of the config, or did not sign this.</summary>
    NotSigned = 2,
}

/// <summary>
/// Messages of peers, verified, waiting for their instance: bounded per sender, the oldest dropped first, since every message is repeated
/// until the report is accepted. Messages for an instance that has not started here wait too.
/// </summary>
public sealed class RoundInbox(NetworkView view, RoundOptions options)
{
    private readonly Lock _gate = new();
    private int _reading;
    private readonly Dictionary<RoundInstance, RoundDriver> _drivers = [];
    private readonly Dictionary<(Bytes32 Config, byte Sender), LinkedList<SignedMessage>> _early = [];

    /// <summary>Verifies a message and passes it on.</summary>
    public InboxAnswer Take(SignedMessage message)
    {
        if (view.ForDigest(message.Instance.ConfigDigest) is not { } roster) return InboxAnswer.UnknownConfig;
        if (!message.Verify(roster.Set, ProtocolSignature.Verify)) return InboxAnswer.NotSigned;
        lock (_gate)
        {
            if (_drivers.TryGetValue(message.Instance, out var driver)) driver.Hear(message);
            else KeepEarly(message);
        }

        return InboxAnswer.Taken;
    }

    /// <summary>Whether another request may be read now; every yes is given back with <see cref="Leave"/>.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _reading) <= options.InboxRequests) return true;
        Leave();
        return false;
    }

    /// <summary>A request was read.</summary>
    public void Leave() => Interlocked.Decrement(ref _reading);

    /// <summary>From now on the driver gets its instance's messages, those that came early first.</summary>
    public void Attach(RoundDriver driver)
    {
        lock (_gate)
        {
            _drivers[driver.Instance] = driver;
            foreach (var messages in _early.Values)
            {
                for (var node = messages.First; node is not null;)
                {
                    var next = node.Next;
                    if (node.Value.Instance == driver.Instance)
                    {
                        driver.Hear(node.Value);
                        messages.Remove(node);
                    }

                    node = next;
                }
            }
        }
    }

    /// <summary>The driver is gone.</summary>
    public void Detach(RoundDriver driver)
    {
        lock (_gate)
        {
            if (_drivers.TryGetValue(driver.Instance, out var present) && present == driver) _drivers.Remove(driver.Instance);
        }
    }

    private void KeepEarly(SignedMessage message)
    {
        var key = (message.Instance.ConfigDigest, message.Sender);
        if (!_early.TryGetValue(key, out var messages)) _early[key] = messages = [];
        if (messages.Contains(message)) return;
        messages.AddLast(message);
        while (messages.Count > options.InboxMessages / 8 || messages.Sum(static early => early.EncodedSize) > options.InboxBytes / 4) messages.RemoveFirst();
    }
}
