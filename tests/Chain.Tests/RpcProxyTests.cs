using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Cryptography;
using DePin.TestKit;

namespace DePin.Chain.Tests;

/// <summary>The unreliable node of the fault tests does what its faults say, as the product's own client sees it.</summary>
public sealed class RpcProxyTests : IAsyncLifetime, IDisposable
{
    private static readonly PrivateKey Sender = PrivateKey.Parse(KeyType.Secp256k1, AnvilNode.PrivateKeys[0]);
    private static readonly FeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(20) };
    private static readonly Address Somebody = Address.Parse("0x00000000000000000000000000000000000000aa");
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private AnvilNode _node = null!;
    private RpcProxy _proxy = null!;

    private static CancellationToken Ct => CancellationToken.None;

    public async Task InitializeAsync()
    {
        _node = await AnvilNode.StartAsync();
        _proxy = await RpcProxy.StartAsync(_node.Url, Ct);
    }

    public async Task DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _node.DisposeAsync();
    }

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Passes_single_calls_and_batches_and_counts_them()
    {
        await _node.Rpc.MineAsync(5, Ct);
        var rpc = Client();
        Assert.Equal(5UL, await rpc.GetBlockNumberAsync(Ct));
        Assert.Equal(6, (await rpc.GetHeadersAsync(0, 5, Ct)).Count(h => h is not null));
        Assert.Equal(6, _proxy.CountOf("eth_getBlockByNumber"));
        Assert.Equal(0, _proxy.Faulted);
    }

    [Fact]
    public async Task A_lagging_node_knows_nothing_of_the_newest_blocks()
    {
        await _node.Rpc.MineAsync(10, Ct);
        var rpc = Client();
        using var sender = new TransactionSender(rpc, Sender, Fast);
        var receipt = await sender.SendAsync(new TransactionRequest(Somebody, Array.Empty<byte>()) { Value = 7 }, Ct);
        _proxy.Apply(new RpcFault.Lag(3));
        Assert.Equal(8UL, await rpc.GetBlockNumberAsync(Ct));
        Assert.Equal(8UL, (await rpc.GetHeaderAsync(BlockTag.Latest, Ct))!.Number);
        Assert.Equal(6UL, (await rpc.GetHeaderAsync(BlockTag.Finalized, Ct))!.Number);
        Assert.Null(await rpc.GetHeaderAsync(BlockTag.At(9), Ct));
        Assert.Null(await rpc.GetReceiptAsync(receipt.TransactionHash, Ct));
        Assert.True((await rpc.GetBalanceAsync(Somebody, BlockTag.Latest, Ct)).IsZero);
        Assert.Equal(0UL, await rpc.GetTransactionCountAsync(Sender.Address, BlockTag.Pending, Ct));
        await _node.Rpc.MineAsync(3, Ct);
        Assert.NotNull(await rpc.GetReceiptAsync(receipt.TransactionHash, Ct));
        _proxy.Clear();
        Assert.Equal(14UL, await rpc.GetBlockNumberAsync(Ct));
    }

    [Theory]
    [InlineData("429")]
    [InlineData("503")]
    [InlineData("garbage")]
    [InlineData("drop")]
    [InlineData("stall")]
    public async Task An_end_point_that_fails_is_asked_again_until_it_answers(string fault)
    {
        _proxy.Apply(
            fault switch
            {
                "garbage" => new RpcFault.Garbage(),
                "drop" => new RpcFault.Drop(),
                "stall" => new RpcFault.Stall(),
                _ => new RpcFault.Status(int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture)),
            },
            "eth_blockNumber");
        var rpc = Client(attempts: 1_000);
        Assert.Equal(31337UL, await rpc.GetChainIdAsync(Ct)); // another method passes
        var asking = rpc.GetBlockNumberAsync(Ct);
        await Eventually.HoldsAsync(() => Task.FromResult(_proxy.Faulted >= 2), "it is asked again", Ct);
        Assert.False(asking.IsCompleted);
        _proxy.Clear("eth_blockNumber");
        Assert.Equal(0UL, await asking);
    }

    [Fact]
    public async Task A_held_transaction_is_delivered_even_after_its_sender_gave_up()
    {
        _proxy.Apply(new RpcFault.Stall(Deliver: true), "eth_sendRawTransaction");
        var rpc = Client();
        using var sender = new TransactionSender(rpc, Sender, Fast);
        var transaction = await sender.PrepareAsync(new TransactionRequest(Somebody, Array.Empty<byte>()) { Value = 7 }, Ct);
        await Assert.ThrowsAsync<RpcUnavailableException>(() => Client(attempts: 1).SendRawTransactionAsync(transaction.Raw, Ct));
        Assert.Null(await rpc.GetReceiptAsync(transaction.Hash, Ct));
        _proxy.Clear();
        await Eventually.HoldsAsync(async () => await rpc.GetReceiptAsync(transaction.Hash, Ct) is not null, "it arrives", Ct);
    }

    [Fact]
    public async Task A_provider_is_asked_no_more_than_its_limit_however_large_the_batch()
    {
        await _node.Rpc.MineAsync(250, Ct);
        _proxy.Apply(new RpcFault.Limit(150, TimeSpan.FromSeconds(1)));
        var limited = new EvmRpc(_http, [new RpcEndPoint(_proxy.Url, callsPerSecond: 50)], new RpcOptions());
        Assert.Equal(200, (await limited.GetHeadersAsync(1, 200, Ct)).Count(h => h is not null));
        Assert.Equal(0, _proxy.Limited);

        // The limit is there: who does not keep it meets it, and then rests as long as it is asked to.
        Assert.Equal(200, (await new EvmRpc(_http, new RpcOptions { Urls = [_proxy.Url] }).GetHeadersAsync(1, 200, Ct)).Count(h => h is not null));
        Assert.True(_proxy.Limited > 0);
        Assert.Equal(0, _proxy.Impatient);
    }

    [Fact]
    public async Task Who_asks_to_be_left_alone_rests_that_long_while_another_serves_and_is_asked_again_then()
    {
        await using var backup = await RpcProxy.StartAsync(_node.Url, Ct);
        RpcEndPoint first = new(_proxy.Url), second = new(backup.Url);
        var rpc = new EvmRpc(_http, [first, second], new RpcOptions { Penalty = TimeSpan.FromMilliseconds(1), MaximumDelay = TimeSpan.FromMilliseconds(50) });
        _proxy.Apply(new RpcFault.Limit(0, TimeSpan.FromSeconds(5)));
        await rpc.GetBlockNumberAsync(Ct);
        _proxy.Apply(new RpcFault.Limit(1_000, TimeSpan.FromSeconds(5)));
        Assert.Equal((true, 1L, 1L, 0L), (first.IsResting(TimeProvider.System), first.Requests, first.Failures, second.Failures));
        Assert.Contains("429", first.LastError, StringComparison.Ordinal);

        // Its rest holds for a client that has no other end point as well: it gives up rather than ask.
        var alone = new EvmRpc(_http, [first], new RpcOptions { Attempts = 2, MaximumDelay = TimeSpan.FromMilliseconds(50) });
        Assert.Contains("rests", (await Assert.ThrowsAsync<RpcUnavailableException>(() => alone.GetBlockNumberAsync(Ct))).Message, StringComparison.Ordinal);
        await Eventually.HoldsAsync(
            async () =>
            {
                await rpc.GetBlockNumberAsync(Ct);
                return first.Requests > 1;
            }, "the first is asked again", Ct);
        Assert.True(second.Requests > 1);
        Assert.Equal((1L, 0L), (_proxy.Limited, _proxy.Impatient));
    }

    private EvmRpc Client(int attempts = 8) => new(_http, new RpcOptions
    {
        Urls = [_proxy.Url],
        Attempts = attempts,
        Timeout = TimeSpan.FromSeconds(2),
        FirstDelay = TimeSpan.FromMilliseconds(20),
        MaximumDelay = TimeSpan.FromMilliseconds(100),
    });
}
