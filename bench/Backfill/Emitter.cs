using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Mirror;

namespace DePin.Bench.Backfill;

/// <summary>
/// The four-event workload on Anvil, 4 transactions a block: 5 % devices registered, 45 % attestations, 15 % claims, 35 % transfers. The logs come from
/// a few bytes of code at the contracts' addresses that emit what their calldata says, so that filling the chain takes seconds.
/// </summary>
internal sealed class Emitter(AnvilRpc rpc, MirroredNetwork network)
{
    private const string From = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
    private readonly Random _random = new(1);
    private long _devices;

    // Calldata: topics n, data length, unused; then records of n topics and the data. Emits each with LOG2, LOG3 or LOG4.
    private static readonly byte[] Code = Assemble();

    public async Task PrepareAsync(CancellationToken ct)
    {
        foreach (var address in network.Contracts.Values.Select(c => Address.FromBytes32(c.Value)))
            await rpc.CallAsync("anvil_setCode", [address.ToString(), $"0x{Convert.ToHexStringLower(Code)}"], ct);
        await rpc.SetAutomineAsync(false, ct);
    }

    /// <summary>Mines a block of about <paramref name="events"/> events; returns how many.</summary>
    public async Task<int> MineAsync(int events, CancellationToken ct)
    {
        int devices = Math.Max(1, events / 20), attestations = events * 45 / 100, claims = events * 15 / 100, transfers = events - devices - attestations - claims;
        await SendAsync(ContractKind.DeviceRegistry, Device, devices, ct);
        await SendAsync(ContractKind.DeviceRegistry, Attestation, attestations, ct);
        await SendAsync(ContractKind.RewardDistributor, Claim, claims, ct);
        await SendAsync(ContractKind.NetworkToken, Transfer, transfers, ct);
        await rpc.CallAsync("evm_mine", null, ct);
        return devices + attestations + claims + transfers;
    }

    private Task<JsonNode?> SendAsync(ContractKind contract, Func<(int Topics, byte[] Record)> make, int count, CancellationToken ct)
    {
        var records = Enumerable.Range(0, count).Select(_ => make()).ToArray();
        var topics = records[0].Topics;
        byte[] data = [.. Word((ulong)topics), .. Word((ulong)(records[0].Record.Length - (32 * topics))), .. Word(0), .. records.SelectMany(r => r.Record)];
        return rpc.CallAsync("eth_sendTransaction", [new JsonObject
        {
            ["from"] = From, ["to"] = Address.FromBytes32(network.Contracts[contract].Value).ToString(), ["gas"] = "0x1000000", ["data"] = $"0x{Convert.ToHexStringLower(data)}",
        }], ct);
    }

    private (int, byte[]) Device()
    {
        var key = new byte[64];
        _random.NextBytes(key);
        return (4, [.. Topic(EventKind.DeviceRegistered), .. Word((ulong)++_devices), .. Keccak256.Hash(key).ToArray(), .. Account(), .. Word(1), .. Word(2), .. Word(7 * 32), .. Word(0),
            .. Word((ulong)_random.NextInt64()), .. Word(9), .. Word(0), .. Word(64), .. key]);
    }

    // Stands for the workload's attestation: three indexed words and three of data, an event that changes no state.
    private (int, byte[]) Attestation() => (4, [.. Topic(EventKind.DeviceApproval), .. Account(), .. Account(), .. Word((ulong)_random.Next(1, 5_000)),
        .. Keccak256.Hash("data"u8).ToArray(), .. Word((ulong)_random.NextInt64()), .. Word(1)]);

    private (int, byte[]) Claim() => (4, [.. Topic(EventKind.Claimed), .. Account(), .. Word((ulong)_random.Next(1, 5_000)), .. Account(), .. Word((ulong)_random.NextInt64()),
        .. Word((ulong)_random.NextInt64()), .. Keccak256.Hash("root"u8).ToArray()]);

    private (int, byte[]) Transfer() => (3, [.. Topic(EventKind.TokenTransfer), .. Account(), .. Account(), .. Word((ulong)_random.NextInt64())]);

    private static byte[] Topic(EventKind kind) => EventCatalog.All.Single(e => e.Kind == kind).Topic.ToArray();

    private byte[] Account() => Word((ulong)_random.Next(1, 20_000));

    private static byte[] Word(ulong value)
    {
        var word = new byte[32];
        BinaryPrimitives.WriteUInt64BigEndian(word.AsSpan(24), value);
        return word;
    }

    private static byte[] Assemble()
    {
        // 5b JUMPDEST; {name} is the place of a label, filled in below.
        const string text = """
            60 60 :loop 5b 80 36 11 60 {body} 57 00
            :body 5b 60 00 35 80 60 05 1b 82 01 60 20 35 80 82 60 00 37 81 81 01 91 50
            82 60 04 14 60 {four} 57 82 60 03 14 60 {three} 57
            83 60 20 01 35 84 35 82 60 00 a2 60 {end} 56
            :three 5b 83 60 40 01 35 84 60 20 01 35 85 35 83 60 00 a3 60 {end} 56
            :four 5b 83 60 60 01 35 84 60 40 01 35 85 60 20 01 35 86 35 84 60 00 a4
            :end 5b 50 91 50 50 60 {loop} 56
            """;
        var places = new Dictionary<string, byte>();
        var tokens = text.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
        byte at = 0;
        foreach (var token in tokens)
        {
            if (token[0] == ':') places[token[1..]] = at;
            else at++;
        }

        return [.. tokens.Where(t => t[0] != ':').Select(t => t[0] == '{' ? places[t[1..^1]] : byte.Parse(t, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
    }
}
