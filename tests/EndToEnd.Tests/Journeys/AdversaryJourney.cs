using System.Globalization;
using System.Text.RegularExpressions;
using DePin.ClassReport;
using DePin.Cli.Dev;
using DePin.DataSets;
using DePin.Protocol.Evidence;
using DePin.Protocol.Verification;
using DePin.Protocol.Verification.Sensing;
using DePin.Replayer;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>A network some of whose devices cheat.</summary>
public sealed class CheatedNetwork : RunningNetwork
{
    public const int Devices = 6;

    public static readonly IReadOnlyList<string> Mutations = ["M7:15%", "M9:15%", "M10:15%", "M12:15%", "M18:15%"];

    protected override IReadOnlyList<string> Replay => ["--replay-devices", $"{Devices}", "--seconds-per-block", "3600", .. Mutations.SelectMany(m => (string[])["--mutate", m])];
}

/// <summary>Adversaries over the whole stack: from the wire to the lines that are paid.</summary>
public sealed partial class AdversaryJourney(CheatedNetwork network) : IClassFixture<CheatedNetwork>
{
    // What an operator refuses at the door, and what the epoch rejects; nothing else may turn up.
    private static readonly Dictionary<string, (string? AtTheDoor, ushort? InTheCut)> Expected = new()
    {
        ["M7"] = (null, SensingReason.Stuck),
        ["M9"] = ("BadSignature", null),
        ["M10"] = ("UnknownDevice", null),
        ["M12"] = (null, (ushort)RejectReason.SequenceConflict),
        ["M18"] = ("TooFarAhead", null),
    };

    [Fact]
    public async Task Cheats_are_refused_for_what_they_do_and_earn_less_than_their_honest_twins()
    {
        await network.FinalAsync(1);
        var file = Path.Combine(Path.GetDirectoryName(network.Data)!, "cheated.bundle");
        var (audited, audit) = await RunningNetwork.AskAsync("audit", "--epoch", "1", "--save", file, "--network", network.Manifest, "--rpc", network.Rpc);
        Assert.True(audited == 0, audit.ToJsonString());
        var bundle = EvidenceBundle.Parse(await File.ReadAllBytesAsync(file));
        var outcome = EpochAudit.Run(BuiltInClasses.Catalog, bundle).Outcome;
        var said = bundle.Evidence.Proofs.DistinctBy(proof => proof.Id).ToDictionary(proof => proof.Id, proof => proof.Proof.Device);
        var doors = Doors(await File.ReadAllTextAsync(Path.Combine(network.Data, "logs", "replayer.log")));

        // The manifest's shifts are those of the data sets, each its own.
        Assert.Equal(DataFolder.Read(DataFolder.Own()).Select(set => (set.Name, (long)bundle.Window.StartSeconds - set.FirstDayMs / 1000)), bundle.Parameters.Replay.Select(r => (r.Name, r.ShiftSeconds)));
        Assert.Equal(bundle.Parameters.Replay.Length, audit["replay"]!.AsArray().Count);

        var casts = DataFolder.Read(DataFolder.Own()).Select(set => Mutation.Cast(set.Limit(CheatedNetwork.Devices), [.. CheatedNetwork.Mutations.Select(Mutation.Parse)])).ToList();
        var (devices, _) = ReplayDevice.Create(bundle.Snapshot.Config.NetworkId, casts, DevSettings.Load(new DevFolder(network.Data).Settings)!.Id);
        var sensors = casts[0];
        var twins = TwinsOf(sensors.Set);
        UInt128 Weight(ReplayDevice device) => outcome.Lines.Where(line => line.Device == device.Id).Aggregate(UInt128.Zero, (sum, line) => sum + line.Weight);
        for (var n = 0; n < sensors.Set.Devices.Count; n++)
        {
            var (device, adversary) = (devices[0][n], sensors.Of(n)?.Name);
            Assert.True(twins[n] > 0, $"{device.Source.Name} earns nothing honestly: it shows nothing here.");
            if (adversary is null)
            {
                // On a busy machine some proofs come too late for their epoch's cut and are paid with the next, so the weight may fall short of the twin's.
                Assert.True(Weight(device) > 0, $"{device.Source.Name} is honest and earns nothing.");
                continue;
            }

            Assert.True(Weight(device) < twins[n], $"{adversary}: {Weight(device)} is not less than the honest {twins[n]}");
            var (atTheDoor, inTheCut) = Expected[adversary];
            string[] refusals = atTheDoor is null ? [] : [atTheDoor];
            Assert.Equal<string>(refusals, doors[adversary].Reasons.ToArray());
            Assert.Equal(atTheDoor is null, doors[adversary].Certified > 0);
            var rejected = outcome.Verdicts.Where(v => said.TryGetValue(v.Proof, out var id) && id == device.Id && v.Verdict.Judgement == Judgement.Reject).Select(v => v.Verdict.Reason).Distinct();
            Assert.Equal(inTheCut is { } reason ? [reason] : [], rejected);
            // M7 is frozen for three hours and honest for the others; of M12's pairs a cut may part one.
            if (adversary == "M12") Assert.True(Weight(device) * 10 < twins[n], $"M12: {Weight(device)} of {twins[n]}");
            else if (adversary != "M7") Assert.Equal(UInt128.Zero, Weight(device));
        }

        // Receivers: whoever cheats with key, time or sequence is paid nothing either.
        var honest = 0;
        for (var set = 1; set < casts.Count; set++)
        {
            for (var n = 0; n < casts[set].Set.Devices.Count; n++)
            {
                if (casts[set].Of(n) is null) honest += Weight(devices[set][n]) > 0 ? 1 : 0;
                else if (casts[set].Of(n)!.Name != "M12" && !Elsewhere(set, n)) Assert.Equal(UInt128.Zero, Weight(devices[set][n]));
            }
        }

        Assert.True(honest > 0, "No honest receiver earned anything: the zeros of the others show nothing.");

        // A receiver of two sets may be honest in one of them.
        bool Elsewhere(int set, int device) =>
            casts.Where((other, s) => s != set && Enumerable.Range(0, other.Set.Devices.Count).Any(d => other.Set.Devices[d].Name == casts[set].Set.Devices[device].Name && other.Of(d) is null)).Any();
    }

    // The same devices and rows, all honest, through the same engine without a network.
    private static IReadOnlyDictionary<int, UInt128> TwinsOf(DataSet set)
    {
        var lab = new Laboratory(set);
        return lab.Run(lab.Sign(0)).Weights;
    }

    // From the replayer's last line: what operators certified and why they refused. An honest proof may be ahead of an operator that is a block behind;
    // or a period ahead of the reports; it is sent again and counts for nothing here, even if it is too old by then.
    private static Dictionary<string, (long Certified, IReadOnlyList<string> Reasons)> Doors(string log)
    {
        var last = log.Split('\n').Last(line => line.StartsWith("sending: ", StringComparison.Ordinal));
        return Parts().Matches(last).ToDictionary(
            part => part.Groups["name"].Value,
            part => (long.Parse(part.Groups["certified"].Value, CultureInfo.InvariantCulture),
                (IReadOnlyList<string>)[.. Words().Matches(part.Groups["reasons"].Value).Select(word => word.Value).Where(reason => reason is not ("AwaitsReport" or "TooOld") && (reason != "TooFarAhead" || part.Groups["name"].Value == "M18"))]));
    }

    [GeneratedRegex(@"; (?<name>[A-Z0-9a-z]+): \d+ sent, (?<certified>\d+) certified, \d+ refused(?<reasons>[^;]*)")]
    private static partial Regex Parts();

    [GeneratedRegex("[A-Za-z]+")]
    private static partial Regex Words();
}
