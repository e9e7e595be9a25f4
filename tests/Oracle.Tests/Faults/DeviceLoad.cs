using System.Collections.Concurrent;
using System.Net.Http.Json;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Oracle.Ingest;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using DePin.Protocol.Verification.Sensing;

namespace DePin.Oracle.Tests.Faults;

/// <summary>
/// Air sensors that measure and send all the time, each to one operator, with increasing sequences; a proof that got no receipt is not sent again.
/// </summary>
public sealed class DeviceLoad(ChainNetwork network, Func<ulong> chainSeconds) : IAsyncDisposable
{
    private const ushort Sensing = 2;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private readonly List<(PrivateKey Key, int Number, HttpClient Operator)> _devices = [];
    private readonly ConcurrentDictionary<Bytes32, int> _receipts = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _sending = Task.CompletedTask;

    /// <summary>Proofs of which a device holds a receipt, and whose.</summary>
    public IReadOnlyDictionary<Bytes32, int> Receipts => new Dictionary<Bytes32, int>(_receipts);

    public int Devices => _devices.Count;

    /// <summary>A device of the network's owner, registered on chain by its maker and staked, that sends to the operator.</summary>
    public async Task EnrolAsync(int operatorNumber, CancellationToken ct)
    {
        var registry = network.Manifest.AddressOf("DeviceRegistry");
        using var owner = new TransactionSender(network.Rpc, ChainNetwork.Owner, new FeePolicy { PollInterval = TimeSpan.FromMilliseconds(30) });
        if (_devices.Count == 0) await owner.SendAsync(registry, new DeviceRegistry.AddModelCall(1, Sensing, 1u << (int)SensedParameter.Temperature, 600, Bytes32.Zero), ct);
        var key = PrivateKey.Generate(KeyType.Ed25519);
        var registration = new DeviceRegistry.Registration(
            (byte)key.Type, key.PublicKey.Bytes.ToArray(), ChainNetwork.Owner.Address, 1, 0, 0, Bytes32.Zero, 0, ulong.MaxValue);
        var digest = await network.Rpc.CallAsync(registry, new DeviceRegistry.RegistrationDigestCall(registration), BlockTag.Latest, ct);
        var maker = ChainNetwork.Owner.SignDigest(digest); // the owner of the test network is its maker too
        await owner.SendAsync(registry, new DeviceRegistry.RegisterCall(registration, [], [.. maker.R.AsSpan(), .. maker.S.AsSpan(), (byte)(27 + maker.YParity)], []), ct);
        var stake = network.Manifest.NetworkParameters.MinimumStakePerDevice;
        var staking = network.Manifest.AddressOf("ProviderStaking");
        await owner.SendAsync(network.Manifest.AddressOf("NetworkToken"), new NetworkToken.ApproveCall(staking, stake), ct);
        await owner.SendAsync(staking, new ProviderStaking.DepositCall(ChainNetwork.Owner.Address, stake, 0), ct);
        _devices.Add((key, operatorNumber, new HttpClient { BaseAddress = new Uri(network.EndpointOf(operatorNumber)), Timeout = TimeSpan.FromSeconds(10) }));
    }

    /// <summary>From here on proofs flow.</summary>
    public void Start() => _sending = Task.WhenAll(_devices.Select((device, i) => Task.Run(() => SendAsync(i))));

    /// <summary>A proof of a device of this load, as the device would sign it; nothing is sent.</summary>
    public SignedProof Sign(int device, ulong sequence, ulong timeMs)
    {
        var key = _devices[device].Key;
        var value = 15_000 + (int)(timeMs / 60_000 % 97 * 13) + (device * 500);
        var payload = new Reading(timeMs, [(SensedParameter.Temperature, value)]).ToBytes();
        var proof = DeviceProof.Create(network.Manifest.Id, new ClassId(Sensing), 1, new DeviceId(key.PublicKey.DeviceId), sequence, timeMs, payload);
        return new SignedProof(proof, key.Sign(proof.Envelope.Span));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        foreach (var (_, _, http) in _devices) http.Dispose();
        _stop.Dispose();
    }

    private async Task SendAsync(int device)
    {
        var (_, number, http) = _devices[device];
        for (ulong sequence = 1; !_stop.IsCancellationRequested; sequence++)
        {
            var signed = Sign(device, sequence, (chainSeconds() * 1_000) + (sequence % 8 * 60_000));
            try
            {
                using var response = await http.PostAsJsonAsync("/v1/proofs", new ProofRequest(signed.Proof.Envelope.ToArray(), signed.Signature.ToArray()), _stop.Token);
                if (response.IsSuccessStatusCode) _receipts[signed.Id.Value] = number;
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
            {
                // No receipt: the operator is down, or dies with the request in its hands.
            }

            await Task.Delay(Pace, CancellationToken.None);
        }
    }
}
