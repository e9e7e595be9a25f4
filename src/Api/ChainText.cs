using System.Diagnostics.CodeAnalysis;
using DePin.Abi.Solana;
using DePin.Protocol;

namespace DePin.Api;

/// <summary>
/// How a chain writes accounts, transactions and blocks, and what its mirror lacks. Reads give all of them as 0x-hex of the bytes that the tables hold; here is where they get their chain's own form, and where
/// requests that name an account are read.
/// </summary>
public abstract class ChainText
{
    private static readonly ChainText Evm = new EvmText();
    private static readonly ChainText Solana = new SolanaText();

    /// <summary>What a request may name an account by, for messages.</summary>
    public abstract string AccountForm { get; }

    /// <summary>Whether the mirror knows who holds tokens: it reads the token's own log, which a token on Solana does not have.</summary>
    public abstract bool KnowsHolders { get; }

    /// <summary>The writing of a chain.</summary>
    /// <param name="caip2">The chain by CAIP-2.</param>
    public static ChainText Of(string caip2) => caip2.StartsWith("solana:", StringComparison.Ordinal) ? Solana : Evm;

    /// <summary>An account, a contract or a program.</summary>
    /// <param name="hex">0x-hex of the 20 or 32 bytes of <see cref="AccountId.ToNative"/>.</param>
    public abstract string Account(string hex);

    /// <summary>An account, or nobody.</summary>
    public string? AccountOrNull(string? hex) => hex is null ? null : Account(hex);

    /// <summary>An account by its bytes.</summary>
    public string Account(ReadOnlySpan<byte> native) => Account(Text.Hex(native));

    /// <summary>What names a transaction.</summary>
    /// <param name="hex">0x-hex of its hash or its signature.</param>
    public abstract string Transaction(string hex);

    /// <summary>What names a block.</summary>
    /// <param name="hex">0x-hex of its hash.</param>
    public abstract string Block(string hex);

    /// <summary>The account that a request names, in the bytes of <see cref="AccountId.ToNative"/>.</summary>
    public abstract bool TryAccount(string? text, [NotNullWhen(true)] out byte[]? native);

    private sealed class EvmText : ChainText
    {
        public override string AccountForm => "an address of 40 hexadecimal digits";

        public override bool KnowsHolders => true;

        public override string Account(string hex) => hex;

        public override string Transaction(string hex) => hex;

        public override string Block(string hex) => hex;

        public override bool TryAccount(string? text, [NotNullWhen(true)] out byte[]? native) => Text.TryBytes(text, 20, out native);
    }

    private sealed class SolanaText : ChainText
    {
        public override string AccountForm => "a Solana address: base58, or 64 hexadecimal digits";

        public override bool KnowsHolders => false;

        public override string Account(string hex) => Base58.Encode(AccountId.FromNative(Bytes(hex)).Value.AsSpan());

        public override string Transaction(string hex) => Base58.Encode(Bytes(hex));

        public override string Block(string hex) => Base58.Encode(Bytes(hex));

        public override bool TryAccount(string? text, [NotNullWhen(true)] out byte[]? native)
        {
            if (!Text.TryBytes(text, SolanaAddress.Size, out native) && SolanaAddress.TryParse(text, out var address)) native = address.ToArray();
            native = native is null ? null : AccountId.FromNative(native).ToNative();
            return native is not null;
        }

        private static byte[] Bytes(string hex) => Convert.FromHexString(hex.AsSpan(2));
    }
}
