using System.Globalization;
using System.Text.Json.Nodes;

namespace DePin.DevTools;

/// <summary>Anvil's own calls: mining, clock, snapshots, reorganisations.</summary>
public sealed class AnvilRpc(Uri url) : DevNodeRpc(url)
{
    /// <summary>Number of the newest block.</summary>
    public async Task<ulong> BlockNumberAsync(CancellationToken ct) => Hex(await CallAsync("eth_blockNumber", null, ct).ConfigureAwait(false));

    /// <summary>Number and timestamp (unix seconds) of a block: a tag (<c>latest</c>, <c>finalized</c>) or a number in hex.</summary>
    public async Task<(ulong Number, ulong Timestamp)> BlockAsync(string tag, CancellationToken ct)
    {
        var block = await CallAsync("eth_getBlockByNumber", [tag, false], ct).ConfigureAwait(false)
            ?? throw new InvalidOperationException($"There is no block {tag}.");
        return (Hex(block["number"]), Hex(block["timestamp"]));
    }

    /// <summary>Mines <paramref name="blocks"/> blocks, <paramref name="interval"/> seconds of chain time apart.</summary>
    public Task MineAsync(int blocks, CancellationToken ct, int? interval = null) =>
        CallAsync("anvil_mine", interval is { } seconds ? [Hex(blocks), Hex(seconds)] : [Hex(blocks)], ct);

    /// <summary>Chain time between blocks from now on, seconds.</summary>
    public Task SetBlockTimestampIntervalAsync(int seconds, CancellationToken ct) => CallAsync("anvil_setBlockTimestampInterval", [seconds], ct);

    /// <summary>Timestamp of the next block, unix seconds.</summary>
    public Task SetNextBlockTimestampAsync(ulong timestamp, CancellationToken ct) => CallAsync("evm_setNextBlockTimestamp", [timestamp], ct);

    /// <summary>Sets the node's clock, unix seconds; it may go back.</summary>
    public Task SetTimeAsync(ulong timestamp, CancellationToken ct) => CallAsync("evm_setTime", [timestamp], ct);

    /// <summary>Whether a transaction is mined at once.</summary>
    public Task SetAutomineAsync(bool on, CancellationToken ct) => CallAsync("evm_setAutomine", [on], ct);

    /// <summary>Wall-clock seconds between blocks; 0 stops the clock.</summary>
    public Task SetIntervalMiningAsync(int seconds, CancellationToken ct) => CallAsync("evm_setIntervalMining", [seconds], ct);

    /// <summary>Replaces the last <paramref name="depth"/> blocks by empty ones; their transactions are gone.</summary>
    public Task ReorganiseAsync(int depth, CancellationToken ct) => CallAsync("anvil_reorg", [depth, new JsonArray()], ct);

    /// <summary>Drops the last <paramref name="depth"/> blocks without replacement.</summary>
    public Task RollBackAsync(int depth, CancellationToken ct) => CallAsync("anvil_rollback", [depth], ct);

    /// <summary>Remembers the present state; give the id to <see cref="RevertAsync"/>.</summary>
    public async Task<string> SnapshotAsync(CancellationToken ct) => (await CallAsync("evm_snapshot", null, ct).ConfigureAwait(false))!.GetValue<string>();

    /// <summary>Goes back to a snapshot, which is then used up.</summary>
    public async Task RevertAsync(string snapshot, CancellationToken ct)
    {
        if (await CallAsync("evm_revert", [snapshot], ct).ConfigureAwait(false) is not JsonValue done || !done.GetValue<bool>())
            throw new InvalidOperationException($"Snapshot {snapshot} is unknown or used up.");
    }

    /// <summary>Sets an account's native balance, in wei as 0x-hex.</summary>
    public Task SetBalanceAsync(string address, string wei, CancellationToken ct) => CallAsync("anvil_setBalance", [address, wei], ct);

    private static string Hex(int value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);

    private static ulong Hex(JsonNode? value) => ulong.Parse(value!.GetValue<string>().AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
