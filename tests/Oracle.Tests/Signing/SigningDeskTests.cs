using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Protocol.Rounds;
using DePin.Signing;

namespace DePin.Oracle.Tests.Signing;

/// <summary>What the signer signs and what it does not, kind by kind.</summary>
public sealed class SigningDeskTests : IDisposable
{
    private static readonly Bytes32 One = Sha256.Hash("one"u8);
    private static readonly Bytes32 Other = Sha256.Hash("other"u8);

    private readonly SigningSetup _setup = new();
    private readonly SignTable _table;
    private readonly SigningDesk _desk;

    public SigningDeskTests()
    {
        _table = _setup.Open();
        _desk = _setup.Desk(_table);
    }

    public void Dispose()
    {
        _table.Dispose();
        _setup.Dispose();
    }

    [Fact]
    public void A_report_is_signed_again_alike_and_another_one_of_its_instance_never()
    {
        var report = SigningSetup.Report(3, 1, "a");
        var first = _desk.SignReport(report.Encode());
        Assert.Equal(SigningRefusal.None, first.Refusal);
        Assert.True(Secp256k1.TryRecover(report.Digest.Value, first.Signature, out Address signer));
        Assert.Equal(_setup.Keys.Address, signer);
        Assert.Equal(first.Signature, _desk.SignReport(report.Encode()).Signature);

        var second = _desk.SignReport(SigningSetup.Report(3, 1, "b").Encode());
        Assert.Equal(SigningRefusal.SecondReport, second.Refusal);
        Assert.Empty(second.Signature);
        // The same epoch under the next generation, after a cancellation; an earlier epoch after a later one; the first generation again after a reorganisation.
        Assert.Equal(SigningRefusal.None, _desk.SignReport(SigningSetup.Report(4, 1, "c").Encode()).Refusal);
        Assert.Equal(SigningRefusal.None, _desk.SignReport(SigningSetup.Report(3, 2, "b").Encode()).Refusal);
        Assert.Equal(SigningRefusal.None, _desk.SignReport(SigningSetup.Report(5, 1, "d").Encode()).Refusal);
        Assert.Equal(SigningRefusal.None, _desk.SignReport(SigningSetup.Report(3, 1, "b", "another config").Encode()).Refusal);
    }

    [Fact]
    public void What_is_no_report_is_not_signed_with_the_report_key()
    {
        var report = SigningSetup.Report(3, 1, "a").Encode();
        Assert.Equal(SigningRefusal.Malformed, _desk.SignReport(report.AsSpan(1)).Refusal);
        Assert.Equal(SigningRefusal.Malformed, _desk.SignReport([.. report, 0]).Refusal);
        Assert.Equal(SigningRefusal.Malformed, _desk.SignReport(One.AsSpan()).Refusal);
        Assert.Equal(0, _table.Count);
    }

    [Theory]
    [InlineData(MessageKind.Prepare)]
    [InlineData(MessageKind.Commit)]
    public void A_vote_is_signed_once_for_each_view_and_a_refusal_shows_the_earlier_one(MessageKind kind)
    {
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Message(kind, 2, One)).Refusal);
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Message(kind, 2, One)).Refusal);
        foreach (var value in (Bytes32[])[Other, Bytes32.Zero])
        {
            var refused = _desk.SignProtocol(Message(kind, 2, value));
            Assert.Equal(SigningRefusal.SecondVote, refused.Refusal);
            Assert.True(SignedMessage.TryParse(refused.Earlier, out var earlier));
            Assert.Equal((One, kind, 2u), (earlier.ValueDigest, earlier.Kind, earlier.View));
            Assert.True(ProtocolSignature.Verify(_setup.Keys.ProtocolKey, earlier.Bytes.Span, earlier.Signature));
        }

        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Message(kind, 3, Other)).Refusal);
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Message(kind, 2, Other, generation: 1)).Refusal);
    }

    [Fact]
    public void Nil_is_a_vote_like_any_other()
    {
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Message(MessageKind.Prepare, 0, Bytes32.Zero)).Refusal);
        Assert.Equal(SigningRefusal.SecondVote, _desk.SignProtocol(Message(MessageKind.Prepare, 0, One)).Refusal);
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Message(MessageKind.Commit, 0, One)).Refusal);
    }

    [Fact]
    public void One_decision_of_an_instance_is_told_and_observations_are_free()
    {
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Message(MessageKind.Decision, 4, One, body: new byte[10])).Refusal);
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Message(MessageKind.Decision, 5, One, body: new byte[20])).Refusal); // other commits, the same value
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Message(MessageKind.Attestation, 0, One, body: new byte[64])).Refusal);
        Assert.Equal(SigningRefusal.SecondDecision, _desk.SignProtocol(Message(MessageKind.Attestation, 0, Other, body: new byte[64])).Refusal);
        Assert.Equal(SigningRefusal.SecondDecision, _desk.SignProtocol(Message(MessageKind.Decision, 9, Other)).Refusal);
        var count = _table.Count;
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Message(MessageKind.Observation, 0, Bytes32.Zero, body: new byte[100])).Refusal);
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Message(MessageKind.Observation, 0, Bytes32.Zero, body: new byte[101])).Refusal);
        Assert.Equal(count, _table.Count);
    }

    [Fact]
    public void Receipts_and_acknowledgements_are_signed_for_this_network_and_this_operator_only()
    {
        var (network, self) = (SigningSetup.Limits.Network, _setup.Keys.Address);
        var receipt = ReceiptMessage.Of(network, One, self, 5);
        Assert.Equal(_setup.Keys.Protocol.Sign(receipt), _desk.SignProtocol(receipt).Signature);
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(ReceiptMessage.Of(network, [One, Other], self, 5)).Refusal);
        Assert.Equal(SigningRefusal.None, _desk.SignProtocol(Acknowledgement.Message(network, _setup.Keys.Account.Evm, 1, One)).Refusal);

        Assert.Equal(SigningRefusal.WrongNetwork, _desk.SignProtocol(ReceiptMessage.Of(new NetworkId(One), One, self, 5)).Refusal);
        Assert.Equal(SigningRefusal.WrongNetwork, _desk.SignProtocol(ReceiptMessage.Of(network, One, _setup.Keys.Account.Evm, 5)).Refusal);
        Assert.Equal(SigningRefusal.WrongNetwork, _desk.SignProtocol(ReceiptMessage.Of(network, [One], _setup.Keys.Account.Evm, 5)).Refusal);
        Assert.Equal(SigningRefusal.WrongNetwork, _desk.SignProtocol(Acknowledgement.Message(new NetworkId(One), self, 1, One)).Refusal);
        Assert.Equal(SigningRefusal.Malformed, _desk.SignProtocol([.. receipt, 0]).Refusal);
        Assert.Equal(SigningRefusal.Malformed, _desk.SignProtocol("anything else"u8).Refusal);
        Assert.Equal(SigningRefusal.Malformed, _desk.SignProtocol(SigningSetup.Report(1, 0, "a").Encode()).Refusal);
    }

    [Fact]
    public void A_transaction_is_signed_where_an_operators_call_goes_to_the_verifier_without_coins_at_a_bounded_price()
    {
        var good = new EvmTransaction
        {
            ChainId = SigningSetup.Limits.ChainId,
            Nonce = 3,
            To = SigningSetup.Limits.Verifier,
            Data = new ReportVerifier.FinalizeCall(1).Encode(),
            Gas = 1_000_000,
            MaxFeePerGas = 100_000_000_000UL,
            MaxPriorityFeePerGas = 1UL,
        };
        var signed = good.With(new CompactSignature(_desk.SignTransaction(good.EncodeUnsigned()).Signature));
        Assert.Equal(good.Sign(_setup.Keys.Transaction).Raw, signed.Raw);
        Assert.Equal(SigningRefusal.None, Refusal(good with { MaxFeePerGas = default, MaxPriorityFeePerGas = default, GasPrice = 100_000_000_000UL }));
        Assert.Equal(SigningRefusal.None, Refusal(good with { Gas = 10_000_000 })); // exactly one coin

        Assert.Equal(SigningRefusal.FeeTooHigh, Refusal(good with { Gas = 10_000_001 }));
        Assert.Equal(SigningRefusal.FeeTooHigh, Refusal(good with { GasPrice = 10_000_000_000_000UL }));
        Assert.Equal(SigningRefusal.WrongNetwork, Refusal(good with { ChainId = 1 }));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(good with { To = _setup.Keys.Account.Evm }));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(good with { To = null }));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(good with { Value = 1UL }));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(good with { Data = default }));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(good with { Data = new NetworkToken.BalanceOfCall(_setup.Keys.Account.Evm).Encode() }));
        Assert.Equal(SigningRefusal.Malformed, _desk.SignTransaction([]).Refusal);
        Assert.Equal(SigningRefusal.Malformed, _desk.SignTransaction(signed.Raw).Refusal);
        Assert.Equal(SigningRefusal.Malformed, _desk.SignTransaction([.. good.EncodeUnsigned(), 0]).Refusal);

        SigningRefusal Refusal(EvmTransaction transaction) => _desk.SignTransaction(transaction.EncodeUnsigned()).Refusal;
    }

    [Fact]
    public void No_bytes_make_it_stumble()
    {
        var random = new Random(20261121);
        byte[][] seeds = [SigningSetup.Report(2, 0, "a").Encode(), Message(MessageKind.Prepare, 0, One), ReceiptMessage.Of(SigningSetup.Limits.Network, One, _setup.Keys.Address, 5), new EvmTransaction { ChainId = 1, Nonce = 1, Gas = 1 }.EncodeUnsigned()];
        for (var i = 0; i < 4_000; i++)
        {
            var bytes = seeds[i % seeds.Length].ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            bytes = bytes[..random.Next(bytes.Length + 1)];
            Assert.True(Enum.IsDefined(_desk.SignReport(bytes).Refusal));
            Assert.True(Enum.IsDefined(_desk.SignProtocol(bytes).Refusal));
            Assert.True(Enum.IsDefined(_desk.SignTransaction(bytes).Refusal));
        }
    }

    private static byte[] Message(MessageKind kind, uint view, Bytes32 value, ulong generation = 0, byte[]? body = null)
    {
        var instance = new RoundInstance(Sha256.Hash("config"u8), new Epoch(2), new Generation(generation));
        return SignedMessage.Sign(instance, view, kind, 1, value, body ?? [], static _ => default).Bytes.ToArray();
    }
}
