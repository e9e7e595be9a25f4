using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Evm;
using DePin.Cryptography;
using DePin.Protocol.Lanes;
using DePin.Protocol.Reports;
using DePin.Protocol.Rounds;

namespace DePin.Signing;

/// <summary>
/// An operator's three keys, wherever they are: <see cref="OperatorKeyRing"/> has them in this process, <see cref="RemoteSigner"/> in another one that
/// judges what it signs. Safe to share between threads.
/// </summary>
public interface IOperatorSigner
{
    /// <summary>The report key's address: the operator's name, and its lane's.</summary>
    Address Address { get; }

    /// <summary>The protocol key, 32 bytes.</summary>
    Bytes32 ProtocolKey { get; }

    /// <summary>The account that sends transactions.</summary>
    ChainAccount Account { get; }

    /// <summary>Why nothing can be signed at the moment; null while it can.</summary>
    string? Problem { get; }

    /// <summary>Looks whether the keys can be used, and sets <see cref="Problem"/>.</summary>
    void Check();

    /// <summary>Signs a decided report's digest.</summary>
    /// <param name="instance">Which agreement decided it.</param>
    /// <param name="digest">What is signed.</param>
    /// <param name="find">The report with this digest, null while it cannot be computed here. Asked by a signer that judges the report itself.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SignerUnreachableException">Try again later.</exception>
    Task<ReportSigning> SignReportAsync(RoundInstance instance, Bytes32 digest, Func<CancellationToken, Task<Report?>> find, CancellationToken ct);

    /// <summary>Signs a receipt, an acknowledgement or a round message with the protocol key.</summary>
    /// <exception cref="SignerUnreachableException">Try again later.</exception>
    /// <exception cref="SigningRefusedException">The signer holds that it must not be signed.</exception>
    ProtocolSignature SignProtocol(ReadOnlySpan<byte> message);

    /// <summary>Signs a transaction of the account on an EVM chain.</summary>
    /// <exception cref="SignerUnreachableException">Try again later.</exception>
    /// <exception cref="SigningRefusedException">The signer holds that it must not be signed.</exception>
    /// <exception cref="InvalidOperationException">The account is not of an EVM chain.</exception>
    CompactSignature SignTransaction(EvmTransaction transaction);

    /// <summary>Signs a transaction of the account on Solana.</summary>
    /// <exception cref="SignerUnreachableException">Try again later.</exception>
    /// <exception cref="SigningRefusedException">The signer holds that it must not be signed.</exception>
    /// <exception cref="InvalidOperationException">The account is not of Solana.</exception>
    SolanaSignature SignTransaction(SolanaMessage message);
}

/// <summary>What became of a report: a signature, a refusal for good, or neither, where the report is not known here yet.</summary>
public readonly record struct ReportSigning(CompactSignature? Signature, SigningRefusal Refusal)
{
    /// <summary>The report cannot be computed here yet: ask again.</summary>
    public static ReportSigning NotYet => default;

    /// <summary>Signed.</summary>
    public static ReportSigning Made(CompactSignature signature) => new(signature, SigningRefusal.None);

    /// <summary>Never.</summary>
    public static ReportSigning Refused(SigningRefusal why) => new(null, why);
}

/// <summary>Why a signer does not sign. The numbers are those of the signer's protocol and never change.</summary>
public enum SigningRefusal : ushort
{
    /// <summary>It signed.</summary>
    None = 0,

    /// <summary>The request, or what it asks to sign, is not laid out as docs/protocol.md says.</summary>
    Malformed = 1,

    /// <summary>The request is of another version of the signer's protocol, or of a kind that this one does not know.</summary>
    Unknown = 2,

    /// <summary>Longer than anything that is ever signed.</summary>
    TooLong = 3,

    /// <summary>The report key is bound to another report of the same (config, epoch, generation).</summary>
    SecondReport = 4,

    /// <summary>The protocol key signed another vote of the same (config, epoch, generation, view, kind).</summary>
    SecondVote = 5,

    /// <summary>The protocol key told of another decision of the same (config, epoch, generation).</summary>
    SecondDecision = 6,

    /// <summary>The epoch lies at or before the one up to which the keys were used under a lost table.</summary>
    BeforeFloor = 7,

    /// <summary>Another network's, or under another operator's name.</summary>
    WrongNetwork = 8,

    /// <summary>A transaction to another contract, of another call, or with coins.</summary>
    CallNotAllowed = 9,

    /// <summary>A transaction that may cost more than the signer's limit.</summary>
    FeeTooHigh = 10,

    /// <summary>The table has as many entries as it may have.</summary>
    TableFull = 11,
}

/// <summary>The signer does not answer; what it was to sign can be asked for again.</summary>
public sealed class SignerUnreachableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The signer holds that this must not be signed.</summary>
public sealed class SigningRefusedException(SigningRefusal refusal, string message, SignedMessage? earlier = null) : Exception(message)
{
    /// <summary>Why.</summary>
    public SigningRefusal Refusal => refusal;

    /// <summary>The vote that the key signed in its place; null where that is not the reason.</summary>
    public SignedMessage? Earlier => earlier;
}
