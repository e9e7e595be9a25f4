using System.Collections.Immutable;
using System.Text;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Epochs;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Protocol.Registry;
using DePin.Protocol.State;
using DePin.Protocol.Verification;

namespace DePin.Bench.EpochClose;

/// <summary>A network of equal devices and an epoch's proofs of them.</summary>
internal sealed class SampleEpoch
{
    private static readonly ClassCatalog Catalog = new([new ClassImplementation(new ClassId(1), 1, static _ => new CountingClass())]);
    private static readonly EpochAids Verified = new(static (_, _) => true, static (@class, item) => EpochAids.JudgeItem(@class, item));
    private static readonly NetworkParameters Parameters = NetworkParameters.Parse(Encoding.UTF8.GetBytes("""
        {"name":"bench","epochGraceSeconds":0,"lateSeconds":0,"minimumStakePerDevice":"1","proofsPerDevice":1000,
         "classes":[{"class":1,"rulesVersion":1,"poolBps":10000}]}
        """));

    private readonly RegistrySnapshot _snapshot;
    private readonly EpochEvidence _evidence;

    public SampleEpoch(int devices, int proofsPerDevice)
    {
        var config = new NetworkConfig
        {
            Kind = ChainKind.Evm,
            Chain = Bytes32.FromUInt64(1),
            Verifier = default,
            Distributor = default,
            Token = default,
            ConfigCount = 1,
            FirstEpoch = Epoch.First,
            Operators = [.. Enumerable.Range(1, 4).Select(i => new OperatorKeys(Address.FromBytes32(Bytes32.FromUInt64((ulong)i)), default))],
            ParametersHash = Parameters.Hash,
            RulesHash = Parameters.RulesHash,
        };
        var builder = new RegistrySnapshotBuilder(config) { Budget = 1_000_000_000_000, AnchorTimestamp = 1 };
        var proofs = new List<SignedProof>(devices * proofsPerDevice);
        var payload = new byte[40];
        for (var i = 0; i < devices; i++)
        {
            var key = Ed25519.PublicKey(Keccak256.Hash(BitConverter.GetBytes(i)).AsSpan());
            var id = DeviceRecord.IdOf(KeyType.Ed25519, key);
            var owner = new AccountId(Bytes32.FromUInt64((ulong)i + 1));
            builder.Add(new DeviceRecord(new DeviceView(id, new ClassId(1), 1, 0, 0, 0, 0, default), (ulong)i, owner, DeviceStatus.Active, KeyType.Ed25519, key));
            builder.AddPayoutAccount(owner).AddStake(owner, 1);
            for (var sequence = 1; sequence <= proofsPerDevice; sequence++)
                proofs.Add(new SignedProof(DeviceProof.Create(config.NetworkId, new ClassId(1), 1, id, (ulong)sequence, 5_000, payload), new byte[64]));
        }
        _snapshot = builder.Build();
        var cut = Cut.Empty(config.Operators.Select(keys => keys.ReportSigner));
        _evidence = new EpochEvidence(cut, cut, proofs);
    }

    public void Compute()
    {
        var window = new EpochWindow(Epoch.First, default, 0, 86_400, default);
        var outcome = EpochComputation.Run(Catalog, NetworkState.Genesis, _snapshot, Parameters, window, _evidence, Verified);
        if (outcome.Lines.Length != _snapshot.Devices.Length) throw new InvalidOperationException($"{outcome.Lines.Length} lines for {_snapshot.Devices.Length} devices.");
    }

    /// <summary>Accepts everything, groups by device, pays by number.</summary>
    private sealed class CountingClass : IResourceClass
    {
        public ClassDescriptor Descriptor { get; } = new()
        {
            Id = new ClassId(1),
            RulesVersion = 1,
            Name = "counting",
            Schemas = [new SchemaDescriptor(1, "any", 0, 100)],
            Reasons = ImmutableArray<ReasonDescriptor>.Empty,
            Rules = [new RuleDescriptor(1, "count", "One for each proof.")],
        };

        public Verdict VerifyItem(in ProofItem item) => Verdict.Accept();

        public void KeysOf(in ProofItem item, KeyWriter keys) => keys.Add(item.Device.Id.Value);

        public void VerifyGroup(in ItemGroup group, EpochContext context, VerdictWriter verdicts)
        {
        }

        public void VerifyPopulation(Population population, EpochContext context, VerdictWriter verdicts)
        {
        }

        public ReadOnlyMemory<byte> Score(Population population, EpochContext context, ClaimWriter claims)
        {
            for (var i = 0; i < population.DeviceCount; i++)
            {
                var device = population.DeviceAt(i);
                claims.Share(device.Device.Id, 1, (UInt128)device.Items.Length);
            }
            return default;
        }
    }
}
