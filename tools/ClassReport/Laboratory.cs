using System.Text;
using DePin.Adversaries;
using DePin.Cryptography;
using DePin.DataSets;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Protocol.Registry;
using DePin.Protocol.State;
using DePin.Protocol.Verification;

namespace DePin.ClassReport;

/// <summary>A statement's fate.</summary>
public readonly record struct Judged(int Device, bool Altered, Verdict Verdict);

/// <summary>What an epoch came to.</summary>
/// <param name="Fates">One for each proof sent.</param>
/// <param name="Weights">By device.</param>
/// <param name="Root">State and rewards root, to compare runs by.</param>
public sealed record EpochResult(IReadOnlyList<Judged> Fates, IReadOnlyDictionary<int, UInt128> Weights, Bytes32 Root);

/// <summary>
/// A network in memory whose devices are those of a data set: epoch by epoch through the real engine, with real keys, and with signatures where
/// <paramref name="withSignatures"/> asks for them (checking them is most of the time of a run, and only some adversaries touch them).
/// </summary>
public sealed class Laboratory(Cast cast, bool withSignatures = false)
{
    private static readonly ClassCatalog Catalog = BuiltInClasses.Catalog;

    private static readonly NetworkParameters Parameters = NetworkParameters.Parse(Encoding.UTF8.GetBytes("""
        { "name": "class report", "epochGraceSeconds": 60, "lateSeconds": 3600, "minimumStakePerDevice": "0", "proofsPerDevice": 100000,
          "classes": [ { "class": 1, "rulesVersion": 1, "poolBps": 5000 }, { "class": 2, "rulesVersion": 1, "poolBps": 5000 } ] }
        """));

    private static readonly EpochAids Unsigned = EpochAids.Plain with { VerifySignature = static (_, _) => true };

    private readonly Speaker[] _speakers = [.. cast.Set.Devices.Select((device, n) => new Speaker(
        Config.NetworkId, device, Key(device.Name), Key(cast.Set.Devices[(n + 1) % cast.Set.Devices.Count].Name), Key($"{device.Name} rotated away"), !withSignatures))];
    private readonly Dictionary<ProofId, (int Device, bool Altered)> _sent = [];
    private List<SignedProof> _repeated = [];
    private NetworkState _state = NetworkState.Genesis;
    private ulong _epoch;

    /// <summary>An honest network.</summary>
    public Laboratory(DataSet set) : this(new Cast(set, []))
    {
    }

    /// <summary>The devices and what they say.</summary>
    public Cast Cast => cast;

    /// <summary>Signs what is said on a day, in the order of sending; what is sent again from the day before comes last.</summary>
    public List<SignedProof> Sign(int day)
    {
        var proofs = new List<SignedProof>();
        var (again, repeated) = (_repeated, new List<SignedProof>());
        foreach (var statement in cast.Day(day))
        {
            var proof = _speakers[statement.Row.Device].Sign(statement, 0);
            proofs.Add(proof);
            if (statement.Repeated) repeated.Add(proof);
            _sent[proof.Id] = (statement.Row.Device, statement.Altered);
        }
        foreach (var proof in again) _sent[proof.Id] = (_sent[proof.Id].Device, true);
        _repeated = repeated;
        return [.. proofs, .. again];
    }

    /// <summary>Runs the next epoch, which is the data set's next day.</summary>
    public EpochResult Run(IReadOnlyList<SignedProof> proofs)
    {
        var window = EpochWindow.At(new Epoch(++_epoch), default, (ulong)cast.Set.FirstDayMs / 1000, 86_400, default);
        var cut = Cut.Empty(Config.Operators.Select(keys => keys.ReportSigner));
        var outcome = EpochComputation.Run(
            Catalog, _state, Snapshot(window), Parameters, window, new EpochEvidence(cut, cut, proofs), withSignatures ? EpochAids.Plain : Unsigned);
        if (outcome.Faults.Length > 0) throw new InvalidOperationException($"Class {outcome.Faults[0].Class} broke a rule of the engine: {outcome.Faults[0].Problem}");
        _state = outcome.State;
        var byId = new Dictionary<DeviceId, int>();
        for (var n = 0; n < _speakers.Length; n++) byId[_speakers[n].Id] = n;
        var weights = new Dictionary<int, UInt128>();
        foreach (var line in outcome.Lines) weights[byId[line.Device]] = weights.GetValueOrDefault(byId[line.Device]) + line.Weight;
        return new EpochResult(
            [.. outcome.Verdicts.Select(judged => new Judged(_sent[judged.Proof].Device, _sent[judged.Proof].Altered, judged.Verdict))], weights,
            Keccak256.Hash(outcome.State.Root.ToArray(), outcome.Tree.Root.ToArray()));
    }

    private static PrivateKey Key(string name) => PrivateKey.FromBytes(KeyType.Ed25519, Keccak256.Hash(Encoding.UTF8.GetBytes(name)).AsSpan());

    private static NetworkConfig Config { get; } = new()
    {
        Kind = ChainKind.Evm,
        Chain = Bytes32.FromUInt64(31_337),
        Verifier = new AccountId(Bytes32.FromUInt64(1)),
        Distributor = new AccountId(Bytes32.FromUInt64(2)),
        Token = new AccountId(Bytes32.FromUInt64(3)),
        ConfigCount = 1,
        FirstEpoch = Epoch.First,
        Operators = [.. Enumerable.Range(1, 4).Select(n => new OperatorKeys(new Address(Bytes32.FromUInt64((ulong)n).AsSpan()[12..]), Bytes32.FromUInt64((ulong)n)))],
        ParametersHash = Parameters.Hash,
        RulesHash = Parameters.RulesHash,
    };

    private RegistrySnapshot Snapshot(EpochWindow window)
    {
        var builder = new RegistrySnapshotBuilder(Config)
        {
            AnchorNumber = window.Epoch.Value,
            AnchorHash = Bytes32.FromUInt64(window.Epoch.Value),
            AnchorTimestamp = window.EndSeconds - 1,
            SeedBlockHash = Bytes32.FromUInt64(window.Epoch.Value),
            Budget = 1_000_000_000_000,
        };
        var accounts = new Dictionary<string, AccountId>(StringComparer.Ordinal);
        for (var n = 0; n < cast.Set.Devices.Count; n++)
        {
            var device = cast.Set.Devices[n];
            if (!accounts.TryGetValue(device.Provider, out var account))
            {
                accounts[device.Provider] = account = new AccountId(Bytes32.FromUInt64(1_000 + (ulong)accounts.Count));
                builder.AddPayoutAccount(account);
            }
            var view = new DeviceView(
                _speakers[n].Id, device.Class, 1, device.Capabilities, device.CadenceSeconds,
                cast.AssertedCells.GetValueOrDefault(n, device.Cell), (ulong)(n + (cast.Newcomers.Contains(n) ? 1_000_000 : 1)), default);
            builder.Add(new DeviceRecord(view, (ulong)n + 1, account, DeviceStatus.Active, KeyType.Ed25519, Key(device.Name).PublicKey.Bytes.ToArray()));
        }
        return builder.Build();
    }
}
