using DePin.Abi.Solana;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cryptography;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

/// <summary>Transactions on a real runtime.</summary>
public sealed class SolanaJourneyTests : IAsyncLifetime, IDisposable
{
    private static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50), ResendEvery = TimeSpan.FromMilliseconds(500) };
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly PrivateKey _key = PrivateKey.Generate(KeyType.Ed25519);
    private readonly CancellationToken _ct = CancellationToken.None;
    private SurfpoolNode _node = null!;
    private SolanaRpc _rpc = null!;
    private SolanaTransactionSender _sender = null!;

    public async Task InitializeAsync()
    {
        _node = await SurfpoolNode.StartAsync(ct: _ct);
        _rpc = new SolanaRpc(_http, new RpcOptions { Urls = [_node.Url] });
        _sender = new SolanaTransactionSender(_rpc, _key, Fast);
        await _rpc.RequestAirdropAsync(_sender.Payer, 10_000_000_000, _ct);
        await Eventually.HoldsAsync(async () => (await _rpc.GetBalanceAsync(_sender.Payer, Finality.Safe, _ct)).Value > 0, "the airdrop arrived", _ct);
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        Dispose();
    }

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Transfers_arrive_within_their_budget_and_become_final()
    {
        var receiver = Someone();
        var receipt = await _sender.SendAsync(new SolanaTransactionRequest(SystemProgram.Transfer(_sender.Payer, receiver, 1_000_000_000)), _ct);
        Assert.Equal(1_000_000_000ul, (await _rpc.GetBalanceAsync(receiver, Finality.Safe, _ct)).Value);
        var record = await _rpc.GetTransactionAsync(receipt.Transaction.Id, Finality.Safe, _ct);
        Assert.Equal(receipt.Transaction.Bytes.ToArray(), record!.Bytes.ToArray());
        Assert.True(record.Meta.ComputeUnits is > 0 and < 1_000);
        await Eventually.HoldsAsync(async () => await _sender.GetStatusAsync(receipt.Transaction, _ct) == TransmissionStatus.Finalized, "it is final", _ct);
        await _sender.BroadcastAsync(receipt.Transaction, _ct); // once more does no harm
        Assert.Equal(1_000_000_000ul, (await _rpc.GetBalanceAsync(receiver, Finality.Safe, _ct)).Value);
    }

    [Fact]
    public async Task A_program_that_refuses_is_named_before_anything_is_sent_and_after()
    {
        var transfer = new SolanaTransactionRequest(SystemProgram.Transfer(_sender.Payer, Someone(), 1_000_000_000_000));
        var error = await Assert.ThrowsAsync<SolanaProgramException>(() => _sender.SendAsync(transfer, _ct));
        Assert.Equal(("ResultWithNegativeLamports", 1u), (error.ErrorName, error.Code!.Value));
        Assert.Contains(error.Logs, l => l.Contains("insufficient lamports", StringComparison.Ordinal));

        // With a budget given it is not simulated: it is included and fails.
        var before = (await _rpc.GetBalanceAsync(_sender.Payer, Finality.Safe, _ct)).Value;
        error = await Assert.ThrowsAsync<SolanaProgramException>(() => _sender.SendAsync(transfer with { Units = 1_000 }, _ct));
        Assert.Equal(("ResultWithNegativeLamports", SolanaAddress.Zero), (error.ErrorName, error.Program!.Value));
        Assert.True((await _rpc.GetBalanceAsync(_sender.Payer, Finality.Safe, _ct)).Value < before);
    }

    [Fact]
    public async Task A_transaction_on_a_durable_nonce_waits_and_is_void_once_the_nonce_is_advanced()
    {
        var nonceKey = PrivateKey.Generate(KeyType.Ed25519);
        var nonce = SolanaAddress.Of(nonceKey.PublicKey);
        await _sender.CreateNonceAsync(nonceKey, null, _ct);
        var (first, second) = (Someone(), Someone());
        var kept = await _sender.PrepareAsync(new SolanaTransactionRequest(SystemProgram.Transfer(_sender.Payer, first, 1_000_000_000)) { Nonce = nonce }, _ct);
        Assert.Equal(nonce, kept.Nonce);
        await _node.Rpc.TravelToSlotAsync(await _node.Rpc.SlotAsync(_ct) + 100_000, _ct);
        Assert.Equal(TransmissionStatus.Unknown, await _sender.GetStatusAsync(kept, _ct));
        var receipt = await _sender.CompleteAsync(kept, Finality.Finalized, _ct);
        Assert.Null(receipt.Error);
        Assert.Equal(1_000_000_000ul, (await _rpc.GetBalanceAsync(first, Finality.Safe, _ct)).Value);

        var voided = await _sender.PrepareAsync(new SolanaTransactionRequest(SystemProgram.Transfer(_sender.Payer, second, 1_000_000_000)) { Nonce = nonce }, _ct);
        Assert.NotEqual(kept.Transaction.Message.Lifetime, voided.Transaction.Message.Lifetime);
        await _sender.VoidNonceAsync(nonce, null, _ct);
        await Assert.ThrowsAsync<SolanaTransactionExpiredException>(() => _sender.CompleteAsync(voided, Finality.Safe, _ct));
        Assert.Equal(0ul, (await _rpc.GetBalanceAsync(second, Finality.Safe, _ct)).Value);
        Assert.Equal(TransmissionStatus.Finalized, await _sender.GetStatusAsync(kept, _ct));
    }

    [Fact]
    public async Task A_notice_of_a_failed_transaction_says_nothing_of_success()
    {
        var socket = new SolanaSocket([_node.WebSocket]);
        using var end = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var logs = socket.SubscribeToLogs(_sender.Payer, Finality.Safe);
        var running = socket.RunAsync(end.Token);
        var notices = logs.ReadAsync(end.Token).GetAsyncEnumerator();
        Assert.True(await notices.MoveNextAsync() && notices.Current.IsGap);
        var failing = await _sender.PrepareAsync(new SolanaTransactionRequest(SystemProgram.Transfer(_sender.Payer, Someone(), 1_000_000_000_000)) { Units = 1_000 }, _ct);
        Assert.Equal(1u, (await _sender.CompleteAsync(failing, Finality.Safe, _ct)).Error!.Custom);
        do Assert.True(await notices.MoveNextAsync());
        while (notices.Current.IsGap || notices.Current.Value.Id != failing.Id); // told of like any other
        Assert.Equal(TransmissionStatus.Reverted, await _sender.GetStatusAsync(failing, _ct));
        await end.CancelAsync();
        await running;
    }

    private static SolanaAddress Someone() => SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey);
}
