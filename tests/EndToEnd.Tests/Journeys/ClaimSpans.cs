using System.Globalization;
using System.Numerics;
using DePin.Abi.Solana;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.TestKit;
using DePin.Tracing;

namespace DePin.EndToEnd.Tests.Journeys;

/// <summary>What somebody sees who looks up a claim at the collector of a running network, by its transaction.</summary>
internal static class ClaimSpans
{
    /// <summary>An account that has something to claim; waits until there is one.</summary>
    public static async Task<string> FindClaimableAsync(NetworkSide network)
    {
        var account = "";
        await Eventually.HoldsAsync(
            async () =>
            {
                var (_, accounts) = await network.AskAsync("accounts");
                account = accounts.AsArray().FirstOrDefault(a => BigInteger.Parse(a!["claimable"]!.ToString(), CultureInfo.InvariantCulture) > 0)?["account"]!["account"]!.ToString() ?? "";
                return account.Length > 0;
            }, "somebody has something to claim", default, TimeSpan.FromMinutes(5));
        return account;
    }

    /// <summary>Claims for an account, and follows the transaction from the command to the mirror; the amount paid, base units.</summary>
    public static async Task<string> AssertAsync(NetworkSide network, string account)
    {
        var collector = network.Running.Collector;
        var before = Spans().Where(s => s.Name == "claim").Select(s => s.Trace).ToHashSet();
        var paid = await network.SucceedsAsync("claim", account, "--key", network.DeployerKey);
        await Eventually.HoldsAsync(
            () => Task.FromResult(Spans().Exists(s => s.Name == "claim" && !before.Contains(s.Trace)) && Spans().Exists(s => s.Name == "claim.mirrored" && s.Service == "depin-indexer" && !before.Contains(s.Trace) && Same(s[Tags.Account], account))),
            "the claim and its event have been told of", default);
        var root = Spans().Last(s => s.Name == "claim" && !before.Contains(s.Trace));
        var transaction = Convert.ToHexStringLower(root[Tags.Transaction].StartsWith("0x", StringComparison.Ordinal) ? Bytes32.Parse(root[Tags.Transaction]).ToArray() : SolanaSignature.Parse(root[Tags.Transaction]).ToArray());
        Assert.Equal((transaction[..32], transaction[32..48], "", "depin-cli"), (root.Trace, root.Id, root.Parent, root.Service));
        var send = Assert.Single(Spans(), s => s.Trace == root.Trace && s.Name == "claim.send");
        Assert.True(send.Parent == root.Id && send.Start >= root.Start && send.End <= root.End, send.ToString());
        var mirrored = Assert.Single(Spans(), s => s.Trace == root.Trace && s.Name == "claim.mirrored" && s.Service == "depin-indexer");
        Assert.Equal((root.Id, paid[0]!["amount"]!.ToString(), root[Tags.Epoch], root[Tags.Transaction]), (mirrored.Parent, mirrored[Tags.Amount], mirrored[Tags.Epoch], mirrored[Tags.Transaction]));
        Assert.True(mirrored.End >= send.Start);
        var epoch = TraceIdentity.OfEpoch(network.Manifest.Id, new Epoch(ulong.Parse(root[Tags.Epoch], CultureInfo.InvariantCulture)));
        Assert.Equal((epoch.TraceId.ToHexString(), epoch.Root.ToHexString()), Assert.Single(mirrored.Links));
        Assert.Equal(epoch.TraceId.ToHexString(), root.Links[0].Trace);

        // The command's own trace, in which the API answered.
        await Eventually.HoldsAsync(() => Task.FromResult(Spans().Exists(s => s.Trace == root.Links[1].Trace && s.Service == "depin-api")), "the API has told of the request", default);
        var command = Assert.Single(Spans(), s => s.Trace == root.Links[1].Trace && s.Name == "claim.command");
        Assert.Equal((command.Id, ""), (root.Links[1].Span, command.Parent));
        Assert.Contains(Spans(), s => s.Trace == command.Trace && s.Service == "depin-api" && s["url.path"].EndsWith("/claim", StringComparison.Ordinal));
        return paid[0]!["amount"]!.ToString();

        List<ReceivedSpan> Spans() => [.. collector.Spans];
    }

    private static bool Same(string one, string other) => one.StartsWith("0x", StringComparison.Ordinal) ? string.Equals(one, other, StringComparison.OrdinalIgnoreCase) : one == other;
}
