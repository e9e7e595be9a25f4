using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol.Rounds;
using DePin.Signing;
using DePin.Storage.Oracle;
using DePin.TestKit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Oracle.Tests.Signing;

/// <summary>An operator whose keys are in a signer process, in a whole network and through every way in which oracle and signer can lose each other.</summary>
public sealed class SignerProcessTests
{
    private static CancellationToken Ct => CancellationToken.None;

    private static TimeSpan Patience { get; } = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_network_with_an_operator_whose_keys_are_elsewhere_finalizes_epochs_and_outlives_the_signers_death()
    {
        await using var network = await ChainNetwork.StartAsync(Ct);
        await using var process = await SignerProcess.StartAsync(network.Operators[1], network.Manifest, Ct);
        var setup = await OracleConfiguration.ReadAsync(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Oracle:Signer"] = process.SocketPath,
            ["Oracle:Manifest"] = Path.Combine(process.Folder.FullName, "network.json"),
            ["Oracle:Database"] = "Host=nowhere",
            ["Oracle:Rpc:0"] = network.Node.Url.ToString(),
        }).Build(), ChainNetwork.Catalog, Ct);
        using var signer = Assert.IsType<RemoteSigner>(setup.Keys);
        var operators = new List<ChainOperator>();
        for (var i = 0; i < 4; i++) operators.Add(await network.CreateOperatorAsync(i, Ct, signer: i == 1 ? signer : null));
        try
        {
            // Operator 1's turn is the first in epoch 1: its transaction is the signer's, too.
            foreach (var one in operators) await one.StartAsync(Ct);
            await network.StartClockAsync(TimeSpan.FromMilliseconds(300), Ct);
            await AcceptedAsync(network, 1);
            await SignedAsync(operators[1], "epoch = 1");

            await process.KillAsync();
            await Eventually.HoldsAsync(async () => await StatusAsync(operators[1]) == "signer unreachable", "the node says that its signer is gone", Ct, Patience);
            var during = await NextAsync(network);
            await AcceptedAsync(network, during); // the other three are a quorum
            await process.StartAsync(Ct);
            await Eventually.HoldsAsync(async () => await StatusAsync(operators[1]) == "ok", "the node has found its signer again", Ct, Patience);
            var after = await NextAsync(network) + 1;
            await AcceptedAsync(network, after);
            await SignedAsync(operators[1], string.Create(CultureInfo.InvariantCulture, $"epoch > {during}"));
            await network.StopClockAsync();

            // The database is put back to before it signed: the signer knows, and gives the old signature again and no other.
            var database = operators[1].Database;
            var kept = (await database.ScalarAsync<byte[]>("select signature from oracle.signed_reports where epoch = 1 and generation = 0", Ct))!;
            var bytes = (await database.ScalarAsync<byte[]>("select r.report from oracle.signed_reports s join oracle.reports r on r.digest = s.digest where s.epoch = 1 and s.generation = 0", Ct))!;
            var report = Protocol.Reports.Report.Parse(bytes);
            await operators[1].StopAsync();
            await database.ScalarAsync<long?>("with gone as (delete from oracle.signed_reports returning 1) select count(*) from gone", Ct);
            var instance = new RoundInstance(report.Config.Value, report.Epoch, report.Generation);
            var desk = new DePin.Oracle.Report.ReportSigner(new ReportStore(database.DataSource), signer, NullLogger<DePin.Oracle.Report.ReportSigner>.Instance);
            var again = await desk.SignAsync(instance, report.Digest.Value, _ => Task.FromResult<Protocol.Reports.Report?>(report), Ct);
            Assert.Equal(kept, again.Signature!.Value.ToArray());
            await database.ScalarAsync<long?>("with gone as (delete from oracle.signed_reports returning 1) select count(*) from gone", Ct);
            var other = report with { StateRoot = Sha256.Hash("another state"u8) };
            var second = await desk.SignAsync(instance, other.Digest.Value, _ => Task.FromResult<Protocol.Reports.Report?>(other), Ct);
            Assert.Equal((null, SigningRefusal.SecondReport), (second.Signature, second.Refusal));
        }
        finally
        {
            foreach (var one in operators) await one.DisposeAsync();
        }

        Assert.All(process.Secrets, secret => Assert.DoesNotContain(secret, process.Output, StringComparison.OrdinalIgnoreCase));
        Assert.Contains("SecondReport", process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_at_any_moment_the_signer_gives_the_same_signature_again_and_never_one_of_another_report()
    {
        using var setup = new SigningSetup();
        await using var chain = await ChainManifestAsync();
        await using var process = await SignerProcess.StartAsync(setup.Keys, chain.Manifest, Ct);
        for (ulong epoch = 1; epoch <= 6; epoch++)
        {
            var first = SigningSetup.Report(epoch, 0, "first");
            using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            {
                socket.Connect(new UnixDomainSocketEndPoint(process.SocketPath));
                socket.Send(SignerWire.Encode(SignerRequest.Report, first.Encode()));
                if (epoch % 2 == 0) await Task.Delay((int)epoch, Ct); // otherwise before it can have answered
                await process.KillAsync();
            }

            await process.StartAsync(Ct);
            using var signer = RemoteSigner.Connect(process.SocketPath, chain.Manifest.Id, TimeSpan.FromMinutes(1));
            // Whichever of the two has the licence: the other never gets a signature, and it always the same one.
            var second = SigningSetup.Report(epoch, 0, "second");
            var other = await SignAsync(signer, second);
            var own = await SignAsync(signer, first);
            Assert.True(other.Refusal == SigningRefusal.SecondReport != (own.Refusal == SigningRefusal.SecondReport), $"{other} and {own}");
            var bound = own.Signature is null ? second : first;
            Assert.Equal(setup.Keys.Report.SignDigest(bound.Digest.Value), (own.Signature ?? other.Signature)!.Value);

            await process.KillAsync();
            await process.StartAsync(Ct);
            Assert.Equal(other, await SignAsync(signer, second));
            Assert.Equal(own, await SignAsync(signer, first));
        }
    }

    [Fact]
    public async Task A_second_signer_on_the_table_a_wrong_password_and_a_damaged_table_end_with_a_message()
    {
        using var setup = new SigningSetup();
        await using var chain = await ChainManifestAsync();
        await using var process = await SignerProcess.StartAsync(setup.Keys, chain.Manifest, Ct);
        Assert.Equal(setup.Keys.Address, (await ReadAsync(("Keys", process.Folder.FullName), ("PasswordFile", process.PasswordFile))).Keys.Address);
        Assert.Contains("password", (await Assert.ThrowsAsync<InvalidOperationException>(() => ReadAsync(("Keys", process.Folder.FullName)))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ValidationException>(() => ReadAsync(("Keys", process.Folder.FullName), ("Signer", process.SocketPath)));
        await Assert.ThrowsAsync<ValidationException>(() => ReadAsync());

        string[] run = ["run", "--network", Path.Combine(process.Folder.FullName, "network.json"), "--socket", Path.Combine(process.Folder.FullName, "socket", "second")];
        Assert.Equal(3, await process.RunAsync(run, Ct));
        Assert.Contains("only one may", process.Output, StringComparison.Ordinal);
        Assert.Equal(3, await process.RunAsync(["init"], Ct));
        Assert.Contains("never overwritten", process.Output, StringComparison.Ordinal);
        await process.KillAsync();

        var table = Path.Combine(process.Folder.FullName, "signed.table");
        var bytes = await File.ReadAllBytesAsync(table, Ct);
        bytes[40] ^= 1;
        await File.WriteAllBytesAsync(table, bytes, Ct);
        Assert.Equal(3, await process.RunAsync(run, Ct));
        Assert.Contains("is damaged", process.Output, StringComparison.Ordinal);

        await File.WriteAllTextAsync(process.PasswordFile, "incorrect horse\n", Ct);
        Assert.Equal(3, await process.RunAsync(run, Ct));
        Assert.Contains("password is wrong", process.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("incorrect horse", process.Output, StringComparison.Ordinal);
        Assert.All(process.Secrets, secret => Assert.DoesNotContain(secret, process.Output, StringComparison.OrdinalIgnoreCase));

        Task<OracleSetup> ReadAsync(params (string Name, string Value)[] own)
        {
            var all = new Dictionary<string, string?>
            {
                ["Oracle:Manifest"] = chain.ManifestPath,
                ["Oracle:Database"] = "Host=nowhere",
                ["Oracle:Rpc:0"] = chain.Node.Url.ToString(),
            };
            foreach (var (name, value) in own) all["Oracle:" + name] = value;
            return OracleConfiguration.ReadAsync(new ConfigurationBuilder().AddInMemoryCollection(all).Build(), ChainNetwork.Catalog, Ct);
        }
    }

    private static async Task<DeployedChain> ChainManifestAsync() => await DeployedChain.StartAsync(new DevTools.AnvilOptions(), Ct);

    private static Task<ReportSigning> SignAsync(RemoteSigner signer, Protocol.Reports.Report report) => signer.SignReportAsync(
        new RoundInstance(report.Config.Value, report.Epoch, report.Generation), report.Digest.Value, _ => Task.FromResult<Protocol.Reports.Report?>(report), Ct);

    private static async Task<string?> StatusAsync(ChainOperator one) => (await one.Http.GetFromJsonAsync<JsonElement>("/health", Ct)).GetProperty("status").GetString();

    private static Task SignedAsync(ChainOperator one, string where) => Eventually.HoldsAsync(
        async () => await one.Database.ScalarAsync<long>($"select count(*) from oracle.signed_reports where signature is not null and {where}", Ct) > 0, $"it signed a report with {where}", Ct, Patience);

    private static Task<ulong> NextAsync(ChainNetwork network) =>
        network.Rpc.CallAsync(network.Manifest.AddressOf("ReportVerifier"), new ReportVerifier.NextEpochCall(), BlockTag.Latest, Ct);

    private static Task AcceptedAsync(ChainNetwork network, ulong epoch) =>
        Eventually.HoldsAsync(async () => await NextAsync(network) > epoch, $"epoch {epoch} is accepted", Ct, Patience);
}
