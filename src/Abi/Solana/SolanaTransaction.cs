using System.Buffers;
using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>A message and the signatures gathered so far, one place for each signer. Immutable: signing gives another one.</summary>
public sealed class SolanaTransaction
{
    private const int MaxBase64Characters = 4 * ((SolanaMessage.MaxTransactionBytes + 2) / 3);

    private SolanaTransaction(SolanaMessage message, ImmutableArray<SolanaSignature> signatures) => (Message, Signatures) = (message, signatures);

    /// <summary>What is signed.</summary>
    public SolanaMessage Message { get; }

    /// <summary>In the order of <see cref="SolanaMessage.Signers"/>; all zeros where one is missing.</summary>
    public ImmutableArray<SolanaSignature> Signatures { get; }

    /// <summary>Its id, the payer's signature: known before it is sent. Null until the payer signed.</summary>
    public SolanaSignature? Id => Signatures[0].IsZero ? null : Signatures[0];

    /// <summary>Who has not signed yet.</summary>
    public ImmutableArray<SolanaAddress> Missing => [.. Enumerable.Range(0, Signatures.Length).Where(i => Signatures[i].IsZero).Select(i => Message.Accounts[i])];

    /// <summary>Whether everybody signed. Says nothing about whether the signatures are right: <see cref="Verify"/> does.</summary>
    public bool IsComplete => !Signatures.Any(s => s.IsZero);

    /// <summary>A transaction that nobody has signed, as wallets take it.</summary>
    public static SolanaTransaction Unsigned(SolanaMessage message) => new(message, [.. new SolanaSignature[message.Header.Signers]]);

    /// <summary>Adds the signatures of these keys.</summary>
    /// <exception cref="ArgumentException">A key that is not Ed25519, or not a signer's.</exception>
    public SolanaTransaction Sign(params ReadOnlySpan<PrivateKey> keys)
    {
        var signatures = Signatures.ToBuilder();
        foreach (var key in keys) signatures[PlaceOf(SolanaAddress.Of(key.PublicKey))] = new SolanaSignature(key.Sign(Message.Bytes.Span));
        return new(Message, signatures.ToImmutable());
    }

    /// <summary>Adds a signature that somebody else made of the message's bytes.</summary>
    /// <exception cref="ArgumentException">Not a signer's address, or not its signature.</exception>
    public SolanaTransaction With(SolanaAddress signer, SolanaSignature signature)
    {
        var place = PlaceOf(signer);
        if (!Ed25519.Verify(Message.Bytes.Span, signature.AsSpan(), signer.AsSpan())) throw new ArgumentException($"The signature is not {signer}'s of this message.", nameof(signature));
        return new(Message, Signatures.SetItem(place, signature));
    }

    /// <summary>Whether everybody signed, and rightly.</summary>
    public bool Verify()
    {
        for (var i = 0; i < Signatures.Length; i++)
        {
            if (!Ed25519.Verify(Message.Bytes.Span, Signatures[i].AsSpan(), Message.Accounts[i].AsSpan())) return false;
        }

        return true;
    }

    /// <summary>The wire form, of at most 1,232 bytes; may be sent again at no risk.</summary>
    public byte[] Encode()
    {
        var target = new ArrayBufferWriter<byte>(Message.TransactionSize);
        ShortVec.Write(target, Signatures.Length);
        foreach (var signature in Signatures) target.Write(signature.AsSpan());
        target.Write(Message.Bytes.Span);
        return target.WrittenSpan.ToArray();
    }

    /// <summary>The wire form in base64, as nodes and wallets take it.</summary>
    public string ToBase64() => Convert.ToBase64String(Encode());

    /// <summary>Reads the wire form; signatures may be missing and are not verified.</summary>
    /// <exception cref="FormatException">Anything else; says what is wrong.</exception>
    public static SolanaTransaction Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > SolanaMessage.MaxTransactionBytes) throw new FormatException($"A Solana transaction has at most {SolanaMessage.MaxTransactionBytes} bytes, not {bytes.Length}.");
        var reader = new SolanaReader(bytes, "The Solana transaction");
        var signatures = new SolanaSignature[reader.Count("signatures", SolanaSignature.Size)];
        for (var i = 0; i < signatures.Length; i++) signatures[i] = new SolanaSignature(reader.Take(SolanaSignature.Size, "signatures"));
        var message = SolanaMessage.Decode(reader.Rest);
        return signatures.Length == message.Header.Signers
            ? new SolanaTransaction(message, [.. signatures])
            : throw new FormatException($"The Solana transaction has {signatures.Length} signatures, and its message {message.Header.Signers} signers.");
    }

    /// <summary>Reads the wire form in base64.</summary>
    /// <exception cref="FormatException">Anything else; says what is wrong.</exception>
    public static SolanaTransaction FromBase64(string text)
    {
        if (text.Length > MaxBase64Characters) throw new FormatException($"A Solana transaction has at most {SolanaMessage.MaxTransactionBytes} bytes, which are {MaxBase64Characters} characters of base64, not {text.Length}.");
        var bytes = new byte[SolanaMessage.MaxTransactionBytes + 2];
        return Convert.TryFromBase64String(text, bytes, out var length) ? Decode(bytes.AsSpan(0, length)) : throw new FormatException("The Solana transaction is not base64.");
    }

    private int PlaceOf(SolanaAddress signer)
    {
        var place = Message.Signers.IndexOf(signer);
        return place >= 0 ? place : throw new ArgumentException($"{signer} is none of the transaction's signers.", nameof(signer));
    }
}
