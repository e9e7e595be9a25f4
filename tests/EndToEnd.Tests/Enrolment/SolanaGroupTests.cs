using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cryptography;
using DePin.Sdk.Network;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Enrolment;

public sealed class SolanaGroupTests(SolanaDeviceNetwork network) : IClassFixture<SolanaDeviceNetwork>
{
    private const ulong Least = 1_000_000; // lamports; an account needs 890,880
    private static readonly SolanaFeePolicy Quick = new() { PollInterval = TimeSpan.FromMilliseconds(50), ResendEvery = TimeSpan.FromMilliseconds(500) };

    [Fact]
    public async Task Transactions_that_a_node_drops_are_sent_again_or_built_anew_and_each_is_done_once()
    {
        await using var proxy = await RpcProxy.StartAsync(network.Solana.Node.Url, default);
        // The node says that it took every transaction. Each second one it drops at first, and the first of those for ever.
        var sent = new Dictionary<string, (int Order, int Times)>();
        static string IdOf(JsonObject call) => SolanaTransaction.FromBase64(call["params"]![0]!.GetValue<string>()).Id!.Value.ToString();
        bool Passes(string id)
        {
            lock (sent)
            {
                var (order, times) = sent[id] = sent.TryGetValue(id, out var before) ? (before.Order, before.Times + 1) : (sent.Count, 1);
                return order % 2 == 0 || (order > 1 && times > 1);
            }
        }

        proxy.Apply(new RpcFault.Lie(
            (call, _) => new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call["id"]!.DeepClone(), ["result"] = IdOf(call) },
            call => Passes(IdOf(call)) ? call : new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call["id"]!.DeepClone(), ["method"] = "getSlot", ["params"] = new JsonArray() }), "sendTransaction");

        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var rpc = new SolanaRpc(http, new RpcOptions { Urls = [proxy.Url] });
        var to = Enumerable.Range(0, 24).Select(_ => SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey)).ToList();
        var sender = new SolanaTransactionSender(rpc, network.Solana.Key, Quick);
        var told = new List<int>();
        var receipts = await new SolanaTransactionGroup(rpc, sender, Quick).SendAllAsync(
            [.. to.Select((address, i) => new SolanaTransactionRequest(SystemProgram.Transfer(sender.Payer, address, Least + (ulong)i)) { Units = 1_000, Price = 0 })], told.Add, default);

        Assert.Equal(to.Count + 1, sent.Count); // one was built anew
        Assert.All(sent.Values.Where(s => s.Order % 2 == 1 && s.Order < to.Count), s => Assert.True(s.Times > 1));
        Assert.Equal(Enumerable.Range(1, to.Count), told);
        for (var i = 0; i < to.Count; i++)
        {
            Assert.Null(receipts[i].Error);
            Assert.Equal(Least + (ulong)i, (await network.Solana.Rpc.GetBalanceAsync(to[i], Finality.Safe, default)).Value);
        }
    }

    [Fact]
    public async Task A_node_that_falls_silent_once_all_are_sent_is_asked_again_and_each_is_done_once()
    {
        await using var proxy = await RpcProxy.StartAsync(network.Solana.Node.Url, default);
        proxy.Apply(new RpcFault.Drop(), "getSignatureStatuses");
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        const int attempts = 2; // after which a question is given up
        var rpc = new SolanaRpc(http, new RpcOptions { Urls = [proxy.Url], Attempts = attempts });
        var to = Enumerable.Range(0, 3).Select(_ => SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey)).ToList();
        var sender = new SolanaTransactionSender(rpc, network.Solana.Key, Quick);
        var sending = new SolanaTransactionGroup(rpc, sender, Quick).SendAllAsync(
            [.. to.Select(address => new SolanaTransactionRequest(SystemProgram.Transfer(sender.Payer, address, Least)) { Units = 1_000, Price = 0 })], null, default);
        await Eventually.HoldsAsync(() => Task.FromResult(sending.IsCompleted || proxy.Faulted > attempts), "it was asked more than once", default);
        proxy.Clear();
        Assert.All(await sending, receipt => Assert.Null(receipt.Error));
        foreach (var address in to) Assert.Equal(Least, (await network.Solana.Rpc.GetBalanceAsync(address, Finality.Safe, default)).Value);
    }

    [Fact]
    public async Task A_refusal_is_named_and_does_not_keep_the_others_from_being_done()
    {
        var poor = PrivateKey.Generate(KeyType.Ed25519);
        var to = Enumerable.Range(0, 5).Select(_ => SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey)).ToList();
        var sender = network.Solana.Sender;
        var refusal = await Assert.ThrowsAsync<SolanaProgramException>(() => new SolanaTransactionGroup(network.Solana.Rpc, sender, Quick).SendAllAsync(
            [.. to.Select((address, i) => i == 3
                ? new SolanaTransactionRequest(SystemProgram.Transfer(SolanaAddress.Of(poor.PublicKey), address, Least)) { Signers = [poor], Units = 1_000, Price = 0 }
                : new SolanaTransactionRequest(SystemProgram.Transfer(sender.Payer, address, Least)) { Units = 1_000, Price = 0 })], null, default));
        Assert.Equal("ResultWithNegativeLamports", refusal.ErrorName);
        foreach (var (address, i) in to.Select((address, i) => (address, i)))
            Assert.Equal(i == 3 ? 0 : Least, (await network.Solana.Rpc.GetBalanceAsync(address, Finality.Safe, default)).Value);
    }
}
