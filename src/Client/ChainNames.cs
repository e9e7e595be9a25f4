using System.Diagnostics.CodeAnalysis;
using DePin.Abi.Solana;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Client;

/// <summary>An account as its chain writes it: 0x and 40 hexadecimal digits on an EVM chain, base58 of 32 bytes on Solana. An <see cref="Address"/> is one as it stands.</summary>
public readonly record struct ChainAddress
{
    private ChainAddress(AccountId account, bool isSolana) => (Account, IsSolana) = (account, isSolana);

    /// <summary>The account in the protocol's 32 bytes, as reward trees and device owners have it.</summary>
    public AccountId Account { get; }

    /// <summary>Whether it is one of a Solana cluster.</summary>
    public bool IsSolana { get; }

    /// <summary>Whether all bytes are zero: nobody.</summary>
    public bool IsZero => Account.IsZero;

    /// <summary>An account of an EVM chain.</summary>
    public static ChainAddress Evm(Address address) => new(AccountId.From(address), false);

    /// <summary>An account of a Solana cluster.</summary>
    public static ChainAddress Solana(AccountId account) => new(account, true);

    /// <summary>The address on an EVM chain.</summary>
    /// <exception cref="InvalidOperationException">It is one of a Solana cluster.</exception>
    public Address ToEvm() => IsSolana ? throw new InvalidOperationException($"{this} is an account on Solana and has no EVM address.") : new Address(Account.Value.AsSpan()[12..]);

    /// <summary>Reads either form.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static ChainAddress Parse(string text) => TryParse(text, out var address)
        ? address
        : throw new FormatException($"'{(text.Length > 80 ? text[..80] + "…" : text)}' is no account: 0x and 40 hexadecimal digits, or base58 of 32 bytes on Solana, are expected.");

    /// <summary>Reads either form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ChainAddress address)
    {
        address = default;
        if (Address.TryParse(text, out var evm)) address = Evm(evm);
        else if (SolanaAddress.TryParse(text, out var solana)) address = Solana(new AccountId(solana.ToBytes32()));
        else return false;
        return true;
    }

    /// <summary>As its chain writes it.</summary>
    public override string ToString() => IsSolana ? Base58.Encode(Account.Value.AsSpan()) : ToEvm().ToString();

    public static implicit operator ChainAddress(Address address) => Evm(address);
}

/// <summary>A transaction as its chain names it: by its hash on an EVM chain, by its first signature on Solana.</summary>
public readonly record struct TransactionName
{
    private readonly string? _text;

    private TransactionName(string text) => _text = text;

    /// <summary>Reads a hash (0x and 64 hexadecimal digits) or a signature (base58 of 64 bytes).</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static TransactionName Parse(string text) => Bytes32.TryParse(text, out var hash) ? new(hash.ToString()) : new(SolanaSignature.Parse(text).ToString());

    /// <summary>As its chain writes it.</summary>
    public override string ToString() => _text ?? Bytes32.Zero.ToString();
}
