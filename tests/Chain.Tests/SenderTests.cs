using System.Numerics;
using DePin.Abi;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.Chain.Tests;

public sealed class SenderTests : IAsyncLifetime, IDisposable
{
    private static readonly PrivateKey Key = PrivateKey.Parse(KeyType.Secp256k1, AnvilNode.PrivateKeys[0]);
    private static readonly Address Receiver = Address.Parse("0x00000000000000000000000000000000000a11ce");
    private static readonly FeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50), StuckAfter = TimeSpan.FromMilliseconds(400) };

    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationToken _ct = CancellationToken.None;
    private AnvilNode _node = null!;
    private EvmRpc _rpc = null!;

    public async Task InitializeAsync()
    {
        _node = await AnvilNode.StartAsync(ct: _ct);
        _rpc = new EvmRpc(_http, new RpcOptions { Urls = [_node.Url] });
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        Dispose();
    }

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Sends_eip_1559_and_legacy_transactions()
    {
        foreach (var policy in new[] { Fast, Fast with { Legacy = true } })
        {
            using var sender = new TransactionSender(_rpc, Key, policy);
            var before = await _rpc.GetBalanceAsync(Receiver, BlockTag.Latest, _ct);
            var receipt = await sender.SendAsync(new TransactionRequest(Receiver, default) { Value = 5UL }, _ct);
            Assert.True(receipt.Succeeded);
            Assert.Equal((BigInteger)before + 5, (BigInteger)await _rpc.GetBalanceAsync(Receiver, BlockTag.Latest, _ct));
        }
    }

    [Fact]
    public async Task Transactions_prepared_at_the_same_time_get_different_nonces_and_a_released_one_is_used_again()
    {
        using var sender = new TransactionSender(_rpc, Key, Fast);
        var prepared = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => sender.PrepareAsync(new TransactionRequest(Receiver, default) { Value = 1UL }, _ct)));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (ulong)i), prepared.Select(p => p.Transaction.Nonce).Order());
        var third = prepared.Single(p => p.Transaction.Nonce == 3);
        sender.Release(third);
        Assert.Equal(3ul, (await sender.PrepareAsync(new TransactionRequest(Receiver, default), _ct)).Transaction.Nonce);
        foreach (var p in prepared.OrderByDescending(p => p.Transaction.Nonce)) await sender.BroadcastAsync(p, _ct);
        await Eventually.HoldsAsync(async () => await _rpc.GetTransactionCountAsync(Key.Address, BlockTag.Latest, _ct) == 10, "all ten are included", _ct);
        Assert.Equal(10ul, (await sender.PrepareAsync(new TransactionRequest(Receiver, default), _ct)).Transaction.Nonce);
    }

    [Fact]
    public async Task A_stuck_transaction_is_replaced_at_a_higher_fee_and_happens_once()
    {
        await _node.Rpc.SetAutomineAsync(false, _ct);
        using var sender = new TransactionSender(_rpc, Key, Fast);
        var first = await sender.PrepareAsync(new TransactionRequest(Receiver, default) { Value = 7UL }, _ct);
        var versions = new List<SignedEvmTransaction> { first };
        var running = sender.CompleteAsync([first], (replacement, _) =>
        {
            lock (versions) versions.Add(replacement);
            return Task.CompletedTask;
        }, _ct);
        await Eventually.HoldsAsync(() => Task.FromResult(Count() >= 3), "it was replaced twice", _ct);
        await _node.Rpc.SetAutomineAsync(true, _ct);
        await _node.Rpc.MineAsync(1, _ct);
        var receipt = await running;
        Assert.Contains(receipt.TransactionHash, versions.Select(v => v.Hash));
        Assert.NotEqual(first.Hash, receipt.TransactionHash);
        Assert.Equal((UInt256)7UL, await _rpc.GetBalanceAsync(Receiver, BlockTag.Latest, _ct));
        Assert.Equal(1ul, await _rpc.GetTransactionCountAsync(Key.Address, BlockTag.Latest, _ct));
        for (var i = 1; i < versions.Count; i++)
        {
            Assert.Equal(first.Transaction.Nonce, versions[i].Transaction.Nonce);
            Assert.True((BigInteger)versions[i].Transaction.MaxFeePerGas * 100 >= (BigInteger)versions[i - 1].Transaction.MaxFeePerGas * 110);
        }

        int Count()
        {
            lock (versions) return versions.Count;
        }
    }

    [Fact]
    public async Task After_a_restart_the_stored_bytes_are_sent_again_and_happen_once()
    {
        byte[] stored;
        using (var first = new TransactionSender(_rpc, Key, Fast))
            stored = (await first.PrepareAsync(new TransactionRequest(Receiver, default) { Value = 9UL }, _ct)).Raw;
        using var second = new TransactionSender(_rpc, Key, Fast);
        Assert.True(SignedEvmTransaction.TryParse(stored, out var transaction));
        for (var i = 0; i < 3; i++)
        {
            var receipt = await second.CompleteAsync([transaction!], null, _ct);
            Assert.Equal(transaction!.Hash, receipt.TransactionHash);
        }

        Assert.Equal((UInt256)9UL, await _rpc.GetBalanceAsync(Receiver, BlockTag.Latest, _ct));
    }

    [Fact]
    public async Task A_nonce_taken_by_another_process_is_reported()
    {
        using var sender = new TransactionSender(_rpc, Key, Fast);
        using var intruder = new TransactionSender(_rpc, Key, Fast);
        var mine = await sender.PrepareAsync(new TransactionRequest(Receiver, default) { Value = 1UL }, _ct);
        await intruder.SendAsync(new TransactionRequest(Receiver, default) { Value = 2UL }, _ct);
        var error = await Assert.ThrowsAsync<TransactionSupersededException>(() => sender.CompleteAsync([mine], null, _ct));
        Assert.Contains("Nonce 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reverts_name_the_error_and_its_arguments_before_and_after_sending()
    {
        var manifest = await DeployAsync();
        using var stranger = new TransactionSender(_rpc, PrivateKey.Parse(KeyType.Secp256k1, AnvilNode.PrivateKeys[5]), Fast);
        var registry = manifest.AddressOf("DeviceRegistry");
        var call = new DeviceRegistry.SetMakerCall(2, Receiver, 1, true);
        var error = await Assert.ThrowsAsync<EvmRevertException>(() => stranger.SendAsync(registry, call, _ct));
        Assert.Equal("NotOwner", error.ErrorName);
        Assert.Equal(stranger.Account, error.Arguments.Single().Value);
        Assert.True(error.Is<DeviceRegistry.NotOwnerError>(out var typed));
        Assert.Equal(stranger.Account, typed.Caller);
        Assert.False(error.Is<DeviceRegistry.UnknownMakerError>(out _));

        // With the gas given nothing is asked beforehand; the failed transaction is explained.
        error = await Assert.ThrowsAsync<EvmRevertException>(() => stranger.SendAsync(new TransactionRequest(registry, call.Encode()) { Gas = 200_000 }, _ct));
        Assert.Equal("NotOwner", error.ErrorName);

        error = await Assert.ThrowsAsync<EvmRevertException>(() => stranger.SendAsync(manifest.AddressOf("NetworkToken"), new NetworkToken.TransferCall(Receiver, 5UL), _ct));
        Assert.Equal("ERC20InsufficientBalance", error.ErrorName);
        Assert.Equal(new BigInteger(5), error.Arguments.Single(a => a.Key == "needed").Value);
        Assert.Contains("needed 5", error.Message, StringComparison.Ordinal);

        var nothing = await Assert.ThrowsAsync<InvalidOperationException>(() => _rpc.CallAsync(Receiver, new NetworkToken.CapCall(), BlockTag.Latest, _ct));
        Assert.Contains("no contract at this address", nothing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_and_panics_are_decoded_too()
    {
        var message = AbiCodec.Encode(AbiType.Parse("(string)").Components, ["too late"], [0x08, 0xc3, 0x79, 0xa0]);
        Assert.Equal("the call reverted: too late", RevertDecoder.Decode(message, "the call").Message);
        var panic = AbiCodec.Encode(AbiType.Parse("(uint256)").Components, [new BigInteger(0x11)], [0x4e, 0x48, 0x7b, 0x71]);
        Assert.Contains("overflow", RevertDecoder.Decode(panic, "the call").Message, StringComparison.Ordinal);
        Assert.Contains("unknown error 0x01020304", RevertDecoder.Decode(new byte[] { 1, 2, 3, 4 }, "the call").Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_reader_returns_linked_blocks_with_the_contracts_logs()
    {
        var manifest = await DeployAsync();
        var token = manifest.AddressOf("NetworkToken");
        using var sender = new TransactionSender(_rpc, Key, Fast);
        var start = await _rpc.GetBlockNumberAsync(_ct);
        for (var i = 1; i <= 5; i++) await sender.SendAsync(token, new NetworkToken.TransferCall(Receiver, (UInt256)(ulong)i), _ct);
        await sender.SendAsync(new TransactionRequest(Receiver, default) { Value = 1UL }, _ct);
        var reader = new EvmChainReader(_rpc, 31337, [token]);
        var blocks = await reader.ReadAfterAsync(start, 100, _ct);
        Assert.Equal(6, blocks.Length);
        for (var i = 1; i < blocks.Length; i++) Assert.Equal(blocks[i - 1].Block.Hash, blocks[i].ParentHash);
        var amounts = blocks.SelectMany(b => b.Logs).Select(log => NetworkToken.TransferEvent.TryDecode(log.View, out var t) ? (ulong)t.Value : 0).ToArray();
        Assert.Equal([1ul, 2, 3, 4, 5], amounts);
        Assert.Equal(blocks[^1].Block, await reader.GetTipAsync(Finality.Latest, _ct));
        Assert.Empty(await reader.ReadAfterAsync(blocks[^1].Block.Number, 10, _ct));
        Assert.Equal(2, (await reader.ReadAfterAsync(start, 2, _ct)).Length);
    }

    [Fact]
    public async Task The_transmitter_follows_a_transaction_to_finality_and_says_why_a_report_is_refused()
    {
        var manifest = await DeployAsync();
        using var sender = new TransactionSender(_rpc, Key, Fast);
        var transmitter = new EvmReportTransmitter(_rpc, sender, 31337, manifest.AddressOf("ReportVerifier"));
        var error = await Assert.ThrowsAsync<EvmRevertException>(() => transmitter.PrepareAsync(new AttestedReport(new byte[10], 0, ReadOnlyMemory<byte>.Empty), _ct));
        Assert.Equal("BadLength", error.ErrorName);

        // Any transaction of the account will do for the life cycle.
        var signed = await sender.PrepareAsync(new TransactionRequest(Receiver, default) { Value = 1UL }, _ct);
        var transaction = new SignedTransaction(transmitter.Chain, new TransactionId(signed.Hash.ToString()), signed.Transaction.Nonce, signed.Raw);
        Assert.Equal(TransmissionStatus.Unknown, await transmitter.GetStatusAsync(transaction, _ct));
        await _node.Rpc.SetAutomineAsync(false, _ct);
        await transmitter.BroadcastAsync(transaction, _ct);
        await transmitter.BroadcastAsync(transaction, _ct);
        Assert.Equal(TransmissionStatus.Pending, await transmitter.GetStatusAsync(transaction, _ct));
        var replacement = await transmitter.ReplaceAsync(transaction, _ct);
        Assert.NotEqual(transaction.Id, replacement.Id);
        await transmitter.BroadcastAsync(replacement, _ct);
        await _node.Rpc.MineAsync(1, _ct);
        Assert.Equal(TransmissionStatus.Included, await transmitter.GetStatusAsync(replacement, _ct));
        Assert.Equal(TransmissionStatus.Expired, await transmitter.GetStatusAsync(transaction, _ct));
        await _node.Rpc.MineAsync(3, _ct);
        Assert.Equal(TransmissionStatus.Finalized, await transmitter.GetStatusAsync(replacement, _ct));

        var elsewhere = new EvmReportTransmitter(_rpc, sender, 1, manifest.AddressOf("ReportVerifier"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => elsewhere.BroadcastAsync(transaction, _ct));
    }

    private async Task<EvmNetworkManifest> DeployAsync()
    {
        var folder = Directory.CreateTempSubdirectory("depin-sender").FullName;
        try
        {
            var head = await _rpc.GetHeaderAsync(BlockTag.Latest, _ct);
            var variables = new Dictionary<string, string> { ["genesis"] = $"{((head!.Timestamp / 86_400) + 2) * 86_400}" };
            var profile = DeploymentProfile.Load<EvmDeploymentProfile>(RepositoryRoot.Combine("contracts", "evm", "profiles", "dev.json"), variables);
            var request = new DeploymentRequest("test", RepositoryRoot.Combine("contracts", "evm", "artifacts"), Path.Combine(folder, "manifest.json"));
            return await new NetworkDeployer(_rpc, Key, Fast).DeployAsync(profile, request, null, _ct);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
