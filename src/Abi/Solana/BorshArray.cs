namespace DePin.Abi.Solana;

/// <summary>Reads one element of an array or a vec.</summary>
/// <typeparam name="T">The element.</typeparam>
public delegate T BorshElementReader<T>(ref BorshReader reader);

/// <summary>Writes one element of an array or a vec.</summary>
/// <typeparam name="T">The element.</typeparam>
public delegate void BorshElementWriter<T>(ref BorshWriter writer, T value);

/// <summary>Arrays and vecs, for generated code. An element takes at least <c>elementSize</c> bytes, so that no length asks for more memory than a multiple of the input.</summary>
public static class BorshArray
{
    /// <summary>Reads a vec.</summary>
    public static T[] Read<T>(ref BorshReader reader, int elementSize, BorshElementReader<T> read) => Items(ref reader, reader.Length(elementSize), read);

    /// <summary>Reads [T; <paramref name="length"/>]; an empty array if the bytes are not there.</summary>
    public static T[] ReadFixed<T>(ref BorshReader reader, int length, int elementSize, BorshElementReader<T> read) =>
        Items(ref reader, reader.Holds(length, elementSize) ? length : 0, read);

    /// <summary>Writes a vec.</summary>
    public static void Write<T>(ref BorshWriter writer, T[] items, BorshElementWriter<T> write)
    {
        writer.Length(items);
        foreach (var item in items) write(ref writer, item);
    }

    /// <summary>Writes [T; <paramref name="length"/>].</summary>
    /// <exception cref="ArgumentException">There are more items or fewer.</exception>
    public static void WriteFixed<T>(ref BorshWriter writer, T[] items, int length, BorshElementWriter<T> write)
    {
        BorshWriter.Exactly(items, length);
        foreach (var item in items) write(ref writer, item);
    }

    // Stops at the first element that is ill formed.
    private static T[] Items<T>(ref BorshReader reader, int length, BorshElementReader<T> read)
    {
        if (length == 0) return [];
        var items = new T[length];
        for (var i = 0; i < length && reader.Ok; i++) items[i] = read(ref reader);
        return items;
    }
}
