using System.Net;
using DePin.Cryptography;
using DePin.Oracle.Peers;
using DePin.Protocol;
using DePin.Protocol.Rounds;
using DePin.Signing;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Oracle.Tests.Round;

/// <summary>Four operators in one process, each with its own PostgreSQL database and HTTP endpoint, agree on real messages.</summary>
public sealed class RoundDriverTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(8));
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("depin-round");
    private readonly RoundNetwork _network = new();
    private readonly RoundOperator[] _operators = new RoundOperator[4];

    private CancellationToken Ct => _limit.Token;

    public async Task InitializeAsync()
    {
        for (var i = 0; i < 4; i++) _operators[i] = await RoundOperator.CreateAsync(_network, i, Ct);
        foreach (var one in _operators) await one.OpenAsync(Ct);
    }

    public async Task DisposeAsync()
    {
        foreach (var one in _operators) await one.DisposeAsync();
    }

    public void Dispose()
    {
        _limit.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task All_decide_one_value_and_hold_q_signatures_of_its_report()
    {
        foreach (var one in _operators) one.Begin();
        await AttestedAsync(_operators);
        var value = _operators[0].Attested!.Value;
        Assert.Equal(_network.Lanes.Select(lane => lane.Height), value.Cut.Lanes);
        foreach (var one in _operators)
        {
            Assert.Equal(value, one.Attested!.Value);
            Assert.Equal(_network.Set.Quorum.Size, one.Attested.Signatures.Count);
            Assert.Equal(one.Attested.Signatures.Select(signature => signature.Signer).Order(), one.Attested.Signatures.Select(signature => signature.Signer));
            foreach (var (signer, signature) in one.Attested.Signatures)
            {
                Assert.True(Secp256k1.TryRecover(value.ReportDigest, signature.ToArray(), out Address recovered));
                Assert.Equal(_network.Set[signer].Address, recovered);
            }
            Assert.Equal(value.ReportDigest.ToArray(), await one.Database.ScalarAsync<byte[]>("select digest from oracle.signed_reports", Ct));
        }
    }

    [Fact]
    public async Task An_operator_whose_signer_remembers_a_vote_that_its_log_lacks_sits_the_instance_out_and_follows()
    {
        const int member = 2;
        var keys = _network.Operators[member];
        var path = Path.Combine(_folder.FullName, "signed.table");
        var socket = Path.Combine(_folder.FullName, "signer");
        SignTable.Create(path, keys.Address, keys.ProtocolKey, 0);
        using var table = SignTable.Open(path, keys.Address, keys.ProtocolKey);
        await using var server = SignerServer.Start(socket, false,
            new SigningDesk(keys, table, new EvmSigningLimits(_network.Facts.Id, 1, default, default)), NullLogger<SignerServer>.Instance);
        using var signer = RemoteSigner.Connect(socket, _network.Facts.Id, TimeSpan.FromMinutes(1));
        for (var view = 0u; view < 40; view++) signer.SignProtocol(_network.Message(member, view, MessageKind.Prepare, Keccak256.Hash("before the database was put back"u8)).Bytes.Span);

        var one = _operators[member];
        one.Sign = signer.SignProtocol;
        foreach (var each in _operators) each.Begin();
        await Eventually.HoldsAsync(() => Task.FromResult(one.Driver.Fault is not null), "the signer refused a vote", Ct, Patience);
        var refused = Assert.IsType<SigningRefusedException>(one.Driver.Fault);
        Assert.Equal(SigningRefusal.SecondVote, refused.Refusal);
        Assert.True(await one.HasRecordAsync("kind = 5", Ct));
        Assert.False(await one.HasSaidAsync(MessageKind.Prepare, Ct));

        await one.Driver.DisposeAsync();
        one.Begin(); // as the stage does with a driver that stopped
        await AttestedAsync(_operators.Where(o => o != one).ToArray());
        await Eventually.HoldsAsync(() => Task.FromResult(one.Driver.Decision is not null), "it follows the others' decision", Ct, Patience);
        Assert.Equal(_operators[0].Attested!.Value, one.Driver.Decision);
        Assert.Null(one.Driver.Fault);
        Assert.Equal(0, await one.Database.ScalarAsync<long>("select count(*) from oracle.signed_reports", Ct));
        Assert.False(await one.HasSaidAsync(MessageKind.Prepare, Ct));
    }

    [Fact]
    public async Task A_dead_proposer_is_voted_out()
    {
        var dead = _network.Proposer();
        var alive = _operators.Where((_, i) => i != dead).ToArray();
        foreach (var one in alive) one.Begin();
        await AttestedAsync(alive);
        Assert.All(alive, one => Assert.True(one.Driver.View > 0));
        Assert.Single(alive.Select(one => one.Attested!.Value.Digest).Distinct());

        // And catches up when it comes back: it decides and keeps the same.
        _operators[dead].Begin();
        foreach (var one in alive) one.Refresh();
        await AttestedAsync([_operators[dead]]);
        Assert.Equal(alive[0].Attested!.Value, _operators[dead].Attested!.Value);
    }

    [Fact]
    public async Task A_liar_with_another_report_changes_nothing()
    {
        var liar = _network.Proposer();
        _operators[liar].Compute = cut => Keccak256.Hash(cut.Encode(), "more for me"u8);
        foreach (var one in _operators) one.Begin();
        var honest = _operators.Where((_, i) => i != liar).ToArray();
        await AttestedAsync(honest);
        Assert.All(honest, one => Assert.Equal(_network.Report(one.Attested!.Value.Cut), one.Attested.Value.ReportDigest));
    }

    [Fact]
    public async Task Operators_killed_at_any_point_go_on_from_their_logs_and_sign_no_slot_twice()
    {
        var random = new Random(5);
        _network.ComputationTime = TimeSpan.FromMilliseconds(500);
        foreach (var one in _operators) one.Begin();
        for (var kill = 0; kill < 12; kill++)
        {
            await Task.Delay(random.Next(20, 300), Ct);
            var victim = _operators[random.Next(4)];
            await victim.KillAsync();
            await victim.OpenAsync(Ct);
            victim.Begin();
            foreach (var one in _operators) one.Refresh();
        }
        await AttestedAsync(_operators);
        Assert.Single(_operators.Select(one => one.Attested!.Value.Digest).Distinct());
        foreach (var one in _operators)
        {
            Assert.Equal(0, await one.Database.ScalarAsync<int>("select count(*)::int from oracle.round_conflicts", Ct));
            Assert.False(await one.HasRecordAsync("kind = 5", Ct));
            Assert.Equal(1, await one.Database.ScalarAsync<int>("select count(*)::int from oracle.signed_reports", Ct));
        }
    }

    [Fact]
    public async Task An_operator_whose_database_was_lost_sits_the_instance_out()
    {
        var lost = (_network.Proposer() + 1) % 4;
        foreach (var one in _operators) one.Begin();
        await AttestedAsync(_operators);
        await _operators[lost].KillAsync();
        await _operators[lost].LoseDatabaseAsync(Ct);
        await _operators[lost].OpenAsync(Ct);
        // Its old attestation is shown to it with the decision, before it has said anything.
        _operators[lost].Begin(listen: true);
        foreach (var one in _operators) one.Refresh();
        await Eventually.HoldsAsync(async () => await _operators[lost].HasRecordAsync("kind in (4, 5)", Ct), "it learns what was decided", Ct, Patience);
        await Eventually.HoldsAsync(() => Task.FromResult(_operators[lost].Driver.Decision is not null), "it knows the decision", Ct, Patience);
        Assert.False(await _operators[lost].HasSaidAsync(MessageKind.Observation, Ct));
        Assert.False(await _operators[lost].HasSaidAsync(MessageKind.Prepare, Ct));
        Assert.False(await _operators[lost].HasSaidAsync(MessageKind.Commit, Ct));
    }

    [Fact]
    public async Task A_write_that_fails_stops_the_driver_before_anything_is_sent()
    {
        var failing = _operators[(_network.Proposer() + 1) % 4];
        await failing.Database.ExecuteAsync("alter table oracle.round_records add constraint no_prepares check (message_kind is distinct from 3)", Ct);
        var others = _operators.Where(one => one != failing).ToArray();
        // A quorum with nobody to spare: the others cannot decide before it has come to prepare.
        foreach (var one in others[1..]) one.Begin();
        failing.Begin();
        await Eventually.HoldsAsync(() => Task.FromResult(failing.Driver.Fault is Npgsql.PostgresException), "the driver stops", Ct, Patience);
        Assert.True(await failing.HasSaidAsync(MessageKind.Observation, Ct));
        others[0].Begin();
        await AttestedAsync(others);
        // Nobody ever got the prepare that could not be written: no certificate holds it.
        var sender = Array.IndexOf(_operators, failing);
        foreach (var one in others)
        {
            foreach (var prepare in await one.PreparesOfLocksAsync(Ct)) Assert.NotEqual(sender, prepare.Sender);
        }
        // Made again from its log, with a database that writes, it goes on.
        await failing.Database.ExecuteAsync("alter table oracle.round_records drop constraint no_prepares", Ct);
        await failing.Driver.DisposeAsync();
        failing.Begin();
        await AttestedAsync([failing]);
    }

    [Fact]
    public async Task An_equivocating_sender_is_kept_as_evidence()
    {
        foreach (var one in _operators) one.Begin();
        await AttestedAsync(_operators);
        _network.Instance = _network.Instance with { Generation = new Generation(1) };
        await _operators[0].Driver.DisposeAsync();
        _operators[0].Begin();
        var first = _network.Message(2, 9, MessageKind.Prepare, Bytes32.Zero);
        var second = _network.Message(2, 9, MessageKind.Prepare, Keccak256.Hash("x"u8));
        Assert.Equal(HttpStatusCode.Accepted, await PostAsync(MessageBatch.Encode([first, second])));
        await Eventually.HoldsAsync(async () => await _operators[0].Database.ScalarAsync<int>("select count(*)::int from oracle.round_conflicts where sender = 2", Ct) == 1,
            "the pair is kept", Ct, Patience);
        var kept = await _operators[0].Database.ScalarAsync<byte[]>("select first_message from oracle.round_conflicts", Ct);
        Assert.True(SignedMessage.TryParse(kept, out var message) && message.Verify(_network.Set, DePin.Protocol.Lanes.ProtocolSignature.Verify));
    }

    [Fact]
    public async Task The_endpoint_takes_only_what_an_operator_signed()
    {
        foreach (var one in _operators) one.Refresh();
        var good = _network.Message(1, 0, MessageKind.Prepare, Bytes32.Zero);
        Assert.Equal(HttpStatusCode.Accepted, await PostAsync(MessageBatch.Encode([good])));
        Assert.Equal(HttpStatusCode.Accepted, await PostAsync(MessageBatch.Encode([good])));

        var forged = MessageBatch.Encode([good]);
        forged[^1] ^= 1;
        Assert.Equal(HttpStatusCode.Forbidden, await PostAsync(forged));
        var strange = new RoundNetwork();
        Assert.Equal(HttpStatusCode.Conflict, await PostAsync(MessageBatch.Encode([strange.Message(1, 0, MessageKind.Prepare, Bytes32.Zero)])));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync([1, 2, 3]));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync([]));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync([.. MessageBatch.Encode([good]), 0]));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PostAsync(new byte[MessageBatch.MaxSize + 1]));
    }

    private async Task<HttpStatusCode> PostAsync(byte[] body)
    {
        using var client = new HttpClient();
        using var response = await client.PostAsync(MessageEndpoints.Under(_operators[0].Url), new ByteArrayContent(body), Ct);
        return response.StatusCode;
    }

    private Task AttestedAsync(IReadOnlyCollection<RoundOperator> operators) =>
        Eventually.HoldsAsync(() => Task.FromResult(operators.All(one => one.Attested is not null)), "all hold q signatures", Ct, Patience);
}
