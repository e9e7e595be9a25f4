using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DePin.Bench.SolanaBackfill;

/// <summary>
/// A node of a cluster that answers with blocks made beforehand, in a process of its own. Every transaction holds five events of the program: 5 % devices registered, 45 % events that change no
/// state, 15 % claims, 35 % deposits of stake. One slot in twenty has no block. No other program has a transaction there: on a busy cluster theirs are read, too, by the floor as by the mirror.
/// </summary>
internal sealed class Cluster
{
    public const int EventsPerTransaction = 5;
    private const int SlotsPerGap = 20;
    private const int TransactionHeader = 3;
    private static readonly byte[] EventTag = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d]; // SHA-256 of "anchor:event", backwards

    private static readonly SolanaAddress Program = SolanaAddress.From(Keccak256.Hash("program"u8));
    private static readonly SolanaAddress Account = SolanaAddress.From(Keccak256.Hash("network"u8));
    private static readonly Bytes32 Genesis = Keccak256.Hash("genesis"u8);
    private readonly Dictionary<ulong, (byte[] Whole, byte[] Head)> blocks = [];
    private readonly Random random = new(1);
    private ulong devices;

    /// <param name="filled">Blocks; the first has slot 1.</param>
    /// <param name="perBlock">Events of each, a multiple of twenty.</param>
    private Cluster(int filled, int perBlock)
    {
        var parent = 0UL;
        for (var slot = 1UL; blocks.Count < filled; slot++)
        {
            if (slot % SlotsPerGap == 0) continue;
            blocks.Add(slot, (Block(slot, parent, perBlock), Block(slot, parent, 0)));
            Newest = parent = slot;
        }
    }

    private ulong Newest { get; }

    /// <summary>The slot of the last of so many blocks.</summary>
    public static ulong LastSlot(int filled)
    {
        var slot = 0UL;
        for (var block = 0; block < filled; block++)
        {
            if (++slot % SlotsPerGap == 0) slot++;
        }

        return slot;
    }

    /// <summary>The network that its events are of.</summary>
    public static MirroredNetwork Network { get; } = new(2, ChainId.Solana(Genesis).ToString(), Keccak256.Hash("bench"u8), 1, 86_400, new Dictionary<ContractKind, AccountId>
    {
        [ContractKind.NetworkToken] = new(Keccak256.Hash("mint"u8)),
        [ContractKind.ReportVerifier] = new(Keccak256.Hash("ledger"u8)),
        [ContractKind.RewardDistributor] = new(Keccak256.Hash("distributor"u8)),
        [ContractKind.SettlementProgram] = new(Program.ToBytes32()),
        [ContractKind.NetworkAccount] = new(Account.ToBytes32()),
    })
    { Chain = Genesis };

    /// <summary>Serves until killed.</summary>
    public static async Task ServeAsync(string url, int filled, int perBlock)
    {
        var cluster = new Cluster(filled, perBlock);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.Urls.Add(url);
        app.MapPost("/", cluster.AnswerAsync);
        await app.RunAsync();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var asked = (await JsonNode.ParseAsync(http.Request.Body))!;
        http.Response.ContentType = "application/json";
        var body = http.Response.BodyWriter;
        if (asked is not JsonArray batch)
        {
            await WriteAsync(asked);
            return;
        }

        for (var i = 0; i < batch.Count; i++)
        {
            await body.WriteAsync(i == 0 ? "["u8.ToArray() : ","u8.ToArray());
            await WriteAsync(batch[i]!);
        }

        await body.WriteAsync("]"u8.ToArray());

        async Task WriteAsync(JsonNode call)
        {
            await body.WriteAsync(Encoding.UTF8.GetBytes($"{{\"jsonrpc\":\"2.0\",\"id\":{call["id"]!.ToJsonString()},\"result\":"));
            await body.WriteAsync(Result(call["method"]!.GetValue<string>(), call["params"]?.AsArray()));
            await body.WriteAsync("}"u8.ToArray());
        }
    }

    private byte[] Result(string method, JsonArray? parameters) => method switch
    {
        "getVersion" => """{"solana-core":"2.3.0","feature-set":1}"""u8.ToArray(),
        "getGenesisHash" => JsonSerializer.SerializeToUtf8Bytes(Base58.Encode(Genesis.AsSpan())),
        "getSlot" => Encoding.UTF8.GetBytes(Newest.ToString(CultureInfo.InvariantCulture)),
        "getBlocks" => JsonSerializer.SerializeToUtf8Bytes(blocks.Keys.Where(s => s >= parameters![0]!.GetValue<ulong>() && s <= parameters[1]!.GetValue<ulong>())),
        "getBlock" => blocks.TryGetValue(parameters![0]!.GetValue<ulong>(), out var block)
            ? parameters[1]!["transactionDetails"]!.GetValue<string>() == "none" ? block.Head : block.Whole
            : "null"u8.ToArray(),
        _ => throw new NotSupportedException(method),
    };

    private byte[] Block(ulong slot, ulong parent, int events)
    {
        var transactions = new JsonArray();
        var kinds = Enumerable.Range(0, events).Select(i => i % 20).ToArray();
        random.Shuffle(kinds);
        foreach (var of in kinds.Chunk(EventsPerTransaction)) transactions.Add(Transaction([.. of.Select(Event)]));
        return JsonSerializer.SerializeToUtf8Bytes(new JsonObject
        {
            ["blockHeight"] = slot,
            ["blockTime"] = 1_700_000_000 + (slot * 4 / 10),
            ["blockhash"] = Base58.Encode(HashOf(slot).AsSpan()),
            ["parentSlot"] = parent,
            ["previousBlockhash"] = Base58.Encode(HashOf(parent).AsSpan()),
            ["transactions"] = events == 0 ? null : transactions,
        });
    }

    private JsonObject Transaction(byte[][] events)
    {
        var bytes = new List<byte>([1, .. Some(64), 1, 0, TransactionHeader - 1, TransactionHeader]);
        foreach (var key in (byte[][])[Some(32), Account.ToBytes32().ToArray(), Program.ToBytes32().ToArray()]) bytes.AddRange(key);
        bytes.AddRange([.. Some(32), 1, 2, 2, 0, 1, 40, .. Some(40)]); // blockhash; one instruction of the third account's program with two accounts and forty bytes
        var program = Program.ToString();
        return new JsonObject
        {
            ["transaction"] = new JsonArray(Convert.ToBase64String([.. bytes]), "base64"),
            ["version"] = "legacy",
            ["meta"] = new JsonObject
            {
                ["err"] = null,
                ["status"] = new JsonObject { ["Ok"] = null },
                ["fee"] = 5_000,
                ["preBalances"] = new JsonArray(1_000_000_000, 2_000_000, 1_141_440),
                ["postBalances"] = new JsonArray(999_995_000, 2_000_000, 1_141_440),
                ["preTokenBalances"] = new JsonArray(),
                ["postTokenBalances"] = new JsonArray(),
                ["rewards"] = null,
                ["loadedAddresses"] = new JsonObject { ["writable"] = new JsonArray(), ["readonly"] = new JsonArray() },
                ["computeUnitsConsumed"] = 31_415,
                ["innerInstructions"] = new JsonArray(new JsonObject
                {
                    ["index"] = 0,
                    ["instructions"] = new JsonArray([.. events.Select(e => new JsonObject
                    {
                        ["programIdIndex"] = 2, ["accounts"] = new JsonArray(1), ["data"] = Base58.Encode([.. EventTag, .. e]), ["stackHeight"] = 2,
                    })]),
                }),
                ["logMessages"] = new JsonArray(
                [
                    $"Program {program} invoke [1]",
                    .. events.SelectMany(_ => (string[])[$"Program {program} invoke [2]", $"Program {program} consumed 120 of 180000 compute units", $"Program {program} success"]),
                    $"Program {program} consumed 31415 of 200000 compute units",
                    $"Program {program} success",
                ]),
            },
        };
    }

    private byte[] Event(int kind) => kind switch
    {
        < 1 => Device(),
        < 10 => new Depin.ClaimSkippedEvent(Account, Somebody(), (uint)random.Next(1, 5_000)).Encode(),
        < 13 => new Depin.ClaimedEvent(Account, Somebody(), (uint)random.Next(1, 5_000), Somebody(), (ulong)random.NextInt64(), (ulong)random.NextInt64(), Keccak256.Hash("root"u8)).Encode(),
        _ => new Depin.StakeDepositedEvent(Account, Somebody(), Somebody(), (ulong)random.Next(), (UInt128)random.NextInt64()).Encode(),
    };

    private byte[] Device()
    {
        var key = Some(64);
        return new Depin.DeviceRegisteredEvent(Account, ++devices, Keccak256.Hash(key), Somebody(), 1, 2, 0, (ulong)random.NextInt64(), Keccak256.Hash([9]), 1_700_000_000, key).Encode();
    }

    private SolanaAddress Somebody() => SolanaAddress.From(Keccak256.Hash(BitConverter.GetBytes(random.Next(1, 20_000))));

    private byte[] Some(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static Bytes32 HashOf(ulong slot) => Keccak256.Hash([7, .. BitConverter.GetBytes(slot)]);
}
