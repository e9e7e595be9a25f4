using System.Text.Json;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;

namespace DePin.Chain.Tests;

public sealed class RpcTests : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationToken _ct = CancellationToken.None;

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_batch_keeps_the_order_of_its_calls_whatever_the_order_of_the_answers()
    {
        await using var node = await StubNode.StartAsync();
        var calls = Enumerable.Range(0, 250).Select(_ => new RpcCall("eth_blockNumber")).ToArray();
        var results = await Rpc(node).BatchAsync(calls, (ref Utf8JsonReader r) => r.GetString(), _ct);
        Assert.Equal(Enumerable.Range(0, 250).Select(i => $"0x{(i % 100) + 1:x}"), results);
        Assert.Equal(3, node.Requests);
    }

    [Fact]
    public async Task Is_asked_again_after_429_5xx_broken_truncated_and_mismatched_answers()
    {
        await using var node = await StubNode.StartAsync();
        string[] bad =
        [
            "429", "503", "<html>gateway</html>", """{"jsonrpc":"2.0","id":1,"resu""", """{"jsonrpc":"2.0","id":7,"result":"0x10"}""", """{"jsonrpc":"2.0","id":1}""",
            """{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"rate limit exceeded"}}""", "",
        ];
        var next = 0;
        node.Answer = (context, request) =>
        {
            if (next == bad.Length) return StubNode.ResultAsync(context, request);
            var text = bad[next++];
            return text is "429" or "503" ? StubNode.TextAsync(context, "no", int.Parse(text, null)) : StubNode.TextAsync(context, text, 200);
        };
        Assert.Equal(1ul, await Rpc(node, attempts: bad.Length + 1).GetBlockNumberAsync(_ct));
        Assert.Equal(bad.Length + 1, node.Requests);
    }

    [Fact]
    public async Task A_connection_cut_in_the_middle_of_an_answer_is_asked_again_and_leaves_no_logs_behind()
    {
        await using var node = await StubNode.StartAsync();
        var log = $$"""{"address":"0x5fbdb2315678afecb367f032d93f642f64180aa3","topics":[],"data":"0x","blockHash":"0x{{new string('3', 64)}}","blockNumber":"0x10","transactionHash":"0x{{new string('4', 64)}}","transactionIndex":"0x0","logIndex":"0x7"}""";
        var answer = $$"""{"jsonrpc":"2.0","id":1,"result":[{{log}},{{log}}]}""";
        node.Answer = async (context, _) =>
        {
            if (node.Requests < 3)
            {
                context.Response.ContentLength = answer.Length;
                await StubNode.TextAsync(context, answer[..^10], 200);
                await context.Response.Body.FlushAsync();
                context.Abort();
                return;
            }

            // Once more cut, but as a whole HTTP answer.
            await StubNode.TextAsync(context, node.Requests == 3 ? answer[..^10] : answer, 200);
        };
        var logs = await Rpc(node).GetLogsAsync(new EvmLogFilter { FromBlock = 1, ToBlock = 2 }, _ct);
        Assert.Equal(2, logs.Count);
        Assert.Equal(4, node.Requests);
    }

    [Fact]
    public async Task A_stalled_end_point_is_left_for_the_next_and_returned_to_when_it_is_well()
    {
        await using var primary = await StubNode.StartAsync();
        await using var backup = await StubNode.StartAsync();
        primary.Answer = (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted);
        var clock = new ManualClock();
        var rpc = new EvmRpc(_http, Options([primary.Url, backup.Url]) with { Timeout = TimeSpan.FromSeconds(4) }, clock);
        Assert.Equal(1ul, await rpc.GetBlockNumberAsync(_ct));
        Assert.Equal((1, 1), (primary.Requests, backup.Requests));

        // While the penalty lasts the primary is not even asked.
        primary.Answer = StubNode.ResultAsync;
        Assert.Equal(1ul, await rpc.GetBlockNumberAsync(_ct));
        Assert.Equal((1, 2), (primary.Requests, backup.Requests));

        clock.Advance(TimeSpan.FromSeconds(4));
        await rpc.GetBlockNumberAsync(_ct);
        await rpc.GetBlockNumberAsync(_ct);
        Assert.Equal((3, 2), (primary.Requests, backup.Requests));
    }

    [Fact]
    public async Task When_none_answers_the_error_names_hosts_and_reasons_but_no_keys()
    {
        await using var node = await StubNode.StartAsync();
        node.Answer = (context, _) => StubNode.TextAsync(context, "no", 502);
        var gone = new Uri("http://user:pass@127.0.0.1:1/v3/secret-key");
        var rpc = new EvmRpc(_http, Options([node.Url, gone]) with { Attempts = 4 });
        var error = await Assert.ThrowsAsync<RpcUnavailableException>(() => rpc.GetBlockNumberAsync(_ct));
        Assert.Contains("HTTP 502", error.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1: cannot connect", error.Message, StringComparison.Ordinal);
        foreach (var secret in new[] { "secret-key", "hidden", "pass" }) Assert.DoesNotContain(secret, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_node_refuses_is_not_asked_again()
    {
        await using var node = await StubNode.StartAsync();
        foreach (var (message, kind) in new[]
        {
            ("query returned more than 10000 results", RpcErrorKind.RangeTooLarge), ("nonce too low: next nonce 5, tx nonce 4", RpcErrorKind.NonceTooLow),
            ("already known", RpcErrorKind.AlreadyKnown), ("replacement transaction underpriced", RpcErrorKind.ReplacementUnderpriced), ("unknown block", RpcErrorKind.UnknownBlock),
        })
        {
            var before = node.Requests;
            node.Answer = (context, _) => StubNode.TextAsync(context, $$$"""{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"{{{message}}}"}}""", 200);
            var error = await Assert.ThrowsAsync<RpcException>(() => Rpc(node).GetBlockNumberAsync(_ct));
            Assert.Equal(kind, error.Kind);
            Assert.Equal(before + 1, node.Requests);
        }
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_at_once()
    {
        await using var node = await StubNode.StartAsync();
        node.Answer = (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted);
        using var cancel = new CancellationTokenSource();
        var call = Rpc([node], TimeSpan.FromMinutes(10)).GetBlockNumberAsync(cancel.Token);
        await TestKit.Eventually.HoldsAsync(() => Task.FromResult(node.Requests == 1), "the request arrived", _ct);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Theory]
    [InlineData("""{"address":"0x5fbdb2315678afecb367f032d93f642f64180aa3","topics":["0x12"],"data":"0x"}""")]
    [InlineData("""{"address":"0x5fbdb2315678afecb367f032d93f642f64180aa3","topics":[],"data":"0x123"}""")]
    [InlineData("""{"topics":[],"data":"0x"}""")]
    [InlineData("7")]
    public void A_log_that_is_not_whole_is_a_broken_answer(string log) => Assert.Throws<JsonException>(() =>
    {
        var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes($"[{log}]"));
        reader.Read();
        EvmLogReader.ReadArray(ref reader, new EvmLogBatch());
    });

    [Fact]
    public void Chain_ids_are_caip_2()
    {
        Assert.Equal("eip155:8453", ChainId.Evm(8453).ToString());
        Assert.Equal(ChainId.Evm(1), ChainId.Parse("eip155:1"));
        Assert.Equal(new ChainId("solana", "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"), ChainId.Parse("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"));
        Assert.Throws<FormatException>(() => ChainId.Parse("1"));
    }

    private EvmRpc Rpc(StubNode node, int attempts = 8) => new(_http, Options([node.Url]) with { Attempts = attempts });

    private EvmRpc Rpc(StubNode[] nodes, TimeSpan timeout) => new(_http, Options([.. nodes.Select(n => n.Url)]) with { Timeout = timeout });

    // Penalties are reckoned on it; time-outs and waits run by the wall clock.
    private sealed class ManualClock : TimeProvider
    {
        private long _now = 1;

        public override long GetTimestamp() => Volatile.Read(ref _now);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);
    }

    private static RpcOptions Options(IReadOnlyList<Uri> urls) => new()
    {
        Urls = urls,
        Timeout = TimeSpan.FromSeconds(60),
        FirstDelay = TimeSpan.FromMilliseconds(5),
        MaximumDelay = TimeSpan.FromMilliseconds(20),
        Penalty = TimeSpan.FromSeconds(3),
    };
}
