using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using DePin.Oracle.Ingest;
using DePin.Protocol.Proofs;
using DePin.Signing;
using DePin.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Oracle.Tests.Signing;

/// <summary>What a device sees of an operator whose signer comes and goes.</summary>
public sealed class SignerIngestTests
{
    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public async Task Without_its_signer_a_node_keeps_proofs_gives_no_receipt_says_why_and_goes_on_by_itself()
    {
        var network = new TestNetwork();
        var keys = network.Operators[0];
        var folder = Directory.CreateTempSubdirectory("depin-signer");
        var (path, socket) = (Path.Combine(folder.FullName, "signed.table"), Path.Combine(folder.FullName, "signer"));
        SignTable.Create(path, keys.Address, keys.ProtocolKey, 0);
        using var table = SignTable.Open(path, keys.Address, keys.ProtocolKey);
        var desk = new SigningDesk(keys, table, new EvmSigningLimits(network.Facts.Id, 1, default, default));
        var server = SignerServer.Start(socket, false, desk, NullLogger<SignerServer>.Instance);
        using var signer = RemoteSigner.Connect(socket, network.Facts.Id, TimeSpan.FromMinutes(1));
        await using var one = await TestOperator.StartAsync(network, signer: signer, ct: Ct);
        var (first, second) = (network.Prove(network.Devices[0], 1), network.Prove(network.Devices[0], 2));
        var receipt = await ReceiptAsync(one, first);
        Assert.True(keys.Protocol.PublicKey.Verify(ReceiptMessage.Of(network.Facts.Id, first.Id.Value, keys.Address, receipt.ReceivedAt), receipt.Signature));

        await server.DisposeAsync();
        using (var refused = await one.PostAsync(second, Ct))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.Equal("urn:depin:problem:SignerUnreachable", (await refused.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("type").GetString());
        }

        Assert.Equal("durable", (await one.GetProgressAsync(second.Id, Ct))!.Stage);
        Assert.Equal("signer unreachable", await StatusAsync(one));

        server = SignerServer.Start(socket, false, desk, NullLogger<SignerServer>.Instance);
        await Eventually.HoldsAsync(async () => await StatusAsync(one) == "ok", "the signer was found again", Ct);
        Assert.NotEmpty((await ReceiptAsync(one, second)).Signature);
        Assert.Equal(receipt.Signature, (await ReceiptAsync(one, first)).Signature);
        await server.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private static async Task<ProofReceipt> ReceiptAsync(TestOperator one, SignedProof proof)
    {
        using var response = await one.PostAsync(proof, Ct);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<ProofReceipt>(Ct))!;
    }

    private static async Task<string?> StatusAsync(TestOperator one) => (await one.Http.GetFromJsonAsync<JsonElement>("/health", Ct)).GetProperty("status").GetString();
}
