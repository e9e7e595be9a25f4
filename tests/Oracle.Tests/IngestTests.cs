using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using DePin.Cryptography;
using DePin.Oracle.Ingest;
using DePin.Oracle.Running;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using DePin.TestKit;
using Microsoft.AspNetCore.Mvc;

namespace DePin.Oracle.Tests;

public sealed class IngestTests : IAsyncLifetime
{
    private readonly TestNetwork _network = new();
    private TestOperator _operator = null!;
    private static CancellationToken Ct => CancellationToken.None;

    public async Task InitializeAsync() => _operator = await TestOperator.StartAsync(_network, ct: Ct);

    public async Task DisposeAsync() => await _operator.DisposeAsync();

    [Theory]
    [InlineData(KeyType.Ed25519)]
    [InlineData(KeyType.P256)]
    [InlineData(KeyType.Secp256k1)]
    public async Task Gives_a_receipt_that_verifies_for_a_proof_of_every_key_type(KeyType type)
    {
        var network = new TestNetwork(devices: 1, keyType: type);
        await using var one = await TestOperator.StartAsync(network, ct: Ct);
        var proof = network.Prove(network.Devices[0], 1);

        using var response = await one.PostAsync(proof, Ct);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var receipt = (await response.Content.ReadFromJsonAsync<ProofReceipt>(Ct))!;
        Assert.Equal(proof.Id.ToString(), receipt.ProofId);
        var message = ReceiptMessage.Of(network.Facts.Id, proof.Id.Value, one.Keys.Address, receipt.ReceivedAt);
        Assert.True(one.Keys.Protocol.PublicKey.Verify(message, receipt.Signature));
    }

    [Fact]
    public async Task A_proof_with_a_receipt_is_in_the_database_when_the_receipt_arrives()
    {
        var proof = _network.Prove(_network.Devices[0], 1);
        using var response = await _operator.PostAsync(proof, Ct);
        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal(1, await CountAsync(proof.Id));
    }

    [Fact]
    public async Task A_repeated_proof_gets_the_same_receipt_and_is_stored_once()
    {
        var proof = _network.Prove(_network.Devices[0], 1);
        var first = await (await _operator.PostAsync(proof, Ct)).Content.ReadAsStringAsync(Ct);
        _network.Now += TimeSpan.FromMinutes(5);
        await _network.WriteMirrorAsync(_operator.Database.DataSource, Ct);
        await Eventually.HoldsAsync(() => Task.FromResult(_operator.Get<Network.NetworkView>().Now == _network.NowMs), "the clock moved", Ct);

        var second = await (await _operator.PostAsync(proof, Ct)).Content.ReadAsStringAsync(Ct);

        Assert.Equal(first, second);
        Assert.Equal(1, await CountAsync(proof.Id));
    }

    [Fact]
    public async Task A_sequence_of_an_earlier_cut_is_replayed_unless_the_proof_is_durable_here()
    {
        var known = _network.Prove(_network.Devices[0], 100);
        Assert.True((await _operator.PostAsync(known, Ct)).IsSuccessStatusCode);
        Assert.True(_operator.Get<Network.DeviceDirectory>().TryGet(_network.Devices[0].Id, out var device));
        device.Watermark = Protocol.State.Watermark.First(device.View.Id, 100);

        Assert.True((await _operator.PostAsync(known, Ct)).IsSuccessStatusCode);
        await RefusedAsync(_network.Prove(_network.Devices[0], 100, payload: "other"u8), IngestRefusal.Replayed, HttpStatusCode.Conflict);
        await RefusedAsync(_network.Prove(_network.Devices[0], 100 - Protocol.State.Watermark.Reach - 1), IngestRefusal.Replayed, HttpStatusCode.Conflict);
        Assert.True((await _operator.PostAsync(_network.Prove(_network.Devices[0], 99), Ct)).IsSuccessStatusCode); // late, but never taken
    }

    [Fact]
    public async Task Two_contents_for_one_sequence_are_both_kept_as_evidence()
    {
        var one = _network.Prove(_network.Devices[0], 7, payload: "first"u8);
        var other = _network.Prove(_network.Devices[0], 7, payload: "second"u8);
        Assert.True((await _operator.PostAsync(one, Ct)).IsSuccessStatusCode);
        Assert.True((await _operator.PostAsync(other, Ct)).IsSuccessStatusCode);
        Assert.Equal(1, await CountAsync(one.Id));
        Assert.Equal(1, await CountAsync(other.Id));
    }

    [Fact]
    public async Task Refuses_a_forged_proof()
    {
        var honest = _network.Prove(_network.Devices[0], 1);
        await RefusedAsync(new SignedProof(honest.Proof, _network.Devices[1].Key.Sign(honest.Proof.Envelope.Span)), IngestRefusal.BadSignature, HttpStatusCode.UnprocessableEntity);
        Assert.Equal(0, await CountAsync(honest.Id));
    }

    [Fact]
    public async Task Forged_proofs_do_not_use_up_a_devices_limit()
    {
        var network = new TestNetwork(devices: 1);
        await using var strict = await TestOperator.StartAsync(network, ingest: new IngestOptions { DeviceBurst = 3, DeviceProofsPerSecond = 0.001 }, ct: Ct);
        for (ulong i = 0; i < 20; i++)
        {
            var forged = new SignedProof(network.Prove(network.Devices[0], 100 + i).Proof, new byte[64]);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await strict.PostAsync(forged, Ct)).StatusCode);
        }

        for (ulong i = 1; i <= 3; i++) Assert.Equal(HttpStatusCode.OK, (await strict.PostAsync(network.Prove(network.Devices[0], i), Ct)).StatusCode);
        using var limited = await strict.PostAsync(network.Prove(network.Devices[0], 4), Ct);
        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
        Assert.NotNull(limited.Headers.RetryAfter);
    }

    [Fact]
    public async Task Refuses_what_can_never_count()
    {
        var device = _network.Devices[0];
        var foreign = new TestNetwork(devices: 0);
        var stranger = new TestDevice(99, PrivateKey.Generate(KeyType.Ed25519));
        await RefusedAsync(_network.Prove(device, 1, timeMs: _network.NowMs + 3_600_000), IngestRefusal.TooFarAhead, HttpStatusCode.UnprocessableEntity);
        await RefusedAsync(_network.Prove(device, 1, timeMs: (TestNetwork.Genesis * 1_000) - 172_800_001), IngestRefusal.TooOld, HttpStatusCode.UnprocessableEntity);
        await RefusedAsync(foreign.Prove(device, 1), IngestRefusal.WrongNetwork, HttpStatusCode.UnprocessableEntity);
        await RefusedAsync(_network.Prove(device, 1, resource: 901), IngestRefusal.UnknownClass, HttpStatusCode.UnprocessableEntity);
        await RefusedAsync(_network.Prove(device, 1, schema: 9), IngestRefusal.UnknownClass, HttpStatusCode.UnprocessableEntity);
        await RefusedAsync(_network.Prove(device, 1, payload: "abc"u8), IngestRefusal.BadPayload, HttpStatusCode.UnprocessableEntity);
        await RefusedAsync(_network.Prove(device, ulong.MaxValue), IngestRefusal.Replayed, HttpStatusCode.Conflict);
        using var unknown = await RefusedAsync(_network.Prove(stranger, 1), IngestRefusal.UnknownDevice, HttpStatusCode.NotFound);
        Assert.NotNull(unknown.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_device_that_came_after_a_period_waits_for_the_periods_report()
    {
        // Its proof would get into a cut whose anchor does not know it, and be refused there for good.
        var newcomer = new TestDevice(99, PrivateKey.Generate(KeyType.Ed25519));
        _network.Now += TimeSpan.FromDays(1);
        await _network.WriteMirrorAsync(_operator.Database.DataSource, Ct, [newcomer]);
        await Eventually.HoldsAsync(() => Task.FromResult(_operator.Get<Network.DeviceDirectory>().TryGet(newcomer.Id, out _)), "the operator knows the newcomer", Ct);
        await Eventually.HoldsAsync(() => Task.FromResult(_operator.Get<Network.NetworkView>().Now == _network.NowMs), "the clock moved", Ct);
        var proof = _network.Prove(newcomer, 1);

        using var early = await RefusedAsync(proof, IngestRefusal.UnknownDevice, HttpStatusCode.NotFound);
        Assert.NotNull(early.Headers.RetryAfter);
        Assert.True((await _operator.PostAsync(_network.Prove(_network.Devices[0], 1), Ct)).IsSuccessStatusCode);

        await ReportFirstEpochAsync();
        await Eventually.HoldsAsync(async () => (await _operator.PostAsync(proof, Ct)).IsSuccessStatusCode, "the newcomer's proof is taken", Ct);
        Assert.Equal(1, await CountAsync(proof.Id));
    }

    [Fact]
    public async Task A_proof_that_the_next_report_would_reject_as_from_the_future_waits_at_its_device()
    {
        _network.Now += TimeSpan.FromDays(2); // in the third period, and there is no report of the first
        await _network.WriteMirrorAsync(_operator.Database.DataSource, Ct);
        await Eventually.HoldsAsync(() => Task.FromResult(_operator.Get<Network.NetworkView>().Now == _network.NowMs), "the clock moved", Ct);
        var thirdPeriod = _operator.Get<Network.NetworkView>().Facts.StartOf(3) * 1_000;
        Assert.True((await _operator.PostAsync(_network.Prove(_network.Devices[0], 1, timeMs: thirdPeriod - 1), Ct)).IsSuccessStatusCode);
        var proof = _network.Prove(_network.Devices[0], 2, timeMs: thirdPeriod);
        using var early = await RefusedAsync(proof, IngestRefusal.AwaitsReport, HttpStatusCode.ServiceUnavailable);
        Assert.NotNull(early.Headers.RetryAfter);

        await ReportFirstEpochAsync();
        await Eventually.HoldsAsync(async () => (await _operator.PostAsync(proof, Ct)).IsSuccessStatusCode, "the proof is taken", Ct);
        Assert.Equal(1, await CountAsync(proof.Id));
    }

    [Fact]
    public async Task Refuses_malformed_and_oversized_requests()
    {
        await AssertProblemAsync(await _operator.Http.PostAsJsonAsync("/v1/proofs", new ProofRequest("no envelope"u8.ToArray(), new byte[64]), Ct), IngestRefusal.Malformed, HttpStatusCode.BadRequest);
        await AssertProblemAsync(await _operator.Http.PostAsJsonAsync("/v1/proofs", new ProofRequest(new byte[DeviceProof.MaxSize + 1], new byte[64]), Ct), IngestRefusal.Oversized, HttpStatusCode.RequestEntityTooLarge);
        await AssertProblemAsync(await _operator.Http.PostAsJsonAsync("/v1/proofs", new ProofRequest(_network.Prove(_network.Devices[0], 1).Proof.Envelope.ToArray(), new byte[63]), Ct), IngestRefusal.Malformed, HttpStatusCode.BadRequest);
        foreach (var (text, type) in ((string, string)[])[("{", "application/json"), ("null", "application/json"), ("""{"proof":7}""", "application/json"), ("{}", "text/plain")])
            await AssertProblemAsync(await _operator.Http.PostAsync("/v1/proofs", new StringContent(text, null, type), Ct), IngestRefusal.Malformed, HttpStatusCode.BadRequest);
        await AssertProblemAsync(await _operator.Http.PostAsJsonAsync("/v1/proofs", new ProofRequest(new byte[64 << 10], new byte[64]), Ct), IngestRefusal.Oversized, HttpStatusCode.RequestEntityTooLarge);
        Assert.Equal(HttpStatusCode.BadRequest, (await _operator.Http.PostAsync("/v1/proofs:batch", new ByteArrayContent([0xff, 0xff, 0xff]), Ct)).StatusCode);
        using var huge = new HttpRequestMessage(HttpMethod.Post, "/v1/proofs:batch") { Content = new ByteArrayContent(new byte[9 << 20]) };
        huge.Headers.ExpectContinue = true;
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await _operator.Http.SendAsync(huge, Ct)).StatusCode);
    }

    [Fact]
    public async Task A_batch_gets_one_receipt_for_what_is_durable_and_a_reason_for_each_refused_proof()
    {
        var proofs = Enumerable.Range(1, 600).Select(i => _network.Prove(_network.Devices[i % 3], (ulong)i)).ToList();
        proofs[10] = new SignedProof(proofs[10].Proof, new byte[64]);
        proofs[20] = _network.Prove(_network.Devices[0], 21, timeMs: _network.NowMs + 86_400_000);

        var receipt = await _operator.PostAsync(proofs, Ct);

        Assert.Equal([10u, 20u], receipt.Refusals.Select(r => r.Index));
        Assert.Equal([(uint)IngestRefusal.BadSignature, (uint)IngestRefusal.TooFarAhead], receipt.Refusals.Select(r => r.Code));
        var durable = proofs.Where((_, i) => i is not 10 and not 20).Select(p => p.Id.Value).ToList();
        Assert.Equal((uint)durable.Count, receipt.Durable);
        var message = ReceiptMessage.Of(_network.Facts.Id, durable, _operator.Keys.Address, receipt.ReceivedAt);
        Assert.True(_operator.Keys.Protocol.PublicKey.Verify(message, receipt.Signature.Span));
        Assert.Equal(598, await _operator.Database.ScalarAsync<long>("select count(*) from oracle.proofs", Ct));
    }

    [Fact]
    public async Task Says_503_and_when_to_retry_when_its_queue_is_full_and_stores_nothing_of_it()
    {
        var network = new TestNetwork(devices: 1);
        await using var small = await TestOperator.StartAsync(network, ingest: new IngestOptions { MaxPendingProofs = 10 }, ct: Ct);
        var batch = new Ingest.Wire.ProofBatch();
        for (ulong i = 1; i <= 11; i++)
        {
            var proof = network.Prove(network.Devices[0], i);
            batch.Proofs.Add(new Ingest.Wire.SignedProof { Proof = Google.Protobuf.ByteString.CopyFrom(proof.Proof.Envelope.Span), Signature = Google.Protobuf.ByteString.CopyFrom(proof.Signature.Span) });
        }

        using var response = await small.Http.PostAsync("/v1/proofs:batch", new ByteArrayContent(Google.Protobuf.MessageExtensions.ToByteArray(batch)), Ct);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Equal(0, await small.Database.ScalarAsync<long>("select count(*) from oracle.proofs", Ct));
    }

    [Fact]
    public async Task A_device_that_registers_while_the_operator_runs_is_known_soon()
    {
        var late = new TestDevice(50, PrivateKey.Generate(KeyType.Secp256k1));
        Assert.Equal(HttpStatusCode.NotFound, (await _operator.PostAsync(_network.Prove(late, 1), Ct)).StatusCode);
        await _network.WriteMirrorAsync(_operator.Database.DataSource, Ct, [late]);
        await Eventually.HoldsAsync(async () => (await _operator.PostAsync(_network.Prove(late, 1), Ct)).IsSuccessStatusCode, "the new device is known", Ct);
    }

    [Fact]
    public async Task Every_signature_of_a_proof_is_one_proof()
    {
        var network = new TestNetwork(devices: 1, keyType: KeyType.P256);
        await using var one = await TestOperator.StartAsync(network, ct: Ct);
        var proof = network.Prove(network.Devices[0], 1);
        var again = new SignedProof(proof.Proof, network.Devices[0].Key.Sign(proof.Proof.Envelope.Span));
        Assert.False(proof.Signature.Span.SequenceEqual(again.Signature.Span)); // P-256 signatures are random
        Assert.True((await one.PostAsync(proof, Ct)).IsSuccessStatusCode);
        Assert.True((await one.PostAsync(again, Ct)).IsSuccessStatusCode);
        Assert.Equal(1, await one.Database.ScalarAsync<long>("select count(*) from oracle.proofs", Ct));
    }

    [Fact]
    public async Task Metrics_count_refusals_by_reason_and_health_answers()
    {
        await RefusedAsync(new SignedProof(_network.Prove(_network.Devices[0], 1).Proof, new byte[64]), IngestRefusal.BadSignature, HttpStatusCode.UnprocessableEntity);
        Assert.Contains("depin_oracle_proofs_refused_total{reason=\"BadSignature\"}", await _operator.Http.GetStringAsync("/metrics", Ct), StringComparison.Ordinal);
        await _operator.Get<MeasureStage>().StepAsync(Ct);
        var metrics = await _operator.Http.GetStringAsync("/metrics", Ct);
        foreach (var name in (string[])["unsealed_proofs", "unsealed_oldest_seconds", "unjudged_batches", "unlanded_reports", "open_transactions", "unwritten_bundles", "chain_time_seconds", "epoch", "next_report_epoch", "round_view"])
            Assert.Contains($"\n# TYPE depin_oracle_{name} gauge\ndepin_oracle_{name} ", metrics, StringComparison.Ordinal);
        Assert.Contains("\"status\":\"ok\"", await _operator.Http.GetStringAsync("/health", Ct), StringComparison.Ordinal);
    }

    private Task<long> CountAsync(ProofId id) =>
        _operator.Database.ScalarAsync<long>(string.Create(CultureInfo.InvariantCulture, $"select count(*) from oracle.proofs where id = '\\x{Convert.ToHexString(id.Value.AsSpan())}'"), Ct)!;

    private async Task ReportFirstEpochAsync()
    {
        await using var connection = await _operator.Database.DataSource.OpenConnectionAsync(Ct);
        await connection.ExecuteAsync(Storage.Sql.Command(
            """
            insert into chain.report_versions (chain_id, digest, epoch, generation, report, signers, claimable_at, status, accepted_block, accepted_transaction, valid_from, valid_to)
            values (@ChainId, @Digest, 1, 0, @Report, 7, 0, 'pending', 2, @Digest, 2, 9223372036854775807)
            """, new { TestNetwork.ChainId, _network.Digest, Report = new byte[348] }, ct: Ct));
    }

    private async Task<HttpResponseMessage> RefusedAsync(SignedProof proof, IngestRefusal refusal, HttpStatusCode status)
    {
        var response = await _operator.PostAsync(proof, Ct);
        await AssertProblemAsync(response, refusal, status);
        Assert.Equal(0, await CountAsync(proof.Id));
        return response;
    }

    private static async Task AssertProblemAsync(HttpResponseMessage response, IngestRefusal refusal, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        var problem = (await response.Content.ReadFromJsonAsync<ProblemDetails>(Ct))!;
        Assert.Equal(refusal.ToString(), problem.Title);
        Assert.Equal((int)refusal, ((JsonElement)problem.Extensions["code"]!).GetInt32());
    }
}
