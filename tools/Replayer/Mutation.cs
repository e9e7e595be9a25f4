using System.Globalization;

namespace DePin.Replayer;

/// <summary>An adversary: which mutation, and of what share of the devices.</summary>
/// <param name="Name">M1 … M20, as in docs/classes.</param>
/// <param name="Share">Devices that do it, in millionths.</param>
public sealed record Mutation(string Name, int Share)
{
    /// <summary>Reads <c>M3:5%</c>.</summary>
    /// <exception cref="FormatException">Anything else.</exception>
    public static Mutation Parse(string text)
    {
        var parts = text.Split(':');
        if (parts.Length == 2 && parts[0].Length > 1 && parts[0][0] is 'M' or 'm' && parts[1].EndsWith('%')
            && decimal.TryParse(parts[1][..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent is > 0 and <= 100)
            return new Mutation(parts[0].ToUpperInvariant(), (int)(percent * 10_000));
        throw new FormatException($"'{text}' is no adversary: write a mutation and the share of devices, for example M3:5%.");
    }

    /// <summary>Whether a device is one of them: a fixed draw, so that an adversary stays one.</summary>
    public bool Concerns(ReplayDevice device)
    {
        var draw = Cryptography.Keccak256.Hash(System.Text.Encoding.ASCII.GetBytes(Name), device.Id.Value.AsSpan());
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(draw.AsSpan()) % 1_000_000 < (uint)Share;
    }
}
