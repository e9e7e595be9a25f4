using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using DePin.Abi;
using DePin.Bench;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;

// Reading an eth_getLogs answer into typed records, against the floor (the JSON reader alone over the same bytes) and against the
// customary way (strings into objects, then numbers out of strings). Side by side in one run; the ratios are what counts.
const int Logs = 20_000;
var json = MakeAnswer(Logs);
var batch = new EvmLogBatch();
var rows = new (string Name, Func<ulong> Run)[]
{
    ("JSON reader alone (floor)", () => Tokens(json)),
    ("ours: bytes to records", () => Ours(json, batch)),
    ("strings and objects", () => Customary(json)),
};
foreach (var (_, run) in rows)
{
    for (var i = 0; i < 20; i++) run();
}

var best = new double[rows.Length];
var bytes = new double[rows.Length];
Array.Fill(best, double.MaxValue);
for (var round = 0; round < 15; round++)
{
    for (var i = 0; i < rows.Length; i++)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        rows[i].Run();
        best[i] = Math.Min(best[i], Stopwatch.GetElapsedTime(start).TotalNanoseconds / Logs);
        bytes[i] = (GC.GetAllocatedBytesForCurrentThread() - allocated) / (double)Logs;
    }
}

Console.WriteLine($"{Logs.ToString("N0", CultureInfo.InvariantCulture)} logs, {json.Length / 1024.0 / 1024.0:F1} MiB of JSON, best of 15");
for (var i = 0; i < rows.Length; i++)
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows[i].Name,-28} {best[i],8:F0} ns/log  {1e9 / best[i],12:N0} logs/s  {best[i] / best[0],5:F2} x floor  {bytes[i],7:F1} bytes allocated/log"));
Ratio.OfTime("log-decode", best[1] / best[0]);

static ulong Tokens(byte[] json)
{
    var reader = new Utf8JsonReader(json);
    ulong count = 0;
    while (reader.Read()) count++;
    return count;
}

static ulong Ours(byte[] json, EvmLogBatch batch)
{
    batch.Clear();
    var reader = new Utf8JsonReader(json);
    reader.Read();
    EvmLogReader.ReadArray(ref reader, batch);
    ulong sum = 0;
    for (var i = 0; i < batch.Count; i++)
    {
        var log = batch.View(i);
        if (NetworkToken.TransferEvent.TryDecode(log, out var transfer)) sum += (ulong)transfer.Value;
        else if (PayoutRegistry.IndexAssignedEvent.TryDecode(log, out var assigned)) sum += assigned.Index;
        else if (ProviderStaking.DepositedEvent.TryDecode(log, out var deposit)) sum += (ulong)deposit.Tokens;
        else throw new InvalidOperationException("unknown log");
    }

    return sum;
}

static ulong Customary(byte[] json)
{
    ulong sum = 0;
    foreach (var log in JsonSerializer.Deserialize<TextLog[]>(json, JsonSerializerOptions.Web)!)
    {
        var data = Convert.FromHexString(log.Data.AsSpan(2));
        var number = ulong.Parse(log.BlockNumber.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var topics = log.Topics.Select(t => Convert.FromHexString(t.AsSpan(2))).ToArray();
        sum += number + (data.Length >= 32 ? (ulong)new BigInteger(data.AsSpan(0, 32), isUnsigned: true, isBigEndian: true) : topics[^1][31]);
    }

    return sum;
}

static byte[] MakeAnswer(int count)
{
    var text = new StringBuilder("[");
    for (var i = 0; i < count; i++)
    {
        if (i > 0) text.Append(',');
        var account = Address.FromBytes32(Bytes32.FromUInt64((ulong)i + 1)).ToBytes32();
        var (topics, data) = (i % 4) switch
        {
            0 => ((Bytes32[])[PayoutRegistry.IndexAssignedEvent.Topic0, account, Bytes32.FromUInt64((ulong)i)], ""),
            1 => ([ProviderStaking.DepositedEvent.Topic0, account, account], Word(1_000) + Word(1_000)),
            _ => ([NetworkToken.TransferEvent.Topic0, account, account], Word((ulong)i)),
        };
        text.Append(CultureInfo.InvariantCulture, $$"""
            {"address":"0x5fbdb2315678afecb367f032d93f642f64180aa3","topics":[{{string.Join(',', topics.Select(t => $"\"{t}\""))}}],"data":"0x{{data}}","blockHash":"{{Keccak256.Hash([(byte)i])}}","blockNumber":"0x{{i / 50:x}}","blockTimestamp":"0x6553f100","transactionHash":"{{Keccak256.Hash([(byte)i, 1])}}","transactionIndex":"0x{{i % 50:x}}","logIndex":"0x{{i % 50:x}}","removed":false}
            """);
    }

    return Encoding.UTF8.GetBytes(text.Append(']').ToString());

    static string Word(ulong value) => Hex.ToString(Bytes32.FromUInt64(value).AsSpan())[2..];
}

internal sealed record TextLog(string Address, string[] Topics, string Data, string BlockHash, string BlockNumber, string TransactionHash, string TransactionIndex, string LogIndex);
