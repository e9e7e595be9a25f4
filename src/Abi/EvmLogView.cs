using System.Runtime.InteropServices;
using DePin.Cryptography;

namespace DePin.Abi;

/// <summary>A log as an event decoder sees it: its emitter, topics and data where they lie.</summary>
public readonly ref struct EvmLogView(Address address, ReadOnlySpan<Bytes32> topics, ReadOnlySpan<byte> data)
{
    /// <summary>The contract that emitted it.</summary>
    public Address Address { get; } = address;

    /// <summary>Up to four; the first is the event's signature hash.</summary>
    public ReadOnlySpan<Bytes32> Topics { get; } = topics;

    /// <summary>The encoding of what is not indexed.</summary>
    public ReadOnlySpan<byte> Data { get; } = data;

    /// <summary>Whether it is the event <paramref name="topic0"/> with so many indexed members.</summary>
    public bool Is(in Bytes32 topic0, int indexed) => Topics.Length == indexed + 1 && Topics[0] == topic0;

    /// <summary>The topics after the first as the words of a tuple: indexed members are encoded alike.</summary>
    public AbiReader IndexedReader() => new(MemoryMarshal.AsBytes(Topics[1..]), Topics.Length - 1);
}
