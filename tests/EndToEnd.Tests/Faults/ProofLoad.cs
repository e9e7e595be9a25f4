using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DePin.Chain.Evm;
using DePin.Cryptography;
using DePin.Protocol.Proofs;
using DePin.Protocol.Verification.Sensing;
using DePin.Replayer;

namespace DePin.EndToEnd.Tests.Faults;

/// <summary>
/// Constant proofs of all devices. Each goes to one operator alone and is sent again until that one gives a receipt, so that whatever is lost or doubled
/// afterwards is the product's doing. A proof whose operator stays unable for long is given up; nothing is expected of it.
/// </summary>
public sealed class ProofLoad : IAsyncDisposable
{
    private const int Attempts = 60;
    private static long _sequence = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
    private readonly FaultNetwork _network;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _loops;

    /// <summary>Starts sending.</summary>
    /// <param name="network">The network.</param>
    /// <param name="pace">Wall time between two proofs of one device.</param>
    public ProofLoad(FaultNetwork network, TimeSpan pace)
    {
        _network = network;
        _loops = [.. network.Devices.Select((device, i) => Task.Run(() => SendAsync(device, i, pace)))];
    }

    /// <summary>Proofs that have a receipt, with the number of the operator that gave it.</summary>
    public ConcurrentDictionary<Bytes32, int> Receipts { get; } = new();

    /// <summary>Refusals by reason, each attempt counted.</summary>
    public ConcurrentDictionary<string, int> Refusals { get; } = new();

    /// <summary>Proofs that no receipt came for.</summary>
    public int GivenUp => Volatile.Read(ref _givenUp);

    private int _givenUp;

    /// <summary>A sequence that no proof of this run had.</summary>
    public static ulong NextSequence() => (ulong)Interlocked.Increment(ref _sequence);

    /// <summary>A temperature that a device signs: noise around 20 °C.</summary>
    public static SignedProof Prove(FaultNetwork network, ReplayDevice device, ulong sequence, ulong timeMs, int milliCelsius)
    {
        var proof = DeviceProof.Create(
            network.Manifest.Id, device.Source.Class, device.Source.Schema, device.Id, sequence, timeMs, new Reading(timeMs, [(SensedParameter.Temperature, milliCelsius)]).ToBytes());
        return new SignedProof(proof, device.Key.Sign(proof.Envelope.Span));
    }

    /// <summary>A device time that every operator has surely read: three blocks ago.</summary>
    public static async Task<ulong> SafeTimeAsync(FaultNetwork network)
    {
        var newest = await network.Rpc.GetBlockNumberAsync(default);
        return (await network.Rpc.GetHeaderAsync(BlockTag.At(newest - 3), default))!.Timestamp * 1_000;
    }

    /// <summary>Stops sending; what has no receipt then never counts.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _http.Dispose();
    }

    private async Task SendAsync(ReplayDevice device, int number, TimeSpan pace)
    {
        var random = new Random(number);
        for (var turn = number; !_stop.IsCancellationRequested; turn++)
        {
            var time = await SafeTimeAsync(_network);
            var proof = Prove(_network, device, NextSequence(), time + (ulong)random.Next(1_000), 20_000 + random.Next(-400, 400));
            await PostAsync(proof, turn % _network.Operators.Count);
            await Task.Delay(pace, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PostAsync(SignedProof proof, int to)
    {
        var request = new { proof = proof.Proof.Envelope.ToArray(), signature = proof.Signature.ToArray() };
        for (var attempt = 0; attempt < Attempts && !_stop.IsCancellationRequested; attempt++)
        {
            try
            {
                using var response = await _http.PostAsJsonAsync(new Uri(_network.Operators[to].Url, "/v1/proofs"), request, CancellationToken.None);
                var answer = await response.Content.ReadAsStringAsync();
                if (response.IsSuccessStatusCode)
                {
                    var receipt = JsonNode.Parse(answer)!["proofId"]!.ToString();
                    if (receipt != proof.Id.ToString()) throw new InvalidOperationException($"A receipt for {receipt} came for {proof.Id}.");
                    Receipts[proof.Id.Value] = to;
                    return;
                }

                var why = answer.StartsWith('{') ? JsonNode.Parse(answer)!["title"]!.ToString() : $"{(int)response.StatusCode}";
                Refusals.AddOrUpdate(why, 1, static (_, n) => n + 1);
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException or IOException)
            {
                Refusals.AddOrUpdate(error.GetType().Name, 1, static (_, n) => n + 1);
            }

            await Task.Delay(250, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Interlocked.Increment(ref _givenUp);
    }
}
