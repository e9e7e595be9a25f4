using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Evm;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Lanes;
using DePin.Protocol.Reports;
using DePin.Protocol.Rounds;

namespace DePin.Signing;

/// <summary>
/// The keys in this process. It signs what it is asked to: whoever holds it keeps the rule of one report an instance. Nothing here is ever logged but the
/// address.
/// </summary>
/// <param name="Report">secp256k1: signs report digests and nothing else.</param>
/// <param name="Protocol">Ed25519: receipts, acknowledgements, round messages.</param>
/// <param name="Transaction">Pays for transactions: secp256k1 on an EVM chain, Ed25519 on Solana.</param>
public sealed record OperatorKeyRing(PrivateKey Report, PrivateKey Protocol, PrivateKey Transaction) : IOperatorSigner
{
    /// <inheritdoc/>
    public Address Address { get; } = Report.Address;

    /// <inheritdoc/>
    public Bytes32 ProtocolKey { get; } = new(Protocol.PublicKey.Bytes);

    /// <inheritdoc/>
    public ChainAccount Account { get; } = ChainAccount.Of(Transaction.PublicKey);

    /// <inheritdoc/>
    public string? Problem => null;

    /// <summary>New keys for a kind of chain.</summary>
    public static OperatorKeyRing Generate(ChainKind chain) =>
        new(PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Ed25519), PrivateKey.Generate(ChainAccount.KeyTypeOf(chain)));

    /// <summary>Reads the three keys of a folder, each a keystore (<c>report.json</c>) or bare (<c>report.key</c>).</summary>
    /// <param name="folder">With <c>report</c>, <c>protocol</c> and <c>transaction</c>.</param>
    /// <param name="password">Asked once, where one of them is a keystore; null where there is none to give.</param>
    /// <param name="chain">Of the network: it decides the type of the transaction key.</param>
    /// <exception cref="InvalidOperationException">A file is missing or cannot be used; the message names it and what to do.</exception>
    public static OperatorKeyRing Load(string folder, Func<string>? password, ChainKind chain)
    {
        string? told = null;
        Func<string>? once = password is null ? null : () => told ??= password();
        return new OperatorKeyRing(One("report", KeyType.Secp256k1), One("protocol", KeyType.Ed25519), One("transaction", ChainAccount.KeyTypeOf(chain)));

        PrivateKey One(string name, KeyType type) => LoadOne(folder, name, type, once);
    }

    /// <summary>Reads one key of a folder.</summary>
    /// <param name="folder">As <see cref="Load"/> reads it.</param>
    /// <param name="name"><c>report</c>, <c>protocol</c> or <c>transaction</c>.</param>
    /// <param name="type">The type wanted.</param>
    /// <param name="password">Asked where it is a keystore; null where there is none to give.</param>
    /// <exception cref="InvalidOperationException">The file is missing or cannot be used; the message names it and what to do.</exception>
    public static PrivateKey LoadOne(string folder, string name, KeyType type, Func<string>? password) =>
        KeyFile.Load(KeyFile.Find(folder, name) ?? Path.Combine(folder, name + ".key"), type, password);

    /// <inheritdoc/>
    public void Check()
    {
    }

    /// <inheritdoc/>
    public Task<ReportSigning> SignReportAsync(RoundInstance instance, Bytes32 digest, Func<CancellationToken, Task<Report?>> find, CancellationToken ct) =>
        Task.FromResult(ReportSigning.Made(Report.SignDigest(digest)));

    /// <inheritdoc/>
    public ProtocolSignature SignProtocol(ReadOnlySpan<byte> message) => new(Protocol.Sign(message));

    /// <inheritdoc/>
    public CompactSignature SignTransaction(EvmTransaction transaction) => Of(ChainKind.Evm).SignDigest(transaction.SigningHash());

    /// <inheritdoc/>
    public SolanaSignature SignTransaction(SolanaMessage message) => new(Of(ChainKind.Solana).Sign(message.Bytes.Span));

    /// <inheritdoc/>
    public override string ToString() => $"operator {Address}";

    private PrivateKey Of(ChainKind chain) => Account.Kind == chain
        ? Transaction
        : throw new InvalidOperationException($"The transaction key is of {Transaction.Type}, for a {Account.Kind} chain, and the transaction of {chain}. Use keys that were made for this network's chain.");
}
