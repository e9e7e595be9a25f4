using DePin.Abi.Solana;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cryptography;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

public sealed class SocketTests : IDisposable
{
    private static readonly SolanaAddress Someone = SolanaAddress.Parse("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");

    private static readonly SolanaSocketOptions Fast = new()
    {
        FirstPause = TimeSpan.FromMilliseconds(10),
        LongestPause = TimeSpan.FromMilliseconds(50),
        StuckAfter = TimeSpan.FromMinutes(10),
        ConnectWithin = TimeSpan.FromSeconds(30),
    };

    private readonly CancellationTokenSource _end = new(TimeSpan.FromMinutes(2));

    public void Dispose() => _end.Dispose();

    [Fact]
    public async Task After_a_break_it_subscribes_again_and_says_that_something_may_be_missing()
    {
        await using var node = await StubSocket.StartAsync();
        var socket = new SolanaSocket([node.Url], Fast);
        var broken = new List<string>();
        socket.Broken += broken.Add;
        using var roots = socket.SubscribeToRoots();
        using var logs = socket.SubscribeToLogs(Someone, Finality.Safe);
        var running = socket.RunAsync(_end.Token);
        var notices = roots.ReadAsync(_end.Token).GetAsyncEnumerator();
        Assert.True((await NextAsync(notices)).IsGap);
        await Eventually.HoldsAsync(() => Task.FromResult(node.Calls.Count == 2), "both are asked for", _end.Token);
        Assert.Contains($$"""logsSubscribe[{"mentions":["{{Someone}}"]},{"commitment":"confirmed"}]""", node.Calls);
        await node.NotifyAsync("root", NumberOf(node, "root", 0), "7");
        Assert.Equal((false, 7ul), ((await NextAsync(notices)) is var n ? (n.IsGap, n.Value) : default));

        node.Break();
        Assert.True((await NextAsync(notices)).IsGap);
        Assert.Equal((2, 2L), (node.Connections, socket.Connections));
        await node.NotifyAsync("root", NumberOf(node, "root", 1), "9");
        Assert.Equal(9ul, (await NextAsync(notices)).Value);
        Assert.All(broken, why => Assert.DoesNotContain("secret-key", why, StringComparison.Ordinal));
        Assert.NotEmpty(broken);
        await _end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_node_that_falls_silent_is_left_for_the_next()
    {
        await using var silent = await StubSocket.StartAsync();
        await using var speaks = await StubSocket.StartAsync();
        var socket = new SolanaSocket([silent.Url, speaks.Url], Fast with { StuckAfter = TimeSpan.FromSeconds(2) });
        using var slots = socket.SubscribeToSlots();
        var running = socket.RunAsync(_end.Token);
        var notices = slots.ReadAsync(_end.Token).GetAsyncEnumerator();
        Assert.True((await NextAsync(notices)).IsGap); // granted, and then nothing
        Assert.True((await NextAsync(notices)).IsGap); // granted by the other
        Assert.Equal((1, 1), (silent.Connections, speaks.Connections));
        await speaks.NotifyAsync("slot", 101, """{"slot":12,"parent":11,"root":3}""");
        Assert.Equal(new SolanaSlotNotice(12, 11, 3), (await NextAsync(notices)).Value);
        await _end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_quiet_account_is_no_reason_to_leave()
    {
        await using var node = await StubSocket.StartAsync();
        var socket = new SolanaSocket([node.Url], Fast with { StuckAfter = TimeSpan.FromMilliseconds(50) });
        using var account = socket.SubscribeToAccount(Someone, Finality.Finalized);
        var running = socket.RunAsync(_end.Token);
        var notices = account.ReadAsync(_end.Token).GetAsyncEnumerator();
        Assert.True((await NextAsync(notices)).IsGap);
        await Task.Delay(500);
        await node.NotifyAsync("account", 101, """{"context":{"slot":5},"value":{"data":["AQ==","base64"],"executable":false,"lamports":3,"owner":"11111111111111111111111111111111","rentEpoch":0,"space":1}}""");
        var notice = (await NextAsync(notices)).Value;
        Assert.Equal((5ul, 3ul), (notice.Slot, notice.Account!.Lamports));
        Assert.Equal(1, node.Connections);
        await _end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_subscription_that_the_node_does_not_take_ends_with_its_refusal_and_the_others_go_on()
    {
        await using var node = await StubSocket.StartAsync();
        var answer = node.Answer;
        node.Answer = (call, number) => call["method"]!.GetValue<string>() == "rootSubscribe"
            ? $$"""{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":{{call["id"]}}}"""
            : answer(call, number);
        var socket = new SolanaSocket([node.Url], Fast);
        using var roots = socket.SubscribeToRoots();
        using var signature = socket.SubscribeToSignature(new TransactionId("x"), Finality.Safe);
        var running = socket.RunAsync(_end.Token);
        var error = await Assert.ThrowsAsync<SolanaRpcException>(() => roots.ReadAsync(_end.Token).GetAsyncEnumerator().MoveNextAsync().AsTask());
        Assert.Equal(RpcErrorKind.Unsupported, error.Kind);

        var notices = signature.ReadAsync(_end.Token).GetAsyncEnumerator();
        Assert.True((await NextAsync(notices)).IsGap);
        await node.NotifyAsync("signature", NumberOf(node, "signature", 0), """{"context":{"slot":8},"value":{"err":null}}""");
        Assert.Equal(8ul, (await NextAsync(notices)).Value.Slot);
        Assert.False(await notices.MoveNextAsync()); // there is only one
        Assert.Equal(1, node.Connections);
        await _end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Notices_that_nobody_reads_take_bounded_room_and_their_loss_is_told()
    {
        await using var node = await StubSocket.StartAsync();
        var socket = new SolanaSocket([node.Url], Fast with { MaximumWaiting = 4 });
        using var roots = socket.SubscribeToRoots();
        using var slots = socket.SubscribeToSlots();
        var running = socket.RunAsync(_end.Token);
        var marks = slots.ReadAsync(_end.Token).GetAsyncEnumerator();
        Assert.True((await NextAsync(marks)).IsGap);
        var number = NumberOf(node, "root", 0);
        for (var i = 1; i <= 20; i++) await node.NotifyAsync("root", number, $"{i}");
        await node.NotifyAsync("slot", NumberOf(node, "slot", 0), """{"slot":1,"parent":0,"root":0}""");
        await NextAsync(marks); // so the twenty have arrived

        var notices = roots.ReadAsync(_end.Token).GetAsyncEnumerator();
        Assert.True((await NextAsync(notices)).IsGap);
        for (var i = 1ul; i <= 3; i++) Assert.Equal(i, (await NextAsync(notices)).Value);
        await node.NotifyAsync("root", number, "21");
        Assert.True((await NextAsync(notices)).IsGap);
        Assert.Equal(21ul, (await NextAsync(notices)).Value);
        await _end.CancelAsync();
        await running;
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","method":"rootNotification","params":{"result":"x","subscription":101}}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"rootNotification"}""")]
    [InlineData("""{"jsonrpc":"2.0","meth""")]
    [InlineData("7")]
    public async Task A_message_of_another_form_ends_the_connection_and_another_is_made(string message)
    {
        await using var node = await StubSocket.StartAsync();
        var socket = new SolanaSocket([node.Url], Fast);
        using var roots = socket.SubscribeToRoots();
        var running = socket.RunAsync(_end.Token);
        var notices = roots.ReadAsync(_end.Token).GetAsyncEnumerator();
        Assert.True((await NextAsync(notices)).IsGap);
        await node.SendAsync(message);
        Assert.True((await NextAsync(notices)).IsGap);
        Assert.Equal(2, node.Connections);
        await _end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_message_beyond_the_bound_is_not_read()
    {
        await using var node = await StubSocket.StartAsync();
        var socket = new SolanaSocket([node.Url], Fast with { MaximumMessage = 100_000 });
        using var roots = socket.SubscribeToRoots();
        var running = socket.RunAsync(_end.Token);
        var notices = roots.ReadAsync(_end.Token).GetAsyncEnumerator();
        Assert.True((await NextAsync(notices)).IsGap);
        await node.SendAsync($$"""{"jsonrpc":"2.0","x":"{{new string('y', 90_000)}}"}"""); // long, not too long
        await node.NotifyAsync("root", 101, "1");
        Assert.Equal(1ul, (await NextAsync(notices)).Value);
        _ = await Record.ExceptionAsync(() => node.SendAsync($$"""{"jsonrpc":"2.0","x":"{{new string('y', 100_000)}}"}""")); // the client may leave before it is all sent
        Assert.True((await NextAsync(notices)).IsGap);
        Assert.Equal(2, node.Connections);
        await _end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Slots_are_heard_of_while_a_subscription_speaks_and_asked_for_while_none_does()
    {
        await using var socketNode = await StubSocket.StartAsync();
        await using var node = await SolanaStub.StartAsync();
        var slot = 10;
        node.On("getSlot", _ => $"{slot}");
        var socket = new SolanaSocket([socketNode.Url], Fast);
        var slots = new SolanaSlots(node.Rpc(), socket, TimeSpan.FromMilliseconds(200));
        var found = new List<ulong>();
        var running = slots.RunAsync(found.Add, _end.Token);
        await Eventually.HoldsAsync(() => Task.FromResult(slots.Newest == 10), "asked, as no socket stands", _end.Token);
        slot = 11;
        await Eventually.HoldsAsync(() => Task.FromResult(slots.Newest == 11), "asked again", _end.Token);

        var listening = socket.RunAsync(_end.Token);
        await Eventually.HoldsAsync(() => Task.FromResult(!socketNode.Calls.IsEmpty), "subscribed", _end.Token);
        for (var i = 0ul; i < 20; i++)
        {
            await socketNode.NotifyAsync("slot", 101, $$"""{"slot":{{20 + i}},"parent":1,"root":1}""");
            await socketNode.NotifyAsync("slot", 101, $$"""{"slot":{{5 + i}},"parent":1,"root":1}"""); // never back
            await Task.Delay(50);
        }

        Assert.True(slots.Newest is >= 38 and <= 39);
        slot = 50;
        await Eventually.HoldsAsync(() => Task.FromResult(slots.Newest == 50), "asked once the subscription is silent", _end.Token);
        Assert.Equal(found.Order().Distinct(), found);
        await _end.CancelAsync();
        await Task.WhenAll(running, listening);
    }

    [Fact]
    public async Task Hears_of_slots_accounts_logs_and_signatures_from_a_real_runtime()
    {
        await using var node = await SurfpoolNode.StartAsync(ct: _end.Token);
        using var http = new HttpClient();
        var rpc = new SolanaRpc(http, new RpcOptions { Urls = [node.Url] });
        var someone = new SolanaAddress(PrivateKey.Generate(KeyType.Ed25519).PublicKey.Bytes);
        var socket = new SolanaSocket([node.WebSocket], Fast);
        using var slots = socket.SubscribeToSlots();
        using var accounts = socket.SubscribeToAccount(someone, Finality.Safe);
        using var logs = socket.SubscribeToLogs(someone, Finality.Safe);
        var running = socket.RunAsync(_end.Token);
        var (slot, account, log) = (slots.ReadAsync(_end.Token).GetAsyncEnumerator(), accounts.ReadAsync(_end.Token).GetAsyncEnumerator(), logs.ReadAsync(_end.Token).GetAsyncEnumerator());
        Assert.True((await NextAsync(slot)).IsGap && (await NextAsync(account)).IsGap && (await NextAsync(log)).IsGap);
        Assert.True((await NextAsync(slot)).Value.Slot > 0);

        var id = await rpc.RequestAirdropAsync(someone, 4_000_000_000, _end.Token);
        using var signature = socket.SubscribeToSignature(id, Finality.Finalized);
        Assert.Equal(4_000_000_000ul, (await NextAsync(account)).Value.Account!.Lamports);
        Assert.Equal(id, (await NextAsync(log)).Value.Id);
        var final = signature.ReadAsync(_end.Token).GetAsyncEnumerator();
        Assert.True((await NextAsync(final)).IsGap);
        Assert.True((await NextAsync(final)).Value.Slot > 0);
        Assert.False(await final.MoveNextAsync());
        await _end.CancelAsync();
        await running;
    }

    private static async Task<SolanaNotice<T>> NextAsync<T>(IAsyncEnumerator<SolanaNotice<T>> notices)
    {
        Assert.True(await notices.MoveNextAsync());
        return notices.Current;
    }

    // The stub's number of the subscription: of the nth connection, by its place among that connection's calls.
    private static ulong NumberOf(StubSocket node, string kind, int connection)
    {
        var calls = node.Calls.ToArray();
        var at = calls.Select((call, i) => (call, i)).Where(c => c.call.StartsWith(kind, StringComparison.Ordinal)).ElementAt(connection).i;
        var perConnection = calls.Length / (connection + 1);
        return (ulong)((100 * (connection + 1)) + (at - (connection * perConnection)) + 1);
    }
}
