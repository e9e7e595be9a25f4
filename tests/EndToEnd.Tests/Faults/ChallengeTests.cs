using System.Globalization;
using System.Net.Http.Json;
using System.Numerics;
using DePin.Chain;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol.Verification;

namespace DePin.EndToEnd.Tests.Faults;

/// <summary>Somebody doubts an honest report, and the arbiter agrees with him or says nothing.</summary>
[Collection(FaultCollection.Name)]
public sealed class ChallengeTests(FaultNetwork network)
{
    private static readonly FeePolicy Quick = new() { PollInterval = TimeSpan.FromMilliseconds(100) };
    private static readonly Bytes32 Evidence = Keccak256.Hash("a doubt"u8);

    private sealed record Row(byte[] Signer, byte[] Report, byte[] Signature);

    [Fact]
    public async Task A_cancelled_report_is_attested_anew_in_the_next_generation_and_no_honest_operator_is_slashed()
    {
        await network.AcceptedAsync(1);
        await using var load = new ProofLoad(network, TimeSpan.FromSeconds(1));
        await network.AcceptedAsync(await network.NextEpochAsync()); // the epoch after it has proofs from its first hour on
        var challenger = await FundAsync();
        var (epoch, challenged) = await ChallengeNextAsync(challenger);
        var balance = await BalanceAsync(challenger);
        await network.HoldsAsync(async () => await StatusAsync(epoch) == "challenged", "the API shows the challenge");
        // A period later: what devices prove now is too far ahead for the epoch, and must not get into the cut that comes in the cancelled one's place.
        await network.AcceptedAsync(epoch + 1);
        var held = load.Receipts.Count;
        await network.HoldsAsync(() => Task.FromResult(load.Receipts.Count >= held + 12), "devices go on");
        var generation = await network.CallAsync("ReportVerifier", new ReportVerifier.GenerationCall());
        await SendAsync(network.Bootstrap.Deployer, new ReportVerifier.CancelCall(epoch));
        Assert.Equal(generation + 1, await network.CallAsync("ReportVerifier", new ReportVerifier.GenerationCall()));
        Assert.Equal(balance + await network.CallAsync("ReportVerifier", new ReportVerifier.ChallengeBondCall()), await BalanceAsync(challenger)); // upheld: he has it back

        await network.AcceptedAsync(epoch);
        var anew = await network.CallAsync("ReportVerifier", new ReportVerifier.AcceptedCall(epoch));
        Assert.NotEqual(challenged.Digest, anew.Digest); // the generation is part of it

        // Two reports of one epoch, signed by the same honest operators: no equivocation, since the generations differ.
        var before = await SignaturesAsync(challenged.Digest);
        var after = await SignaturesAsync(anew.Digest);
        var signers = before.Keys.Intersect(after.Keys).ToList();
        Assert.NotEmpty(signers);
        foreach (var signer in signers)
        {
            var refusal = await Assert.ThrowsAsync<EvmRevertException>(() => SendAsync(network.Bootstrap.Deployer, new ReportVerifier.ProveEquivocationCall(
                before[signer].Report, before[signer].Signature, after[signer].Report, after[signer].Signature)));
            Assert.Contains("NotEquivocation", refusal.Message, StringComparison.Ordinal);
            foreach (var row in (Row[])[before[signer], after[signer]])
            {
                using var http = new HttpClient();
                using var handedIn = await http.PostAsJsonAsync(new Uri(network.Operators[0].Url, "/v1/attestations"), new { report = row.Report, signature = row.Signature });
                Assert.Equal(204, (int)handedIn.StatusCode);
            }
        }

        await network.FinalAsync(epoch);
        await network.HoldsAsync(async () => await StatusAsync(epoch) == "final", "the API shows the new report final");
        var shown = (await network.GetAsync(network.Api, Path(epoch)))!;
        Assert.Equal(anew.Digest.ToString(), shown["summary"]!["digest"]!.ToString());
        var cancelled = Assert.Single(shown["cancelled"]!.AsArray())!;
        Assert.Equal((challenged.Digest.ToString(), "cancelled"), (cancelled["digest"]!.ToString(), cancelled["status"]!.ToString()));
        await network.HoldsAsync(
            async () => await FaultNetwork.ScalarAsync<long>(network.PublicDatabase, string.Create(CultureInfo.InvariantCulture,
                $"select count(*) from evidence.epochs where epoch = {epoch} and report_digest = '\\x{Convert.ToHexString(anew.Digest.AsSpan())}'")) == 1, "the new report's evidence is imported");
        var judged = await FaultNetwork.ColumnAsync<string>(network.PublicDatabase, string.Create(CultureInfo.InvariantCulture, $"select judgement || ' for ' || reason || ': ' || count(*) from evidence.verdicts where epoch = {epoch} group by judgement, reason"));
        Assert.NotEmpty(judged);
        Assert.DoesNotContain(judged, one => one.Contains($" for {(int)RejectReason.FromTheFuture}:", StringComparison.Ordinal) || one.Contains($" for {(int)RejectReason.UnknownDevice}:", StringComparison.Ordinal));
        await network.AssertMirrorIsTheChainAsync(network.PublicDatabase);
        await network.AssertHonestAsync();
    }

    [Fact]
    public async Task A_challenge_that_the_arbiter_ignores_delays_the_report_and_burns_the_bond()
    {
        await network.AcceptedAsync(1);
        var challenger = await FundAsync();
        var (epoch, challenged) = await ChallengeNextAsync(challenger);
        var balance = await BalanceAsync(challenger);
        var bond = await network.CallAsync("ReportVerifier", new ReportVerifier.ChallengeBondCall());
        await network.FinalAsync(epoch); // five days later than otherwise
        var final = await network.CallAsync("ReportVerifier", new ReportVerifier.AcceptedCall(epoch));
        Assert.Equal(challenged.Digest, final.Digest);
        Assert.Equal(balance, await BalanceAsync(challenger));
        Assert.True((await network.CallAsync("ReportVerifier", new ReportVerifier.ChallengerOfCall(challenged.Digest))).IsZero);
        Assert.True((await network.CallAsync("NetworkToken", new NetworkToken.BalanceOfCall(network.Verifier))).IsZero, "the verifier keeps nothing of it");
        await network.HoldsAsync(async () => await StatusAsync(epoch) == "final", "the API shows it final");
        await network.HoldsAsync(
            async () => (await network.GetAsync(network.Api, "/v1/network"))?["totals"]?["burned"]?.ToString() is { } burned && UInt128.Parse(burned, CultureInfo.InvariantCulture) >= bond, "the API shows the burned bond");
        await network.AcceptedAsync(await network.NextEpochAsync());
        await network.AssertMirrorIsTheChainAsync(network.PublicDatabase);
        await network.AssertHonestAsync();
    }

    private async Task<PrivateKey> FundAsync()
    {
        var challenger = PrivateKey.Generate(KeyType.Secp256k1);
        await network.Anvil.Rpc.SetBalanceAsync(challenger.Address.ToString(), "0x3635c9adc5dea00000", default);
        var bond = await network.CallAsync("ReportVerifier", new ReportVerifier.ChallengeBondCall());
        using var bank = new TransactionSender(network.Rpc, network.Bootstrap.Deployer, Quick);
        await bank.SendAsync(network.Manifest.AddressOf("NetworkToken"), new NetworkToken.TransferCall(challenger.Address, bond), default);
        using var sender = new TransactionSender(network.Rpc, challenger, Quick);
        await sender.SendAsync(network.Manifest.AddressOf("NetworkToken"), new NetworkToken.ApproveCall(network.Verifier, bond), default);
        return challenger;
    }

    // The next report to come, so that its window is surely open.
    private async Task<(ulong Epoch, ReportVerifier.Accepted Report)> ChallengeNextAsync(PrivateKey challenger)
    {
        var epoch = await network.NextEpochAsync();
        await network.AcceptedAsync(epoch);
        await SendAsync(challenger, new ReportVerifier.ChallengeCall(epoch, Evidence));
        return (epoch, await network.CallAsync("ReportVerifier", new ReportVerifier.AcceptedCall(epoch)));
    }

    private async Task SendAsync<T>(PrivateKey from, DePin.Abi.IContractCall<T> call)
    {
        using var sender = new TransactionSender(network.Rpc, from, Quick);
        await sender.SendAsync(network.Verifier, call, default);
    }

    private async Task<BigInteger> BalanceAsync(PrivateKey of) => (BigInteger)await network.CallAsync("NetworkToken", new NetworkToken.BalanceOfCall(of.Address));

    private static string Path(ulong epoch) => string.Create(CultureInfo.InvariantCulture, $"/v1/epochs/{epoch}");

    private async Task<string?> StatusAsync(ulong epoch) => (await network.GetAsync(network.Api, Path(epoch)))?["summary"]!["status"]!.ToString();

    private async Task<Dictionary<string, Row>> SignaturesAsync(Bytes32 digest)
    {
        var where = $"digest = '\\x{Convert.ToHexString(digest.AsSpan())}'";
        byte[]? report = null;
        await network.HoldsAsync( // the mirror follows the chain
            async () => (report = await FaultNetwork.ScalarAsync<byte[]>(network.PublicDatabase, $"select report from chain.reports where {where}")) is not null, "the report is mirrored");
        var rows = new Dictionary<string, Row>();
        foreach (var text in await FaultNetwork.ColumnAsync<string>(network.OperatorDatabases[0], $"select encode(signer, 'hex') || ' ' || encode(signature, 'hex') from oracle.attestations where {where}"))
        {
            var parts = text.Split(' ');
            rows[parts[0]] = new Row(Convert.FromHexString(parts[0]), report!, Convert.FromHexString(parts[1]));
        }

        return rows;
    }
}
