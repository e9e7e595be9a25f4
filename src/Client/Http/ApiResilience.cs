using System.Net;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace DePin.Client.Http;

/// <summary>
/// What a request goes through, from the outside in: the time for all attempts, repeats of what may be repeated, the breaker, the time for one attempt. One for each server, since the
/// breaker remembers; safe for use by many.
/// </summary>
internal sealed class ApiResilience
{
    public static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BreakerWindow = TimeSpan.FromSeconds(30);
    private static readonly ResiliencePropertyKey<HttpRequestMessage> Request = new("request");

    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    private readonly DePinClientOptions _options;
    private readonly TimeProvider _time;

    public ApiResilience(DePinClientOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time };
        builder.AddTimeout(new TimeoutStrategyOptions { Timeout = options.Timeout });
        if (options.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = LongestDelay,
                ShouldHandle = args => ValueTask.FromResult(args.Context.Properties.TryGetValue(Request, out var request) && MayRepeat(request) && IsWorthRepeating(args.Outcome)),
                DelayGenerator = args => ValueTask.FromResult(args.Outcome.Result is { } response ? RetryAfter(response, time) : null),
            });
        }

        if (options.BreakerAttempts > 0)
        {
            builder.AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                MinimumThroughput = options.BreakerAttempts,
                FailureRatio = 0.5,
                SamplingDuration = BreakerWindow,
                BreakDuration = options.BreakerPause,
                // Who answers 429 or 408 is alive.
                ShouldHandle = args => ValueTask.FromResult(args.Outcome is { Exception: { } problem } ? IsConnectionFailure(problem) : args.Outcome.Result is { StatusCode: >= HttpStatusCode.InternalServerError } bad && IsTransient(bad.StatusCode)),
            });
        }

        _pipeline = builder.AddTimeout(new TimeoutStrategyOptions { Timeout = options.AttemptTimeout }).Build();
    }

    /// <summary>Sends by <paramref name="send"/>, again where it failed and that may help.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, CancellationToken ct)
    {
        var context = ResilienceContextPool.Shared.Get(ct);
        context.Properties.Set(Request, request);
        try
        {
            return await _pipeline.ExecuteAsync(static async (context, state) => await state.send(state.request, context.CancellationToken).ConfigureAwait(false), context, (request, send)).ConfigureAwait(false);
        }
        catch (Exception problem) when (ct.IsCancellationRequested && problem is not OperationCanceledException)
        {
            throw new OperationCanceledException(ct); // whatever it was that the cancellation cut short
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>Whether a later attempt may be answered.</summary>
    public static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (status >= HttpStatusCode.InternalServerError && status != HttpStatusCode.NotImplemented);

    /// <summary>How long the server asks to be left alone.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time)
    {
        var after = response.Headers.RetryAfter;
        var wait = after?.Delta ?? (after?.Date is { } date ? date - time.GetUtcNow() : null);
        return wait is { } known && known < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    // RFC 9110, 9.2.2: what has the same effect however often it is sent.
    private static bool MayRepeat(HttpRequestMessage request) =>
        request.Method == HttpMethod.Get || request.Method == HttpMethod.Head || request.Method == HttpMethod.Options || request.Method == HttpMethod.Put || request.Method == HttpMethod.Delete;

    private bool IsWorthRepeating(Outcome<HttpResponseMessage> outcome) => outcome.Result is { } response
        ? IsTransient(response.StatusCode) && !(RetryAfter(response, _time) > _options.LongestRetryAfter)
        : IsConnectionFailure(outcome.Exception);

    private static bool IsConnectionFailure(Exception? problem) =>
        problem is TimeoutRejectedException or IOException or HttpRequestException { HttpRequestError: not HttpRequestError.ConfigurationLimitExceeded };
}

/// <summary>
/// Puts <see cref="ApiResilience"/> between a client and its connections. An answer that is no stream is read to its end within the attempt, so that one which breaks off half-way is asked for again.
/// </summary>
internal sealed class ResilienceHandler(ApiResilience resilience, long largestAnswer) : DelegatingHandler
{
    /// <summary>Set on a request whose answer is read as it comes.</summary>
    public static readonly HttpRequestOptionsKey<bool> Streams = new("DePin.Client.Streams");

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => resilience.SendAsync(request, AttemptAsync, cancellationToken);

    private async Task<HttpResponseMessage> AttemptAsync(HttpRequestMessage request, CancellationToken ct)
    {
        var response = await base.SendAsync(request, ct).ConfigureAwait(false);
        if (request.Options.TryGetValue(Streams, out var streams) && streams && response.IsSuccessStatusCode) return response;
        try
        {
            await response.Content.LoadIntoBufferAsync(largestAnswer, ct).ConfigureAwait(false);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
