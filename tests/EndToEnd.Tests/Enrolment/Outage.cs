using DePin.Replayer;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Enrolment;

/// <summary>A node that is away twice while a replayer uses it, on any chain.</summary>
internal static class Outage
{
    /// <summary>Starts a replayer behind a proxy; the node is away in the midst of enrolling and again while proofs are sent. The replayer lives, tells of it and goes on.</summary>
    /// <param name="node">The node.</param>
    /// <param name="enrols">A method that enrolling needs, and that is called after something was sent or for sending.</param>
    /// <param name="clock">The method that the network's time is read by.</param>
    /// <param name="start">Starts a replayer at a node.</param>
    public static async Task OutlastAsync(Uri node, string enrols, string clock, Func<Uri, ReplayerProcess> start)
    {
        await using var proxy = await RpcProxy.StartAsync(node, default);
        proxy.Apply(new RpcFault.Drop(), enrols);
        await using var replayer = start(proxy.Url);
        await replayer.SaysAsync(Outages.Begin);
        proxy.Clear();
        await replayer.SaysAsync(Outages.End);
        await replayer.SaysAsync("sending");

        proxy.Apply(new RpcFault.Drop());
        await replayer.SaysAsync(Outages.Begin, times: 2);
        proxy.Clear();
        await replayer.SaysAsync(Outages.End, times: 2);
        var asked = proxy.CountOf(clock);
        await Eventually.HoldsAsync(() => Task.FromResult(proxy.CountOf(clock) > asked + 3), "it looks at the network's clock", default);
    }
}
