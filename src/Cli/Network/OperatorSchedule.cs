using System.CommandLine;
using DePin.Cryptography;

namespace DePin.Cli.Network;

/// <summary><c>depin operator schedule</c>: which operators sign from an epoch on. The parameters and rules stay those of the manifest.</summary>
internal static class OperatorSchedule
{
    public static Func<ParseResult, Output, CancellationToken, Task<int>> RunAsync(
        Argument<string[]> set, Option<string[]> add, Option<string[]> remove, Option<long?> fromEpoch, Option<bool> print) => async (parsed, output, ct) =>
    {
        var sets = await OperatorSets.OpenAsync(parsed, ct).ConfigureAwait(false);
        var count = await sets.CountAsync(ct).ConfigureAwait(false);
        var newest = count == 0 ? null : await sets.GetAsync(count, ct).ConfigureAwait(false);
        var keys = Keys(parsed.GetValue(set));
        var (joining, leaving) = (Keys(parsed.GetValue(add)), Keys(parsed.GetValue(remove)));
        if (keys.Count == 0)
        {
            if (joining.Count + leaving.Count == 0) throw new CliException("Which set? Name all its report keys, or change the newest set with --add and --remove.", ExitCodes.Usage);
            keys = [.. newest?.ReportKeys ?? []];
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
        await RefuseReturnsAsync(sets, count, newest?.ReportKeys ?? [], keys, ct).ConfigureAwait(false);
        var first = (ulong?)parsed.GetValue(fromEpoch) ?? await EarliestAsync(sets, newest?.FirstEpoch, ct).ConfigureAwait(false);
        if (parsed.GetValue(print))
        {
            await sets.PrintAsync(output, [.. keys], first, ct).ConfigureAwait(false);
            return ExitCodes.Success;
        }

        await sets.ScheduleAsync(parsed, [.. keys], first, ct).ConfigureAwait(false);
        output.Answer(new { firstEpoch = first, reportKeys = keys.Order() }, $"From epoch {first} on, {keys.Count} operators sign:", string.Join("\n", keys.Order().Select(k => $"  {k}")));
        return ExitCodes.Success;
    };

    // A cut begins the lane of an operator that its parent does not name at height 0, and what the old lane held there is pruned: docs/decisions/0007.
    private static async Task RefuseReturnsAsync(OperatorSets sets, ulong count, IReadOnlyCollection<Address> newest, HashSet<Address> wanted, CancellationToken ct)
    {
        for (var earlier = count; earlier > 1;)
        {
            var config = await sets.GetAsync(--earlier, ct).ConfigureAwait(false);
            foreach (var key in config.ReportKeys.Order())
            {
                if (wanted.Contains(key) && !newest.Contains(key))
                    throw new CliException($"{key} left the set before, and a report key that left does not come back: its lane would begin anew. Make the operator new keys with 'depin operator init' and register those.", ExitCodes.Usage);
            }
        }
    }

    // The registry takes what lies after the present epoch and after the newest config; a minute-long dev day may end while the transaction is on its way, hence one more.
    private static async Task<ulong> EarliestAsync(OperatorSets sets, ulong? newest, CancellationToken ct) =>
        newest is { } last ? Math.Max(await sets.PresentEpochAsync(ct).ConfigureAwait(false) + 2, last + 1) : 1;

    private static HashSet<Address> Keys(string[]? given) =>
        [.. (given ?? []).Select(k => Address.TryParse(k, out var key) ? key : throw new CliException($"'{k}' is no report key: 0x and 40 hexadecimal digits are expected.", ExitCodes.Usage))];
}
