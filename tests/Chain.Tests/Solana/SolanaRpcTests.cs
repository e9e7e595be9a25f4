using System.Text.Json;
using DePin.Abi.Solana;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;

namespace DePin.Chain.Tests.Solana;

/// <summary>What Surfpool cannot do, on a stub.</summary>
public sealed class SolanaRpcTests
{
    private const string Hash = "GWGTujQWs6UpoB3Xwgv7XhRuE25a8e8NPHVsGZz21dxz";
    private static readonly SolanaAddress Someone = SolanaAddress.Parse("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
    private readonly CancellationToken _ct = CancellationToken.None;

    [Theory]
    [InlineData(-32007, RpcErrorKind.SlotSkipped)]
    [InlineData(-32009, RpcErrorKind.SlotSkipped)]
    [InlineData(-32004, RpcErrorKind.BlockNotAvailable)]
    [InlineData(-32014, RpcErrorKind.BlockNotAvailable)]
    [InlineData(-32001, RpcErrorKind.BlockCleanedUp)]
    [InlineData(-32015, RpcErrorKind.UnsupportedTransactionVersion)]
    [InlineData(-32011, RpcErrorKind.Unsupported)]
    [InlineData(-32601, RpcErrorKind.Unsupported)]
    [InlineData(-32602, RpcErrorKind.Other)]
    public async Task Refusals_are_told_apart_and_not_asked_again(int code, RpcErrorKind kind)
    {
        await using var node = await SolanaStub.StartAsync();
        node.On("getBlock", SolanaStub.Error(code, "as the node says"));
        var error = await Assert.ThrowsAsync<SolanaRpcException>(() => node.Rpc().GetBlockAsync(7, Finality.Finalized, _ct));
        Assert.Equal((kind, code, 1), (error.Kind, error.Code, node.Requests));
    }

    [Fact]
    public async Task A_node_that_is_behind_is_left_for_another()
    {
        await using var behind = await SolanaStub.StartAsync();
        await using var well = await SolanaStub.StartAsync();
        behind.On("getSlot", SolanaStub.Error(-32005, "Node is behind by 42 slots", """{"numSlotsBehind":42}"""));
        well.On("getSlot", "1000");
        Assert.Equal(1000ul, await behind.Rpc(well).GetSlotAsync(Finality.Finalized, _ct));

        // The health of the first is an answer, not a failure.
        behind.On("getHealth", SolanaStub.Error(-32005, "Node is behind by 42 slots", """{"numSlotsBehind":42}"""));
        Assert.Equal(42ul, await behind.Rpc(well).GetSlotsBehindAsync(_ct));
        well.On("getHealth", "\"ok\"");
        Assert.Equal(0ul, await well.Rpc().GetSlotsBehindAsync(_ct));
    }

    [Fact]
    public async Task A_node_that_has_not_reached_the_least_slot_is_asked_again_and_named_as_the_cause_in_the_end()
    {
        await using var node = await SolanaStub.StartAsync();
        var left = 3;
        node.On("getSlot", parameters =>
        {
            Assert.Equal(90ul, parameters[0]!["minContextSlot"]!.GetValue<ulong>());
            return left-- > 0 ? SolanaStub.Error(-32016, "Minimum context slot has not been reached", """{"contextSlot":80}""") : "91";
        });
        Assert.Equal(91ul, await node.Rpc().GetSlotAsync(Finality.Safe, _ct, 90));
        Assert.Equal(4, node.Requests);

        left = int.MaxValue;
        var error = await Assert.ThrowsAsync<RpcUnavailableException>(() => node.Rpc().GetSlotAsync(Finality.Safe, _ct, 90));
        var cause = Assert.IsType<SolanaRpcException>(error.InnerException);
        Assert.Equal((RpcErrorKind.MinimumContextSlotNotReached, 80ul), (cause.Kind, cause.ContextSlot));
    }

    [Fact]
    public async Task A_refused_transaction_tells_why_and_keeps_the_logs()
    {
        await using var node = await SolanaStub.StartAsync();
        node.On("sendTransaction", SolanaStub.Error(-32002, "Transaction simulation failed: custom program error: 0x1771", """{"err":{"InstructionError":[2,{"Custom":6001}]},"logs":["one","two"],"unitsConsumed":150}"""));
        var error = await Assert.ThrowsAsync<SolanaRpcException>(() => node.Rpc().SendTransactionAsync(Transaction(1), Finality.Safe, _ct));
        Assert.Equal(RpcErrorKind.TransactionRefused, error.Kind);
        Assert.Equal(new SolanaTransactionError("InstructionError", 2, "Custom", 6001), error.TransactionError);
        Assert.Equal(["one", "two"], error.Logs.ToArray());
    }

    [Theory]
    [InlineData("null", null, null, null, null)]
    [InlineData("\"AccountNotFound\"", "AccountNotFound", null, null, null)]
    [InlineData("""{"InstructionError":[3,"InvalidArgument"]}""", "InstructionError", 3, "InvalidArgument", null)]
    [InlineData("""{"InstructionError":[0,{"Custom":4294967295}]}""", "InstructionError", 0, "Custom", 4294967295u)]
    [InlineData("""{"InstructionError":[0,{"BorshIoError":"x"}]}""", "InstructionError", 0, "BorshIoError", null)]
    [InlineData("""{"InsufficientFundsForRent":{"account_index":1}}""", "InsufficientFundsForRent", null, null, null)]
    [InlineData("""{"DuplicateInstruction":4}""", "DuplicateInstruction", null, null, null)]
    [InlineData("""{"InstructionError":7}""", "InstructionError", null, null, null)]
    [InlineData("7", "Unknown", null, null, null)]
    [InlineData("{}", "Unknown", null, null, null)]
    public async Task Whatever_a_node_gives_as_err_is_no_success_unless_it_is_null(string err, string? kind, int? instruction, string? name, uint? custom)
    {
        await using var node = await SolanaStub.StartAsync();
        node.On("getSignatureStatuses", SolanaStub.Context(10, $$"""[{"slot":9,"confirmations":1,"err":{{err}},"status":{"Ok":null},"confirmationStatus":"confirmed"}]"""));
        var status = Assert.Single((await node.Rpc().GetSignatureStatusesAsync([Id(1)], true, _ct)).Value);
        Assert.Equal(kind is null ? null : new SolanaTransactionError(kind, instruction, name, custom), status!.Error);
        Assert.Equal(Finality.Safe, status.Confirmation);
    }

    [Fact]
    public async Task Batches_are_used_where_the_node_takes_them_and_calls_made_one_by_one_where_it_does_not()
    {
        await using var node = await SolanaStub.StartAsync();
        node.On("getMinimumBalanceForRentExemption", parameters => $"{parameters[0]!.GetValue<ulong>() * 2}");
        var calls = Enumerable.Range(0, 250).Select(i => new RpcCall("getMinimumBalanceForRentExemption", w => w.WriteNumberValue(i))).ToArray();
        var expected = Enumerable.Range(0, 250).Select(i => 2ul * (ulong)i);
        RpcResultReader<ulong> read = static (ref Utf8JsonReader r) => r.GetUInt64();
        var rpc = node.Rpc();
        Assert.Equal(expected, await rpc.BatchAsync(calls, read, _ct));
        Assert.Equal((3, false), (node.Requests, rpc.RefusesBatches));

        node.RefusesBatches = true;
        Assert.Equal(expected, await rpc.BatchAsync(calls, read, _ct));
        Assert.Equal((3 + 1 + 250, true), (node.Requests, rpc.RefusesBatches));
        Assert.Equal(expected, await rpc.BatchAsync(calls, read, _ct)); // and is not asked for one again
        Assert.Equal(3 + 1 + 500, node.Requests);
    }

    [Fact]
    public async Task A_call_that_is_refused_within_a_batch_does_not_count_as_a_refusal_of_batches()
    {
        await using var node = await SolanaStub.StartAsync();
        node.On("getBlockTime", parameters => parameters[0]!.GetValue<ulong>() == 2 ? SolanaStub.Error(-32600, "odd") : "5");
        var rpc = node.Rpc();
        var calls = Enumerable.Range(0, 4).Select(i => new RpcCall("getBlockTime", w => w.WriteNumberValue(i))).ToArray();
        await Assert.ThrowsAsync<SolanaRpcException>(() => rpc.BatchAsync(calls, (ref Utf8JsonReader r) => r.GetUInt64(), _ct));
        Assert.Equal((1, false), (node.Requests, rpc.RefusesBatches));
    }

    [Theory]
    [InlineData("""{"value":{"blockhash":"x","lastValidBlockHeight":1}}""")]
    [InlineData("""{"context":{"slot":-1},"value":{"blockhash":"GWGTujQWs6UpoB3Xwgv7XhRuE25a8e8NPHVsGZz21dxz","lastValidBlockHeight":1}}""")]
    [InlineData("""{"context":{"slot":1},"value":{"blockhash":"GWGTujQWs6UpoB3Xwgv7XhRuE25a8e8NPHVsGZz21dxz","lastValidBlockHeight":"1"}}""")]
    [InlineData("""{"context":{"slot":1},"value":{"blockhash":"GWGTujQWs6UpoB3Xwgv7XhRuE25a8e8NPHVsGZz21d0","lastValidBlockHeight":1}}""")]
    [InlineData("""{"context":{"slot":1},"value":null}""")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"context":{"slot":1},"value":{"blockhash":"GWGTujQ""")]
    public async Task An_answer_of_another_form_or_cut_short_is_asked_again(string broken)
    {
        await using var node = await SolanaStub.StartAsync();
        node.On("getLatestBlockhash", _ => node.CountOf("getLatestBlockhash") < 3 ? broken : SolanaStub.Context(1ul << 53, $$"""{"blockhash":"{{Hash}}","lastValidBlockHeight":18446744073709551615}"""));
        var found = await node.Rpc().GetLatestBlockhashAsync(Finality.Safe, _ct);
        Assert.Equal(new SolanaContext<SolanaBlockhash>(1ul << 53, new SolanaBlockhash(SolanaAddress.Parse(Hash).ToBytes32(), ulong.MaxValue)), found);
        Assert.Equal(3, node.Requests);
    }

    [Fact]
    public async Task Answers_to_another_question_are_not_taken()
    {
        await using var node = await SolanaStub.StartAsync();
        await using var honest = await SolanaStub.StartAsync();
        var account = $$"""{"data":["AQI=","base64"],"executable":false,"lamports":18446744073709551615,"owner":"{{Someone}}","rentEpoch":1.8446744073709552e19,"space":2}""";
        var transaction = $$"""{"slot":5,"blockTime":null,"transaction":["{{Convert.ToBase64String(Transaction(1))}}","base64"],"meta":{"err":null,"fee":5000},"version":"legacy"}""";
        node.On("getMultipleAccounts", SolanaStub.Context(1, $"[{account}]")).On("getTransaction", transaction).On("getBlocks", "[5,4]").On("sendTransaction", $"\"{Id(9)}\"").On("getSignatureStatuses", SolanaStub.Context(1, "[]"));
        honest.On("getMultipleAccounts", SolanaStub.Context(1, $"[{account},null]")).On("getTransaction", "null").On("getBlocks", "[4,9]").On("sendTransaction", $"\"{Id(1)}\"").On("getSignatureStatuses", SolanaStub.Context(1, "[null]"));
        var rpc = node.Rpc(honest);

        var accounts = (await rpc.GetMultipleAccountsAsync([Someone, SolanaAddress.Zero], Finality.Finalized, _ct)).Value;
        Assert.Equal((2, ulong.MaxValue), (accounts.Count, accounts[0]!.Lamports));
        Assert.Equal([1, 2], accounts[0]!.Data.ToArray());
        Assert.Null(accounts[1]);
        Assert.Null(await rpc.GetTransactionAsync(Id(2), Finality.Safe, _ct));
        Assert.Equal([4ul, 9ul], await rpc.GetBlocksAsync(4, 9, Finality.Safe, _ct));
        Assert.Equal(Id(1), await rpc.SendTransactionAsync(Transaction(1), null, _ct));
        Assert.Null(Assert.Single((await rpc.GetSignatureStatusesAsync([Id(1)], false, _ct)).Value));
    }

    [Fact]
    public async Task A_block_gives_its_transactions_their_logs_calls_and_loaded_addresses()
    {
        await using var node = await SolanaStub.StartAsync();
        node.On("getBlock", parameters =>
        {
            Assert.Equal("""[12,{"encoding":"base64","transactionDetails":"full","rewards":false,"maxSupportedTransactionVersion":0,"commitment":"finalized"}]""", parameters.ToJsonString());
            return $$$"""
                {"blockHeight":9,"blockTime":1700000000,"blockhash":"{{{Hash}}}","parentSlot":10,"previousBlockhash":"{{{Someone}}}","transactions":[
                {"transaction":["{{{Convert.ToBase64String(Transaction(3))}}}","base64"],"version":0,"meta":{"err":{"InstructionError":[0,{"Custom":1}]},"fee":5000,"computeUnitsConsumed":77,"logMessages":["a"],
                "innerInstructions":[{"index":1,"instructions":[{"programIdIndex":4,"accounts":[0,1],"data":"3Bxs","stackHeight":2}]}],"loadedAddresses":{"writable":["{{{Someone}}}"],"readonly":[] } } },
                {"transaction":["{{{Convert.ToBase64String(Transaction(4))}}}","base64"],"version":"legacy","meta":{"err":null,"fee":5000,"logMessages":null,"innerInstructions":null}}]}
                """;
        });
        var block = await node.Rpc().GetBlockAsync(12, Finality.Finalized, _ct);
        Assert.Equal((12ul, 10ul, 9ul, 1_700_000_000L), (block!.Slot, block.ParentSlot, block.Height!.Value, block.Time!.Value));
        Assert.Equal([Id(3), Id(4)], block.Transactions.Select(t => t.Id));
        var (failed, succeeded) = (block.Transactions[0].Meta, block.Transactions[1].Meta);
        Assert.Equal(1u, failed.Error!.Custom);
        Assert.Equal((77ul, "a"), (failed.ComputeUnits!.Value, Assert.Single(failed.Logs)));
        var inner = Assert.Single(failed.InnerInstructions);
        Assert.Equal((1, 4, 2), (inner.Outer, inner.ProgramIndex, inner.StackHeight!.Value));
        Assert.Equal([0, 1], inner.Accounts.ToArray());
        Assert.Equal("3Bxs", Base58.Encode(inner.Data.Span));
        Assert.Equal(Someone, Assert.Single(failed.LoadedWritable));
        Assert.Null(succeeded.Error);
        Assert.True(succeeded.Logs.IsDefault && succeeded.InnerInstructions.IsDefault && succeeded.LoadedWritable.IsEmpty);

        node.On("getBlock", "null");
        Assert.Null(await node.Rpc().GetBlockAsync(13, Finality.Safe, _ct));
        await Assert.ThrowsAsync<ArgumentException>(() => node.Rpc().GetBlockAsync(13, Finality.Latest, _ct));
    }

    [Fact]
    public async Task A_broadcast_reaches_every_node_and_one_that_takes_it_is_enough()
    {
        await using var refuses = await SolanaStub.StartAsync();
        await using var takes = await SolanaStub.StartAsync();
        refuses.On("sendTransaction", SolanaStub.Error(-32002, "no", """{"err":"BlockhashNotFound","logs":[]}"""));
        takes.On("sendTransaction", $"\"{Id(5)}\"");
        Assert.Equal(Id(5), await refuses.Rpc(takes).BroadcastTransactionAsync(Transaction(5), _ct));
        Assert.Equal((1, 1), (refuses.Requests, takes.Requests));

        takes.Node.Answer = (context, _) => StubNode.TextAsync(context, "no", 503);
        var error = await Assert.ThrowsAsync<SolanaRpcException>(() => refuses.Rpc(takes).BroadcastTransactionAsync(Transaction(5), _ct));
        Assert.True(error.TransactionError!.IsBlockhashNotFound);
    }

    [Fact]
    public async Task An_answer_beyond_the_bound_is_not_read()
    {
        await using var node = await SolanaStub.StartAsync();
        node.On("getGenesisHash", $"\"{new string('1', 100_000)}\"");
        using var http = new HttpClient();
        var rpc = new SolanaRpc(http, SolanaStub.Options([node.Url]) with { MaximumAnswer = 50_000, Attempts = 2 });
        var error = await Assert.ThrowsAsync<RpcUnavailableException>(() => rpc.GetGenesisHashAsync(_ct));
        Assert.Contains("too large", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cluster_is_named_by_its_genesis_hash_as_CAIP_30_says() =>
        Assert.Equal("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", ChainId.Solana(SolanaAddress.Parse("5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d").ToBytes32()).ToString());

    private static TransactionId Id(byte seed) => new(Base58.Encode(Enumerable.Repeat(seed, 64).ToArray()));

    private static byte[] Transaction(byte seed) => [1, .. Enumerable.Repeat(seed, 64), 1, 0, 0, 0];
}
