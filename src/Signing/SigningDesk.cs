using DePin.Abi;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Canonical;
using DePin.Protocol.Lanes;
using DePin.Protocol.Reports;
using DePin.Protocol.Rounds;

namespace DePin.Signing;

/// <summary>What the signer knows of the network, and how much a transaction may cost.</summary>
/// <param name="Network">Whose receipts and acknowledgements are signed.</param>
/// <param name="ChainId">Whose transactions.</param>
/// <param name="ReportVerifier">The only contract that they may call.</param>
/// <param name="MaximumFee">Most wei that one of them may cost.</param>
public sealed record SigningLimits(NetworkId Network, ulong ChainId, Address ReportVerifier, UInt256 MaximumFee)
{
    /// <summary>The limits of a deployed network.</summary>
    public static SigningLimits Of(EvmNetworkManifest manifest, UInt256 maximumFee) =>
        new(manifest.Id, manifest.ChainId, manifest.AddressOf("ReportVerifier"), maximumFee);
}

/// <summary>A signature of 64 bytes, or why there is none.</summary>
/// <param name="Refusal">None where it signed.</param>
/// <param name="Signature">64 bytes, or empty.</param>
/// <param name="Why">For people; empty where it signed.</param>
/// <param name="Earlier">The vote that the key signed in its place, encoded as in transport; empty where that is not the reason.</param>
public sealed record SigningAnswer(SigningRefusal Refusal, byte[] Signature, string Why, byte[] Earlier)
{
    /// <summary>Signed.</summary>
    public static SigningAnswer Made(byte[] signature) => new(SigningRefusal.None, signature, "", []);

    /// <summary>Refused.</summary>
    public static SigningAnswer Refused(SigningRefusal refusal, string why) => new(refusal, [], why, []);
}

/// <summary>
/// Judges what is to be signed, in the form in which it means something, and signs it: one report for each (config, epoch, generation), one vote for each view and kind, one
/// decision for each instance, and transactions to the report verifier alone. Safe to share between threads.
/// </summary>
/// <remarks>
/// Observations, proposals, receipts and acknowledgements are signed as often as they are asked for: they bind nobody to a report, and an operator whose database failed between
/// signature and commit makes them anew with other content. Epochs need not rise: after a cancellation earlier ones are signed again under the next generation, and a
/// reorganisation can take the cancellation back.
/// </remarks>
public sealed class SigningDesk(OperatorKeyRing keys, SignTable table, SigningLimits limits)
{
    private static readonly uint[] AllowedCalls =
    [
        ReportVerifier.AttestCall.Selector, ReportVerifier.FinalizeCall.Selector, ReportVerifier.ProveTreeFaultCall.Selector, ReportVerifier.ProveEquivocationCall.Selector,
    ];

    /// <summary>Network, report address, protocol key and account: 104 bytes that a client compares.</summary>
    public byte[] Identity { get; } = new CanonicalWriter(104).Word(limits.Network.Value).Address(keys.Address).Word(keys.ProtocolKey).Address(keys.Account).ToArray();

    /// <summary>Signs a report of 348 bytes.</summary>
    public SigningAnswer SignReport(ReadOnlySpan<byte> bytes)
    {
        if (!Report.TryParse(bytes, out var report)) return SigningAnswer.Refused(SigningRefusal.Malformed, "this is no report");
        var digest = report.Digest.Value;
        var (epoch, generation) = (report.Epoch.Value, report.Generation.Value);
        if (epoch <= table.Floor) return BeforeFloor(epoch);
        var bound = table.Bind(new Licence(LicenceKind.Report, report.Config.Value, epoch, generation, 0), digest);
        if (bound is null) return Full();
        return bound == digest
            ? SigningAnswer.Made(keys.Report.SignDigest(digest).ToArray())
            : SigningAnswer.Refused(SigningRefusal.SecondReport, $"the report key is bound to {bound} in epoch {epoch}, generation {generation}, and does not sign {digest}");
    }

    /// <summary>Signs what the protocol key signs, by its tag.</summary>
    public SigningAnswer SignProtocol(ReadOnlySpan<byte> message)
    {
        try
        {
            if (message.StartsWith(ProtocolTags.Round)) return SignRound(message);
            var reader = new CanonicalReader(message, "message");
            NetworkId network;
            Address name;
            if (message.StartsWith(ProtocolTags.Receipt))
            {
                reader.Expect(ProtocolTags.Receipt);
                network = new NetworkId(reader.Word());
                reader.Word(); // proof
                name = reader.Address();
                reader.U64();
            }
            else if (message.StartsWith(ProtocolTags.Receipts))
            {
                reader.Expect(ProtocolTags.Receipts);
                network = new NetworkId(reader.Word());
                name = reader.Address();
                reader.U64();
                reader.U32();
                reader.Word(); // of the proofs
            }
            else
            {
                reader.Expect(ProtocolTags.Acknowledgement);
                network = new NetworkId(reader.Word());
                reader.Address(); // of the lane
                reader.U64();
                reader.Word();
                name = keys.Address; // it names no signer
            }

            reader.End();
            if (network != limits.Network) return SigningAnswer.Refused(SigningRefusal.WrongNetwork, $"network {network} is not the signer's");
            if (name != keys.Address) return SigningAnswer.Refused(SigningRefusal.WrongNetwork, $"a receipt of operator {name} is not this operator's to sign");
            return SigningAnswer.Made(keys.Protocol.Sign(message));
        }
        catch (CanonicalFormatException problem)
        {
            return SigningAnswer.Refused(SigningRefusal.Malformed, problem.Message);
        }
    }

    /// <summary>Signs a transaction in its unsigned encoding.</summary>
    public SigningAnswer SignTransaction(ReadOnlySpan<byte> encoded)
    {
        if (!EvmTransaction.TryParseUnsigned(encoded, out var transaction)) return SigningAnswer.Refused(SigningRefusal.Malformed, "this is no transaction");
        if (transaction.ChainId != limits.ChainId) return SigningAnswer.Refused(SigningRefusal.WrongNetwork, $"chain {transaction.ChainId} is not {limits.ChainId}");
        if (transaction.To != limits.ReportVerifier) return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "it does not go to the network's report verifier");
        if (!transaction.Value.IsZero) return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "it carries coins");
        var data = transaction.Data.Span;
        if (data.Length < 4 || !AllowedCalls.Contains(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(data)))
            return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "its call is not one that an operator makes");
        var cost = (System.Numerics.BigInteger)(transaction.GasPrice ?? transaction.MaxFeePerGas) * transaction.Gas;
        if (cost > (System.Numerics.BigInteger)limits.MaximumFee) return SigningAnswer.Refused(SigningRefusal.FeeTooHigh, $"it may cost {cost} wei, and the limit is {limits.MaximumFee}");
        return SigningAnswer.Made(keys.SignTransaction(transaction).ToArray());
    }

    private SigningAnswer SignRound(ReadOnlySpan<byte> message)
    {
        // Read as it is read in transport, where the signature follows; this one is not looked at.
        if (!SignedMessage.TryParse(new CanonicalWriter(message.Length + 68).Sized(message).Bytes(new byte[ProtocolSignature.Size]).ToArray(), out var parsed))
            return SigningAnswer.Refused(SigningRefusal.Malformed, "this is no round message");
        var epoch = parsed.Instance.Epoch.Value;
        if (epoch <= table.Floor) return BeforeFloor(epoch);
        var (kind, view) = parsed.Kind switch
        {
            MessageKind.Prepare => (LicenceKind.Prepare, parsed.View),
            MessageKind.Commit => (LicenceKind.Commit, parsed.View),
            MessageKind.Attestation or MessageKind.Decision => (LicenceKind.Decision, 0u),
            _ => default, // Observation, Proposal
        };
        if (kind == default) return SigningAnswer.Made(keys.Protocol.Sign(message));

        var bound = table.Bind(new Licence(kind, parsed.Instance.ConfigDigest, epoch, parsed.Instance.Generation.Value, view), parsed.ValueDigest);
        if (bound is null) return Full();
        if (bound == parsed.ValueDigest) return SigningAnswer.Made(keys.Protocol.Sign(message));
        if (kind == LicenceKind.Decision)
            return SigningAnswer.Refused(SigningRefusal.SecondDecision, $"the protocol key told of {bound} in {parsed.Instance}, and does not sign {parsed.ValueDigest}");
        // Votes have no body: the earlier one can be said again, so that the operator learns what its log lacks.
        var earlier = SignedMessage.Sign(parsed.Instance, parsed.View, parsed.Kind, parsed.Sender, bound.Value, [], keys.SignProtocol);
        return new SigningAnswer(SigningRefusal.SecondVote, [], $"the protocol key signed a {earlier}, and signs no {parsed}", earlier.Encode());
    }

    private static SigningAnswer BeforeFloor(ulong epoch) => SigningAnswer.Refused(SigningRefusal.BeforeFloor, $"epoch {epoch} may have been signed under a table that is lost");

    private static SigningAnswer Full() => SigningAnswer.Refused(SigningRefusal.TableFull, $"the table has its {SignTable.MaxLines} lines: find out who asks for so much");
}
