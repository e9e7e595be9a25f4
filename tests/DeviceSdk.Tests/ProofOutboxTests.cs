using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using DePin.TestKit;

namespace DePin.DeviceSdk.Tests;

public sealed class ProofOutboxTests : IAsyncLifetime, IDisposable
{
    private readonly List<StubOperator> operators = [];
    private readonly HttpClient http = new();
    private readonly PrivateKey device = PrivateKey.Generate(KeyType.Ed25519);

    public async Task InitializeAsync()
    {
        for (byte i = 1; i <= 4; i++) operators.Add(await StubOperator.StartAsync(i));
    }

    public async Task DisposeAsync()
    {
        foreach (var stub in operators) await stub.DisposeAsync();
    }

    public void Dispose() => http.Dispose();

    [Fact]
    public async Task A_proof_goes_to_the_first_f_plus_1_operators_of_the_devices_order_and_is_kept_until_certified()
    {
        foreach (var stub in operators) stub.Certifies = false;
        await using var outbox = Open();
        await outbox.SendAsync(Proof(1), default);
        await Eventually.HoldsAsync(() => Task.FromResult(outbox.Counts.Durable == 1), "two operators hold it", default);
        Assert.Equal(Route().Take(2).Order(), operators.Where(o => !o.Held.IsEmpty).Select(o => o.Endpoint.Address).Order());
        Assert.Equal(1, outbox.Counts.Pending);
        foreach (var stub in operators) stub.Certifies = true;
        await Eventually.HoldsAsync(() => Task.FromResult(outbox.Counts is { Certified: 1, Pending: 0 }), "certified and forgotten", default);
    }

    [Fact]
    public async Task The_next_operator_stands_in_for_one_that_fails()
    {
        First().Broken = true;
        await using var outbox = Open();
        await outbox.SendAsync(Proof(1), default);
        await Eventually.HoldsAsync(() => Task.FromResult(outbox.Counts.Certified == 1), "certified without the first", default);
        var third = operators.Single(o => o.Endpoint.Address == Route()[2]);
        await Eventually.HoldsAsync(() => Task.FromResult(!third.Held.IsEmpty || outbox.Counts.Pending == 0), "the third was asked or no longer needed", default);
        Assert.True(First().Held.IsEmpty);
    }

    [Fact]
    public async Task A_proof_that_an_operator_lost_is_sent_again()
    {
        foreach (var stub in operators) stub.Certifies = false;
        await using var outbox = Open();
        var proof = Proof(1);
        await outbox.SendAsync(proof, default);
        await Eventually.HoldsAsync(() => Task.FromResult(outbox.Counts.Durable == 1), "durable", default);
        First().Held.Clear();
        await Eventually.HoldsAsync(() => Task.FromResult(First().Held.ContainsKey(proof.Id.Value)), "it has it again", default);
    }

    [Fact]
    public async Task A_proof_refused_by_everybody_is_given_up_and_its_reason_counted()
    {
        foreach (var stub in operators) stub.Refuses = "BadSignature";
        await using var outbox = Open();
        await outbox.SendAsync(Proof(1), default);
        await Eventually.HoldsAsync(() => Task.FromResult(outbox.Counts is { Refused: 1, Pending: 0 }), "given up", default);
        Assert.Equal(4, outbox.Refusals["BadSignature"]);
    }

    [Fact]
    public async Task A_proof_ahead_of_the_operators_chain_waits_for_it()
    {
        foreach (var stub in operators) stub.Refuses = "TooFarAhead";
        await using var outbox = Open();
        await outbox.SendAsync(Proof(1), default);
        await Eventually.HoldsAsync(() => Task.FromResult(outbox.Refusals.ContainsKey("TooFarAhead")), "refused once", default);
        foreach (var stub in operators) stub.Refuses = null;
        await Eventually.HoldsAsync(() => Task.FromResult(outbox.Counts.Certified == 1), "taken later", default);
    }

    [Fact]
    public async Task A_full_outbox_makes_its_device_wait()
    {
        foreach (var stub in operators) stub.Broken = true;
        await using var outbox = new ProofOutbox(http, [.. operators.Select(o => o.Endpoint)], capacity: 2, pollInterval: TimeSpan.FromMilliseconds(50));
        await outbox.SendAsync(Proof(1), default);
        await outbox.SendAsync(Proof(2), default);
        var third = outbox.SendAsync(Proof(3), default);
        Assert.False(third.IsCompleted);
        foreach (var stub in operators) stub.Broken = false;
        await third.WaitAsync(TimeSpan.FromMinutes(2));
        await Eventually.HoldsAsync(() => Task.FromResult(outbox.Counts is { Certified: 3, Pending: 0 }), "all three certified", default);
    }

    [Theory]
    [InlineData(Lie.AnothersKey)]
    [InlineData(Lie.OtherProofs)]
    [InlineData(Lie.AnothersName)]
    [InlineData(Lie.NoSignature)]
    [InlineData(Lie.MoreThanAsked)]
    public async Task A_false_receipt_counts_for_nothing_is_reported_and_the_next_operator_stands_in(Lie lie)
    {
        First().Lies = lie;
        await using var outbox = Open();
        await outbox.SendAsync(Proof(1), default);
        await Eventually.HoldsAsync(() => Task.FromResult(outbox.Counts is { Certified: 1, Durable: 1, Pending: 0 }), "two honest operators hold it", default);
        Assert.True(outbox.FalseReceipts[First().Endpoint.Address] >= 1);
        Assert.Equal([First().Endpoint.Address], outbox.FalseReceipts.Keys);
        Assert.Equal(Route()[1..3].Order(), operators.Where(o => !o.Held.IsEmpty).Select(o => o.Endpoint.Address).Order());
    }

    [Fact]
    public async Task One_operators_word_that_a_proof_is_certified_is_not_enough_without_f_plus_1_receipts()
    {
        foreach (var stub in operators.Where(o => o != First())) stub.Broken = true;
        await using var outbox = Open();
        await outbox.SendAsync(Proof(1), default);
        await Eventually.HoldsAsync(() => Task.FromResult(Volatile.Read(ref First().Questions) >= 3), "the first has said certified three times", default);
        Assert.Equal((0, 0, 1), (outbox.Counts.Certified, outbox.Counts.Durable, outbox.Counts.Pending));
        foreach (var stub in operators) stub.Broken = false;
        await Eventually.HoldsAsync(() => Task.FromResult(outbox.Counts is { Certified: 1, Durable: 1, Pending: 0 }), "certified with a second receipt", default);
    }

    private ProofOutbox Open() => new(http, [.. operators.Select(o => o.Endpoint)], pollInterval: TimeSpan.FromMilliseconds(50));

    private List<Address> Route() => [.. OperatorRoute.For(device.PublicKey.DeviceId, operators.Select(o => o.Endpoint)).Select(o => o.Address)];

    private StubOperator First() => operators.Single(o => o.Endpoint.Address == Route()[0]);

    private SignedProof Proof(ulong sequence)
    {
        var proof = DeviceProof.Create(StubOperator.Network, new ClassId(2), 1, new DeviceId(device.PublicKey.DeviceId), sequence, 1_000 * sequence, [1, 2, 3]);
        return new SignedProof(proof, device.Sign(proof.Envelope.Span));
    }
}
