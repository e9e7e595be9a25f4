using DePin.Cryptography;

namespace DePin.Abi;

/// <summary>A call of a contract's function: generated, one record a function.</summary>
/// <typeparam name="TResult">What the function returns.</typeparam>
public interface IContractCall<TResult>
{
    /// <summary>Selector and arguments.</summary>
    byte[] Encode();

    /// <summary>What was returned; false unless it is canonical.</summary>
    bool TryDecodeResult(ReadOnlySpan<byte> data, out TResult result);
}

/// <summary>An event of a contract: generated, one record an event.</summary>
/// <typeparam name="TSelf">The record.</typeparam>
public interface IContractEvent<TSelf>
    where TSelf : struct, IContractEvent<TSelf>
{
    /// <summary>keccak of its signature.</summary>
    static abstract Bytes32 Topic0 { get; }

    /// <summary>Reads it from a log; false where the log is another event or not canonical.</summary>
    static abstract bool TryDecode(in EvmLogView log, out TSelf value);
}

/// <summary>A custom error of a contract: generated, one record an error.</summary>
/// <typeparam name="TSelf">The record.</typeparam>
public interface IContractError<TSelf>
    where TSelf : struct, IContractError<TSelf>
{
    /// <summary>First four bytes of keccak of its signature.</summary>
    static abstract uint Selector { get; }

    /// <summary>Reads it from what a call reverted with; false where that is another error or not canonical.</summary>
    static abstract bool TryDecode(ReadOnlySpan<byte> revertData, out TSelf value);
}

/// <summary>What a function without outputs returns.</summary>
public readonly record struct NoResult;

/// <summary>An error that contracts may revert with: <paramref name="Names"/> and the tuple <paramref name="Types"/> are its members.</summary>
public sealed record ErrorDefinition(uint Selector, string Contract, string Name, string Types, IReadOnlyList<string> Names);

/// <summary>Reads one element of an array.</summary>
/// <typeparam name="T">The element.</typeparam>
public delegate T AbiElementReader<T>(ref AbiReader reader);

/// <summary>Arrays, for generated code.</summary>
public static class AbiArray
{
    /// <summary>Reads T[].</summary>
    public static T[] Read<T>(ref AbiReader reader, int elementHeadWords, AbiElementReader<T> read)
    {
        var items = new T[reader.BeginArray(elementHeadWords)];
        for (var i = 0; i < items.Length; i++) items[i] = read(ref reader);
        reader.End();
        return items;
    }

    /// <summary>Reads T[<paramref name="length"/>].</summary>
    public static T[] ReadFixed<T>(ref AbiReader reader, int length, bool elementIsDynamic, AbiElementReader<T> read)
    {
        var items = new T[length];
        if (elementIsDynamic) reader.BeginTuple(length);
        for (var i = 0; i < length; i++) items[i] = read(ref reader);
        if (elementIsDynamic) reader.End();
        return items;
    }

    /// <summary>Writes T[].</summary>
    public static void Write<T>(AbiEncoder encoder, IReadOnlyList<T> items, int elementHeadWords, Action<AbiEncoder, T> write)
    {
        encoder.BeginArray(items.Count, elementHeadWords);
        foreach (var item in items) write(encoder, item);
        encoder.End();
    }

    /// <summary>Writes T[<paramref name="length"/>].</summary>
    public static void WriteFixed<T>(AbiEncoder encoder, IReadOnlyList<T> items, int length, bool elementIsDynamic, Action<AbiEncoder, T> write)
    {
        if (items.Count != length) throw new ArgumentException($"Exactly {length} elements are expected, got {items.Count}.", nameof(items));
        if (elementIsDynamic) encoder.BeginTuple(length);
        foreach (var item in items) write(encoder, item);
        if (elementIsDynamic) encoder.End();
    }
}
