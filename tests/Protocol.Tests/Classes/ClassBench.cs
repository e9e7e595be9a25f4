using System.Text;
using DePin.Cryptography;
using DePin.Protocol.Epochs;
using DePin.Protocol.Geo;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Protocol.Registry;
using DePin.Protocol.State;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Tests.Classes;

/// <summary>What a device says in a test.</summary>
internal readonly record struct Said(int Device, ulong TimeMs, byte[] Payload, ushort Schema = 1);

/// <summary>Verdicts in the order of what was said, and weights by device.</summary>
internal sealed record Heard(IReadOnlyList<Verdict> Verdicts, IReadOnlyDictionary<int, UInt128> Weights, Bytes32 StateRoot);

/// <summary>A few devices of one class and epochs of a day, judged by the real engine; signatures are taken as good.</summary>
internal sealed class ClassBench
{
    public const ulong Genesis = 1_700_006_400;

    private readonly ClassId _class;
    private readonly NetworkParameters _parameters;
    private readonly List<(PublicKey Key, DeviceView View)> _devices = [];
    private readonly ClassCatalog _catalog = BuiltInClasses.Catalog;
    private NetworkState _state = NetworkState.Genesis;
    private ulong _epoch;
    private ulong _sequence;

    public ClassBench(ClassId @class, string parameters = "{}")
    {
        _class = @class;
        _parameters = NetworkParameters.Parse(Encoding.UTF8.GetBytes($$"""
            { "name": "bench", "epochGraceSeconds": 60, "lateSeconds": 3600, "minimumStakePerDevice": "0", "proofsPerDevice": 10000,
              "classes": [ { "class": {{@class}}, "rulesVersion": 1, "poolBps": 10000, "parameters": {{parameters}} } ] }
            """));
    }

    /// <summary>First millisecond of an epoch.</summary>
    public static ulong Start(ulong epoch) => (Genesis + (epoch - 1) * 86_400) * 1000;

    public int Add(GeoPoint? place, uint capabilities = 0, uint cadence = 0, ulong registeredAt = 1) => AddAt(place is { } at ? H3Cell.At(at, 12).Value : 0, capabilities, cadence, registeredAt);

    public int AddAt(ulong cell, uint capabilities = 0, uint cadence = 0, ulong registeredAt = 1)
    {
        var key = PrivateKey.FromBytes(KeyType.Ed25519, Keccak256.Hash(Encoding.ASCII.GetBytes($"bench {_devices.Count}")).AsSpan()).PublicKey;
        _devices.Add((key, new DeviceView(DeviceRecord.IdOf(KeyType.Ed25519, key.Bytes), _class, 1, capabilities, cadence, cell, registeredAt, default)));
        return _devices.Count - 1;
    }

    public DeviceId IdOf(int device) => _devices[device].View.Id;

    /// <summary>Runs the next epoch.</summary>
    public Heard Run(params IEnumerable<Said> said)
    {
        var window = EpochWindow.At(new Epoch(++_epoch), default, Genesis, 86_400, default);
        var config = Config;
        var builder = new RegistrySnapshotBuilder(config) { AnchorNumber = _epoch, AnchorTimestamp = window.EndSeconds - 1, Budget = 1_000_000_000 };
        for (var n = 0; n < _devices.Count; n++)
        {
            var owner = new AccountId(Bytes32.FromUInt64((ulong)n + 100));
            builder.AddPayoutAccount(owner);
            builder.Add(new DeviceRecord(_devices[n].View, (ulong)n + 1, owner, DeviceStatus.Active, KeyType.Ed25519, _devices[n].Key.Bytes.ToArray()));
        }
        var proofs = new List<SignedProof>();
        foreach (var one in said)
            proofs.Add(new SignedProof(DeviceProof.Create(config.NetworkId, _class, one.Schema, IdOf(one.Device), ++_sequence, one.TimeMs, one.Payload), new byte[64]));
        var cut = Cut.Empty(config.Operators.Select(keys => keys.ReportSigner));
        var outcome = EpochComputation.Run(
            _catalog, _state, builder.Build(), _parameters, window, new EpochEvidence(cut, cut, proofs), EpochAids.Plain with { VerifySignature = static (_, _) => true });
        Assert.Empty(outcome.Faults);
        _state = NetworkState.Parse(outcome.State.ToBytes());
        var verdicts = outcome.Verdicts.ToDictionary(judged => judged.Proof, judged => judged.Verdict);
        var byId = Enumerable.Range(0, _devices.Count).ToDictionary(IdOf);
        var weights = outcome.Lines.GroupBy(line => byId[line.Device]).ToDictionary(group => group.Key, group => group.Aggregate((UInt128)0, (sum, line) => sum + line.Weight));
        return new Heard([.. proofs.Select(proof => verdicts[proof.Id])], weights, outcome.State.Root);
    }

    private NetworkConfig Config => new()
    {
        Kind = ChainKind.Evm,
        Chain = Bytes32.FromUInt64(31_337),
        Verifier = new AccountId(Bytes32.FromUInt64(1)),
        Distributor = new AccountId(Bytes32.FromUInt64(2)),
        Token = new AccountId(Bytes32.FromUInt64(3)),
        ConfigCount = 1,
        FirstEpoch = Epoch.First,
        Operators = [.. Enumerable.Range(1, 4).Select(n => new OperatorKeys(new Address(Bytes32.FromUInt64((ulong)n).AsSpan()[12..]), Bytes32.FromUInt64((ulong)n)))],
        ParametersHash = _parameters.Hash,
        RulesHash = _parameters.RulesHash,
    };
}
