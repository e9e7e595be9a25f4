using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using DePin.Abi;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.Chain.Tests;

public sealed class BindingsTests
{
    [Fact]
    public async Task Every_call_event_and_error_reads_and_writes_what_viem_does()
    {
        var kinds = new HashSet<string>();
        foreach (var c in await Witness.RunAsync("contracts", 17, 6))
        {
            var kind = c.GetProperty("kind").GetString()!;
            kinds.Add(kind);
            var suffix = kind switch { "function" => "Call", "event" => "Event", _ => "Error" };
            var overload = c.GetProperty("overload").GetInt32();
            var name = c.GetProperty("name").GetString()!;
            var type = FindType(c.GetProperty("contract").GetString()!, name, overload > 1 ? overload + suffix : suffix);
            switch (kind)
            {
                case "function":
                    var call = Build(type, c.GetProperty("values"));
                    Assert.Equal(c.GetProperty("encoded").GetString(), Hex.ToString((byte[])type.GetMethod("Encode")!.Invoke(call, null)!));
                    CheckResult(type, call, c);
                    break;
                case "event":
                    var expected = WithHashedTopics(type, c);
                    var log = new EvmLogBatch();
                    var topics = c.GetProperty("topics").EnumerateArray().Select(t => Bytes32.Parse(t.GetString()!)).ToArray();
                    var data = Hex.Parse(c.GetProperty("data").GetString()!);
                    var room = log.Append(default, topics.Length, data.Length);
                    MemoryMarshal.AsBytes(topics.AsSpan()).CopyTo(room);
                    data.CopyTo(room[(32 * topics.Length)..]);
                    Assert.Equal(Show(expected), Show(Generic(nameof(DecodeEvent), type, log)));
                    break;
                default:
                    Assert.Equal(Show(Build(type, c.GetProperty("values"))), Show(Generic(nameof(DecodeError), type, Hex.Parse(c.GetProperty("encoded").GetString()!))));
                    break;
            }
        }

        Assert.Equal(3, kinds.Count);
    }

    [Fact]
    public void The_committed_bindings_are_those_of_the_committed_artifacts()
    {
        var files = BindingsGenerator.Generator.Generate(RepositoryRoot.Combine("contracts", "evm", "artifacts"));
        var folder = RepositoryRoot.Combine("src", "ContractBindings", "Evm");
        Assert.Equal(files.Keys, Directory.GetFiles(folder, "*.g.cs").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        foreach (var (name, text) in files)
            Assert.True(text == File.ReadAllText(Path.Combine(folder, name)), $"{name} is not current: run scripts/bindings and commit the result.");
    }

    [Fact]
    public void A_log_of_another_event_or_with_a_spare_byte_is_not_decoded()
    {
        var log = TransferLog(UInt256.MaxValue);
        Assert.True(NetworkToken.TransferEvent.TryDecode(log.View(0), out var transfer));
        Assert.Equal(UInt256.MaxValue, transfer.Value);
        Assert.False(NetworkToken.ApprovalEvent.TryDecode(log.View(0), out _));
        var view = log.View(0);
        Assert.False(NetworkToken.TransferEvent.TryDecode(new EvmLogView(view.Address, view.Topics, [.. view.Data, 0]), out _));
        Assert.False(NetworkToken.TransferEvent.TryDecode(new EvmLogView(view.Address, view.Topics[..2], view.Data), out _));
    }

    [Fact]
    public void Decoding_logs_into_records_allocates_nothing()
    {
        var log = TransferLog(12_345UL);
        Sum(log, 10);
        var sum = 0UL;
        Assert.Equal(0, Allocated.By(() => sum = Sum(log, 10_000)));
        Assert.Equal(123_450_000UL, sum);

        static ulong Sum(EvmLogBatch batch, int times)
        {
            ulong sum = 0;
            for (var i = 0; i < times; i++)
            {
                if (NetworkToken.TransferEvent.TryDecode(batch.View(0), out var transfer)) sum += (ulong)transfer.Value;
            }

            return sum;
        }
    }

    [Fact]
    public void Reading_logs_from_json_allocates_nothing_once_the_batch_has_grown()
    {
        var one = $$"""{"address":"0x5fbdb2315678afecb367f032d93f642f64180aa3","topics":["0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef","0x{{new string('0', 64)}}","0x{{new string('1', 64)}}"],"data":"0x{{new string('2', 64)}}","blockHash":"0x{{new string('3', 64)}}","blockNumber":"0x10","blockTimestamp":"0x69","transactionHash":"0x{{new string('4', 64)}}","transactionIndex":"0x0","logIndex":"0x7","removed":false}""";
        var json = System.Text.Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Repeat(one, 1_000))}]");
        var batch = new EvmLogBatch();
        Read(json, batch);
        Assert.Equal(0, Allocated.By(() =>
        {
            batch.Clear();
            Read(json, batch);
        }));
        Assert.Equal(1_000, batch.Count);
        Assert.Equal(7u, batch[999].LogIndex);
        Assert.Equal(new byte[] { 0x22, 0x22 }, batch.View(999).Data[30..].ToArray());

        static void Read(byte[] json, EvmLogBatch batch)
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            EvmLogReader.ReadArray(ref reader, batch);
        }
    }

    private static EvmLogBatch TransferLog(UInt256 amount)
    {
        var batch = new EvmLogBatch();
        var room = batch.Append(default, 3, 32);
        NetworkToken.TransferEvent.Topic0.CopyTo(room);
        room[32..96].Clear();
        room[63] = 1;
        room[95] = 2;
        amount.WriteBigEndian(room[96..]);
        return batch;
    }

    // An indexed value of a dynamic type is in the log only as its hash.
    private static object WithHashedTopics(Type type, JsonElement c)
    {
        var topics = c.GetProperty("topics").EnumerateArray().Skip(1).ToArray();
        var values = c.GetProperty("values").EnumerateArray().ToArray();
        var parameters = type.GetConstructors().Single(k => k.GetParameters().Length == values.Length).GetParameters();
        return Activator.CreateInstance(type, [.. parameters.Select((p, i) =>
            p.ParameterType == typeof(Bytes32) && values[i].ValueKind == JsonValueKind.Array ? Bytes32.Parse(topics[0].GetString()!) : Build(p.ParameterType, values[i]))])!;
    }

    private static void CheckResult(Type type, object call, JsonElement c)
    {
        var results = c.GetProperty("results");
        var method = type.GetMethod("TryDecodeResult")!;
        var resultType = method.GetParameters()[1].ParameterType.GetElementType()!;
        if (resultType == typeof(NoResult)) return;
        var expected = results.GetArrayLength() == 1 ? Build(resultType, results[0]) : Build(resultType, results);
        var decoded = typeof(BindingsTests).GetMethod(nameof(DecodeResult), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(resultType).Invoke(null, [call, Hex.Parse(c.GetProperty("encodedResults").GetString()!)])!;
        Assert.Equal(Show(expected), Show(decoded));
    }

    private static object Generic(string method, Type type, object argument) =>
        typeof(BindingsTests).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type).Invoke(null, [argument])!;

    private static object DecodeEvent<T>(EvmLogBatch batch)
        where T : struct, IContractEvent<T>
    {
        Assert.True(T.TryDecode(batch.View(0), out var value), typeof(T).Name);
        return value;
    }

    private static object DecodeError<T>(byte[] data)
        where T : struct, IContractError<T>
    {
        Assert.True(T.TryDecode(data, out var value), typeof(T).Name);
        return value;
    }

    private static object DecodeResult<T>(IContractCall<T> call, byte[] data)
    {
        Assert.True(call.TryDecodeResult(data, out var value), call.GetType().Name);
        return value!;
    }

    // Solidity's CAP_AT is the bindings' CapAt.
    private static Type FindType(string contract, string name, string suffix) =>
        typeof(ContractErrors).Assembly.GetType($"DePin.ContractBindings.Evm.{contract}")!.GetNestedTypes()
            .Single(t => string.Equals(t.Name, name.Replace("_", "", StringComparison.Ordinal) + suffix, StringComparison.OrdinalIgnoreCase));

    private static object Build(Type type, JsonElement json)
    {
        if (type == typeof(bool)) return json.GetBoolean();
        if (type == typeof(string)) return json.GetString()!;
        if (type == typeof(Address)) return Address.Parse(json.GetString()!);
        if (type == typeof(Bytes32)) return Bytes32.Parse(json.GetString()!);
        if (type == typeof(byte[])) return Hex.Parse(json.GetString()!);
        if (type == typeof(UInt256)) return UInt256.Parse(json.GetString()!);
        if (type == typeof(UInt128)) return UInt128.Parse(json.GetString()!, CultureInfo.InvariantCulture);
        if (type == typeof(BigInteger)) return BigInteger.Parse(json.GetString()!, CultureInfo.InvariantCulture);
        if (type.IsPrimitive) return Convert.ChangeType(json.GetString(), type, CultureInfo.InvariantCulture)!;
        if (type.IsArray)
        {
            var element = type.GetElementType()!;
            var items = json.EnumerateArray().Select(i => Build(element, i)).ToArray();
            var array = Array.CreateInstance(element, items.Length);
            items.CopyTo(array, 0);
            return array;
        }

        var values = json.ValueKind == JsonValueKind.Object ? json.EnumerateObject().Select(p => p.Value).ToArray() : [.. json.EnumerateArray()];
        var constructor = type.GetConstructors().SingleOrDefault(k => k.GetParameters().Length == values.Length && values.Length > 0);
        return constructor is null ? Activator.CreateInstance(type)! : constructor.Invoke([.. constructor.GetParameters().Select((p, i) => Build(p.ParameterType, values[i]))]);
    }

    private static string Show(object value) => value switch
    {
        byte[] bytes => Hex.ToString(bytes),
        string text => text,
        IEnumerable items => $"[{string.Join(",", items.Cast<object>().Select(Show))}]",
        Address or Bytes32 or UInt256 or UInt128 or BigInteger or bool => value.ToString()!,
        _ when value.GetType().IsPrimitive => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ => $"{value.GetType().Name}({string.Join(",", value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(p => $"{p.Name}={Show(p.GetValue(value)!)}"))})",
    };
}
