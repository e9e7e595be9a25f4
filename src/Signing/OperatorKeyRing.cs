using DePin.Chain.Evm;
using DePin.Cryptography;
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
/// <param name="Transaction">secp256k1: pays for transactions.</param>
public sealed record OperatorKeyRing(PrivateKey Report, PrivateKey Protocol, PrivateKey Transaction) : IOperatorSigner
{
    /// <inheritdoc/>
    public Address Address { get; } = Report.Address;

    /// <inheritdoc/>
    public Bytes32 ProtocolKey { get; } = new(Protocol.PublicKey.Bytes);

    /// <inheritdoc/>
    public Address Account { get; } = Transaction.Address;

    /// <inheritdoc/>
    public string? Problem => null;

    /// <summary>Reads the three keys of a folder, each a keystore (<c>report.json</c>) or bare (<c>report.key</c>).</summary>
    /// <param name="folder">With <c>report</c>, <c>protocol</c> and <c>transaction</c>.</param>
    /// <param name="password">Asked once, where one of them is a keystore; null where there is none to give.</param>
    /// <exception cref="InvalidOperationException">A file is missing or cannot be used; the message names it and what to do.</exception>
    public static OperatorKeyRing Load(string folder, Func<string>? password)
    {
        string? told = null;
        Func<string>? once = password is null ? null : () => told ??= password();
        return new OperatorKeyRing(One("report", KeyType.Secp256k1), One("protocol", KeyType.Ed25519), One("transaction", KeyType.Secp256k1));

        PrivateKey One(string name, KeyType type) => KeyFile.Load(KeyFile.Find(folder, name) ?? Path.Combine(folder, name + ".key"), type, once);
    }

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
    public CompactSignature SignTransaction(EvmTransaction transaction) => Transaction.SignDigest(transaction.SigningHash());

    /// <inheritdoc/>
    public override string ToString() => $"operator {Address}";
}
