using System.Text;
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

/// <summary>What a device says in a run: a row as published, or what an adversary made of it.</summary>
/// <param name="Device">Index in the data set.</param>
/// <param name="TimeMs">The proof's time.</param>
/// <param name="Payload">The class's layout.</param>
/// <param name="Altered">Whether an adversary had a hand in it.</param>
public sealed record Statement(int Device, long TimeMs, byte[] Payload, bool Altered);

/// <summary>A statement's fate.</summary>
public readonly record struct Judged(int Device, bool Altered, Verdict Verdict);

/// <summary>What an epoch came to.</summary>
/// <param name="Fates">One for each proof sent.</param>
/// <param name="Weights">By device.</param>
/// <param name="Root">State and rewards root, to compare runs by.</param>
public sealed record EpochResult(IReadOnlyList<Judged> Fates, IReadOnlyDictionary<int, UInt128> Weights, Bytes32 Root);

/// <summary>
/// A network in memory whose devices are those of a data set: epoch by epoch through the real engine, with real keys and signatures where
/// <paramref name="withSignatures"/> asks for them (checking them is most of the time of a run, and only some adversaries touch them).
/// </summary>
public sealed class Laboratory(DataSet set, bool withSignatures = false)
{
    private static readonly ClassCatalog Catalog = BuiltInClasses.Catalog;

    private static readonly NetworkParameters Parameters = NetworkParameters.Parse(Encoding.UTF8.GetBytes("""
        { "name": "class report", "epochGraceSeconds": 60, "lateSeconds": 3600, "minimumStakePerDevice": "0", "proofsPerDevice": 100000,
          "classes": [ { "class": 1, "rulesVersion": 1, "poolBps": 5000 }, { "class": 2, "rulesVersion": 1, "poolBps": 5000 } ] }
        """));

    private static readonly EpochAids Unsigned = EpochAids.Plain with { VerifySignature = static (_, _) => true };

    private readonly PrivateKey[] _keys = [.. set.Devices.Select(device => PrivateKey.FromBytes(KeyType.Ed25519, Keccak256.Hash(Encoding.UTF8.GetBytes(device.Name)).AsSpan()))];
    private readonly ulong[] _sequences = new ulong[set.Devices.Count];
    private readonly Dictionary<ProofId, (int Device, bool Altered)> _sent = [];
    private NetworkState _state = NetworkState.Genesis;
    private ulong _epoch;

    /// <summary>The data set.</summary>
    public DataSet Set { get; } = set;

    /// <summary>Cells that adversaries assert instead of their own, by device.</summary>
    public Dictionary<int, ulong> AssertedCells { get; } = [];

    /// <summary>Devices that registered after all others.</summary>
    public HashSet<int> Newcomers { get; } = [];

    /// <summary>Devices whose keys were rotated away: the registry no longer knows the ids that they sign with.</summary>
    public HashSet<int> Revoked { get; } = [];

    /// <summary>Devices that sign with another device's key.</summary>
    public Dictionary<int, int> SignsAs { get; } = [];

    /// <summary>The rows of a day as their devices state them.</summary>
    public IEnumerable<Statement> Honest(int day) => Set.Day(day).Select(row => new Statement(row.Device, row.TimeMs, row.Payload(0), false));

    /// <summary>Signs statements in the order given; sequences rise per device.</summary>
    public List<SignedProof> Sign(IEnumerable<Statement> statements)
    {
        var proofs = new List<SignedProof>();
        foreach (var statement in statements)
        {
            var device = Set.Devices[statement.Device];
            var proof = DeviceProof.Create(
                Config.NetworkId, device.Class, device.Schema, IdOf(statement.Device), ++_sequences[statement.Device], (ulong)statement.TimeMs, statement.Payload);
            var key = _keys[SignsAs.GetValueOrDefault(statement.Device, statement.Device)];
            proofs.Add(new SignedProof(proof, withSignatures ? key.Sign(proof.Envelope.Span) : new byte[SignedProof.SignatureSize]));
            _sent[proof.Id] = (statement.Device, statement.Altered);
        }
        return proofs;
    }

    /// <summary>Runs the next epoch, which is the data set's next day.</summary>
    public EpochResult Run(IReadOnlyList<SignedProof> proofs)
    {
        var window = EpochWindow.At(new Epoch(++_epoch), default, (ulong)Set.FirstDayMs / 1000, 86_400, default);
        var cut = Cut.Empty(Config.Operators.Select(keys => keys.ReportSigner));
        var outcome = EpochComputation.Run(
            Catalog, _state, Snapshot(window), Parameters, window, new EpochEvidence(cut, cut, proofs), withSignatures ? EpochAids.Plain : Unsigned);
        if (outcome.Faults.Length > 0) throw new InvalidOperationException($"Class {outcome.Faults[0].Class} broke a rule of the engine: {outcome.Faults[0].Problem}");
        _state = outcome.State;
        var byId = new Dictionary<DeviceId, int>();
        for (var n = 0; n < Set.Devices.Count; n++) byId[IdOf(n)] = n;
        var weights = new Dictionary<int, UInt128>();
        foreach (var line in outcome.Lines) weights[byId[line.Device]] = weights.GetValueOrDefault(byId[line.Device]) + line.Weight;
        return new EpochResult(
            [.. outcome.Verdicts.Select(judged => new Judged(_sent[judged.Proof].Device, _sent[judged.Proof].Altered, judged.Verdict))], weights,
            Keccak256.Hash(outcome.State.Root.ToArray(), outcome.Tree.Root.ToArray()));
    }

    private DeviceId IdOf(int device) => DeviceRecord.IdOf(KeyType.Ed25519, _keys[device].PublicKey.Bytes);

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
        for (var n = 0; n < Set.Devices.Count; n++)
        {
            var device = Set.Devices[n];
            if (!accounts.TryGetValue(device.Provider, out var account))
            {
                accounts[device.Provider] = account = new AccountId(Bytes32.FromUInt64(1_000 + (ulong)accounts.Count));
                builder.AddPayoutAccount(account);
            }
            var key = Revoked.Contains(n) ? PrivateKey.FromBytes(KeyType.Ed25519, Keccak256.Hash(Encoding.UTF8.GetBytes(device.Name + " rotated")).AsSpan()) : _keys[n];
            var view = new DeviceView(
                DeviceRecord.IdOf(KeyType.Ed25519, key.PublicKey.Bytes), device.Class, 1, device.Capabilities, device.CadenceSeconds,
                AssertedCells.GetValueOrDefault(n, device.Cell), (ulong)(n + (Newcomers.Contains(n) ? 1_000_000 : 1)), default);
            builder.Add(new DeviceRecord(view, (ulong)n + 1, account, DeviceStatus.Active, KeyType.Ed25519, key.PublicKey.Bytes.ToArray()));
        }
        return builder.Build();
    }
}
