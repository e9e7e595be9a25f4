using System.Collections.Immutable;
using System.Numerics;
using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Transmit;
using DePin.Protocol.Rounds;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Tests;

/// <summary>Which q of the signatures that are held go on chain.</summary>
public sealed class SignatureChoiceTests
{
    [Theory]
    [InlineData(4, 3)]
    [InlineData(7, 5)]
    public void In_any_n_epochs_every_operator_that_signs_is_on_chain_q_times(int n, int q)
    {
        var roster = RosterOf(n);
        Assert.Equal(q, roster.Quorum);
        var times = new int[n];
        for (var epoch = 11; epoch < 11 + n; epoch++)
        {
            var report = ReportOf(epoch, generation: 0);
            var attested = TransmitStage.Assemble(report, roster, Enumerable.Range(0, n).Reverse().Select(i => AttestationOf(report, roster, i)))!;
            Assert.Equal(q, BitOperations.PopCount(attested.Bitmap));
            var signers = Enumerable.Range(0, n).Where(i => (attested.Bitmap & (1u << i)) != 0).ToList();
            Assert.Equal(signers.SelectMany(i => SignatureOf(i)), attested.Signatures.ToArray());
            foreach (var i in signers) times[i]++;
        }

        Assert.All(times, t => Assert.Equal(q, t));
    }

    [Fact]
    public void Fewer_than_q_operators_of_the_config_are_not_enough()
    {
        var roster = RosterOf(4);
        var report = ReportOf(5, generation: 2);
        var stranger = AttestationOf(report, RosterOf(7), 6);
        Assert.Null(TransmitStage.Assemble(report, roster, [AttestationOf(report, roster, 3), stranger, AttestationOf(report, roster, 0)]));
        var attested = TransmitStage.Assemble(report, roster, [AttestationOf(report, roster, 3), stranger, AttestationOf(report, roster, 0), AttestationOf(report, roster, 1)]);
        Assert.Equal(0b1011u, attested!.Bitmap);
    }

    private static byte[] SignatureOf(int operatorIndex) => [.. Enumerable.Repeat((byte)(operatorIndex + 1), CompactSignature.Size)];

    private static AttestationRow AttestationOf(ReportRow report, OperatorRoster roster, int i) =>
        new(report.Digest, roster.Members[i].Address, report.ConfigDigest, report.Epoch, report.Generation, SignatureOf(i));

    private static ReportRow ReportOf(long epoch, long generation) =>
        new(Keccak256.Hash([(byte)epoch]), Bytes32.Zero, epoch, generation, new byte[348], [1], [1], [1], "attested");

    private static OperatorRoster RosterOf(int n)
    {
        var members = Enumerable.Range(0, n)
            .Select(i => new Member(i, Address.FromBytes32(Bytes32.FromUInt64((ulong)i + 1)), Bytes32.FromUInt64((ulong)i + 1), null)).ToImmutableArray();
        return new OperatorRoster(1, 1, new OperatorSet(Bytes32.Zero, [.. members.Select(m => new OperatorIdentity(m.Address, m.ProtocolKey))]), members);
    }
}
