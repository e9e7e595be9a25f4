using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using DePin.Client.Http;

namespace DePin.Client.Live;

/// <summary>Reads the live stream and opens it again where it broke off.</summary>
internal sealed class LiveStream(ApiTransport transport, DePinClientOptions options, TimeProvider time)
{
    private static readonly (LiveKinds Kind, string Name)[] Kinds = [(LiveKinds.Reports, "report"), (LiveKinds.Claims, "claim"), (LiveKinds.Devices, "device"), (LiveKinds.Evidence, "evidence")];

    /// <summary>The <c>events</c> parameter; null for all.</summary>
    public static string? Names(LiveKinds kinds) => kinds == LiveKinds.All ? null : string.Join(',', Kinds.Where(k => kinds.HasFlag(k.Kind)).Select(k => k.Name));

    public async IAsyncEnumerable<LiveEvent> FollowAsync(Func<Query> query, string? after, [EnumeratorCancellation] CancellationToken ct)
    {
        // The server resumes after a head. What it told since that head comes again, and is known by its text.
        var told = new HashSet<(string, string)>();
        var failures = 0;
        for (var first = true; ; first = false)
        {
            using var response = await OpenAsync(query(), after, first, ct).ConfigureAwait(false);
            if (response is not null)
            {
                await using var body = new PatientStream(await response.Content.ReadAsStreamAsync(ct).ConfigureAwait(false), options.Silence, time);
                await using var items = SseParser.Create(body).EnumerateAsync(ct).GetAsyncEnumerator(ct);
                while (await NextAsync(items).ConfigureAwait(false))
                {
                    failures = 0;
                    var item = items.Current;
                    if (item.EventId is { Length: > 0 } id && id != after)
                    {
                        after = id;
                        told.Clear();
                    }
                    else if (!told.Add((item.EventType, item.Data)))
                    {
                        continue;
                    }

                    if (Read(response, item) is { } one) yield return one;
                }
            }

            ct.ThrowIfCancellationRequested();
            var pause = Math.Min(ApiResilience.LongestDelay.TotalSeconds, options.RetryDelay.TotalSeconds * (1L << Math.Min(failures++, 20)));
            await Task.Delay(TimeSpan.FromSeconds(pause * (0.5 + (Random.Shared.NextDouble() / 2))), time, ct).ConfigureAwait(false);
        }
    }

    // Null where a later attempt may do better.
    private async Task<HttpResponseMessage?> OpenAsync(Query query, string? after, bool first, CancellationToken ct)
    {
        try
        {
            var response = await transport.SendAsync(query, streams: true, headers =>
            {
                headers.Accept.ParseAdd("text/event-stream");
                if (after is not null) headers.Add("Last-Event-ID", after);
            }, ct).ConfigureAwait(false);
            if (response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType == "text/event-stream") return response;
            using (response)
                throw response.IsSuccessStatusCode ? ApiTransport.NotUnderstood(response, "where an event stream was due.") : await transport.RefusalAsync(response, ct).ConfigureAwait(false);
        }
        catch (ApiException problem) when (!first && problem.IsTransient)
        {
            return null;
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<SseItem<string>> items)
    {
        try
        {
            return await items.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or HttpRequestException)
        {
            return false; // broken off
        }
    }

    private LiveEvent? Read(HttpResponseMessage response, SseItem<string> item)
    {
        try
        {
            return item.EventType switch
            {
                "head" => As<HeadMoved>(item) with { Id = item.EventId },
                "report" => As<ReportChanged>(item),
                "claim" => As<ClaimPaid>(item),
                "device" => As<DeviceChanged>(item),
                "evidence" => As<EvidenceImported>(item),
                "reorg" => As<BlocksDropped>(item),
                "reset" => As<StreamReset>(item),
                _ when options.Strict => throw new JsonException($"There is no event '{item.EventType}'."),
                _ => null, // of a newer server
            };
        }
        catch (JsonException problem)
        {
            throw ApiTransport.NotUnderstood(response, $"and in it an event that this client cannot read: {problem.Message}", problem);
        }
    }

    private T As<T>(SseItem<string> item) => JsonSerializer.Deserialize<T>(item.Data, transport.Json) ?? throw new JsonException("It is null.");
}
