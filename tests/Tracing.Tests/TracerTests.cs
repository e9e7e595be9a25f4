using System.Diagnostics;
using System.Text;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Tracing.Tests;

/// <summary>Ids that stations derive, and spans that carry them.</summary>
[Collection(Listening.Name)]
public sealed class TracerTests : IDisposable
{
    private static readonly Bytes32 Proof = Sha256.Hash("proof"u8);
    private readonly Tracer _tracer = new("DePin.Tests." + Guid.NewGuid());
    private readonly List<Activity> _told = [];
    private readonly ActivityListener _listener;

    public TracerTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == _tracer.Name,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _told.Add,
        };
    }

    public void Dispose()
    {
        _listener.Dispose();
        _tracer.Dispose();
        ProofSampling.Ratio = 1;
    }

    [Fact]
    public void A_proofs_id_is_its_traces_and_its_first_spans()
    {
        var trace = TraceIdentity.OfProof(Proof);
        Assert.Equal(Proof.ToString()[2..34], trace.TraceId.ToHexString());
        Assert.Equal(Proof.ToString()[34..50], trace.Root.ToHexString());
        Assert.Equal(trace, TraceIdentity.OfTransaction(Proof)); // a transaction's hash is read alike
    }

    [Fact]
    public void An_epochs_trace_follows_from_network_and_number()
    {
        var network = new NetworkId(Sha256.Hash("network"u8));
        // The bytes as docs/observability.md lays them out, by hand.
        byte[] bytes = [.. Encoding.ASCII.GetBytes("\u0019DePIN trace v1"), .. network.Value.ToArray(), 0, 0, 0, 0, 0, 0, 1, 2];
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        var trace = TraceIdentity.OfEpoch(network, new Epoch(258));
        Assert.Equal(hash[..32], trace.TraceId.ToHexString());
        Assert.Equal(hash[32..48], trace.Root.ToHexString());
        Assert.NotEqual(trace, TraceIdentity.OfEpoch(network, new Epoch(259)));
        Assert.NotEqual(trace, TraceIdentity.OfEpoch(new NetworkId(Sha256.Hash("another"u8)), new Epoch(258)));
    }

    [Fact]
    public void A_participants_part_has_an_id_of_its_own_in_every_trace()
    {
        var (one, two) = (new Address(Proof.AsSpan()[..20]), new Address(Proof.AsSpan()[12..]));
        var trace = TraceIdentity.OfProof(Proof);
        byte[] bytes = [.. Proof.ToArray(), .. one.AsSpan(), 0, 0, 0, 0, 0, 0, 0, 3];
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))[..16], trace.PartOf(one, 3).ToHexString());
        Assert.Equal(4, new[] { trace.PartOf(one), trace.PartOf(two), trace.PartOf(one, 1), TraceIdentity.OfProof(Sha256.Hash("other"u8)).PartOf(one) }.Distinct().Count());
    }

    [Fact]
    public void What_is_told_has_the_ids_that_others_derive_and_no_part_in_what_is_going_on_here()
    {
        ActivitySource.AddActivityListener(_listener);
        var (trace, epoch) = (TraceIdentity.OfProof(Proof), TraceIdentity.OfEpoch(new NetworkId(Proof), new Epoch(1)));
        var part = trace.PartOf(new Address(Proof.AsSpan()[..20]));
        using var request = new Activity("request").Start();
        var began = DateTimeOffset.UtcNow.AddSeconds(-3);
        _tracer.Tell(trace, new Span("root", began) { Id = trace.Root, Links = [epoch.ToLink()] }, ("one", "1"), ("none", null));
        _tracer.Tell(trace, new Span("part") { Id = part, Error = "refused" });
        _tracer.Tell(trace, new Span("within") { Parent = part });
        Assert.Same(request, Activity.Current);

        Assert.All(_told, span => Assert.Equal(trace.TraceId, span.TraceId));
        Assert.Equal([trace.Root, part], _told.Take(2).Select(span => span.SpanId));
        Assert.Equal([default, trace.Root, part], _told.Select(span => span.ParentSpanId));
        Assert.Null(_told[0].Parent);
        Assert.Equal(began.UtcDateTime, _told[0].StartTimeUtc);
        Assert.InRange(_told[0].Duration, TimeSpan.FromSeconds(3), TimeSpan.FromMinutes(5));
        Assert.Equal(epoch.TraceId, Assert.Single(_told[0].Links).Context.TraceId);
        Assert.Equal("one", Assert.Single(_told[0].TagObjects).Key);
        Assert.Equal((ActivityStatusCode.Error, "refused"), (_told[1].Status, _told[1].StatusDescription));
        Assert.NotEqual(_told[2].SpanId, _told[1].SpanId);
    }

    [Fact]
    public void A_ratio_is_a_share_of_the_proofs_and_a_smaller_one_takes_some_of_those_of_a_larger()
    {
        var ids = Enumerable.Range(0, 20_000).Select(i => Sha256.Hash(BitConverter.GetBytes(i))).ToList();
        HashSet<Bytes32> Taken(double ratio)
        {
            ProofSampling.Ratio = ratio;
            Assert.Equal(ratio, ProofSampling.Ratio, 12);
            return [.. ids.Where(id => ProofSampling.Takes(id))];
        }

        Assert.Empty(Taken(0));
        Assert.Equal(ids.Count, Taken(1).Count);
        var (tenth, half) = (Taken(0.1), Taken(0.5));
        Assert.InRange(tenth.Count, 1_700, 2_300); // seven standard deviations, and the ids are always the same
        Assert.InRange(half.Count, 9_500, 10_500);
        Assert.True(tenth.IsProperSubsetOf(half));
        Assert.Equal(tenth, Taken(0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProofSampling.Ratio = 1.01);
        Assert.Throws<ArgumentOutOfRangeException>(() => ProofSampling.Ratio = double.NaN);
    }

    [Fact]
    public void A_proof_that_is_not_traced_costs_no_memory()
    {
        ProofSampling.Ratio = 1;
        Assert.Equal(0, AllocatedBy(() => _tracer.Takes(Proof) || _tracer.Begin() is not null)); // nobody listens
        ActivitySource.AddActivityListener(_listener);
        Assert.True(_tracer.Takes(Proof));
        ProofSampling.Ratio = 0;
        Assert.Equal(0, AllocatedBy(() => _tracer.Takes(Proof)));
    }

    private static long AllocatedBy(Func<bool> ask)
    {
        ask();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) Assert.False(ask());
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}

/// <summary>Listeners and the ratio are the process's: these tests run one after another.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Listening
{
    public const string Name = "listening";
}
