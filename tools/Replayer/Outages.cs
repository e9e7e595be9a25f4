using DePin.Chain;
using DePin.Chain.Rpc;

namespace DePin.Replayer;

/// <summary>Outlasts the outages of a chain's node: what it was asked it is asked again until it answers. Each outage is told of when it begins and when it is over.</summary>
/// <param name="say">Takes a line for people.</param>
/// <param name="pause">Wall-clock time between tries; each of them is patient for some while itself (<see cref="RpcOptions"/>).</param>
public sealed class Outages(Action<string> say, TimeSpan pause)
{
    /// <summary>What is said when one begins; the reason follows.</summary>
    public const string Begin = "waiting for the chain's node: ";

    /// <summary>What is said when it is over.</summary>
    public const string End = "the chain's node answers again";

    /// <summary>Asks until a node answers.</summary>
    public Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken ct) => OutlastAsync(ask, static problem => problem is RpcUnavailableException, isRepeatable: false, ct);

    /// <summary>Asks what was answered before: what a node says to it that is only coming up is not its last word.</summary>
    public Task<T> AskAgainAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken ct) =>
        OutlastAsync(ask, static problem => problem is RpcUnavailableException or RpcException or InvalidOperationException, isRepeatable: false, ct);

    /// <summary>
    /// Does what leaves alone whatever is done already. What was on its way when the node went away may be in a block for all that, and then the chain refuses it the second time: it is looked at once more.
    /// </summary>
    public Task RepeatAsync(Func<CancellationToken, Task> work, CancellationToken ct) => OutlastAsync(
        async token =>
        {
            await work(token).ConfigureAwait(false);
            return true;
        },
        static problem => problem is RpcUnavailableException, isRepeatable: true, ct);

    private async Task<T> OutlastAsync<T>(Func<CancellationToken, Task<T>> ask, Func<Exception, bool> isOutage, bool isRepeatable, CancellationToken ct)
    {
        for (var isOut = false; ;)
        {
            try
            {
                var answer = await ask(ct).ConfigureAwait(false);
                if (isOut) say(End);
                return answer;
            }
            catch (Exception problem) when (isOutage(problem))
            {
                if (!isOut) say(Begin + problem.Message);
                isOut = true;
            }
            catch (ChainRefusalException) when (isOut && isRepeatable)
            {
                say(End);
                isOut = false; // once: refused again, it is refused
            }

            await Task.Delay(pause, ct).ConfigureAwait(false);
        }
    }
}
