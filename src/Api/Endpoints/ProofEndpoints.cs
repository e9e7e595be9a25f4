using DePin.Storage.Read;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api.Endpoints;

/// <summary>A resource class with its reasons and rules.</summary>
public sealed record ClassView(int Id, string Name, int RulesVersion, IEnumerable<ClassEntry> Reasons, IEnumerable<ClassEntry> Rules);

/// <summary>A numbered entry of a class's table.</summary>
public sealed record ClassEntry(int Id, string Name, string Meaning);

internal static class ProofEndpoints
{
    public static void MapProofs(this RouteGroupBuilder api)
    {
        api.MapGet("/proofs/{id}", GetAsync).WithName("getProof").WithSummary("A judged proof by its id").WithTags("Proofs");
        api.MapGet("/classes", (Reasons reasons) => TypedResults.Ok(reasons.Classes.Select(c => new ClassView(c.Id.Value, c.Name, c.RulesVersion,
            c.Reasons.Select(r => new ClassEntry(r.Id, r.Name, r.Meaning)), c.Rules.Select(r => new ClassEntry(r.Id, r.Name, r.Meaning))))))
            .WithName("listClasses").WithSummary("Resource classes with their reasons and rules").WithTags("Proofs");
    }

    private static async Task<Results<Ok<VerdictView>, ProblemHttpResult>> GetAsync(Networks networks, NetworkReads kept, ProofReads reads, Reasons reasons, string id, string? network, CancellationToken ct)
    {
        var (found, problem) = await networks.FindAsync(network, ct);
        if (found is null) return problem!;
        if (!Text.TryBytes(id, 32, out var proof)) return Problems.BadParameter("id", "a proof id: 64 hexadecimal digits");
        if (await reads.ByIdAsync(found.Id, proof, ct) is { } row) return TypedResults.Ok(reasons.View(row));
        var from = await kept.KeptFromAsync(found.Id, ct);
        return from.Verdicts > 1 ? Problems.NotKept("judged proof", id, from.Verdicts) : Problems.NotFound("judged proof", id);
    }
}
