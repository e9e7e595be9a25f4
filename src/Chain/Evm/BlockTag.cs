using System.Globalization;
using System.Text.Json;
using DePin.Cryptography;

namespace DePin.Chain.Evm;

/// <summary>Which block a read is answered at.</summary>
public readonly record struct BlockTag
{
    private readonly string? _name;
    private readonly ulong _number;
    private readonly Bytes32? _hash;

    private BlockTag(string? name, ulong number, Bytes32? hash) => (_name, _number, _hash) = (name, number, hash);

    /// <summary>The newest block.</summary>
    public static BlockTag Latest { get; } = new("latest", 0, null);

    /// <summary>Latest with what waits in the pool.</summary>
    public static BlockTag Pending { get; } = new("pending", 0, null);

    /// <summary>The newest safe block.</summary>
    public static BlockTag Safe { get; } = new("safe", 0, null);

    /// <summary>The newest finalized block.</summary>
    public static BlockTag Finalized { get; } = new("finalized", 0, null);

    /// <summary>The block of this number on the node's chain.</summary>
    public static BlockTag At(ulong number) => new(null, number, null);

    /// <summary>Exactly this block (EIP-1898); an error where it is not on the node's chain.</summary>
    public static BlockTag At(Bytes32 hash) => new(null, 0, hash);

    /// <summary>The block tag of a finality.</summary>
    public static BlockTag Of(Finality finality) => finality switch
    {
        Finality.Latest => Latest,
        Finality.Safe => Safe,
        _ => Finalized,
    };

    internal bool IsHash => _hash is not null;

    internal void Write(Utf8JsonWriter writer)
    {
        if (_hash is { } hash)
        {
            writer.WriteStartObject();
            writer.WriteString("blockHash", hash.ToString());
            writer.WriteBoolean("requireCanonical", true);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteStringValue(ToString());
        }
    }

    /// <inheritdoc/>
    public override string ToString() => _hash?.ToString() ?? _name ?? string.Create(CultureInfo.InvariantCulture, $"0x{_number:x}");
}
