using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Proofs;

namespace DePin.Replayer;

/// <summary>What is sent for a row, and not before which network time.</summary>
public readonly record struct Sending(SignedProof Proof, long NotBeforeMs);

/// <summary>Changes what some devices send, as named in docs/classes; the others' rows pass untouched.</summary>
public sealed class Adversary(NetworkId network, IReadOnlyList<Mutation> mutations, IReadOnlyList<ReplayDevice> devices, string seed)
{
    private const long DayMs = 86_400_000;

    /// <summary>Mutations that this program can play.</summary>
    public static IReadOnlyDictionary<string, string> Known { get; } = new Dictionary<string, string>
    {
        ["M1"] = "sends each proof again a day later, in the next epoch",
        ["M2"] = "states a time 24 hours early",
        ["M9"] = "signs with the key of the next device",
        ["M10"] = "signs with a key that was never registered or is revoked",
        ["M12"] = "sends a second, different proof under the same sequence",
        ["M17"] = "rolls its sequence back",
        ["M18"] = "states a time 24 hours ahead",
    };

    private long sent;

    /// <summary>How many sendings were an adversary's.</summary>
    public long Sent => Volatile.Read(ref sent);

    /// <summary>What a device sends for a row.</summary>
    public IEnumerable<Sending> Send(ReplayDevice device, int index, TimelineRow row)
    {
        var mutation = mutations.FirstOrDefault(m => m.Concerns(device));
        if (mutation is null)
        {
            yield return new Sending(device.Sign(network, row.TimeMs, row.Payload), row.TimeMs);
            yield break;
        }

        Interlocked.Increment(ref sent);
        switch (mutation.Name)
        {
            case "M1":
                var honest = device.Sign(network, row.TimeMs, row.Payload);
                yield return new Sending(honest, row.TimeMs);
                yield return new Sending(honest, row.TimeMs + DayMs);
                break;
            case "M2":
                yield return new Sending(device.Sign(network, row.TimeMs - DayMs, row.Payload), row.TimeMs);
                break;
            case "M18":
                yield return new Sending(device.Sign(network, row.TimeMs + DayMs, row.Payload), row.TimeMs);
                break;
            case "M9":
                yield return new Sending(device.Sign(network, (ulong)row.TimeMs, row.TimeMs, row.Payload, SameType(index, device.Key.Type)), row.TimeMs);
                break;
            case "M10":
                yield return new Sending(device.Sign(network, (ulong)row.TimeMs, row.TimeMs, row.Payload, SeededKeys.Of(seed, device.Source.Name + " revoked", device.Key.Type)), row.TimeMs);
                break;
            case "M12":
                yield return new Sending(device.Sign(network, row.TimeMs, row.Payload), row.TimeMs);
                // One second later by its own clock, under the sequence just used: other content, same number.
                yield return new Sending(device.Sign(network, device.LastSequence, row.TimeMs + 1000, row.Payload, device.Key), row.TimeMs + 1000);
                break;
            default:
                yield return new Sending(device.Sign(network, device.LastSequence == 0 ? (ulong)row.TimeMs : device.LastSequence - 1, row.TimeMs, row.Payload, device.Key), row.TimeMs);
                device.Sign(network, row.TimeMs, row.Payload); // moves its counter on
                break;
        }
    }

    private PrivateKey SameType(int index, KeyType type)
    {
        for (var step = 1; step < devices.Count; step++)
        {
            var other = devices[(index + step) % devices.Count];
            if (other.Key.Type == type) return other.Key;
        }

        return SeededKeys.Of(seed, "another", type);
    }
}
