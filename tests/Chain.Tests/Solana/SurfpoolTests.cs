using DePin.Abi.Solana;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cryptography;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

/// <summary>The client against a real runtime.</summary>
public sealed class SurfpoolTests : IAsyncLifetime, IDisposable
{
    private static readonly SolanaAddress TokenProgram = SolanaAddress.Parse("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationToken _ct = CancellationToken.None;
    private SurfpoolNode _node = null!;
    private SolanaRpc _rpc = null!;

    public async Task InitializeAsync()
    {
        _node = await SurfpoolNode.StartAsync(ct: _ct);
        _rpc = new SolanaRpc(_http, new RpcOptions { Urls = [_node.Url] });
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        Dispose();
    }

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Reads_what_a_real_runtime_answers()
    {
        var someone = new SolanaAddress(PrivateKey.Generate(KeyType.Ed25519).PublicKey.Bytes);
        Assert.Equal("solana", (await _rpc.GetChainAsync(_ct)).Namespace);
        Assert.Equal(0ul, await _rpc.GetSlotsBehindAsync(_ct));
        Assert.StartsWith("4.", (await _rpc.GetVersionAsync(_ct)).Core, StringComparison.Ordinal);
        Assert.True(await _rpc.GetSlotAsync(Finality.Latest, _ct) >= await _rpc.GetFirstAvailableBlockAsync(_ct));
        Assert.True((await _rpc.GetMinimumBalanceForRentExemptionAsync(165, _ct)) > 0);
        _ = await _rpc.GetRecentPrioritizationFeesAsync([someone], _ct);

        var hash = await _rpc.GetLatestBlockhashAsync(Finality.Safe, _ct);
        Assert.True((await _rpc.IsBlockhashValidAsync(hash.Value.Hash, Finality.Safe, _ct)).Value);
        Assert.True(hash.Value.LastValidBlockHeight > await _rpc.GetBlockHeightAsync(Finality.Finalized, _ct));

        Assert.Null((await _rpc.GetAccountInfoAsync(someone, Finality.Safe, _ct)).Value);
        var id = await _rpc.RequestAirdropAsync(someone, 5_000_000_000, _ct);
        await Eventually.HoldsAsync(async () => (await _rpc.GetBalanceAsync(someone, Finality.Safe, _ct)).Value == 5_000_000_000, "the airdrop arrived", _ct);
        var accounts = await _rpc.GetMultipleAccountsAsync([someone, TokenProgram, new SolanaAddress(new byte[31].Append((byte)9).ToArray())], Finality.Safe, _ct);
        Assert.Equal([5_000_000_000ul, accounts.Value[1]!.Lamports, null], accounts.Value.Select(a => a?.Lamports));
        Assert.True(accounts.Value[1]!.Executable);
        var slice = (await _rpc.GetAccountInfoAsync(TokenProgram, Finality.Safe, _ct, slice: new SolanaDataSlice(1, 5))).Value!;
        Assert.Equal(accounts.Value[1]!.Data.Slice(1, 5).ToArray(), slice.Data.ToArray());

        await Eventually.HoldsAsync(async () => (await _rpc.GetSignatureStatusesAsync([id], true, _ct)).Value[0]?.Confirmation == Finality.Finalized, "the airdrop is final", _ct);
        var line = Assert.Single(await _rpc.GetSignaturesForAddressAsync(someone, null, null, 10, Finality.Safe, _ct));
        Assert.Equal((id, (SolanaTransactionError?)null), (line.Id, line.Error));
        var transaction = await _rpc.GetTransactionAsync(id, Finality.Safe, _ct);
        Assert.Equal((id, line.Slot), (transaction!.Id, transaction.Slot));
        var block = await _rpc.GetBlockAsync(line.Slot, Finality.Finalized, _ct);
        Assert.Contains(block!.Transactions, t => t.Id == id && t.Bytes.Span.SequenceEqual(transaction.Bytes.Span));
        Assert.Contains(line.Slot, await _rpc.GetBlocksAsync(line.Slot - 2, line.Slot + 2, Finality.Finalized, _ct));
        await Eventually.HoldsAsync(async () => (await _rpc.GetBlocksWithLimitAsync(line.Slot - 2, 3, Finality.Finalized, _ct)).Count == 3, "three blocks are listed", _ct);
        Assert.NotNull(await _rpc.GetBlockTimeAsync(line.Slot, _ct));
    }

    [Fact]
    public async Task Batches_fall_back_to_single_calls_which_Surfpool_takes()
    {
        var someone = new SolanaAddress(PrivateKey.Generate(KeyType.Ed25519).PublicKey.Bytes);
        var id = await _rpc.RequestAirdropAsync(someone, 1_000_000_000, _ct);
        await Eventually.HoldsAsync(async () => await _rpc.GetTransactionAsync(id, Finality.Safe, _ct) is not null, "the airdrop is confirmed", _ct);
        var found = await _rpc.GetTransactionsAsync([id, new TransactionId(Base58.Encode(new byte[64])), id], Finality.Safe, _ct);
        Assert.True(_rpc.RefusesBatches);
        Assert.Equal([id, null, id], found.Select(t => t?.Id));
    }

    [Fact]
    public async Task The_clock_can_be_held_and_moved()
    {
        await _node.Rpc.PauseClockAsync(_ct);
        var before = await _rpc.GetSlotAsync(Finality.Latest, _ct);
        await _node.Rpc.TravelToSlotAsync(before + 1_000, _ct);
        Assert.True(await _rpc.GetSlotAsync(Finality.Latest, _ct) >= before + 1_000);
        await _node.Rpc.ResumeClockAsync(_ct);
        await Eventually.HoldsAsync(async () => await _rpc.GetSlotAsync(Finality.Finalized, _ct) > before + 1_000, "slots go on", _ct);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)] // where the slots of a cluster's epoch end
    [InlineData(24)]
    public async Task After_a_jump_of_hours_slots_go_on_in_whatever_steps(int hours)
    {
        await using var node = await SurfpoolNode.StartAsync(new DevTools.SurfpoolOptions { SlotTime = TimeSpan.FromMilliseconds(100) }, _ct);
        var clock = new DevTools.SurfpoolClock(node.Rpc);
        var goal = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + (hours * 3_600);
        var time = await clock.MoveFarAsync(goal, _ct);
        Assert.InRange(time - goal, 0, 3 * 3_600);
        var slot = await node.Rpc.SlotAsync(_ct);
        foreach (var leap in (long[])[60, 60, 7_200, 40_000, 60, 60])
        {
            await Eventually.HoldsAsync(async () => await node.Rpc.SlotAsync(_ct) > slot + 2, "slots come by themselves", _ct);
            slot = await node.Rpc.SlotAsync(_ct);
            await clock.MoveAsync(time += leap, _ct);
            var next = await node.Rpc.SlotAsync(_ct);
            Assert.True(next > slot, $"{next} after {slot}");
            slot = next;
            time = Math.Max(time, await node.Rpc.ClockAsync(_ct));
        }
    }

    [Fact]
    public async Task A_clock_that_is_where_it_should_be_goes_on_by_itself()
    {
        var clock = new DevTools.SurfpoolClock(_node.Rpc);
        var now = await _node.Rpc.ClockAsync(_ct);
        await clock.MoveAsync(now - 100, _ct);
        await clock.MoveAsync(now + 1, _ct);
        Assert.InRange(await _node.Rpc.ClockAsync(_ct), now, now + 60);
        await clock.MoveAsync(now + 600, _ct);
        Assert.True(await _node.Rpc.ClockAsync(_ct) >= now + 600);
    }

    [Fact]
    public async Task Fixed_ports_lead_to_the_runtime_and_a_taken_one_is_named()
    {
        var port = DevTools.LoopbackPort.Free();
        await using var node = await SurfpoolNode.StartAsync(new DevTools.SurfpoolOptions { Port = port, SlotTime = TimeSpan.FromMilliseconds(50) }, _ct);
        Assert.Equal((port, port + 1), (node.Url.Port, node.WebSocket.Port));
        Assert.True(await new SolanaRpc(_http, new RpcOptions { Urls = [node.Url] }).GetSlotAsync(Finality.Latest, _ct) > 0);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => SurfpoolNode.StartAsync(new DevTools.SurfpoolOptions { Port = port }, _ct));
        Assert.Contains("EADDRINUSE", error.Message, StringComparison.Ordinal);
    }
}
