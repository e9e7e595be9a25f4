using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Globalization;
using System.Numerics;
using DePin.Abi;
using DePin.ContractBindings.Evm;

namespace DePin.Chain.Evm;

/// <summary>Names what a call reverted with, by the ABIs of the network's contracts.</summary>
public static class RevertDecoder
{
    private static readonly FrozenDictionary<uint, ErrorDefinition[]> Known =
        ContractErrors.All.GroupBy(e => e.Selector).ToFrozenDictionary(g => g.Key, g => g.ToArray());

    private static readonly AbiParameter[] MessageParameter = [new("message", AbiType.Parse("string"))];
    private static readonly AbiParameter[] CodeParameter = [new("code", AbiType.Parse("uint256"))];

    /// <summary>The exception for these bytes; <paramref name="what"/> says what was called.</summary>
    public static EvmRevertException Decode(ReadOnlyMemory<byte> data, string what)
    {
        if (data.Length < 4) return Unnamed("it gave no reason");
        var selector = BinaryPrimitives.ReadUInt32BigEndian(data.Span);
        if (selector == 0x08c379a0 && AbiCodec.TryDecode(MessageParameter, data.Span[4..], out var message))
            return new EvmRevertException("Error", [new("message", message[0])], data, $"{what} reverted: {message[0]}");
        if (selector == 0x4e487b71 && AbiCodec.TryDecode(CodeParameter, data.Span[4..], out var code))
            return new EvmRevertException("Panic", [new("code", code[0])], data, $"{what} reverted with a panic: {Panic((BigInteger)code[0])}");
        foreach (var error in Known.GetValueOrDefault(selector) ?? [])
        {
            var parameters = AbiType.Parse(error.Types).Components;
            if (!AbiCodec.TryDecode(parameters, data.Span[4..], out var values)) continue;
            var arguments = values.Select((value, i) => new KeyValuePair<string, object>(error.Names[i], value)).ToArray();
            var text = string.Join(", ", arguments.Select(a => a.Key.Length > 0 ? $"{a.Key} {AbiCodec.Format(a.Value)}" : AbiCodec.Format(a.Value)));
            return new EvmRevertException(error.Name, arguments, data, $"{what} reverted: {error.Name}({text})");
        }

        return Unnamed($"unknown error {Hex.ToString(data.Span[..4])}");

        EvmRevertException Unnamed(string why) => new("", [], data, $"{what} reverted: {why}");
    }

    // Solidity's documentation, "Panic via assert and Error via require".
    private static string Panic(BigInteger code) => (int)BigInteger.Min(code, int.MaxValue) switch
    {
        0x01 => "an assertion failed",
        0x11 => "arithmetic overflow",
        0x12 => "division by zero",
        0x21 => "value out of an enum's range",
        0x31 => "pop from an empty array",
        0x32 => "index out of range",
        0x41 => "out of memory",
        0x51 => "call of an uninitialised function",
        var other => string.Create(CultureInfo.InvariantCulture, $"code 0x{other:x2}"),
    };
}
