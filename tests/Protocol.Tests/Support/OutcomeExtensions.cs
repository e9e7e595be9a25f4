using DePin.Protocol.Epochs;
using DePin.Protocol.Proofs;
using DePin.Protocol.Rewards;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Tests.Support;

internal static class OutcomeExtensions
{
    public static Verdict VerdictOf(this EpochOutcome outcome, SignedProof proof) => outcome.Verdicts.Single(judged => judged.Proof == proof.Id).Verdict;

    public static RejectReason ReasonOf(this EpochOutcome outcome, SignedProof proof)
    {
        var verdict = outcome.VerdictOf(proof);
        Assert.Equal(Judgement.Reject, verdict.Judgement);
        return (RejectReason)verdict.Reason;
    }

    /// <summary>For many proofs: searches instead of scanning.</summary>
    public static Judgement VerdictOfSorted(this EpochOutcome outcome, SignedProof proof)
    {
        var (low, high) = (0, outcome.Verdicts.Length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (outcome.Verdicts[middle].Proof < proof.Id) low = middle + 1;
            else high = middle;
        }
        Assert.Equal(proof.Id, outcome.Verdicts[low].Proof);
        return outcome.Verdicts[low].Verdict.Judgement;
    }

    public static UInt128 EarnedBy(this EpochOutcome outcome, TestDevice device)
    {
        UInt128 sum = 0;
        foreach (var line in outcome.Lines.Where(line => line.Device == device.Id)) sum += line.Amount;
        return sum;
    }

    public static RewardLine LineOf(this EpochOutcome outcome, TestDevice device, ushort rule) =>
        outcome.Lines.Single(line => line.Device == device.Id && line.Rule == rule);
}
