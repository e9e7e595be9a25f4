using System.CommandLine;
using DePin.Abi;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;

namespace DePin.Cli.Network;

/// <summary><c>depin operator schedule</c>: which operators sign from an epoch on. The parameters and rules stay those of the manifest.</summary>
internal static class OperatorSchedule
{
    public static Func<ParseResult, Output, CancellationToken, Task<int>> RunAsync(
        Argument<string[]> set, Option<string[]> add, Option<string[]> remove, Option<long?> fromEpoch, Option<bool> print) => async (parsed, output, ct) =>
    {
        var manifest = NetworkOptions.LoadManifest(parsed);
        var network = await NetworkOptions.AccessAsync(parsed, ct).ConfigureAwait(false);
        var registry = network.Contracts.Operators;
        var count = await network.Rpc.CallAsync(registry, new OperatorRegistry.ConfigCountCall(), BlockTag.Latest, ct).ConfigureAwait(false);
        var newest = count == 0 ? default : await network.Rpc.CallAsync(registry, new OperatorRegistry.ConfigByCountCall(count), BlockTag.Latest, ct).ConfigureAwait(false);
        var keys = Keys(parsed.GetValue(set));
        var (joining, leaving) = (Keys(parsed.GetValue(add)), Keys(parsed.GetValue(remove)));
        if (keys.Count == 0)
        {
            if (joining.Count + leaving.Count == 0) throw new CliException("Which set? Name all its report keys, or change the newest set with --add and --remove.", ExitCodes.Usage);
            keys = count == 0 ? [] : [.. newest.ReportKeys];
        }

        foreach (var key in leaving)
        {
            if (!keys.Remove(key)) throw new CliException($"{key} is not in the newest set.", ExitCodes.Usage);
        }

        foreach (var key in joining)
        {
            if (!keys.Add(key)) throw new CliException($"{key} is in the newest set already.", ExitCodes.Usage);
        }

        if (keys.Count is < 4 or > 31 || keys.Count % 3 != 1) throw new CliException($"{keys.Count} operators cannot agree: there must be 3f + 1 of them, 4 to 31 (4, 7, 10, …).", ExitCodes.Usage);
        await RefuseReturnsAsync(network, count, newest.ReportKeys ?? [], keys, ct).ConfigureAwait(false);
        var first = (ulong?)parsed.GetValue(fromEpoch) ?? await EarliestAsync(network, count == 0 ? null : newest.FirstEpoch, ct).ConfigureAwait(false);
        var registration = new OperatorRegistration(network.Rpc, manifest, NetworkOptions.Fees);
        if (parsed.GetValue(print))
        {
            var data = Hex.ToString(registration.ScheduleCall([.. keys], first).Encode());
            output.Answer(new { to = registry, data, firstEpoch = first }, $"to    {registry}", $"data  {data}");
            return ExitCodes.Success;
        }

        await registration.ScheduleAsync(NetworkOptions.Sender(parsed), [.. keys], first, ct).ConfigureAwait(false);
        output.Answer(new { firstEpoch = first, reportKeys = keys.Order() }, $"From epoch {first} on, {keys.Count} operators sign:", string.Join("\n", keys.Order().Select(k => $"  {k}")));
        return ExitCodes.Success;
    };

    // A cut begins the lane of an operator that its parent does not name at height 0, and what the old lane held there is pruned: docs/decisions/0007.
    private static async Task RefuseReturnsAsync(Sdk.Network.EvmNetworkAccess network, ulong count, IReadOnlyCollection<Address> newest, HashSet<Address> wanted, CancellationToken ct)
    {
        for (var earlier = count; earlier > 1;)
        {
            var config = await network.Rpc.CallAsync(network.Contracts.Operators, new OperatorRegistry.ConfigByCountCall(--earlier), BlockTag.Latest, ct).ConfigureAwait(false);
            foreach (var key in config.ReportKeys.Order())
            {
                if (wanted.Contains(key) && !newest.Contains(key))
                    throw new CliException($"{key} left the set before, and a report key that left does not come back: its lane would begin anew. Make the operator new keys with 'depin operator init' and register those.", ExitCodes.Usage);
            }
        }
    }

    // The registry takes what lies after the present epoch and after the newest config; a minute-long dev day may end while the transaction is on its way, hence one more.
    private static async Task<ulong> EarliestAsync(Sdk.Network.EvmNetworkAccess network, ulong? newest, CancellationToken ct)
    {
        if (newest is not { } last) return 1;
        var time = await network.GetTimeAsync(ct).ConfigureAwait(false);
        var present = time < await network.GetGenesisAsync(ct).ConfigureAwait(false) ? 0 : await network.Rpc.CallAsync(network.Contracts.Verifier, new ReportVerifier.EpochAtCall(time), BlockTag.Latest, ct).ConfigureAwait(false);
        return Math.Max(present + 2, last + 1);
    }

    private static HashSet<Address> Keys(string[]? given) =>
        [.. (given ?? []).Select(k => Address.TryParse(k, out var key) ? key : throw new CliException($"'{k}' is no report key: 0x and 40 hexadecimal digits are expected.", ExitCodes.Usage))];
}
