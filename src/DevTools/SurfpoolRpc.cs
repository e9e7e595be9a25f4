using System.Buffers.Binary;
using System.Text.Json.Nodes;

namespace DePin.DevTools;

/// <summary>Surfpool's own calls: clock, accounts.</summary>
public sealed class SurfpoolRpc(Uri url) : DevNodeRpc(url)
{
    private const string ClockSysvar = "SysvarC1ock11111111111111111111111111111111";
    private const int ClockUnixTime = 32; // offset in its data

    /// <summary>The newest slot.</summary>
    public async Task<ulong> SlotAsync(CancellationToken ct) =>
        (await CallAsync("getSlot", [new JsonObject { ["commitment"] = "processed" }], ct).ConfigureAwait(false))!.GetValue<ulong>();

    /// <summary>The newest block's time, unix seconds.</summary>
    public async Task<long> TimeAsync(CancellationToken ct) =>
        (await CallAsync("getBlockTime", [await SlotAsync(ct).ConfigureAwait(false)], ct).ConfigureAwait(false))!.GetValue<long>();

    /// <summary>The time that programs see, unix seconds: what jumps are measured by. It may be ahead of the blocks' (<see cref="SurfpoolClock"/>).</summary>
    public async Task<long> ClockAsync(CancellationToken ct)
    {
        var account = await CallAsync("getAccountInfo", [ClockSysvar, new JsonObject { ["encoding"] = "base64" }], ct).ConfigureAwait(false);
        return BinaryPrimitives.ReadInt64LittleEndian(Convert.FromBase64String(account!["value"]!["data"]![0]!.GetValue<string>()).AsSpan(ClockUnixTime));
    }

    /// <summary>Jumps forward to a slot; time goes along by as much as slots take.</summary>
    public Task TravelToSlotAsync(ulong slot, CancellationToken ct) => CallAsync("surfnet_timeTravel", [new JsonObject { ["absoluteSlot"] = slot }], ct);

    /// <summary>Jumps forward to a unix time in seconds. From then on the Clock sysvar's slot is the one within its epoch.</summary>
    public Task TravelToTimeAsync(long seconds, CancellationToken ct) => CallAsync("surfnet_timeTravel", [new JsonObject { ["absoluteTimestamp"] = checked(seconds * 1_000) }], ct);

    /// <summary>No slots from now on.</summary>
    public Task PauseClockAsync(CancellationToken ct) => CallAsync("surfnet_pauseClock", null, ct);

    /// <summary>Slots go on.</summary>
    public Task ResumeClockAsync(CancellationToken ct) => CallAsync("surfnet_resumeClock", null, ct);

    /// <summary>Lamports of an account from nowhere; its data are left as they are.</summary>
    public Task SetBalanceAsync(string address, ulong lamports, CancellationToken ct) => CallAsync("surfnet_setAccount", [address, new JsonObject { ["lamports"] = lamports }], ct);

    /// <summary>The whole data of an account, with no transaction that made them so.</summary>
    public Task SetDataAsync(string address, ReadOnlyMemory<byte> data, CancellationToken ct) =>
        CallAsync("surfnet_setAccount", [address, new JsonObject { ["data"] = Convert.ToHexStringLower(data.Span) }], ct);
}
