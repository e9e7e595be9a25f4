using System.Collections.Immutable;
using System.Text;
using DePin.Cryptography;
using DePin.Protocol.Epochs;
using DePin.Protocol.Lanes;
using DePin.Protocol.Proofs;
using DePin.Protocol.Registry;
using DePin.Protocol.Reports;
using DePin.Protocol.State;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Tests.Support;

/// <summary>A device with its key, to sign with.</summary>
internal sealed record TestDevice(PrivateKey Key, DeviceRecord Record)
{
    public DeviceId Id => Record.Id;
}

/// <summary>A small network in memory: devices with keys, stakes, epochs of a day, and one run after another.</summary>
internal sealed class TestNetwork
{
    public const ulong Genesis = 1_700_006_400;
    public const ulong Day = 86_400;
    public static readonly UInt128 Stake = 100;
    private readonly Dictionary<AccountId, UInt128> _stakes = [];
    private readonly List<PrivateKey> _reportKeys = [.. Enumerable.Range(0, 4).Select(i => Key(KeyType.Secp256k1, $"report {i}"))];

    public TestNetwork(string? parameters = null, MarkClass.Misdeed misdeed = MarkClass.Misdeed.None)
    {
        Parameters = NetworkParameters.Parse(Encoding.UTF8.GetBytes(parameters ?? ParameterText()));
        Catalog = new ClassCatalog([MarkClass.Implementation(1, misdeed), MarkClass.Implementation(2)]);
        Operators = [.. _reportKeys.Select(key => new OperatorKeys(key.Address, Keccak256.Hash(key.PublicKey.Bytes))).OrderBy(keys => keys.ReportSigner)];
    }

    public NetworkParameters Parameters { get; }

    public ClassCatalog Catalog { get; }

    public ImmutableArray<OperatorKeys> Operators { get; }

    public List<TestDevice> Devices { get; } = [];

    public List<AccountId> Accounts { get; } = [];

    public UInt128 Budget { get; set; } = 1_000_000;

    public NetworkState State { get; set; } = NetworkState.Genesis;

    public ReportDigest Parent { get; private set; }

    public Epoch Next { get; private set; } = Epoch.First;

    public Cut Cut { get; private set; } = null!;

    public NetworkConfig Config => new()
    {
        Kind = ChainKind.Evm,
        Chain = Bytes32.FromUInt64(31_337),
        Verifier = Account(1_001),
        Distributor = Account(1_002),
        Token = Account(1_003),
        ConfigCount = 1,
        FirstEpoch = Epoch.First,
        Operators = Operators,
        ParametersHash = Parameters.Hash,
        RulesHash = Parameters.RulesHash,
    };

    public static string ParameterText(int proofsPerDevice = 10, int lateSeconds = 3_600, int firstBps = 6_000, int secondBps = 3_000) => $$"""
        { "name": "test", "epochGraceSeconds": 60, "lateSeconds": {{lateSeconds}}, "minimumStakePerDevice": "100", "proofsPerDevice": {{proofsPerDevice}},
          "classes": [ { "class": 1, "rulesVersion": 1, "poolBps": {{firstBps}} }, { "class": 2, "rulesVersion": 1, "poolBps": {{secondBps}} } ] }
        """;

    public static AccountId Account(ulong number) => new(Bytes32.FromUInt64(number));

    public static PrivateKey Key(KeyType type, string label) => PrivateKey.FromBytes(type, Keccak256.Hash(Encoding.ASCII.GetBytes(label)).AsSpan());

    /// <summary>Stake for one more device of the owner, from the next epoch's anchor on.</summary>
    public void AddStake(TestDevice device) => _stakes[device.Record.Owner] = _stakes.GetValueOrDefault(device.Record.Owner) + Stake;

    /// <summary>Registers a device of an owner who gets stake and a payout index with it.</summary>
    public TestDevice AddDevice(ulong owner, ushort @class = 1, KeyType type = KeyType.Ed25519, DeviceStatus status = DeviceStatus.Active, bool staked = true, bool payout = true)
    {
        var account = Account(owner);
        var key = Key(type, $"device {Devices.Count}");
        var id = DeviceRecord.IdOf(type, key.PublicKey.Bytes);
        var view = new DeviceView(id, new ClassId(@class), 1, 0, 3_600, 0, Genesis, default);
        var device = new TestDevice(key, new DeviceRecord(view, (ulong)Devices.Count + 1, account, status, type, key.PublicKey.Bytes.ToArray()));
        Devices.Add(device);
        if (payout && !Accounts.Contains(account)) Accounts.Add(account);
        if (staked) _stakes[account] = _stakes.GetValueOrDefault(account) + Stake;
        return device;
    }

    public RegistrySnapshot Snapshot(EpochWindow window)
    {
        var builder = new RegistrySnapshotBuilder(Config)
        {
            AnchorNumber = window.Epoch.Value * 60,
            AnchorHash = Bytes32.FromUInt64(window.Epoch.Value * 60),
            AnchorTimestamp = window.EndSeconds - 1,
            SeedBlockHash = Bytes32.FromUInt64(window.Epoch.Value),
            Budget = Budget,
        };
        foreach (var device in Devices) builder.Add(device.Record);
        foreach (var account in Accounts) builder.AddPayoutAccount(account);
        foreach (var (account, amount) in _stakes) builder.AddStake(account, amount);
        return builder.Build();
    }

    public EpochWindow Window(Epoch epoch) => EpochWindow.At(epoch, default, Genesis, Day, Parent);

    /// <summary>A proof at a second of an epoch's period; negative seconds lie before it.</summary>
    public SignedProof Proof(
        TestDevice device, ulong sequence, MarkClass.Mark mark = MarkClass.Mark.Good, uint weight = 1, byte group = 0, Epoch? epoch = null, long second = 3_600)
    {
        var start = (long)Window(epoch ?? Next).StartSeconds;
        return Sign(device, DeviceProof.Create(
            Config.NetworkId, device.Record.View.Class, 1, device.Id, sequence, (ulong)(start + second) * 1_000, MarkClass.Payload(mark, weight, group)));
    }

    public static SignedProof Sign(TestDevice device, DeviceProof proof) => new(proof, device.Key.Sign(proof.Envelope.Span));

    /// <summary>The proof with a signature that cannot hold.</summary>
    public static SignedProof Forge(SignedProof proof)
    {
        var signature = proof.Signature.ToArray();
        signature[10] ^= 0xFF;
        return new SignedProof(proof.Proof, signature);
    }

    /// <summary>Computes the next epoch without taking its outcome over.</summary>
    public EpochOutcome Try(params IEnumerable<SignedProof> proofs)
    {
        var window = Window(Next);
        var empty = Cut.Empty(Operators.Select(keys => keys.ReportSigner));
        return EpochComputation.Run(Catalog, State, Snapshot(window), Parameters, window, new EpochEvidence(empty, empty, [.. proofs]));
    }

    /// <summary>Computes the next epoch and goes on from it.</summary>
    public EpochOutcome Run(params IEnumerable<SignedProof> proofs)
    {
        var outcome = Try(proofs);
        Take(outcome);
        return outcome;
    }

    public void Take(EpochOutcome outcome)
    {
        State = NetworkState.Parse(outcome.State.ToBytes());
        Parent = outcome.Report.Digest;
        Next = Next.Next;
    }

    /// <summary>The report with the signatures of the first q operators.</summary>
    public AttestedReport Attest(Report report)
    {
        var signatures = _reportKeys.Select(key => KeyValuePair.Create(
            Operators.Select((keys, i) => (keys, i)).First(pair => pair.keys.ReportSigner == key.Address).i, key.SignDigest(report.Digest.Value)));
        return AttestedReport.From(report, Config, signatures);
    }
}
