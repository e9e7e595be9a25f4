using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Dapper;
using DePin.Cryptography;
using DePin.Oracle.Ingest;
using DePin.Oracle.Tests.Faults;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using DePin.Storage;
using DePin.TestKit;

namespace DePin.Oracle.Tests;

/// <summary>An operator's process that dies at any moment.</summary>
public sealed class KillTests
{
    private static CancellationToken Ct => CancellationToken.None;

    // CI: 20 kills; DEPIN_DEEP=1: 1,000.
    private static int Kills => Environment.GetEnvironmentVariable("DEPIN_DEEP") == "1" ? 1_000 : 20;

    [Fact]
    public async Task No_acknowledged_proof_is_lost_or_doubled_when_the_process_is_killed_again_and_again()
    {
        await using var network = await ChainNetwork.StartAsync(Ct);
        await network.Node.Rpc.SetNextBlockTimestampAsync(network.Manifest.Genesis + 3_600, Ct);
        await network.Node.Rpc.MineAsync(4, Ct);
        var folder = Directory.CreateTempSubdirectory("depin-kill").FullName;
        var device = PrivateKey.Generate(KeyType.Ed25519);
        var peers = new List<ChainOperator>();
        for (var i = 1; i < 4; i++) peers.Add(await network.CreateOperatorAsync(i, Ct));
        foreach (var peer in peers)
        {
            await peer.StartAsync(Ct);
            await RegisterAsync(peer.Database, device);
        }

        await using var process = new OperatorProcess(network, 0, await TestDatabase.CreateAsync(ct: Ct), folder, network.Node.Url);
        var acknowledged = new HashSet<string>();
        ulong sequence = 0;
        for (var kill = 0; kill <= Kills; kill++)
        {
            await process.StartAsync(Ct);
            await process.ReadyAsync(Ct);
            if (kill == 0) await RegisterAsync(process.Database, device);
            using var stop = new CancellationTokenSource();
            var sending = SendAsync(network, process.Http, device, () => Interlocked.Increment(ref sequence), acknowledged, stop.Token);
            await Eventually.HoldsAsync(() => Task.FromResult(sending.IsCompleted || Volatile.Read(ref sequence) > 10ul * (ulong)(kill + 1)), "proofs flow", Ct);
            if (kill < Kills)
            {
                await Task.Delay(RandomNumberGenerator.GetInt32(0, 400), Ct);
                await process.KillAsync();
            }

            await stop.CancelAsync();
            await sending;
        }

        Assert.True(acknowledged.Count > Kills);
        foreach (var peer in peers)
        {
            await Eventually.HoldsAsync(
                async () => acknowledged.IsSubsetOf(await ProofsInLaneAsync(network, peer)), "every acknowledged proof is in a batch at the peer", Ct, TimeSpan.FromMinutes(3));
            var held = await ProofsInLaneAsync(network, peer);
            Assert.Equal(held.Count, held.Distinct().Count());
            Assert.Equal(0, await peer.Database.ScalarAsync<long>("select count(*) from oracle.lane_conflicts", Ct));
        }

        await using (var connection = await process.Database.DataSource.OpenConnectionAsync(Ct))
        {
            var ids = acknowledged.Select(static id => Convert.FromHexString(id[2..])).ToArray();
            Assert.Equal(ids.Length, await connection.ExecuteScalarAsync<long>(Sql.Command("select count(*) from oracle.proofs where id = any(@ids)", new { ids }, ct: Ct)));
        }

        await process.KillAsync();
        foreach (var peer in peers) await peer.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    // As the mirror would have it: enrolling on chain is another test's business.
    private static async Task RegisterAsync(TestDatabase database, PrivateKey device)
    {
        await Eventually.HoldsAsync(async () => await database.ScalarAsync<long>("select count(*) from chain.configs", Ct) > 0, "the mirror has the config", Ct);
        await using var connection = await database.DataSource.OpenConnectionAsync(Ct);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into chain.model_versions (chain_id, model_id, maker_id, class, capabilities, cadence, metadata, valid_from, valid_to)
            values (1, 990, 1, 2, 0, 60, @Zero, 1, 9223372036854775807);
            insert into chain.device_versions (chain_id, token_id, device_id, owner, model_id, batch_id, key_type, public_key, cell, metadata, status, registered_at, valid_from, valid_to)
            values (1, 990, @Id, @Owner, 990, 0, @KeyType, @PublicKey, 0, @Zero, 'active', 0, (select block_number from chain.checkpoints), 9223372036854775807)
            """,
            new { Zero = Bytes32.Zero, Id = device.PublicKey.DeviceId, Owner = Address.Zero, KeyType = (short)device.Type, PublicKey = device.PublicKey.Bytes.ToArray() }, ct: Ct));
    }

    // Sends one proof after another until told to stop; what got a receipt is acknowledged, everything else is not.
    private static async Task SendAsync(ChainNetwork network, HttpClient http, PrivateKey device, Func<ulong> next, HashSet<string> acknowledged, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var payload = new byte[14];
            var proof = DeviceProof.Create(network.Manifest.Id, new ClassId(2), 1, new DeviceId(device.PublicKey.DeviceId), next(), network.Manifest.Genesis * 1_000, payload);
            try
            {
                using var response = await http.PostAsJsonAsync("/v1/proofs", new ProofRequest(proof.Envelope.ToArray(), device.Sign(proof.Envelope.Span)), stop);
                if (response.IsSuccessStatusCode)
                    acknowledged.Add((await response.Content.ReadFromJsonAsync<ProofReceipt>(CancellationToken.None))!.ProofId);
                else
                    await Task.Delay(20, CancellationToken.None);
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
            {
                if (stop.IsCancellationRequested) return;
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    private static async Task<List<string>> ProofsInLaneAsync(ChainNetwork network, ChainOperator peer)
    {
        var lane = Convert.ToHexString(network.Operators[0].Address.AsSpan());
        await using var command = peer.Database.DataSource.CreateCommand(string.Create(CultureInfo.InvariantCulture, $"select body from oracle.batches where operator = '\\x{lane}' order by index"));
        await using var reader = await command.ExecuteReaderAsync(Ct);
        var ids = new List<string>();
        while (await reader.ReadAsync(Ct))
        {
            for (ReadOnlyMemory<byte> rest = reader.GetFieldValue<byte[]>(0); SignedProof.TryRead(rest, out var proof, out var consumed, out _); rest = rest[consumed..])
                ids.Add(proof.Id.ToString());
        }

        return ids;
    }
}
