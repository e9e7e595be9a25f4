using DePin.Protocol.Registry;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Epochs;

/// <summary>Which devices of a snapshot may earn, and into which payout index.</summary>
internal sealed class Standing
{
    private readonly RejectReason[] _faults;
    private readonly int[] _payouts;

    public Standing(RegistrySnapshot snapshot, UInt128 minimumStakePerDevice)
    {
        _faults = new RejectReason[snapshot.Devices.Length];
        _payouts = new int[snapshot.Devices.Length];
        var accounts = new (AccountId Account, int Index)[snapshot.PayoutAccounts.Length];
        for (var i = 0; i < accounts.Length; i++) accounts[i] = (snapshot.PayoutAccounts[i], i);
        Array.Sort(accounts, static (a, b) => a.Account.CompareTo(b.Account));

        var order = new int[snapshot.Devices.Length];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        Array.Sort(order, (a, b) =>
        {
            var (left, right) = (snapshot.Devices[a], snapshot.Devices[b]);
            var byOwner = left.Owner.CompareTo(right.Owner);
            return byOwner == 0 ? left.TokenId.CompareTo(right.TokenId) : byOwner;
        });
        for (var first = 0; first < order.Length;)
        {
            var owner = snapshot.Devices[order[first]].Owner;
            var end = first + 1;
            while (end < order.Length && snapshot.Devices[order[end]].Owner == owner) end++;
            Settle(snapshot, order.AsSpan()[first..end], PayoutIndexOf(accounts, owner), snapshot.StakeOf(owner), minimumStakePerDevice);
            first = end;
        }
    }

    /// <summary>Why the device cannot earn, or None.</summary>
    public RejectReason FaultOf(int device) => _faults[device];

    /// <summary>The owner's payout index, or -1.</summary>
    public int PayoutIndexOf(int device) => _payouts[device];

    // An owner's devices come by token: the oldest active ones are covered first.
    private void Settle(RegistrySnapshot snapshot, ReadOnlySpan<int> devices, int payout, UInt128 stake, UInt128 minimum)
    {
        var covered = minimum == 0 ? UInt128.MaxValue : stake / minimum;
        foreach (var device in devices)
        {
            _payouts[device] = payout;
            if (snapshot.Devices[device].Status != DeviceStatus.Active) _faults[device] = RejectReason.DeviceInactive;
            else if (covered == 0) _faults[device] = RejectReason.NotStaked;
            else
            {
                covered--;
                if (payout < 0) _faults[device] = RejectReason.NoPayoutAccount;
            }
        }
    }

    private static int PayoutIndexOf((AccountId Account, int Index)[] accounts, AccountId owner)
    {
        var (low, high) = (0, accounts.Length - 1);
        while (low <= high)
        {
            var middle = (int)(((uint)low + (uint)high) >> 1);
            var order = accounts[middle].Account.CompareTo(owner);
            if (order == 0) return accounts[middle].Index;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        return -1;
    }
}
