using System.Buffers.Binary;
using DePin.Abi.Solana;
using DePin.Chain.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Tests.Solana;

/// <summary>What becomes of transactions where nodes drop, lag and lie, on stubs.</summary>
public sealed class SolanaSenderTests
{
    private static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(5), ResendEvery = TimeSpan.FromMilliseconds(20) };
    private static readonly SolanaAddress Receiver = SolanaAddress.Parse("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");

    private readonly PrivateKey _key = PrivateKey.Generate(KeyType.Ed25519);
    private readonly CancellationToken _ct = CancellationToken.None;

    [Fact]
    public async Task A_transaction_that_is_dropped_is_sent_again_as_the_same_bytes_until_it_is_in_a_block()
    {
        await using var cluster = await ClusterStub.StartAsync();
        cluster.OnSend = (transaction, count) =>
        {
            if (count == 5) cluster.Claim(transaction.Id!.Value, "confirmed");
        };
        var stored = new List<SignedSolanaTransaction>();
        var receipt = await Sender(cluster).SendAsync(Transfer(), Finality.Safe, (t, _) =>
        {
            Assert.Empty(cluster.Sent); // stored before it is sent
            stored.Add(t);
            return Task.CompletedTask;
        }, _ct);
        Assert.Equal((Assert.Single(stored).Id, (SolanaTransactionError?)null), (receipt.Transaction.Id, receipt.Error));
        Assert.Equal(5, cluster.Sent.Count);
        Assert.Single(cluster.Sent.Select(t => t.ToBase64()).Distinct());
    }

    [Fact]
    public async Task A_transaction_whose_blockhash_is_too_old_is_built_anew_and_not_before()
    {
        await using var cluster = await ClusterStub.StartAsync();
        var heights = new List<ulong>();
        var stored = new List<SignedSolanaTransaction>();
        cluster.OnSend = (transaction, count) =>
        {
            heights.Add(cluster.Height);
            if (stored.Count == 2) cluster.Claim(transaction.Id!.Value, "confirmed");
            else cluster.Advance(50);
        };
        var receipt = await Sender(cluster).SendAsync(Transfer(), Finality.Safe, (t, _) =>
        {
            stored.Add(t);
            return Task.CompletedTask;
        }, _ct);
        Assert.Equal(2, stored.Count);
        Assert.NotEqual(stored[0].Id, stored[1].Id);
        Assert.Equal(stored[1].Id, receipt.Transaction.Id);
        Assert.Equal(1_050ul, stored[0].LastValidHeight);
        // 900, 950, 1000, 1050 may all still include it; only past 1,050 it is gone.
        Assert.Equal([900ul, 950ul, 1_000ul, 1_050ul, 1_100ul], heights);
    }

    [Fact]
    public async Task An_expired_transaction_that_was_included_after_all_is_not_built_anew()
    {
        await using var cluster = await ClusterStub.StartAsync();
        cluster.OnSend = (transaction, _) =>
        {
            cluster.Advance(500);
            cluster.Claim(transaction.Id!.Value, "finalized");
        };
        await Sender(cluster).SendAsync(Transfer(), Finality.Finalized, null, _ct);
        Assert.Single(cluster.Sent);
    }

    [Fact]
    public async Task A_node_that_lags_can_neither_expire_a_transaction_nor_hide_that_it_is_in_a_block()
    {
        await using var ahead = await ClusterStub.StartAsync();
        await using var lags = await ClusterStub.StartAsync();
        var sender = Sender(ahead, lags);
        var transaction = await sender.PrepareAsync(Transfer(), _ct);

        // One is past the blockhash's end, the other not yet: it may be lying, so it is not over.
        ahead.Advance(500);
        Assert.Equal(TransmissionStatus.Unknown, await sender.GetStatusAsync(transaction, _ct));

        // The one that is ahead is gone: what the other has not reached it cannot know.
        ahead.Node.On("getSignatureStatuses", SolanaStub.Error(-32603, "internal"));
        lags.Height += 500; // its height is told by a part of it that is ahead of its statuses
        lags.Node.On("getEpochInfo", _ => $$"""{"absoluteSlot":{{lags.Slot + 500}},"blockHeight":{{lags.Height}}}""");
        Assert.Equal(TransmissionStatus.Unknown, await sender.GetStatusAsync(transaction, _ct));
        lags.Slot += 500;
        lags.Node.On("getEpochInfo", _ => $$"""{"absoluteSlot":{{lags.Slot}},"blockHeight":{{lags.Height}}}""");
        Assert.Equal(TransmissionStatus.Expired, await sender.GetStatusAsync(transaction, _ct));

        // Whoever has seen it in a block is believed that it is not gone.
        await using var knows = await ClusterStub.StartAsync();
        knows.Advance(500);
        knows.Claim(transaction.Transaction.Id!.Value, "confirmed");
        Assert.Equal(TransmissionStatus.Included, await Sender(knows, lags).GetStatusAsync(transaction, _ct));
    }

    [Theory]
    [InlineData("finalized", "null")]
    [InlineData("finalized", """{"InstructionError":[0,{"Custom":1}]}""")]
    public async Task One_liar_among_three_cannot_settle_a_transaction(string confirmation, string err)
    {
        await using var liar = await ClusterStub.StartAsync();
        await using var honest = await ClusterStub.StartAsync();
        await using var another = await ClusterStub.StartAsync();
        var sender = Sender(liar, honest, another);
        var transaction = await sender.PrepareAsync(Transfer(), _ct);
        var id = transaction.Transaction.Id!.Value;
        liar.Claim(id, confirmation, err);
        Assert.Equal(TransmissionStatus.Included, await sender.GetStatusAsync(transaction, _ct)); // nor can it be told that it is unknown

        honest.Claim(id, "confirmed");
        another.Claim(id, "confirmed");
        Assert.Equal(TransmissionStatus.Included, await sender.GetStatusAsync(transaction, _ct));
        honest.Claim(id, "finalized");
        another.Claim(id, "finalized");
        Assert.Equal(TransmissionStatus.Finalized, await sender.GetStatusAsync(transaction, _ct));
        honest.Claim(id, "confirmed", """{"InstructionError":[2,{"Custom":7}]}""");
        another.Claim(id, "confirmed", """{"InstructionError":[2,{"Custom":7}]}""");
        Assert.Equal(TransmissionStatus.Reverted, await sender.GetStatusAsync(transaction, _ct));
    }

    [Fact]
    public async Task Budget_and_price_follow_simulation_and_recent_fees_within_the_policys_bounds()
    {
        await using var cluster = await ClusterStub.StartAsync();
        cluster.Units = 50_000;
        cluster.Fees = [.. Enumerable.Range(1, 100).Select(i => (ulong)i * 10)];
        Assert.Equal((60_001u, 760ul), BudgetOf(await Sender(cluster).PrepareAsync(Transfer(), _ct)));
        Assert.Equal((60_001u, 500ul), BudgetOf(await Sender(Fast with { MaximumPrice = 500 }, cluster).PrepareAsync(Transfer(), _ct)));
        Assert.Equal((60_001u, 5_000ul), BudgetOf(await Sender(Fast with { MinimumPrice = 5_000 }, cluster).PrepareAsync(Transfer(), _ct)));
        cluster.Fees = [];
        Assert.Equal((60_001u, null), BudgetOf(await Sender(cluster).PrepareAsync(Transfer(), _ct)));
        cluster.Units = 1_390_000;
        Assert.Equal((1_400_000u, null), BudgetOf(await Sender(cluster).PrepareAsync(Transfer(), _ct)));
        Assert.Equal((77u, 9ul), BudgetOf(await Sender(cluster).PrepareAsync(Transfer() with { Units = 77, Price = 9 }, _ct)));
    }

    [Fact]
    public async Task A_program_that_would_refuse_is_named_with_its_error_and_nothing_is_sent()
    {
        await using var cluster = await ClusterStub.StartAsync();
        cluster.SimulatedError = """{"InstructionError":[1,{"Custom":1}]}""";
        var error = await Assert.ThrowsAsync<SolanaProgramException>(() => Sender(cluster).SendAsync(Transfer(), _ct));
        Assert.Equal(("ResultWithNegativeLamports", 1u, SolanaAddress.Zero), (error.ErrorName, error.Code!.Value, error.Program!.Value));
        Assert.NotEmpty(error.Logs);
        Assert.Empty(cluster.Sent);

        cluster.Logger = Receiver; // the log says who failed, not the instruction's program
        error = await Assert.ThrowsAsync<SolanaProgramException>(() => Sender(cluster).SendAsync(Transfer(), _ct));
        Assert.Equal(("InsufficientFunds", Receiver), (error.ErrorName, error.Program!.Value));
    }

    [Fact]
    public async Task A_durable_nonce_is_spent_by_one_transaction_at_a_time_and_never_expires_but_by_being_advanced()
    {
        await using var cluster = await ClusterStub.StartAsync();
        var nonce = SolanaAddress.Of(PrivateKey.Generate(KeyType.Ed25519).PublicKey);
        byte value = 7;
        cluster.Node.On("getAccountInfo", _ => SolanaStub.Context(cluster.Slot, NonceAccount(SolanaAddress.Of(_key.PublicKey), value)));
        var sender = Sender(cluster);
        var request = Transfer() with { Nonce = nonce };
        var first = await sender.PrepareAsync(request, _ct);
        Assert.Equal((nonce, ulong.MaxValue), (first.Nonce!.Value, first.LastValidHeight));
        Assert.Equal(7, first.Transaction.Message.Lifetime.AsSpan()[0]);
        var busy = await Assert.ThrowsAsync<InvalidOperationException>(() => sender.PrepareAsync(request, _ct));
        Assert.Contains(first.Id.Text, busy.Message, StringComparison.Ordinal);
        var restarted = SignedSolanaTransaction.From(first.ToNeutral(new ChainId("solana", "x")));
        Assert.Equal(first.Id, restarted.Id);
        Assert.Equal(nonce, restarted.Nonce);

        cluster.Advance(100_000); // no blockhash would live so long
        Assert.Equal(TransmissionStatus.Unknown, await sender.GetStatusAsync(first, _ct));
        await Assert.ThrowsAsync<InvalidOperationException>(() => sender.PrepareAsync(request, _ct));

        value = 8;
        Assert.Equal(TransmissionStatus.Expired, await sender.GetStatusAsync(first, _ct));
        await Assert.ThrowsAsync<SolanaTransactionExpiredException>(() => sender.CompleteAsync(first, Finality.Safe, _ct));
        var second = await sender.PrepareAsync(request, _ct);
        Assert.NotEqual(first.Id, second.Id);

        // It advanced the nonce itself: it is included, not void.
        value = 9;
        cluster.Claim(second.Transaction.Id!.Value, "finalized");
        Assert.Equal(TransmissionStatus.Finalized, await sender.GetStatusAsync(second, _ct));
        var third = await sender.PrepareAsync(request, _ct);
        sender.Release(third);
        await sender.PrepareAsync(request, _ct);
    }

    [Fact]
    public void What_was_stored_is_taken_back_only_if_it_is_what_it_says()
    {
        var message = SolanaMessage.Compile(SolanaAddress.Of(_key.PublicKey), [SystemProgram.Transfer(SolanaAddress.Of(_key.PublicKey), Receiver, 1)], default);
        var signed = new SignedSolanaTransaction(SolanaTransaction.Unsigned(message).Sign(_key), 5);
        var stored = signed.ToNeutral(new ChainId("solana", "x"));
        Assert.Equal(5ul, SignedSolanaTransaction.From(stored).LastValidHeight);
        Assert.Throws<ArgumentException>(() => SignedSolanaTransaction.From(stored with { Bytes = stored.Bytes[..^1] }));
        Assert.Throws<ArgumentException>(() => SignedSolanaTransaction.From(stored with { Id = new TransactionId("1") }));
        Assert.Throws<ArgumentException>(() => new SignedSolanaTransaction(SolanaTransaction.Unsigned(message), 5));
    }

    private SolanaTransactionSender Sender(params ClusterStub[] nodes) => Sender(Fast, nodes);

    private SolanaTransactionSender Sender(SolanaFeePolicy policy, params ClusterStub[] nodes) => new(nodes[0].Node.Rpc([.. nodes.Skip(1).Select(n => n.Node)]), _key, policy);

    private SolanaTransactionRequest Transfer() => new(SystemProgram.Transfer(SolanaAddress.Of(_key.PublicKey), Receiver, 5));

    private static string NonceAccount(SolanaAddress authority, byte value)
    {
        var data = new byte[DurableNonce.Size];
        BinaryPrimitives.WriteUInt32LittleEndian(data, 1);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(4), 1);
        authority.CopyTo(data.AsSpan(8));
        data[40] = value;
        return $$"""{"data":["{{Convert.ToBase64String(data)}}","base64"],"executable":false,"lamports":1447680,"owner":"11111111111111111111111111111111","rentEpoch":0,"space":80}""";
    }

    private static (uint Units, ulong? Price) BudgetOf(SignedSolanaTransaction transaction)
    {
        uint units = 0;
        ulong? price = null;
        foreach (var instruction in transaction.Transaction.Message.ToInstructions())
        {
            if (instruction.Program != SolanaPrograms.ComputeBudget) continue;
            if (instruction.Data.Span[0] == 2) units = BinaryPrimitives.ReadUInt32LittleEndian(instruction.Data.Span[1..]);
            if (instruction.Data.Span[0] == 3) price = BinaryPrimitives.ReadUInt64LittleEndian(instruction.Data.Span[1..]);
        }

        return (units, price);
    }
}
