using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Canonical;
using DePin.Protocol.Lanes;
using DePin.Protocol.Reports;
using DePin.Protocol.Rounds;

namespace DePin.Signing;

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
/// decision for each instance, and transactions to the report verifier alone (<see cref="SigningLimits"/>). Safe to share between threads.
/// </summary>
/// <remarks>
/// Observations, proposals, receipts and acknowledgements are signed as often as they are asked for: they bind nobody to a report, and an operator whose database failed between
/// signature and commit makes them anew with other content. Epochs need not rise: after a cancellation earlier ones are signed again under the next generation, and a
/// reorganisation can take the cancellation back.
/// </remarks>
public sealed class SigningDesk
{
    private readonly OperatorKeyRing _keys;
    private readonly SignTable _table;
    private readonly SigningLimits _limits;

    /// <param name="keys">What it signs with.</param>
    /// <param name="table">What it signed.</param>
    /// <param name="limits">What it signs for.</param>
    /// <exception cref="InvalidOperationException">The keys are of another kind of chain than the network.</exception>
    public SigningDesk(OperatorKeyRing keys, SignTable table, SigningLimits limits)
    {
        if (keys.Account.Kind != limits.Chain) throw new InvalidOperationException($"The transaction key is for a {keys.Account.Kind} chain, and the network is on {limits.Chain}. Name the network's own keys.");
        (_keys, _table, _limits) = (keys, table, limits);
        Identity = new CanonicalWriter(117).Word(limits.Network.Value).Address(keys.Address).Word(keys.ProtocolKey).U8((byte)keys.Account.Kind).Word(keys.Account.Id.Value).ToArray();
    }

    /// <summary>Network, report address, protocol key, kind of chain and account: 117 bytes that a client compares.</summary>
    public byte[] Identity { get; }

    /// <summary>Signs a report of 348 bytes.</summary>
    public SigningAnswer SignReport(ReadOnlySpan<byte> bytes)
    {
        if (!Report.TryParse(bytes, out var report)) return SigningAnswer.Refused(SigningRefusal.Malformed, "this is no report");
        var digest = report.Digest.Value;
        var (epoch, generation) = (report.Epoch.Value, report.Generation.Value);
        if (epoch <= _table.Floor) return BeforeFloor(epoch);
        var bound = _table.Bind(new Licence(LicenceKind.Report, report.Config.Value, epoch, generation, 0), digest);
        if (bound is null) return Full();
        return bound == digest
            ? SigningAnswer.Made(_keys.Report.SignDigest(digest).ToArray())
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
                name = _keys.Address; // it names no signer
            }

            reader.End();
            if (network != _limits.Network) return SigningAnswer.Refused(SigningRefusal.WrongNetwork, $"network {network} is not the signer's");
            if (name != _keys.Address) return SigningAnswer.Refused(SigningRefusal.WrongNetwork, $"a receipt of operator {name} is not this operator's to sign");
            return SigningAnswer.Made(_keys.Protocol.Sign(message));
        }
        catch (CanonicalFormatException problem)
        {
            return SigningAnswer.Refused(SigningRefusal.Malformed, problem.Message);
        }
    }

    /// <summary>Signs a transaction in its unsigned encoding: an EVM transaction, or a Solana message.</summary>
    public SigningAnswer SignTransaction(ReadOnlySpan<byte> encoded) => _limits.SignTransaction(_keys, encoded);

    private SigningAnswer SignRound(ReadOnlySpan<byte> message)
    {
        // Read as it is read in transport, where the signature follows; this one is not looked at.
        if (!SignedMessage.TryParse(new CanonicalWriter(message.Length + 68).Sized(message).Bytes(new byte[ProtocolSignature.Size]).ToArray(), out var parsed))
            return SigningAnswer.Refused(SigningRefusal.Malformed, "this is no round message");
        var epoch = parsed.Instance.Epoch.Value;
        if (epoch <= _table.Floor) return BeforeFloor(epoch);
        var (kind, view) = parsed.Kind switch
        {
            MessageKind.Prepare => (LicenceKind.Prepare, parsed.View),
            MessageKind.Commit => (LicenceKind.Commit, parsed.View),
            MessageKind.Attestation or MessageKind.Decision => (LicenceKind.Decision, 0u),
            _ => default, // Observation, Proposal
        };
        if (kind == default) return SigningAnswer.Made(_keys.Protocol.Sign(message));

        var bound = _table.Bind(new Licence(kind, parsed.Instance.ConfigDigest, epoch, parsed.Instance.Generation.Value, view), parsed.ValueDigest);
        if (bound is null) return Full();
        if (bound == parsed.ValueDigest) return SigningAnswer.Made(_keys.Protocol.Sign(message));
        if (kind == LicenceKind.Decision)
            return SigningAnswer.Refused(SigningRefusal.SecondDecision, $"the protocol key told of {bound} in {parsed.Instance}, and does not sign {parsed.ValueDigest}");
        // Votes have no body: the earlier one can be said again, so that the operator learns what its log lacks.
        var earlier = SignedMessage.Sign(parsed.Instance, parsed.View, parsed.Kind, parsed.Sender, bound.Value, [], _keys.SignProtocol);
        return new SigningAnswer(SigningRefusal.SecondVote, [], $"the protocol key signed a {earlier}, and signs no {parsed}", earlier.Encode());
    }

    private static SigningAnswer BeforeFloor(ulong epoch) => SigningAnswer.Refused(SigningRefusal.BeforeFloor, $"epoch {epoch} may have been signed under a table that is lost");

    private static SigningAnswer Full() => SigningAnswer.Refused(SigningRefusal.TableFull, $"the table has its {SignTable.MaxLines} lines: find out who asks for so much");
}
