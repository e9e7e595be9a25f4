using DePin.Cryptography;
using DePin.Protocol.Proofs;
using DePin.Protocol.Registry;

namespace DePin.Protocol.Tests.Support;

/// <summary>Random but repeatable: a network and what its devices, honest and not, send in each epoch.</summary>
internal sealed class Scenario
{
    private readonly Random _random;
    private readonly List<SignedProof> _sent = [];
    private readonly ulong[] _sequences;

    public Scenario(int seed)
    {
        _random = new Random(seed);
        Network = new TestNetwork(TestNetwork.ParameterText(proofsPerDevice: _random.Next(2, 8), firstBps: _random.Next(0, 5_001), secondBps: _random.Next(0, 5_001)));
        var devices = _random.Next(1, 7);
        for (var i = 0; i < devices; i++)
        {
            Network.AddDevice(
                (ulong)_random.Next(1, 4), (ushort)_random.Next(1, 3), (KeyType)_random.Next(1, 4),
                _random.Next(8) == 0 ? DeviceStatus.Suspended : DeviceStatus.Active, staked: _random.Next(6) != 0, payout: _random.Next(6) != 0);
        }
        _sequences = new ulong[devices + 4];
        Network.Budget = (UInt128)_random.NextInt64(0, 1L << 50);
    }

    public TestNetwork Network { get; }

    /// <summary>What reaches the operators in the next epoch: good and bad proofs, replays, conflicts, forgeries, doubles.</summary>
    public List<SignedProof> Evidence()
    {
        var proofs = new List<SignedProof>();
        for (var device = 0; device < Network.Devices.Count; device++)
        {
            for (var i = _random.Next(10); i > 0; i--) proofs.Add(Make(device));
        }
        foreach (var proof in proofs.ToArray())
        {
            if (_random.Next(6) == 0) proofs.Add(proof);
            if (_random.Next(8) == 0) proofs.Add(TestNetwork.Forge(proof));
        }
        for (var i = _random.Next(4); i > 0 && _sent.Count > 0; i--) proofs.Add(_sent[_random.Next(_sent.Count)]);
        _sent.AddRange(proofs);
        return proofs;
    }

    public List<SignedProof> Shuffle(IEnumerable<SignedProof> proofs)
    {
        var shuffled = proofs.ToArray();
        _random.Shuffle(shuffled);
        return [.. shuffled];
    }

    private SignedProof Make(int device)
    {
        if (_random.Next(8) != 0) _sequences[device] += (ulong)_random.Next(1, 4);
        var second = _random.Next(8) switch
        {
            0 => _random.Next(-5_000, 0),
            1 => _random.Next((int)TestNetwork.Day, (int)(2 * TestNetwork.Day) + 4_000),
            _ => _random.Next(0, (int)TestNetwork.Day),
        };
        return Network.Proof(
            Network.Devices[device], _sequences[device], (MarkClass.Mark)_random.Next(10), (uint)_random.Next(), (byte)_random.Next(3), second: second);
    }
}
