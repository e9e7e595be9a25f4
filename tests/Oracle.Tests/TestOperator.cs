using DePin.Signing;
using System.Net.Http.Json;
using DePin.Oracle.Batch;
using DePin.Oracle.Ingest;
using DePin.Oracle.Ingest.Wire;
using DePin.Protocol;
using DePin.Storage.Oracle;
using DePin.TestKit;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DePin.Oracle.Tests;

/// <summary>One operator in this process: its own database, web server and loops.</summary>
public sealed class TestOperator : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestOperator(TestNetwork network, OperatorKeyRing keys, TestDatabase database, WebApplication app)
    {
        Network = network;
        Keys = keys;
        Database = database;
        _app = app;
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()), Timeout = TimeSpan.FromMinutes(1) };
    }

    public TestNetwork Network { get; }

    public OperatorKeyRing Keys { get; }

    public TestDatabase Database { get; }

    public HttpClient Http { get; }

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>Starts an operator whose mirror holds the network; returns when it is ready for proofs. <paramref name="before"/> fills its database first.</summary>
    public static async Task<TestOperator> StartAsync(TestNetwork network, int number = 0, IngestOptions? ingest = null, LaneOptions? lanes = null, Func<LaneStore, Task>? before = null, IOperatorSigner? signer = null, CancellationToken ct = default)
    {
        var database = await TestDatabase.CreateAsync(ct: ct);
        var keys = network.Operators[number];
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Testing" });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = OracleApp.Build(builder, new OracleSetup
        {
            Facts = network.Facts,
            Keys = signer ?? keys,
            Database = database.ConnectionString,
            Classes = TestNetwork.Classes,
            ChainId = TestNetwork.ChainId,
            Ingest = ingest ?? new IngestOptions(),
            Lanes = lanes ?? new LaneOptions { SealEvery = TimeSpan.FromMilliseconds(100), ExchangeEvery = TimeSpan.FromMilliseconds(100), AdoptEvery = TimeSpan.FromMilliseconds(100) },
        });
        await network.WriteMirrorAsync(database.DataSource, ct);
        if (before is not null) await before(app.Services.GetRequiredService<LaneStore>());
        await app.StartAsync(ct);
        network.SetEndpoint(keys.Address, app.Urls.Single());
        var started = new TestOperator(network, keys, database, app);
        await Eventually.HoldsAsync(async () => (await started.Http.GetAsync("/ready", ct)).IsSuccessStatusCode, "the operator is ready", ct);
        return started;
    }

    /// <summary>Starts all operators of a network and tells each where the others listen.</summary>
    public static async Task<List<TestOperator>> StartAllAsync(TestNetwork network, IEnumerable<int> numbers, CancellationToken ct)
    {
        var all = new List<TestOperator>();
        foreach (var number in numbers) all.Add(await StartAsync(network, number, ct: ct));
        foreach (var one in all) await network.WriteMirrorAsync(one.Database.DataSource, ct);
        return all;
    }

    public Task<HttpResponseMessage> PostAsync(Protocol.Proofs.SignedProof proof, CancellationToken ct) =>
        Http.PostAsJsonAsync("/v1/proofs", new ProofRequest(proof.Proof.Envelope.ToArray(), proof.Signature.ToArray()), ct);

    public async Task<BatchReceipt> PostAsync(IEnumerable<Protocol.Proofs.SignedProof> proofs, CancellationToken ct)
    {
        var batch = new ProofBatch();
        batch.Proofs.AddRange(proofs.Select(p => new Ingest.Wire.SignedProof { Proof = ByteString.CopyFrom(p.Proof.Envelope.Span), Signature = ByteString.CopyFrom(p.Signature.Span) }));
        using var response = await Http.PostAsync("/v1/proofs:batch", new ByteArrayContent(batch.ToByteArray()), ct);
        response.EnsureSuccessStatusCode();
        return BatchReceipt.Parser.ParseFrom(await response.Content.ReadAsByteArrayAsync(ct));
    }

    public async Task<ProofProgress?> GetProgressAsync(ProofId id, CancellationToken ct)
    {
        using var response = await Http.GetAsync($"/v1/proofs/{id}", ct);
        return response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<ProofProgress>(ct) : null;
    }

    /// <summary>Stops the server and the loops; the database stays.</summary>
    public Task StopAsync(CancellationToken ct) => _app.StopAsync(ct);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Http.Dispose();
        await Database.DisposeAsync();
    }
}
