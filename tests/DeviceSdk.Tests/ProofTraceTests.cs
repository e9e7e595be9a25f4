using System.Collections.Concurrent;
using System.Diagnostics;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using DePin.TestKit;
using DePin.Tracing;

namespace DePin.DeviceSdk.Tests;

/// <summary>What a device tells of the proofs that are traced.</summary>
public sealed class ProofTraceTests : IAsyncLifetime, IDisposable
{
    private readonly List<StubOperator> operators = [];
    private readonly HttpClient http = new();
    private readonly PrivateKey device = PrivateKey.Generate(KeyType.Ed25519);
    private readonly ConcurrentQueue<Activity> told = new();
    private readonly ActivityListener listener;

    public ProofTraceTests()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "DePin.Device",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = told.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
    }

    public async Task InitializeAsync()
    {
        for (byte i = 1; i <= 4; i++) operators.Add(await StubOperator.StartAsync(i));
    }

    public async Task DisposeAsync()
    {
        foreach (var stub in operators) await stub.DisposeAsync();
    }

    public void Dispose()
    {
        ProofSampling.Ratio = 1;
        listener.Dispose();
        http.Dispose();
    }

    [Fact]
    public async Task A_proof_is_told_of_once_it_is_certified_with_each_operator_that_holds_it()
    {
        foreach (var stub in operators) stub.Certifies = false;
        await using var outbox = new ProofOutbox(http, [.. operators.Select(o => o.Endpoint)], pollInterval: TimeSpan.FromMilliseconds(50));
        var proof = Proof(1);
        var trace = TraceIdentity.OfProof(proof.Id.Value);
        await outbox.SendAsync(proof, default);
        await Eventually.HoldsAsync(() => Task.FromResult(Of(proof).Count == 2), "both posts are told of", default);
        // An operator that loses it gets it again.
        var holder = operators.First(o => o.Held.ContainsKey(proof.Id.Value));
        holder.Held.Clear();
        await Eventually.HoldsAsync(() => Task.FromResult(Of(proof).Count == 3), "the post after the loss, too", default);
        foreach (var stub in operators) stub.Certifies = true;
        await outbox.DrainAsync(default);

        var root = Assert.Single(Of(proof), a => a.OperationName == "proof");
        Assert.Equal((trace.TraceId, trace.Root, default), (root.TraceId, root.SpanId, root.ParentSpanId));
        Assert.Equal(("certified", 1L), ((string)root.GetTagItem(Tags.Result)!, (long)root.GetTagItem(Tags.Sequence)!));
        var sends = Of(proof).Where(a => a.OperationName == "proof.send").ToList();
        Assert.All(sends, s => Assert.Equal((trace.Root, "durable"), (s.ParentSpanId, (string)s.GetTagItem(Tags.Result)!)));
        Assert.All(sends, s => Assert.True(s.StartTimeUtc >= root.StartTimeUtc));
        Assert.Equal(3, sends.Select(s => s.SpanId).Distinct().Count());
        var held = operators.Where(o => o.Held.ContainsKey(proof.Id.Value)).Select(o => trace.PartOf(o.Endpoint.Address)).ToHashSet();
        Assert.Equal(held, sends.Select(s => s.SpanId).Where(held.Contains).ToHashSet());
    }

    [Fact]
    public async Task A_refusal_by_all_is_an_error_with_each_operators_reason()
    {
        foreach (var stub in operators) stub.Refuses = "BadSignature";
        await using var outbox = new ProofOutbox(http, [.. operators.Select(o => o.Endpoint)], pollInterval: TimeSpan.FromMilliseconds(50));
        var proof = Proof(2);
        await outbox.SendAsync(proof, default);
        await outbox.DrainAsync(default);
        Assert.Equal(ActivityStatusCode.Error, Assert.Single(Of(proof), a => a.OperationName == "proof").Status);
        Assert.Equal(["BadSignature", "BadSignature", "BadSignature", "BadSignature"], Of(proof).Where(a => a.OperationName == "proof.send").Select(a => a.StatusDescription!));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.4)]
    [InlineData(1)]
    public async Task Those_proofs_are_told_of_whose_ids_say_so(double ratio)
    {
        ProofSampling.Ratio = ratio;
        await using var outbox = new ProofOutbox(http, [.. operators.Select(o => o.Endpoint)], pollInterval: TimeSpan.FromMilliseconds(50));
        var proofs = Enumerable.Range(100, 50).Select(i => Proof((ulong)i)).ToList();
        foreach (var proof in proofs) await outbox.SendAsync(proof, default);
        await outbox.DrainAsync(default);
        var taken = proofs.Where(p => ProofSampling.Takes(p.Id.Value)).Select(p => p.Id).ToHashSet();
        Assert.Equal(ratio == 1 ? 50 : 0, ratio is 0 or 1 ? taken.Count : 0);
        Assert.Equal(taken, proofs.Where(p => Of(p).Exists(a => a.OperationName == "proof")).Select(p => p.Id).ToHashSet());
    }

    private List<Activity> Of(SignedProof proof) => [.. told.Where(a => a.TraceId == TraceIdentity.OfProof(proof.Id.Value).TraceId)];

    private SignedProof Proof(ulong sequence)
    {
        var proof = DeviceProof.Create(StubOperator.Network, new ClassId(2), 1, new DeviceId(device.PublicKey.DeviceId), sequence, 1_700_000_000_000, "payload"u8);
        return new SignedProof(proof, device.Sign(proof.Envelope.Span));
    }
}
