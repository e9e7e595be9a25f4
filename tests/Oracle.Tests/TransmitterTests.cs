using DePin.Chain;
using DePin.Chain.Evm;
using DePin.Chain.Rpc;
using DePin.Cryptography;
using DePin.Oracle.Transmit;
using DePin.Storage.Oracle;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Oracle.Tests;

public sealed class TransmitterTests
{
    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public async Task A_transaction_that_stays_stuck_is_replaced_again_and_again_and_one_version_lands()
    {
        await using var node = await AnvilNode.StartAsync(ct: Ct);
        await node.Rpc.SetAutomineAsync(false, Ct);
        await using var database = await TestDatabase.CreateAsync(ct: Ct);
        using var http = new HttpClient();
        var rpc = new EvmRpc(http, new RpcOptions { Urls = [node.Url] });
        using var sender = new TransactionSender(rpc, PrivateKey.Parse(KeyType.Secp256k1, AnvilNode.PrivateKeys[0]));
        var chain = new EvmVerifierTransactions(new EvmReportTransmitter(rpc, sender, 31_337, Address.Zero));
        var transmitter = new Transmitter(default, Address.Zero, new TransmissionStore(database.DataSource), chain, new TransmitOptions { StuckAfter = TimeSpan.Zero }, TimeProvider.System, NullLogger<Transmitter>.Instance);
        Assert.True(await transmitter.SendAsync("attest", 1, 0, Keccak256.Hash("report"u8), PrepareAsync, Ct));

        // Every look replaces the newest version; the older ones, which the node no longer knows, must not stand in the way.
        await Eventually.HoldsAsync(
            async () => await transmitter.SettleAsync(Ct) && await database.ScalarAsync<long>("select count(*) from oracle.transmissions", Ct) >= 4, "it is replaced three times", Ct);
        await node.Rpc.MineAsync(8, Ct);
        await Eventually.HoldsAsync(async () => !await transmitter.SettleAsync(Ct), "all are settled", Ct);
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from oracle.transmissions where status = 'finalized'", Ct));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from oracle.transmissions where status not in ('finalized', 'expired')", Ct));

        async Task<SignedTransaction> PrepareAsync(CancellationToken ct)
        {
            var signed = await sender.PrepareAsync(new TransactionRequest(Address.Zero, Array.Empty<byte>()) { Value = 1 }, ct);
            return new SignedTransaction(chain.Chain, new TransactionId(signed.Hash.ToString()), signed.Transaction.Nonce, signed.Raw);
        }
    }
}
