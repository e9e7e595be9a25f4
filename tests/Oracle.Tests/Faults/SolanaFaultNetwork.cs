using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Mirror;
using DePin.Oracle.Ingest;
using DePin.Oracle.Round;
using DePin.Protocol;
using DePin.Protocol.Evidence;
using DePin.Protocol.Reports;
using DePin.Protocol.Verification;
using DePin.Protocol.Verification.Sensing;
using DePin.TestKit;

namespace DePin.Oracle.Tests.Faults;

/// <summary>
/// Four operators of the real program on a Surfpool — one a process that can be killed, one behind a proxy that can fail, two in this process — and
/// thermometers that send all the time. Epochs are two hours of chain time, of which ten minutes pass at once; the clock waits where an epoch that is due
/// has no report yet. Each test leaves the network well.
/// </summary>
public sealed class SolanaFaultNetwork : IAsyncLifetime, IDisposable
{
    /// <summary>The operator whose report key signs what it likes.</summary>
    public const int Equivocator = 1;

    /// <summary>The operator in a process of its own.</summary>
    public const int Killed = 2;

    /// <summary>The operator that sees the chain through <see cref="Proxy"/> alone.</summary>
    public const int Misled = 3;

    private const ulong Step = 600;
    private static readonly SolanaPeriods Periods = new() { Epoch = 7_200, Window = 21_600, Extension = 14_400, Grace = 600 };
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500);
    private static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(100), ResendEvery = TimeSpan.FromSeconds(1) };

    // As OperatorProcess has them.
    private static readonly RoundOptions Quick = new()
    {
        Propose = TimeSpan.FromSeconds(5),
        Vote = TimeSpan.FromSeconds(1),
        Resend = TimeSpan.FromMilliseconds(500),
        Listen = TimeSpan.FromMilliseconds(1_200),
    };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("depin-solana-faults-");
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _clock = new(1, 1);
    private readonly ConcurrentDictionary<ProofId, int> _receipts = new();
    private readonly List<ChainOperator> _inProcess = [];
    private Task _running = Task.CompletedTask;
    private ulong _now;
    private ulong _sequence;

    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(5);

    public SolanaNetworkOfOperators Chain { get; private set; } = null!;

    /// <summary>In front of the runtime, for <see cref="Misled"/>.</summary>
    public RpcProxy Proxy { get; private set; } = null!;

    public OperatorProcess Process { get; private set; } = null!;

    /// <summary>All operators' databases, by number.</summary>
    public IReadOnlyList<TestDatabase> Databases { get; private set; } = [];

    /// <summary>Where operators listen, by number.</summary>
    public IReadOnlyList<HttpClient> Http { get; private set; } = [];

    public SolanaNetwork Accounts => Chain.Manifest.Accounts;

    /// <summary>Time of the newest block that the clock has seen, unix seconds.</summary>
    public ulong Now => Volatile.Read(ref _now);

    /// <summary>Proofs of which a device holds a receipt, and whose.</summary>
    public IReadOnlyDictionary<ProofId, int> Receipts => new Dictionary<ProofId, int>(_receipts);

    private static CancellationToken Ct => CancellationToken.None;

    public async Task InitializeAsync()
    {
        Chain = await SolanaNetworkOfOperators.StartAsync(Ct, Periods);
        Proxy = await RpcProxy.StartAsync(Chain.Node.Url, Ct);
        foreach (var i in (int[])[0, Equivocator, Misled])
            _inProcess.Add(await Chain.CreateOperatorAsync(i, Ct, stageDelay: TimeSpan.FromSeconds(4), rpc: i == Misled ? [Proxy.Url] : null, round: Quick));
        Process = new OperatorProcess(Chain, Killed, await TestDatabase.CreateAsync(ct: Ct), _folder.FullName, Chain.Node.Url);
        Databases = [_inProcess[0].Database, _inProcess[1].Database, Process.Database, _inProcess[2].Database];
        Http = [_inProcess[0].Http, _inProcess[1].Http, Process.Http, _inProcess[2].Http];
        foreach (var one in _inProcess) await one.StartAsync(Ct);
        await Process.StartAsync(Ct);
        _now = Chain.Manifest.Genesis + 60;
        await Chain.Node.Rpc.TravelToTimeAsync((long)_now, Ct);
        await Process.ReadyAsync(Ct);
        _running = Task.WhenAll([Task.Run(RunClockAsync), .. Enumerable.Range(0, SolanaNetworkOfOperators.Devices).Select(device => Task.Run(() => SendAsync(device)))]);
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        if (Process is not null) await Process.DisposeAsync();
        foreach (var one in _inProcess) await one.DisposeAsync();
        if (Proxy is not null) await Proxy.DisposeAsync();
        if (Chain is not null) await Chain.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    public void Dispose()
    {
        _stop.Dispose();
        _clock.Dispose();
    }

    /// <summary>Ends an operator of this process.</summary>
    public Task StopAsync(int number) => _inProcess.Single(one => one.Keys == Chain.Operators[number]).StopAsync();

    /// <summary>Starts it again, on the same database.</summary>
    public Task StartAsync(int number) => _inProcess.Single(one => one.Keys == Chain.Operators[number]).StartAsync(Ct);

    /// <summary>Runs something while the chain's time stands still but for the runtime's own slots.</summary>
    public async Task<T> HoldAsync<T>(Func<Task<T>> action)
    {
        await _clock.WaitAsync();
        try
        {
            return await action();
        }
        finally
        {
            _clock.Release();
        }
    }

    public async Task<ulong> NextEpochAsync() => (await Chain.LedgerAsync(Ct)).LastEpoch + 1;

    /// <summary>The program's entry of an epoch; null where it has none.</summary>
    public async Task<Depin.Report?> ReportAsync(ulong epoch)
    {
        var ledger = await Chain.LedgerAsync(Ct);
        var report = ledger.Reports[epoch % (ulong)ledger.Reports.Length];
        return report.Epoch == epoch && epoch <= ledger.LastEpoch ? report : null;
    }

    public Task AcceptedAsync(ulong epoch) => HoldsAsync(async () => (await Chain.LedgerAsync(Ct)).LastEpoch >= epoch, $"epoch {epoch} is accepted");

    public Task FinalAsync(ulong epoch) => HoldsAsync(async () => (await Chain.LedgerAsync(Ct)).NextFinal > epoch, $"epoch {epoch} is final");

    public Task HoldsAsync(Func<Task<bool>> condition, string what) => Eventually.HoldsAsync(condition, what, Ct, Patience, TellAsync);

    /// <summary>An account's own transaction.</summary>
    public Task<SolanaReceipt> SendAsync(PrivateKey from, params IReadOnlyList<SolanaInstruction> instructions) =>
        new SolanaTransactionSender(Chain.Rpc, from, Fast, SolanaVerifierTransactions.Names(Accounts.Program)).SendAsync(new SolanaTransactionRequest(instructions), Ct);

    /// <summary>A new account with so many base units and enough for fees.</summary>
    public async Task<PrivateKey> FundAsync(ulong tokens)
    {
        var key = PrivateKey.Generate(KeyType.Ed25519);
        await new SolanaOperatorRegistration(Chain.Rpc, Chain.Manifest, Fast).FundAsync(Chain.Owner, SolanaAddress.Of(key.PublicKey), tokens, 1_000_000_000, Ct);
        return key;
    }

    /// <summary>Base units in a wallet's token account.</summary>
    public Task<ulong> BalanceAsync(SolanaAddress wallet) => new SolanaOperatorRegistration(Chain.Rpc, Chain.Manifest, Fast).GetBalanceAsync(wallet, Ct);

    public async Task<Depin.OperatorAccount> OperatorAsync(int number) =>
        await new SolanaOperatorRegistration(Chain.Rpc, Chain.Manifest, Fast).FindAsync(Chain.Operators[number].Address, Ct)
        ?? throw new InvalidOperationException($"Operator {number} is not registered.");

    /// <summary>The evidence of a report that was accepted, from the first operator that has it, audited against the chain.</summary>
    public async Task<(EvidenceBundle Bundle, AuditResult Audit)> AuditAsync(ulong epoch, Bytes32 digest)
    {
        byte[]? file = null;
        await HoldsAsync(
            async () =>
            {
                using var response = await Http[0].GetAsync(string.Create(CultureInfo.InvariantCulture, $"/v1/evidence/{epoch}?report={digest}"), Ct);
                file = response.IsSuccessStatusCode ? await response.Content.ReadAsByteArrayAsync(Ct) : null;
                return file is not null;
            }, $"operator 0 has the evidence of epoch {epoch}");
        var bundle = EvidenceBundle.Parse(file);
        var audit = EpochAudit.Run(ChainNetwork.Catalog, bundle);
        Assert.True(audit.Matches);
        Assert.Equal((digest, AttestationFault.None), (audit.Outcome.Report.Digest.Value, audit.Attestation));
        Assert.DoesNotContain(audit.Outcome.Verdicts, judged => judged.Verdict is { Judgement: Judgement.Reject, Reason: < RejectReasons.FirstOfClass });
        return (bundle, audit);
    }

    /// <summary>Every proof of which somebody holds a receipt by now comes to stand in the evidence of one accepted epoch, once.</summary>
    public async Task EveryReceiptCountsOnceAsync()
    {
        var held = Receipts.Keys.ToHashSet();
        Assert.NotEmpty(held);
        // What the killed operator had taken, too: it is in its lane by the next epoch or the one after.
        await AcceptedAsync(await NextEpochAsync() + 1);
        var times = new Dictionary<ProofId, int>();
        for (ulong epoch = 1; !held.All(times.ContainsKey); epoch++)
        {
            await AcceptedAsync(epoch);
            Assert.True(epoch < 100, "Proofs with a receipt stand in no evidence.");
            byte[]? digest = null;
            var query = string.Create(CultureInfo.InvariantCulture, $"select digest from chain.reports where epoch = {epoch} and status <> 'cancelled'");
            await HoldsAsync(async () => (digest = await Databases[0].ScalarAsync<byte[]>(query, Ct)) is not null, $"operator 0 has mirrored the report of epoch {epoch}");
            var (bundle, _) = await AuditAsync(epoch, new Bytes32(digest));
            foreach (var proof in bundle.Batches.SelectMany(static batch => batch.Proofs)) times[proof.Id] = times.GetValueOrDefault(proof.Id) + 1;
        }

        Assert.All(held, id => Assert.Equal(1, times[id]));
    }

    /// <summary>
    /// No operator but the equivocator lost its bond; none signed two reports of one epoch and generation; whatever one signed for an accepted epoch is what the program accepted.
    /// </summary>
    public async Task AssertHonestAsync()
    {
        for (var i = 0; i < Chain.Operators.Count; i++)
        {
            if (i != Equivocator) Assert.False((await OperatorAsync(i)).Slashed, $"operator {i} is slashed");
            Assert.Equal(0, await Databases[i].ScalarAsync<long>(
                """
                select count(*) from oracle.signed_reports s
                where exists (select from chain.reports r where r.epoch = s.epoch and r.generation = s.generation)
                  and not exists (select from chain.reports r where r.digest = s.digest)
                """, Ct));
            Assert.Equal(0, await Databases[i].ScalarAsync<long>(
                $"""
                select count(*) from (select from oracle.attestations where signer <> '\x{Convert.ToHexString(Chain.Operators[Equivocator].Address.AsSpan())}'
                    group by signer, config_digest, epoch, generation having count(distinct digest) > 1) twice
                """, Ct));
            Assert.Equal(0, await Databases[i].ScalarAsync<long>("select count(*) from oracle.round_conflicts", Ct));
            Assert.Equal(0, await Databases[i].ScalarAsync<long>("select count(*) from oracle.transmissions where purpose = 'tree_fault'", Ct));
        }
    }

    /// <summary>What an operator has mirrored is what the program's accounts say.</summary>
    public async Task AssertMirrorIsTheChainAsync(int number)
    {
        await using var live = new MirrorDatabase(Databases[number].ConnectionString, MirrorDatabase.Live);
        var chainId = await Databases[number].ScalarAsync<short>("select chain_id from chain.chains", Ct);
        var verifier = new SolanaMirrorVerifier(live, Chain.Manifest.ToMirroredNetwork(chainId), Chain.Rpc);
        MirrorVerification? verified = null;
        await HoldsAsync(
            async () =>
            {
                try
                {
                    verified = await verifier.VerifyAsync(null, Ct);
                    return true;
                }
                catch (MirrorBehindException)
                {
                    return false;
                }
            }, $"the mirror of operator {number} is at the tip");
        Assert.Empty(verified!.Differences);
        Assert.NotEmpty(verified.Compared);
    }

    /// <summary>What the operators say of themselves.</summary>
    public async Task<string> TellAsync()
    {
        var told = new List<string> { string.Create(CultureInfo.InvariantCulture, $"the clock stands at {Now}, {_running.Status}; {Receipts.Count} receipts; {Proxy.Faulted} calls met a fault") };
        for (var i = 0; i < Databases.Count; i++)
        {
            var one = _inProcess.Find(o => o.Keys == Chain.Operators[i]);
            told.Add(await Diagnosis.TellAsync(i, Http[i], Databases[i], one?.Complaints ?? Process.Complaints));
        }

        return string.Join('\n', told);
    }

    private async Task RunClockAsync()
    {
        var clock = new SurfpoolClock(Chain.Node.Rpc);
        var asked = Now;
        while (!_stop.IsCancellationRequested)
        {
            await HoldAsync(async () =>
            {
                // Far enough past an epoch's end and grace for that to be final; no further until its report is there.
                var due = Chain.Manifest.Genesis + (await NextEpochAsync() * Periods.Epoch) + (ulong)Periods.Grace;
                if (Now >= due + (3 * Step)) return false;
                await clock.MoveAsync((long)(asked += Step), Ct);
                // Jumps lose time to the blocks', and what counts is what those say.
                Volatile.Write(ref _now, (ulong)await Chain.Node.Rpc.TimeAsync(Ct));
                return true;
            });
            await Task.Delay(Tick, Ct);
        }
    }

    // Each to an operator of its own; a proof that got no receipt is not sent again. Operators' mirrors are a step or two behind.
    private async Task SendAsync(int device)
    {
        var key = Chain.DeviceKeys[device];
        while (!_stop.IsCancellationRequested)
        {
            var sequence = Interlocked.Increment(ref _sequence);
            var at = (Now - (3 * Step) + (sequence % 8 * 60)) * 1_000;
            var reading = new Reading(at, [(SensedParameter.Temperature, 5_000 + (int)(sequence % 40 * 25) + (device * 3_000)), (SensedParameter.Humidity, 60_000)]);
            var id = new DeviceId(key.PublicKey.DeviceId);
            var proof = Protocol.Proofs.DeviceProof.Create(Chain.Manifest.Id, EnvironmentSensing.ClassId, EnvironmentSensing.ReadingSchema, id, sequence, at, reading.ToBytes());
            try
            {
                using var response = await Http[device].PostAsJsonAsync("/v1/proofs", new ProofRequest(proof.Envelope.ToArray(), key.Sign(proof.Envelope.Span).ToArray()), _stop.Token);
                if (response.IsSuccessStatusCode) _receipts[proof.Id] = device;
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                // No receipt: the operator is down, or dies with the request in its hands.
            }

            await Task.Delay(Pace, Ct);
        }
    }
}
