using DePin.Signing;
using System.Diagnostics;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Oracle;
using DePin.Oracle.Ingest;
using DePin.Oracle.Ingest.Wire;
using DePin.Oracle.Network;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using DePin.Protocol.Verification;
using DePin.Storage;
using DePin.Storage.Oracle;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace DePin.Bench.Ingest;

/// <summary>A node with 100 devices of one key type and proofs that they signed before the clock starts.</summary>
internal sealed class IngestRun : IAsyncDisposable
{
    private const int BatchSize = 500;
    private const int Devices = 100;
    private const int Senders = 8;
    private const ulong Genesis = 1_700_006_400;

    private readonly WebApplication _app;
    private readonly HttpClient _http;
    private readonly PublicKey[] _keys;
    private readonly DePin.Protocol.Proofs.SignedProof[] _proofs;
    private readonly List<byte[]> _batches;

    private IngestRun(WebApplication app, HttpClient http, PublicKey[] keys, DePin.Protocol.Proofs.SignedProof[] proofs)
    {
        (_app, _http, _keys, _proofs) = (app, http, keys, proofs);
        _batches = [.. proofs.Chunk(BatchSize).Select(ToBatch)];
    }

    public static async Task<IngestRun> StartAsync(PostgresCluster cluster, KeyType type, int count)
    {
        var database = $"bench_{type}".ToLowerInvariant();
        await cluster.EnsureDatabaseAsync(database, CancellationToken.None);
        var connection = cluster.ConnectionString(database);
        await using (var source = NpgsqlDataSource.Create(connection)) await new Migrator(source).MigrateAsync(CancellationToken.None);

        var devices = Enumerable.Range(0, Devices).Select(_ => PrivateKey.Generate(type)).ToArray();
        var facts = new NetworkFacts(new NetworkId(Bytes32.FromUInt64(1)), Genesis, 86_400, 172_800, 600);
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = OracleApp.Build(builder, new OracleSetup
        {
            Facts = facts,
            Keys = new OperatorKeyRing(PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Ed25519), PrivateKey.Generate(KeyType.Secp256k1)),
            Database = connection,
            Classes = [new AnyPayload()],
            Ingest = new IngestOptions { DeviceBurst = 1e9, DeviceProofsPerSecond = 1e6, AddressBurst = 1e12, AddressProofsPerSecond = 1e9 },
        });
        await app.StartAsync();
        app.Services.GetRequiredService<NetworkClock>().Advance(DateTimeOffset.FromUnixTimeSeconds((long)Genesis + 43_200));
        app.Services.GetRequiredService<DeviceDirectory>().Apply(devices.Select((key, i) => new DeviceVersion(
            i + 1, key.PublicKey.DeviceId, (short)type, key.PublicKey.Bytes.ToArray(), "active", AnyPayload.Number, 1, 0, 60, 0, (long)Genesis, (long)Genesis, Bytes32.Zero, 1, true)));

        var proofs = new DePin.Protocol.Proofs.SignedProof[count];
        Parallel.For(0, count, i =>
        {
            var key = devices[i % Devices];
            var proof = DeviceProof.Create(facts.Id, new ClassId(AnyPayload.Number), 1, new DeviceId(key.PublicKey.DeviceId), (ulong)i + 1, (Genesis + 43_000) * 1_000, new byte[64]);
            proofs[i] = new DePin.Protocol.Proofs.SignedProof(proof, key.Sign(proof.Envelope.Span));
        });
        return new IngestRun(app, new HttpClient { BaseAddress = new Uri(app.Urls.Single()) }, [.. devices.Select(d => d.PublicKey)], proofs);
    }

    /// <summary>Signatures a second on all cores, keys kept.</summary>
    public double MeasureVerification(int first, int count)
    {
        var started = Stopwatch.GetTimestamp();
        Parallel.For(first, first + count, i =>
        {
            if (!_keys[i % Devices].Verify(_proofs[i].Proof.Envelope.Span, _proofs[i].Signature.Span)) throw new InvalidOperationException("A good signature was refused.");
        });
        return count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Proofs a second from the first byte sent to the last receipt read; every one of them is committed.</summary>
    public async Task<double> MeasureIngestAsync(int first, int count)
    {
        if (first == 0) await PostAsync(_batches[0]); // connections and code are warm; its proofs are sent again below and only looked up
        var next = (first / BatchSize) - 1;
        var last = (first + count) / BatchSize;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < last; i = Interlocked.Increment(ref next)) await PostAsync(_batches[i]);
        })));
        return count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task PostAsync(byte[] batch)
    {
        using var response = await _http.PostAsync(new Uri("/v1/proofs:batch", UriKind.Relative), new ByteArrayContent(batch));
        response.EnsureSuccessStatusCode();
        var receipt = BatchReceipt.Parser.ParseFrom(await response.Content.ReadAsByteArrayAsync());
        if (receipt.Refusals.Count > 0) throw new InvalidOperationException($"{receipt.Refusals.Count} proofs were refused: {receipt.Refusals[0].Reason}.");
    }

    private static byte[] ToBatch(DePin.Protocol.Proofs.SignedProof[] proofs)
    {
        var batch = new ProofBatch();
        foreach (var proof in proofs)
            batch.Proofs.Add(new DePin.Oracle.Ingest.Wire.SignedProof { Proof = UnsafeByteOperations.UnsafeWrap(proof.Proof.Envelope), Signature = UnsafeByteOperations.UnsafeWrap(proof.Signature) });
        return batch.ToByteArray();
    }

    private sealed class AnyPayload : IResourceClass
    {
        public const ushort Number = 900;

        public ClassDescriptor Descriptor { get; } = new()
        {
            Id = new ClassId(Number),
            RulesVersion = 1,
            Name = "any",
            Schemas = [new SchemaDescriptor(1, "any", 0, 4_096)],
            Reasons = [],
            Rules = [],
        };

        public Verdict VerifyItem(in ProofItem item) => Verdict.Accept();

        public void KeysOf(in ProofItem item, KeyWriter keys)
        {
        }

        public void VerifyGroup(in ItemGroup group, EpochContext context, VerdictWriter verdicts)
        {
        }

        public void VerifyPopulation(Population population, EpochContext context, VerdictWriter verdicts)
        {
        }

        public ReadOnlyMemory<byte> Score(Population population, EpochContext context, ClaimWriter claims) => default;
    }
}
