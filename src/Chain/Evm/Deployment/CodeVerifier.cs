using System.Text;
using DePin.Abi;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Chain.Deployment;

/// <summary>
/// Compares the code at an address with an artifact: byte for byte outside the immutables, and each immutable with the value that the
/// constructor's arguments make it have. An immutable that no rule explains is an error, not a guess.
/// </summary>
public static class CodeVerifier
{
    /// <summary>Null if all agrees, else what does not.</summary>
    public static string? Check(ContractArtifact artifact, ReadOnlySpan<byte> code, IReadOnlyList<object> arguments, Address address, ulong chainId, IReadOnlyDictionary<string, Address> contracts)
    {
        if (code.IsEmpty) return $"there is no code at {address}";
        var expected = artifact.DeployedBytecode;
        if (code.Length != expected.Length) return $"the code at {address} is {code.Length} bytes, the artifact's {expected.Length}";
        var masked = code.ToArray();
        var values = new Dictionary<string, Bytes32>(StringComparer.Ordinal);
        foreach (var reference in artifact.Immutables)
        {
            var value = Bytes32.LeftPad(code.Slice(reference.Start, reference.Length));
            if (values.TryGetValue(reference.Name, out var before) && before != value) return $"{reference.Name} has two values in the code at {address}";
            values[reference.Name] = value;
            expected.AsSpan(reference.Start, reference.Length).CopyTo(masked.AsSpan(reference.Start));
        }

        var difference = masked.AsSpan().CommonPrefixLength(expected);
        if (difference != expected.Length) return $"the code at {address} differs from the artifact at byte {difference}";
        var known = Flatten(artifact.Abi.Constructor, arguments);
        foreach (var (name, value) in values)
        {
            if (Expected(name, values, known, address, chainId, contracts) is not { } wanted) return $"nothing says which value the immutable {name} must have";
            if (wanted != value) return $"the immutable {name} at {address} is {value}, not {wanted}";
        }

        return null;
    }

    private static Bytes32? Expected(
        string name, Dictionary<string, Bytes32> values, Dictionary<string, Bytes32> known, Address address, ulong chainId, IReadOnlyDictionary<string, Address> contracts)
    {
        switch (name)
        {
            case "_cachedThis":
                return address.ToBytes32();
            case "_cachedChainId":
                return Bytes32.FromUInt64(chainId);
            case "_name" or "_version": // OpenZeppelin's ShortString: text, zeros, length in the last byte
                return values[name];
            case "_hashedName":
                return ShortStringHash(values["_name"]);
            case "_hashedVersion":
                return ShortStringHash(values["_version"]);
            case "_cachedDomainSeparator":
                var encoder = new AbiEncoder([], 5);
                encoder.Bytes32(TypedData.TypeHash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"));
                encoder.Bytes32(values["_hashedName"]);
                encoder.Bytes32(values["_hashedVersion"]);
                encoder.UInt(chainId);
                encoder.Address(address);
                return Keccak256.Hash(encoder.ToArray());
            case "DOMAIN" or "LEAF_DOMAIN": // docs/protocol.md, Rewards
                var hash = new Keccak256();
                hash.Append(ProtocolTags.Reward);
                hash.Append([0]);
                hash.Append(Bytes32.FromUInt64(chainId));
                hash.Append(contracts["RewardDistributor"].ToBytes32());
                hash.Append(contracts["NetworkToken"].ToBytes32());
                return hash.Finish();
            default:
                return known.TryGetValue(Plain(name), out var argument) ? argument : null;
        }
    }

    private static Bytes32? ShortStringHash(Bytes32 text)
    {
        var length = text.AsSpan()[31];
        return length < 32 ? Keccak256.Hash(text.AsSpan()[..length]) : null;
    }

    // Static arguments by name; those of a tuple by the member's name.
    private static Dictionary<string, Bytes32> Flatten(IReadOnlyList<AbiParameter> parameters, IReadOnlyList<object> values)
    {
        var result = new Dictionary<string, Bytes32>(StringComparer.Ordinal);
        for (var i = 0; i < parameters.Count; i++)
        {
            var type = parameters[i].Type;
            if (type.Kind == AbiKind.Tuple)
            {
                foreach (var (name, value) in Flatten(type.Components, (object[])values[i])) result[name] = value;
            }
            else if (!type.IsDynamic && type.HeadWords == 1)
            {
                result[Plain(parameters[i].Name)] = new Bytes32(AbiCodec.Encode([parameters[i]], [values[i]]));
            }
        }

        return result;
    }

    // MIN_BOND, minBond and minBond_ are one.
    private static string Plain(string name) => new StringBuilder(name).Replace("_", "").ToString().ToUpperInvariant();
}
