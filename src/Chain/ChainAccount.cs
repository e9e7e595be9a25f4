using DePin.Abi.Solana;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Chain;

/// <summary>An account of a kind of chain. Text is the chain's own: hexadecimal of 20 bytes, or base58.</summary>
public readonly record struct ChainAccount(ChainKind Kind, AccountId Id)
{
    /// <summary>An account of an EVM chain.</summary>
    public static ChainAccount Of(Address address) => new(ChainKind.Evm, AccountId.From(address));

    /// <summary>An account of a Solana cluster.</summary>
    public static ChainAccount Of(SolanaAddress address) => new(ChainKind.Solana, new AccountId(address.ToBytes32()));

    /// <summary>The account of a key: secp256k1 on an EVM chain, Ed25519 on Solana.</summary>
    /// <exception cref="ArgumentException">A key of another type.</exception>
    public static ChainAccount Of(PublicKey key) => key.Type switch
    {
        KeyType.Secp256k1 => Of(Secp256k1.AddressOf(key.Bytes)),
        KeyType.Ed25519 => Of(SolanaAddress.Of(key)),
        _ => throw new ArgumentException($"No chain has accounts of {key.Type} keys: use secp256k1 on an EVM chain, Ed25519 on Solana.", nameof(key)),
    };

    /// <summary>The type of the keys that accounts of a kind of chain have.</summary>
    public static KeyType KeyTypeOf(ChainKind kind) => kind switch
    {
        ChainKind.Evm => KeyType.Secp256k1,
        ChainKind.Solana => KeyType.Ed25519,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such kind of chain."),
    };

    /// <summary>The account as an EVM address.</summary>
    /// <exception cref="InvalidOperationException">It is of another kind of chain.</exception>
    public Address Evm => Kind == ChainKind.Evm ? Address.FromBytes32(Id.Value) : throw Other(ChainKind.Evm);

    /// <summary>The account as a Solana address.</summary>
    /// <exception cref="InvalidOperationException">It is of another kind of chain.</exception>
    public SolanaAddress Solana => Kind == ChainKind.Solana ? SolanaAddress.From(Id.Value) : throw Other(ChainKind.Solana);

    /// <inheritdoc/>
    public override string ToString() => Kind == ChainKind.Solana ? Solana.ToString() : Evm.ToString();

    private InvalidOperationException Other(ChainKind wanted) => new($"The account {this} is of a {Kind} chain, not of {wanted}.");
}
