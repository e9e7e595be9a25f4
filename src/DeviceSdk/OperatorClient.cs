using System.Net;
using System.Net.Http.Headers;
using DePin.Cryptography;
using DePin.Oracle.Ingest.Wire;
using DePin.Protocol.Proofs;
using Google.Protobuf;

namespace DePin.DeviceSdk;

/// <summary>What an operator said of one proof.</summary>
/// <param name="Refusal">Null: it is durable there. Else why not, as a short stable name.</param>
/// <param name="RetryAfter">When to send it again; null = never.</param>
public readonly record struct PostResult(string? Refusal, TimeSpan? RetryAfter);

/// <summary>An operator answered with a receipt that its protocol key did not sign for these proofs: it counts for nothing.</summary>
/// <param name="endpoint">Which operator.</param>
/// <param name="why">What is wrong with it.</param>
public sealed class FalseReceiptException(OperatorEndpoint endpoint, string why) : HttpRequestException($"Operator {endpoint.Address} at {endpoint.Endpoint} gave a false receipt: {why}.");

/// <summary>How far an operator holds a proof.</summary>
public enum ProofStage : byte
{
    /// <summary>It does not hold it.</summary>
    Unknown = 0,

    /// <summary>Durable there, not yet certified.</summary>
    Durable = 1,

    /// <summary>q operators acknowledged a batch that holds it: it cannot be lost.</summary>
    Certified = 2,
}

/// <summary>Posts to one operator. Thread-safe.</summary>
public sealed class OperatorClient(HttpClient http, OperatorEndpoint endpoint)
{
    private static readonly MediaTypeHeaderValue Protobuf = new("application/x-protobuf");
    private readonly Uri batch = new(endpoint.Endpoint, "/v1/proofs:batch");
    private readonly Uri status = new(endpoint.Endpoint, "/v1/proofs:status");

    /// <summary>Which operator.</summary>
    public OperatorEndpoint Endpoint => endpoint;

    /// <summary>Posts proofs of one network; one result each, in order. What is not refused is covered by a receipt whose signature was checked.</summary>
    /// <exception cref="FalseReceiptException">Its receipt is not its own, or not for these proofs.</exception>
    /// <exception cref="HttpRequestException">The operator does not answer, or not as it should.</exception>
    public async Task<PostResult[]> PostAsync(IReadOnlyList<DePin.Protocol.Proofs.SignedProof> proofs, CancellationToken ct)
    {
        var request = new ProofBatch();
        foreach (var proof in proofs)
            request.Proofs.Add(new Oracle.Ingest.Wire.SignedProof { Proof = UnsafeByteOperations.UnsafeWrap(proof.Proof.Envelope), Signature = UnsafeByteOperations.UnsafeWrap(proof.Signature) });
        using var content = Content(request);
        using var response = await http.PostAsync(batch, content, ct).ConfigureAwait(false);
        var results = new PostResult[proofs.Count];
        if (response.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests)
        {
            results.AsSpan().Fill(new PostResult("Overloaded", response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1)));
            return results;
        }

        response.EnsureSuccessStatusCode();
        var receipt = BatchReceipt.Parser.ParseFrom(await response.Content.ReadAsByteArrayAsync(ct).ConfigureAwait(false));
        foreach (var refusal in receipt.Refusals)
        {
            if (refusal.Index >= results.Length) throw new HttpRequestException($"Operator {endpoint.Address} refused proof {refusal.Index} of {results.Length}.");
            results[refusal.Index] = new PostResult(refusal.Reason, refusal.RetryAfterMs == 0 ? null : TimeSpan.FromMilliseconds(refusal.RetryAfterMs));
        }

        Check(receipt, [.. proofs.Where((_, i) => results[i].Refusal is null).Select(p => p.Id.Value)], proofs[0].Proof.Network);
        return results;
    }

    private void Check(BatchReceipt receipt, List<Bytes32> durable, Protocol.NetworkId network)
    {
        if (durable.Count == 0) return;
        if (receipt.Durable != durable.Count) throw new FalseReceiptException(endpoint, $"it speaks of {receipt.Durable} proofs and refused all but {durable.Count}");
        if (!receipt.Operator.Span.SequenceEqual(endpoint.Address.AsSpan())) throw new FalseReceiptException(endpoint, "it names another operator");
        if (receipt.Signature.Length != 64 || !Ed25519.Verify(ReceiptMessage.Of(network, durable, endpoint.Address, receipt.ReceivedAt), receipt.Signature.Span, endpoint.ProtocolKey.AsSpan()))
            throw new FalseReceiptException(endpoint, "the signature is not by the operator's protocol key over these proofs");
    }

    /// <summary>Asks how far proofs are; one stage each, in order.</summary>
    /// <exception cref="HttpRequestException">The operator does not answer, or not as it should.</exception>
    public async Task<ProofStage[]> GetStagesAsync(IReadOnlyList<Bytes32> ids, CancellationToken ct)
    {
        var request = new StatusQuery();
        foreach (var id in ids) request.Ids.Add(ByteString.CopyFrom(id.AsSpan()));
        using var content = Content(request);
        using var response = await http.PostAsync(status, content, ct).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        var answer = StatusAnswer.Parser.ParseFrom(await response.Content.ReadAsByteArrayAsync(ct).ConfigureAwait(false));
        return answer.Stages.Count == ids.Count
            ? [.. answer.Stages.Select(s => (ProofStage)s)]
            : throw new HttpRequestException($"Operator {endpoint.Address} answered {answer.Stages.Count} of {ids.Count} stages.");
    }

    private static ByteArrayContent Content(IMessage message)
    {
        var content = new ByteArrayContent(message.ToByteArray());
        content.Headers.ContentType = Protobuf;
        return content;
    }
}
