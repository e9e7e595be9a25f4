using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cryptography;
using DePin.Oracle.Transmit;
using DePin.Storage.Oracle;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Oracle.Tests;

/// <summary>An operator's transactions on Solana, where what is not included in time expires.</summary>
public sealed class SolanaTransmitterTests : IAsyncLifetime, IDisposable
{
    private static readonly Bytes32 First = Keccak256.Hash("first"u8);
    private static readonly Bytes32 Second = Keccak256.Hash("second"u8);

    private readonly HttpClient _http = new();
    private SurfpoolNode _node = null!;
    private RpcProxy _proxy = null!;
    private TestDatabase _database = null!;
    private SolanaTransactionSender _sender = null!;
    private SolanaVerifierTransactions _chain = null!;
    private Transmitter _transmitter = null!;

    private static CancellationToken Ct => CancellationToken.None;

    public async Task InitializeAsync()
    {
        _node = await SurfpoolNode.StartAsync(ct: Ct);
        _proxy = await RpcProxy.StartAsync(_node.Url, Ct);
        _database = await TestDatabase.CreateAsync(ct: Ct);
        var rpc = new SolanaRpc(_http, new RpcOptions { Urls = [_proxy.Url] });
        _sender = new SolanaTransactionSender(rpc, PrivateKey.Generate(KeyType.Ed25519), new SolanaFeePolicy { PollInterval = TimeSpan.FromMilliseconds(50) });
        await _node.Rpc.SetBalanceAsync(_sender.Payer.ToString(), 10_000_000_000, Ct);
        _chain = new SolanaVerifierTransactions(rpc, _sender, ChainId.Solana(First), new SolanaNetwork(SolanaAddress.From(First), SolanaAddress.From(Second)));
        _transmitter = new Transmitter(
            default, Address.Zero, new TransmissionStore(_database.DataSource), _chain, new TransmitOptions { MaxAttempts = 1 }, TimeProvider.System, NullLogger<Transmitter>.Instance);
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        await _proxy.DisposeAsync();
        await _node.DisposeAsync();
    }

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task What_the_node_drops_expires_and_is_prepared_anew_and_lands_once()
    {
        DropTransactions();
        Assert.True(await SendAsync(First));
        Assert.False(await SendAsync(First)); // one at a time
        await Eventually.HoldsAsync(async () => !await _transmitter.SettleAsync(Ct), "it expired", Ct, TimeSpan.FromMinutes(2));
        Assert.Equal(1, await CountAsync("status = 'expired'"));

        _proxy.Clear("sendTransaction");
        Assert.True(await SendAsync(First)); // it did nothing: no attempt is used up
        await Eventually.HoldsAsync(async () => !await _transmitter.SettleAsync(Ct), "the second is final", Ct, TimeSpan.FromMinutes(2));
        Assert.Equal((1L, 1L, 2L), (await CountAsync("status = 'finalized'"), await CountAsync("status = 'expired'"), await CountAsync("true")));
        Assert.False(await SendAsync(First));
    }

    [Fact]
    public async Task Two_that_live_as_long_are_two_and_each_is_sent_until_it_lands()
    {
        DropTransactions();
        var (one, other) = (await PrepareAsync(First), await PrepareAsync(Second));
        var until = Math.Max(one.Sequence, other.Sequence);
        Assert.True(await _transmitter.SendAsync("attest", 1, 0, First, _ => Task.FromResult(one with { Sequence = until }), Ct));
        Assert.True(await _transmitter.SendAsync("finalize", 1, 0, Second, _ => Task.FromResult(other with { Sequence = until }), Ct));
        _proxy.Clear("sendTransaction");
        await Eventually.HoldsAsync(async () => !await _transmitter.SettleAsync(Ct), "both are settled", Ct, TimeSpan.FromMinutes(2));
        Assert.Equal(2, await CountAsync("status = 'finalized'"));
    }

    /// <summary>The node says that it took a transaction, and throws it away.</summary>
    private void DropTransactions() => _proxy.Apply(
        new RpcFault.Lie(
            (call, _) => new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call["id"]!.DeepClone(), ["result"] = SolanaTransaction.FromBase64(call["params"]![0]!.GetValue<string>()).Id!.Value.ToString() },
            call => new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call["id"]!.DeepClone(), ["method"] = "getHealth" }),
        "sendTransaction");

    private Task<bool> SendAsync(Bytes32 subject) => _transmitter.SendAsync("attest", 1, 0, subject, _ => PrepareAsync(subject), Ct);

    private async Task<SignedTransaction> PrepareAsync(Bytes32 subject) =>
        (await _sender.PrepareAsync(new SolanaTransactionRequest(MemoProgram.Write(subject.ToString(), _sender.Payer)), Ct)).ToNeutral(_chain.Chain);

    private Task<long> CountAsync(string where) => _database.ScalarAsync<long>($"select count(*) from oracle.transmissions where {where}", Ct);
}
