using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Round;

/// <summary>Makes the own observation: for each operator of the config, the certificate of its lane's highest certified batch, or of the one that a cut before ended with.</summary>
public sealed class Observer(LaneStore lanes, CertifiedLaneStore acknowledgements)
{
    /// <summary>Reads what is certified now.</summary>
    /// <param name="operators">Of the config.</param>
    /// <param name="again">
    /// Cut of the cancelled report in whose place another comes: no more than its evidence is observed, as near as certificates lie. What came in since is of
    /// later periods, and this epoch would reject it for good.
    /// </param>
    /// <param name="ct">Cancels.</param>
    public async Task<ImmutableArray<CertifiedLane>> ObserveAsync(OperatorSet operators, Cut? again, CancellationToken ct)
    {
        var certificates = (await lanes.GetCertificatesAsync(ct)).ToDictionary(static certificate => certificate[0].Lane);
        var observed = ImmutableArray.CreateBuilder<CertifiedLane>(operators.Count);
        foreach (var lane in operators.Addresses)
        {
            // A lane that the cut does not name is of an operator that joined since: all of it is new.
            if (certificates.TryGetValue(lane, out var found) && again is not null && again.Lanes.Any(named => named.Operator == lane) && again.Of(lane).Height is var height && found[0].Index > height)
                found = height == 0 ? default : await lanes.FindCertificateAsync(lane, (long)height, ct);
            var certificate = found is { IsDefault: false } ? Pack(lane, found, operators) : null;
            // A lane certified by the operators of another config: what the present ones acknowledged counts.
            if (certificate is null && found is { IsDefault: false })
                certificate = Pack(lane, [.. await acknowledgements.FindAsync(lane, [.. operators.Addresses], operators.Quorum.Size, ct)], operators);
            observed.Add(new CertifiedLane(lane, certificate));
        }

        return observed.MoveToImmutable();
    }

    private static Certificate? Pack(Address lane, ImmutableArray<Acknowledgement> given, OperatorSet operators)
    {
        if (given.IsEmpty) return null;
        var signatures = given.Select(one => (Sender: operators.IndexOf(one.Signer), one.Signature)).Where(static one => one.Sender >= 0)
            .OrderBy(static one => one.Sender).DistinctBy(static one => one.Sender).Take(operators.Quorum.Size)
            .Select(static one => new CertificateSignature((byte)one.Sender, one.Signature)).ToImmutableArray();
        return signatures.Length == operators.Quorum.Size ? new Certificate(lane, new LaneHead(given[0].Index, given[0].Digest), signatures) : null;
    }
}
