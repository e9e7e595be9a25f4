using DePin.Abi;

namespace DePin.Chain;

/// <summary>
/// A contract refused a call. <see cref="ChainRefusalException.ErrorName"/> is its custom error ("Error" for a message, "Panic" for the compiler's own,
/// empty where it gave none); the message names the arguments.
/// </summary>
public sealed class EvmRevertException(string errorName, IReadOnlyList<KeyValuePair<string, object>> arguments, ReadOnlyMemory<byte> revertData, string message) : ChainRefusalException(errorName, message)
{
    /// <summary>Its arguments by name, as <see cref="AbiCodec"/> reads them.</summary>
    public IReadOnlyList<KeyValuePair<string, object>> Arguments { get; } = arguments;

    /// <summary>The bytes it reverted with.</summary>
    public ReadOnlyMemory<byte> RevertData { get; } = revertData;

    /// <summary>Whether it is this error of the bindings, and which.</summary>
    public bool Is<TError>(out TError error)
        where TError : struct, IContractError<TError> => TError.TryDecode(RevertData.Span, out error);
}
