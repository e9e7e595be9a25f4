using System.Collections.Immutable;

namespace DePin.Abi.Solana;

/// <summary>An account of a program: generated, one record a kind.</summary>
/// <typeparam name="TSelf">The record.</typeparam>
public interface ISolanaAccount<TSelf>
    where TSelf : struct, ISolanaAccount<TSelf>
{
    /// <summary>What its data begins with.</summary>
    static abstract ReadOnlySpan<byte> Discriminator { get; }

    /// <summary>Reads an account's whole data; false where it is of another kind, ill formed, or anything but zeros follows. Whoever reads an account checks its owner first.</summary>
    static abstract bool TryDecode(ReadOnlySpan<byte> data, out TSelf value);

    /// <summary>As TryDecode, but whatever may follow: for accounts that keep bytes of another format behind their fields, <paramref name="length"/> says from where on.</summary>
    static abstract bool TryDecodePrefix(ReadOnlySpan<byte> data, out TSelf value, out int length);

    /// <summary>The data, discriminator included.</summary>
    byte[] Encode();
}

/// <summary>An event of a program: generated, one record an event.</summary>
/// <typeparam name="TSelf">The record.</typeparam>
public interface ISolanaEvent<TSelf>
    where TSelf : struct, ISolanaEvent<TSelf>
{
    /// <summary>What its data begins with.</summary>
    static abstract ReadOnlySpan<byte> Discriminator { get; }

    /// <summary>Reads what stood behind "Program data: "; false where that is another event, ill formed, or bytes are left over.</summary>
    static abstract bool TryDecode(ReadOnlySpan<byte> data, out TSelf value);

    /// <summary>The data, discriminator included.</summary>
    byte[] Encode();
}

/// <summary>The arguments of a program's instruction: generated, one record an instruction.</summary>
public interface ISolanaInstruction
{
    /// <summary>The instruction's data, discriminator included.</summary>
    byte[] Encode();
}

/// <summary>The arguments of a program's instruction: generated, one record an instruction.</summary>
/// <typeparam name="TSelf">The record.</typeparam>
/// <typeparam name="TAccounts">The accounts that the instruction takes.</typeparam>
public interface ISolanaInstruction<TSelf, TAccounts> : ISolanaInstruction
    where TSelf : struct, ISolanaInstruction<TSelf, TAccounts>
{
    /// <summary>What its data begins with.</summary>
    static abstract ReadOnlySpan<byte> Discriminator { get; }

    /// <summary>Reads an instruction's data; false where that is another instruction, ill formed, or bytes are left over.</summary>
    static abstract bool TryDecode(ReadOnlySpan<byte> data, out TSelf value);

    /// <summary>The instruction: accounts in the program's order, those that were not given derived, <paramref name="remaining"/> behind them.</summary>
    SolanaInstruction ToInstruction(SolanaAddress program, TAccounts accounts, params ReadOnlySpan<SolanaAccountMeta> remaining);
}

/// <summary>An option whose value may itself be absent; a single option is C#'s nullable.</summary>
/// <typeparam name="T">The value.</typeparam>
public readonly record struct BorshOption<T>(bool HasValue, T Value);

/// <summary>A numbered error of a program, as its IDL has it.</summary>
public sealed record SolanaError(uint Code, string Name, string Message);

/// <summary>For generated code: the accounts of an instruction as they are gathered.</summary>
public ref struct SolanaAccountList(int capacity)
{
    private readonly ImmutableArray<SolanaAccountMeta>.Builder _metas = ImmutableArray.CreateBuilder<SolanaAccountMeta>(capacity);

    /// <summary>An account that must be there.</summary>
    public readonly void Add(SolanaAddress address, bool signer, bool writable) => _metas.Add(new SolanaAccountMeta(address, signer, writable));

    /// <summary>An account that may be left out: the program's own address, read only, stands in its place.</summary>
    public readonly void AddOptional(SolanaAddress? address, SolanaAddress program, bool signer, bool writable)
    {
        if (address is { } given && given != program) Add(given, signer, writable);
        else Add(program, false, false);
    }

    /// <summary>The instruction.</summary>
    public readonly SolanaInstruction Build(SolanaAddress program, byte[] data, ReadOnlySpan<SolanaAccountMeta> remaining)
    {
        _metas.AddRange(remaining);
        return new SolanaInstruction(program, _metas.ToImmutable(), data);
    }
}
