using System.Text;
using System.Text.Json;
using DePin.Cryptography;

namespace DePin.Abi;

/// <summary>EIP-712 typed data: what wallets show and sign.</summary>
public static class TypedData
{
    private static readonly Bytes32 DomainTypeHash = TypeHash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// <summary>keccak of a struct's encodeType string.</summary>
    public static Bytes32 TypeHash(string encodedType) => Keccak256.Hash(Encoding.UTF8.GetBytes(encodedType));

    /// <summary>The usual domain of name, version, chain and contract.</summary>
    public static Bytes32 DomainSeparator(string name, string version, UInt256 chainId, Address verifyingContract)
    {
        var encoder = new AbiEncoder([], 5);
        encoder.Bytes32(DomainTypeHash);
        encoder.Bytes32(Keccak256.Hash(Encoding.UTF8.GetBytes(name)));
        encoder.Bytes32(Keccak256.Hash(Encoding.UTF8.GetBytes(version)));
        encoder.UInt(chainId);
        encoder.Address(verifyingContract);
        return Keccak256.Hash(encoder.ToArray());
    }

    /// <summary>The digest that is signed: keccak(0x19 0x01 · domain separator · struct hash).</summary>
    public static Bytes32 Digest(Bytes32 domainSeparator, Bytes32 structHash)
    {
        var hash = new Keccak256();
        hash.Append([0x19, 0x01]);
        hash.Append(domainSeparator);
        hash.Append(structHash);
        return hash.Finish();
    }

    /// <summary>The digest of a document as <c>eth_signTypedData_v4</c> takes it: types, primaryType, domain, message.</summary>
    /// <exception cref="FormatException">A member is missing or does not fit its type; the message names it.</exception>
    public static Bytes32 Digest(JsonElement document)
    {
        var types = document.GetProperty("types").EnumerateObject().ToDictionary(
            t => t.Name,
            t => t.Value.EnumerateArray().Select(m => (Name: m.GetProperty("name").GetString()!, Type: m.GetProperty("type").GetString()!)).ToArray(),
            StringComparer.Ordinal);
        var primary = document.GetProperty("primaryType").GetString()!;
        var domain = HashStruct(types, "EIP712Domain", document.GetProperty("domain"), "domain");
        return primary == "EIP712Domain"
            ? Keccak256.Hash([0x19, 0x01, .. domain.AsSpan()])
            : Digest(domain, HashStruct(types, primary, document.GetProperty("message"), "message"));
    }

    private static Bytes32 HashStruct(Dictionary<string, (string Name, string Type)[]> types, string name, JsonElement value, string where)
    {
        var members = types.TryGetValue(name, out var found) ? found : throw new FormatException($"{where} is of type '{name}', which the types do not define.");
        var encoder = new AbiEncoder([], members.Length + 1);
        encoder.Bytes32(TypeHash(EncodeType(types, name)));
        foreach (var member in members)
        {
            if (!value.TryGetProperty(member.Name, out var json)) throw new FormatException($"{where} lacks '{member.Name}' ({member.Type}).");
            encoder.Bytes32(EncodeMember(types, member.Type, json, $"{where}.{member.Name}"));
        }

        return Keccak256.Hash(encoder.ToArray());
    }

    private static Bytes32 EncodeMember(Dictionary<string, (string Name, string Type)[]> types, string type, JsonElement value, string where)
    {
        if (type.EndsWith(']'))
        {
            if (value.ValueKind != JsonValueKind.Array) throw new FormatException($"{where} must be an array.");
            var element = type[..type.LastIndexOf('[')];
            var hash = new Keccak256();
            var i = 0;
            foreach (var item in value.EnumerateArray()) hash.Append(EncodeMember(types, element, item, $"{where}[{i++}]"));
            return hash.Finish();
        }

        if (types.ContainsKey(type)) return HashStruct(types, type, value, where);
        var atomic = AbiType.Parse(type);
        var parsed = AbiCodec.FromJson(atomic, value, where);
        if (parsed is string text) return Keccak256.Hash(Encoding.UTF8.GetBytes(text));
        if (atomic.Kind == AbiKind.Bytes) return Keccak256.Hash((byte[])parsed);
        var encoder = new AbiEncoder([], 1);
        AbiCodec.Write(encoder, atomic, parsed, where);
        return new Bytes32(encoder.ToArray());
    }

    // The struct itself, then those it refers to, by name.
    private static string EncodeType(Dictionary<string, (string Name, string Type)[]> types, string name)
    {
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        Collect(name);
        seen.Remove(name);
        return string.Concat(seen.Prepend(name).Select(t => $"{t}({string.Join(',', types[t].Select(m => $"{m.Type} {m.Name}"))})"));

        void Collect(string type)
        {
            var open = type.IndexOf('[', StringComparison.Ordinal);
            var bare = open < 0 ? type : type[..open];
            if (!types.TryGetValue(bare, out var members) || !seen.Add(bare)) return;
            foreach (var member in members) Collect(member.Type);
        }
    }
}
