using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Registry;

namespace DePin.Protocol.Reports;

/// <summary>Names a config: contracts, operators, parameters and rules in one hash (docs/protocol.md, "Report").</summary>
public readonly record struct ConfigDigest(Bytes32 Value)
{
    /// <summary>Most operators of a config.</summary>
    public const int MaxOperators = 31;

    /// <summary>The bytes under the digest.</summary>
    /// <exception cref="ArgumentException">The operators are not 3f+1 in number, from 4 to 31, or not strictly ascending by address.</exception>
    public static byte[] Preimage(NetworkConfig config)
    {
        var n = config.Operators.Length;
        if (n < 4 || n > MaxOperators || n % 3 != 1)
            throw new ArgumentException($"A config has 4, 7, 10, … 31 operators, this one {n}.", nameof(config));
        for (var i = 1; i < n; i++)
        {
            if (config.Operators[i - 1].ReportSigner >= config.Operators[i].ReportSigner)
                throw new ArgumentException("The operators of a config are strictly ascending by address; sort them and remove doubles.", nameof(config));
        }

        var writer = new CanonicalWriter(512)
            .Bytes(ProtocolTags.Config).U8((byte)config.Kind).Word(config.Chain).Word(config.Verifier.Value).Word(config.Distributor.Value)
            .Word(config.Token.Value).U64(config.ConfigCount).U64(config.FirstEpoch.Value).U8((byte)n).U8((byte)config.Quorum);
        foreach (var keys in config.Operators) writer.Address(keys.ReportSigner).Word(keys.ProtocolKey);
        return writer.Word(config.ParametersHash).Word(config.RulesHash).ToArray();
    }

    /// <summary>keccak of <see cref="Preimage"/>.</summary>
    public static ConfigDigest Of(NetworkConfig config) => new(Keccak256.Hash(Preimage(config)));

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}
