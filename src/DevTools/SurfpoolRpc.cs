using System.Text.Json.Nodes;

namespace DePin.DevTools;

/// <summary>Surfpool's own calls: clock, accounts.</summary>
public sealed class SurfpoolRpc(Uri url) : DevNodeRpc(url)
{
    private const ulong EpochSlots = 432_000;
    private const long Stride = 1_440; // seconds
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    /// <summary>The newest slot.</summary>
    public async Task<ulong> SlotAsync(CancellationToken ct) =>
        (await CallAsync("getSlot", [new JsonObject { ["commitment"] = "processed" }], ct).ConfigureAwait(false))!.GetValue<ulong>();

    /// <summary>The newest block's time, unix seconds.</summary>
    public async Task<long> TimeAsync(CancellationToken ct) => await TimeOfAsync(await SlotAsync(ct).ConfigureAwait(false), ct).ConfigureAwait(false);

    /// <summary>Jumps forward to a slot; unix time goes along by 0.4 s a slot.</summary>
    public Task TravelToSlotAsync(ulong slot, CancellationToken ct) => CallAsync("surfnet_timeTravel", [new JsonObject { ["absoluteSlot"] = slot }], ct);

    /// <summary>Jumps forward to a unix time in seconds. From then on the Clock sysvar's slot is the one within its epoch.</summary>
    public Task TravelToTimeAsync(long seconds, CancellationToken ct) => CallAsync("surfnet_timeTravel", [new JsonObject { ["absoluteTimestamp"] = checked(seconds * 1_000) }], ct);

    /// <summary>
    /// Jumps forward by hours or days to a unix time in seconds, or some minutes later, in strides. A jump over the end of an epoch of 432,000 slots (at 100 ms a slot 12 hours) is noticed with the next
    /// slot that comes by itself, and the jump after that starts at the epoch's end: all that lies beyond is lost, to the blocks' times for ever, and slots run back where the jump is shorter. So it waits
    /// for that slot.
    /// </summary>
    /// <returns>The time that later jumps must lie beyond.</returns>
    public async Task<long> TravelFarAsync(long seconds, CancellationToken ct)
    {
        var slot = await SlotAsync(ct).ConfigureAwait(false);
        var time = await TimeOfAsync(slot, ct).ConfigureAwait(false);
        for (var isOver = false; time < seconds || isOver;)
        {
            await TravelToTimeAsync(time += Stride, ct).ConfigureAwait(false);
            var reached = await SlotAsync(ct).ConfigureAwait(false);
            isOver = reached / EpochSlots != slot / EpochSlots; // once more, then, as far: slots do not run back
            slot = isOver ? await TickAsync(reached, ct).ConfigureAwait(false) : reached;
        }

        return time;
    }

    /// <summary>No slots from now on.</summary>
    public Task PauseClockAsync(CancellationToken ct) => CallAsync("surfnet_pauseClock", null, ct);

    /// <summary>Slots go on.</summary>
    public Task ResumeClockAsync(CancellationToken ct) => CallAsync("surfnet_resumeClock", null, ct);

    /// <summary>Lamports of an account from nowhere; its data are left as they are.</summary>
    public Task SetBalanceAsync(string address, ulong lamports, CancellationToken ct) => CallAsync("surfnet_setAccount", [address, new JsonObject { ["lamports"] = lamports }], ct);

    /// <summary>The whole data of an account, with no transaction that made them so.</summary>
    public Task SetDataAsync(string address, ReadOnlyMemory<byte> data, CancellationToken ct) =>
        CallAsync("surfnet_setAccount", [address, new JsonObject { ["data"] = Convert.ToHexStringLower(data.Span) }], ct);

    // Waits for a slot that comes by itself.
    private async Task<ulong> TickAsync(ulong slot, CancellationToken ct)
    {
        for (ulong next; ;)
        {
            if ((next = await SlotAsync(ct).ConfigureAwait(false)) != slot) return next;
            await Task.Delay(Look, ct).ConfigureAwait(false);
        }
    }

    private async Task<long> TimeOfAsync(ulong slot, CancellationToken ct) => (await CallAsync("getBlockTime", [slot], ct).ConfigureAwait(false))!.GetValue<long>();
}
