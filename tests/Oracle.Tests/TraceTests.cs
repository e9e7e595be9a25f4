using System.Collections.Concurrent;
using System.Diagnostics;
using DePin.Hosting;
using DePin.Protocol.Proofs;
using DePin.TestKit;
using DePin.Tracing;
using Microsoft.Extensions.Configuration;

namespace DePin.Oracle.Tests;

/// <summary>What operators tell of proofs, and what they do while nobody takes it from them.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly ConcurrentQueue<Activity> _told = new();

    private static CancellationToken Ct => CancellationToken.None;

    public void Dispose() => ProofSampling.Ratio = 1;

    [Theory]
    [InlineData(0)]
    [InlineData(0.4)]
    [InlineData(1)]
    public async Task Operators_tell_of_the_same_proofs_those_whose_ids_say_so(double ratio)
    {
        using var listener = Listen();
        ProofSampling.Ratio = ratio;
        var network = new TestNetwork();
        var operators = await TestOperator.StartAllAsync(network, [0, 1, 2, 3], Ct);
        var proofs = Enumerable.Range(1, 60).Select(i => network.Prove(network.Devices[i % 3], (ulong)i)).ToList();
        var forged = network.Prove(network.Devices[0], 61);
        forged = new SignedProof(forged.Proof, proofs[0].Signature);
        foreach (var one in operators.Take(2)) await one.PostAsync([.. proofs, forged], Ct);
        // Every operator holds both lanes' batches, and has judged them, before the sets are compared.
        foreach (var one in operators)
            await Eventually.HoldsAsync(
                async () => await one.Database.ScalarAsync<long>("select count(*) from oracle.verdicts", Ct) == 60 && await one.Database.ScalarAsync<long>("select count(*) from oracle.batches where not judged", Ct) == 0,
                "all proofs are judged", Ct);
        var taken = proofs.Where(p => ProofSampling.Takes(p.Id.Value)).Select(p => p.Id.ToString()).ToHashSet();
        Assert.Equal(ratio == 1 ? 60 : 0, ratio is 0 or 1 ? taken.Count : 0);
        foreach (var (one, name) in operators.Take(2).SelectMany(o => new[] { (o, "proof.ingest"), (o, "proof.seal"), (o, "proof.verify") }).Concat(operators.Skip(2).Select(o => (o, "proof.verify"))))
            await Eventually.HoldsAsync(() => Task.FromResult(Told(one, name).SetEquals(taken)), $"{name} is told of {taken.Count} proofs, and it is of {Told(one, name).Count}", Ct);

        Assert.DoesNotContain(_told, a => a.TraceId == TraceIdentity.OfProof(forged.Id.Value).TraceId);
        foreach (var span in _told.Where(a => a.OperationName == "proof.ingest" && taken.Contains((string)a.GetTagItem(Tags.Proof)!)))
        {
            var trace = TraceIdentity.OfProof(Cryptography.Bytes32.Parse((string)span.GetTagItem(Tags.Proof)!));
            Assert.Equal((trace.TraceId, trace.PartOf(Cryptography.Address.Parse((string)span.GetTagItem(Tags.Operator)!))), (span.TraceId, span.ParentSpanId));
        }

        foreach (var one in operators) await one.DisposeAsync();
    }

    [Fact]
    public async Task An_operator_whose_collector_hangs_takes_and_seals_proofs_as_ever()
    {
        await using var collector = await new OtlpReceiver { Hangs = true }.StartAsync(Ct);
        var settings = new Dictionary<string, string?> { ["Telemetry:Endpoint"] = collector.Url.ToString(), ["Telemetry:ProofRatio"] = "1", ["Telemetry:MaxQueue"] = "512" };
        using var telemetry = Telemetry.Start(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), "depin-oracle");
        var network = new TestNetwork();
        var operators = await TestOperator.StartAllAsync(network, [0, 1, 2], Ct); // one alone does not know that its lane is whole, and seals nothing
        var one = operators[0];
        for (var post = 0; post < 10; post++)
        {
            var receipt = await one.PostAsync(Enumerable.Range((post * 300) + 1, 300).Select(i => network.Prove(network.Devices[i % 3], (ulong)i)), Ct);
            Assert.Equal(300u, receipt.Durable);
            await Eventually.HoldsAsync(() => Task.FromResult(collector.Posts > 0), "the exporter waits for the collector", Ct);
        }

        await Eventually.HoldsAsync(async () => await one.Database.ScalarAsync<long>("select count(*) from oracle.proofs where batch_index is null", Ct) == 0, "all are sealed", Ct);
        foreach (var each in operators) await each.DisposeAsync();
    }

    private HashSet<string> Told(TestOperator by, string name) =>
        [.. _told.Where(a => a.OperationName == name && (string)a.GetTagItem(Tags.Operator)! == by.Keys.Address.ToString()).Select(a => (string)a.GetTagItem(Tags.Proof)!)];

    private ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "depin.oracle",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _told.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
