using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DePin.Cryptography;
using DePin.Oracle.Ingest.Wire;
using Google.Protobuf;

namespace DePin.DeviceSdk.Tests;

/// <summary>What the C library reads of an operator's answers: the right thing of a good one, and of a bad one nothing, under the sanitizers.</summary>
public sealed class CAnswerTests
{
    private static readonly int Mutations = Environment.GetEnvironmentVariable("DEPIN_DEEP") == "1" ? 200_000 : 4_000;
    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    [Fact]
    public async Task Reads_the_receipt_for_one_proof_however_it_is_spelled()
    {
        await using var c = await CLibrary.StartAsync();
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var (json, expected) = RandomReceipt(random);
            Assert.Equal(expected, await ReadAsync(json));
            Assert.Equal(expected, await ReadAsync(JsonNode.Parse(json)!.ToJsonString(new JsonSerializerOptions { WriteIndented = true })));
            Assert.Equal(expected, await ReadAsync(json.Replace("+", "\\u002B", StringComparison.Ordinal).Replace("/", "\\/", StringComparison.Ordinal)));
            Assert.Equal(expected, await ReadAsync("{\"inner\":{\"signature\":\"x\",\"receivedAt\":[{},{\"a\":\"}\\\"]\"}]},\"text\":\"\\\\\"," + json[1..]));
        }

        async Task<string> ReadAsync(string json) => await c.AskAsync("read-receipt", Encoding.UTF8.GetBytes(json));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"proofId\":")]
    [InlineData("{\"proofId\":\"")]
    [InlineData("{\"proofId\":\"\\")]
    [InlineData("{\"signature\":\"\\u")]
    [InlineData("}{\"proofId\":\"0x\"}")]
    public async Task What_is_no_receipt_is_told_from_one(string json)
    {
        await using var c = await CLibrary.StartAsync();
        Assert.Equal("error 8", await c.AskAsync("read-receipt", Encoding.UTF8.GetBytes(json)));
    }

    [Fact]
    public async Task A_receipt_with_a_member_out_of_its_range_is_none()
    {
        await using var c = await CLibrary.StartAsync();
        var (good, expected) = RandomReceipt(new Random(2));
        Assert.Equal(expected, await c.AskAsync("read-receipt", Encoding.UTF8.GetBytes(good)));
        Action<JsonObject>[] spoil =
        [
            o => o.Remove("proofId"), o => o.Remove("operator"), o => o.Remove("receivedAt"), o => o.Remove("signature"),
            o => o["proofId"] = o["proofId"]!.GetValue<string>()[..^1],
            o => o["proofId"] = o["proofId"]!.GetValue<string>() + "00",
            o => o["operator"] = o["operator"]!.GetValue<string>().Replace('0', 'g'),
            o => o["receivedAt"] = -1,
            o => o["receivedAt"] = JsonNode.Parse("18446744073709551616"),
            o => o["receivedAt"] = JsonNode.Parse("1.5"),
            o => o["signature"] = Convert.ToBase64String(new byte[63]),
            o => o["signature"] = Convert.ToBase64String(new byte[65]),
            o => o["signature"] = o["signature"]!.GetValue<string>() + "=",
            o => o["signature"] = o["signature"]!.GetValue<string>()[..^1],
            o => o["signature"] = "A\u0100" + o["signature"]!.GetValue<string>()[2..],
        ];
        foreach (var change in spoil)
        {
            var spoilt = JsonNode.Parse(good)!.AsObject();
            change(spoilt);
            Assert.Equal("error 8", await c.AskAsync("read-receipt", Encoding.UTF8.GetBytes(spoilt.ToJsonString())));
        }
    }

    [Fact]
    public async Task Reads_receipts_and_refusals_for_many_as_the_operators_write_them()
    {
        await using var c = await CLibrary.StartAsync();
        var random = new Random(3);
        for (var i = 0; i < 300; i++)
        {
            var (answer, count) = RandomBatchReceipt(random);
            Assert.Equal(Expected(answer, count), await c.AskAsync("read-receipts", count, answer.ToByteArray()));
        }
    }

    [Fact]
    public async Task A_receipt_for_many_with_a_field_out_of_its_range_is_none()
    {
        await using var c = await CLibrary.StartAsync();
        BatchReceipt Good() => new() { Operator = ByteString.CopyFrom(new byte[20]), Signature = ByteString.CopyFrom(new byte[64]), Durable = 2, Refusals = { new Refusal { Index = 2, Code = 6 } } };
        Assert.StartsWith("ok", await c.AskAsync("read-receipts", 3, Good().ToByteArray()));
        Action<BatchReceipt>[] spoil =
        [
            r => r.Refusals[0].Index = 3,
            r => r.Refusals[0].Index = uint.MaxValue,
            r => r.Refusals[0].Code = 0,
            r => r.Operator = ByteString.CopyFrom(new byte[19]),
            r => r.Operator = ByteString.CopyFrom(new byte[21]),
            r => r.Signature = ByteString.CopyFrom(new byte[63]),
            r => r.Signature = ByteString.CopyFrom(new byte[65]),
        ];
        foreach (var change in spoil)
        {
            var spoilt = Good();
            change(spoilt);
            Assert.Equal("error 8", await c.AskAsync("read-receipts", 3, spoilt.ToByteArray()));
        }
    }

    [Fact]
    public async Task Reads_stages_packed_and_one_by_one()
    {
        await using var c = await CLibrary.StartAsync();
        var random = new Random(4);
        for (var i = 0; i < 200; i++)
        {
            var answer = new StatusAnswer();
            for (var k = random.Next(1, 20); k > 0; k--) answer.Stages.Add((uint)random.Next(3));
            var expected = CLibrary.Hex([.. answer.Stages.Select(s => (byte)s)]);
            Assert.Equal(expected, await c.AskAsync("read-stages", answer.Stages.Count, answer.ToByteArray()));
            Assert.Equal(expected, await c.AskAsync("read-stages", answer.Stages.Count, answer.Stages.SelectMany(s => new byte[] { 8, (byte)s }).ToArray()));
            Assert.Equal("error 8", await c.AskAsync("read-stages", answer.Stages.Count + 1, answer.ToByteArray()));
            Assert.Equal("error 8", await c.AskAsync("read-stages", answer.Stages.Count - 1, answer.ToByteArray()));
        }
    }

    [Fact]
    public async Task Reads_the_number_of_a_problem()
    {
        await using var c = await CLibrary.StartAsync();
        Assert.Equal("6", await c.AskAsync("read-problem", """{"type":"urn:depin:problem:UnknownDevice","status":404,"detail":"The \"code\": 9","code":6}"""u8.ToArray()));
        Assert.Equal("error 8", await c.AskAsync("read-problem", """{"status":404,"inner":{"code":6}}"""u8.ToArray()));
        Assert.Equal("error 8", await c.AskAsync("read-problem", """{"code":0}"""u8.ToArray()));
        Assert.Equal("error 8", await c.AskAsync("read-problem", """{"code":4294967296}"""u8.ToArray()));
    }

    [Fact]
    public async Task Answers_cut_off_anywhere_are_no_answers()
    {
        await using var c = await CLibrary.StartAsync();
        var random = new Random(5);
        var json = Encoding.UTF8.GetBytes(RandomReceipt(random).Json);
        // The signature stands last; without the closing brace nothing is missing that it does not vouch for.
        for (var length = 0; length < json.Length - 1; length++) Assert.Equal("error 8", await c.AskAsync("read-receipt", json[..length]));

        // Protobuf cut between two fields is whole: then the signature, which comes third, is the receipt's proof.
        var (answer, count) = RandomBatchReceipt(random);
        var bytes = answer.ToByteArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            var read = await c.AskAsync("read-receipts", count, bytes[..length]);
            if (TryParse(bytes[..length]) is { } whole) Assert.Equal(Expected(whole, count), read);
            else Assert.Equal("error 8", read);
        }
    }

    [Fact]
    public async Task Answers_with_bytes_changed_at_random_never_harm_and_what_is_read_of_them_is_what_they_say()
    {
        await using var c = await CLibrary.StartAsync();
        var random = new Random(6);
        var (agreed, refused) = (0, 0);
        for (var i = 0; i < Mutations; i++)
        {
            var (answer, count) = RandomBatchReceipt(random);
            var bytes = Mutate(random, answer.ToByteArray());
            var read = await c.AskAsync("read-receipts", count, bytes);
            if (read == "error 8")
            {
                refused++;
            }
            else if (TryParse(bytes) is { } whole)
            {
                Assert.Equal(Expected(whole, count), read);
                agreed++;
            }

            await c.AskAsync("read-stages", count, bytes);
            var json = Mutate(random, Encoding.UTF8.GetBytes(RandomReceipt(random).Json));
            await c.AskAsync("read-receipt", json);
            await c.AskAsync("read-problem", json);
        }

        Assert.True(agreed > Mutations / 20 && refused > Mutations / 20, $"{agreed} were read alike and {refused} refused: the changes are too harmless or too harmful.");
    }

    [Fact]
    public async Task A_huge_answer_is_read_to_its_end_and_a_deep_one_needs_no_stack()
    {
        await using var c = await CLibrary.StartAsync();
        var (json, expected) = RandomReceipt(new Random(7));
        Assert.Equal(expected, await c.AskAsync("read-receipt", Encoding.UTF8.GetBytes($"{{\"pad\":\"{new string('x', 400_000)}\",{json[1..]}")));
        Assert.Equal(expected, await c.AskAsync("read-receipt", Encoding.UTF8.GetBytes($"{{\"deep\":{new string('[', 100_000)}{new string(']', 100_000)},{json[1..]}")));
        Assert.Equal("error 8", await c.AskAsync("read-receipt", Encoding.UTF8.GetBytes(new string('{', 400_000))));
        Assert.Equal("error 8", await c.AskAsync("read-receipts", 1, Enumerable.Repeat((byte)0xff, 400_000).ToArray()));
    }

    private static (string Json, string Expected) RandomReceipt(Random random)
    {
        var (id, address, at, signature) = (CAgreementTests.RandomBytes(random, 32), new Address(CAgreementTests.RandomBytes(random, 20)), (ulong)random.NextInt64() >> random.Next(63), CAgreementTests.RandomBytes(random, 64));
        var json = JsonSerializer.Serialize(new { ProofId = new Bytes32(id).ToString(), Operator = address.ToString(), ReceivedAt = at, Signature = signature }, Web);
        return (json, $"ok {CLibrary.Hex(address.AsSpan())} {at} {CLibrary.Hex(signature)} {CLibrary.Hex(id)}");
    }

    private static (BatchReceipt Answer, int Count) RandomBatchReceipt(Random random)
    {
        var count = random.Next(1, 17);
        var answer = new BatchReceipt
        {
            Operator = ByteString.CopyFrom(CAgreementTests.RandomBytes(random, 20)),
            ReceivedAt = (ulong)random.NextInt64() >> random.Next(63),
        };
        for (var i = 0; i < count; i++)
        {
            if (random.Next(3) == 0)
                answer.Refusals.Add(new Refusal { Index = (uint)i, Code = (uint)random.Next(1, 15), Reason = "Replayed", RetryAfterMs = random.Next(2) == 0 ? 0 : (uint)random.NextInt64(1L << 32) });
        }

        answer.Durable = (uint)(count - answer.Refusals.Count);
        if (answer.Durable > 0) answer.Signature = ByteString.CopyFrom(CAgreementTests.RandomBytes(random, 64));
        return (answer, count);
    }

    private static string Expected(BatchReceipt answer, int count)
    {
        var results = Enumerable.Repeat("0:0", count).ToArray();
        foreach (var refusal in answer.Refusals) results[refusal.Index] = $"{refusal.Code}:{refusal.RetryAfterMs}";
        var address = answer.Operator.IsEmpty ? new byte[20] : answer.Operator.ToByteArray();
        var signature = answer.Signature.IsEmpty ? new byte[64] : answer.Signature.ToByteArray();
        return $"ok {CLibrary.Hex(address)} {answer.ReceivedAt} {CLibrary.Hex(signature)} {answer.Durable} {string.Join(' ', results)}";
    }

    private static BatchReceipt? TryParse(byte[] bytes)
    {
        try
        {
            return BatchReceipt.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static byte[] Mutate(Random random, byte[] bytes)
    {
        var list = bytes.ToList();
        for (var changes = random.Next(1, 4); changes > 0 && list.Count > 0; changes--)
        {
            var at = random.Next(list.Count);
            switch (random.Next(6))
            {
                case 0: list[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: list[at] = (byte)random.Next(256); break;
                case 2: list.RemoveRange(at, random.Next(list.Count - at)); break;
                case 3: list.InsertRange(at, CAgreementTests.RandomBytes(random, random.Next(1, 12))); break;
                case 4: list.InsertRange(at, Enumerable.Repeat((byte)0xff, random.Next(1, 12))); break;
                default: list.InsertRange(at, list.GetRange(at, random.Next(list.Count - at))); break;
            }
        }

        return [.. list];
    }
}
