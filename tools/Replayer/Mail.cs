using System.Globalization;
using DePin.Adversaries;
using DePin.DeviceSdk;
using DePin.Protocol.Proofs;

namespace DePin.Replayer;

/// <summary>
/// The outboxes: one for the honest, one for each adversary, so that what the operators refuse is counted by adversary and nobody waits for a
/// cheat's proofs.
/// </summary>
public sealed class Mail : IAsyncDisposable
{
    private readonly IReadOnlyList<Cast> casts;
    private readonly ProofOutbox honest;
    private readonly SortedDictionary<string, ProofOutbox> cheats = new(StringComparer.Ordinal);

    /// <summary>Opens them.</summary>
    public Mail(HttpClient http, IReadOnlyCollection<OperatorEndpoint> operators, IReadOnlyList<Cast> casts)
    {
        this.casts = casts;
        honest = new ProofOutbox(http, operators);
        foreach (var name in casts.SelectMany(cast => Enumerable.Range(0, cast.Set.Devices.Count).Select(cast.Of)).OfType<Adversary>().Select(adversary => adversary.Name).Distinct())
            cheats[name] = new ProofOutbox(http, operators, chainTries: 5);
    }

    /// <summary>Name of the adversary that a device of a set is; null for the honest.</summary>
    public string? AdversaryOf(int set, int device) => casts[set].Of(device)?.Name;

    /// <summary>Sends, waiting for room.</summary>
    public Task SendAsync(SignedProof proof, string? adversary, CancellationToken ct) => (adversary is null ? honest : cheats[adversary]).SendAsync(proof, ct);

    /// <summary>One line for people: the honest first, then each adversary.</summary>
    public string Summary(long sentTo)
    {
        var counts = honest.Counts;
        return string.Create(CultureInfo.InvariantCulture,
            $"sending: {counts.Accepted} proofs to {DateTimeOffset.FromUnixTimeMilliseconds(sentTo):yyyy-MM-dd HH:mm}, {counts.Certified} certified, {counts.Pending} pending, {counts.Refused} refused{Reasons(honest)}")
            + string.Concat(cheats.Select(cheat => string.Create(CultureInfo.InvariantCulture, $"; {cheat.Key}: {cheat.Value.Counts.Accepted} sent, {cheat.Value.Counts.Certified} certified, {cheat.Value.Counts.Refused} refused{Reasons(cheat.Value)}")))
            + (honest.FalseReceipts.Count > 0 ? $"; FALSE RECEIPTS from {string.Join(", ", honest.FalseReceipts.Keys.Order())}" : "");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await honest.DisposeAsync().ConfigureAwait(false);
        foreach (var outbox in cheats.Values) await outbox.DisposeAsync().ConfigureAwait(false);
    }

    // By operator and try, the most frequent first.
    private static string Reasons(ProofOutbox outbox)
    {
        var reasons = outbox.Refusals.OrderByDescending(r => r.Value).ThenBy(r => r.Key, StringComparer.Ordinal).Take(3).Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Key} {r.Value}")).ToList();
        return reasons.Count > 0 ? $" ({string.Join(", ", reasons)})" : "";
    }
}
