using System.Collections.Immutable;
using System.Globalization;
using DePin.Protocol.Verification;
using DePin.Storage.Read;

namespace DePin.Api;

/// <summary>A judged proof with its reason in words.</summary>
/// <param name="Epoch">The epoch that judged it.</param>
/// <param name="ProofId">SHA-256 of the signed bytes.</param>
/// <param name="DeviceId">The key that signed it.</param>
/// <param name="Class">Resource class.</param>
/// <param name="Sequence">The device's counter.</param>
/// <param name="DeviceTime">Network time, as the device says.</param>
/// <param name="Judgement">accept, reject, inconclusive or pending.</param>
/// <param name="Reason">Number, 0 for none.</param>
/// <param name="ReasonName">Its name.</param>
/// <param name="Quality">Quality in millionths.</param>
public sealed record VerdictView(long Epoch, string ProofId, string DeviceId, int Class, string Sequence, DateTime DeviceTime, string Judgement, int Reason, string ReasonName, int Quality);

/// <summary>A reward line with its class and rule in words. Amounts are decimal text in base units.</summary>
public sealed record LineView(long Epoch, string Account, int Class, string ClassName, string DeviceId, int Rule, string RuleName, string Weight, string Amount, long Accepted, long Rejected, long Inconclusive);

/// <summary>How many proofs came out so.</summary>
public sealed record ReasonView(int Class, string ClassName, string Judgement, int Reason, string ReasonName, string Meaning, long Proofs);

/// <summary>Names of judgements, reasons, classes and rules, from the class tables of this build.</summary>
public sealed class Reasons(IEnumerable<ClassDescriptor> classes)
{
    /// <summary>Judgements by number.</summary>
    internal static readonly string[] Judgements = ["accept", "reject", "inconclusive", "pending"];

    private readonly ImmutableDictionary<int, ClassDescriptor> byClass = classes.ToImmutableDictionary(c => (int)c.Id.Value);

    /// <summary>The classes of this build, ascending.</summary>
    public IEnumerable<ClassDescriptor> Classes => byClass.Values.OrderBy(c => c.Id.Value);

    /// <summary>A verdict in words.</summary>
    public VerdictView View(VerdictRow row) =>
        new(row.Epoch, row.ProofId, row.DeviceId, row.Class, row.Sequence, row.DeviceTime, Judgements[row.Judgement], row.Reason, Name(row.Class, row.Reason), row.Quality);

    /// <summary>A line in words.</summary>
    public LineView View(LineRow row) =>
        new(row.Epoch, row.Account, row.Class, ClassName(row.Class), row.DeviceId, row.Rule, RuleName(row.Class, row.Rule), row.Weight, row.Amount, row.Accepted, row.Rejected, row.Inconclusive);

    /// <summary>A count in words.</summary>
    public ReasonView View(ReasonCount row) =>
        new(row.Class, ClassName(row.Class), Judgements[row.Judgement], row.Reason, Name(row.Class, row.Reason), Meaning(row.Class, row.Reason), row.Proofs);

    /// <summary>A class's name, or its number where this build does not know it.</summary>
    public string ClassName(int @class) => byClass.TryGetValue(@class, out var found) ? found.Name : @class.ToString(CultureInfo.InvariantCulture);

    private string RuleName(int @class, int rule) => byClass.GetValueOrDefault(@class)?.Rules.FirstOrDefault(r => r.Id == rule).Name ?? rule.ToString(CultureInfo.InvariantCulture);

    private string Name(int @class, int reason)
    {
        if (reason == 0) return "";
        if (reason < RejectReasons.FirstOfClass) return ((RejectReason)reason).ToString();
        return byClass.GetValueOrDefault(@class)?.Reasons.FirstOrDefault(r => r.Id == reason).Name ?? reason.ToString(CultureInfo.InvariantCulture);
    }

    // Of the engine's own reasons (docs/protocol.md, "Epoch computation"), for people.
    private static readonly string[] EngineMeanings =
    [
        "", "Not a proof envelope.", "Signed for another network.", "No device of this id was registered at the epoch's anchor.", "No copy carries a valid signature of the device.",
        "Its sequence was in an earlier cut, or lies more than 64 below the device's highest.", "The device signed different contents under one sequence: all of them are refused.",
        "The device is suspended or retired.", "The provider's stake does not reach as far as this device.", "The owner has no payout account.", "The network does not reward this class.",
        "The device's model is of another class.", "The class has no such payload layout.", "The payload's length is not one that its layout allows.",
        "Its time lies a whole period or more past the period's end.", "Its time lies further before the period's start than late proofs may.", "The device sent more than an epoch judges.",
        "It waited for another proof that did not come.", "Its group holds more proofs than are compared.", "The class's rules failed on it: a defect of the class.",
    ];

    private string Meaning(int @class, int reason) =>
        reason < RejectReasons.FirstOfClass ? (uint)reason < EngineMeanings.Length ? EngineMeanings[reason] : "" : byClass.GetValueOrDefault(@class)?.Reasons.FirstOrDefault(r => r.Id == reason).Meaning ?? "";
}
