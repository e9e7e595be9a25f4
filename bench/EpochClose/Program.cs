using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using DePin.Bench;
using DePin.Bench.EpochClose;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Rewards;
using DePin.Protocol.State;

// The pure part of closing an epoch. First the reward tree against its hashing alone on equal threads; then the whole computation from
// 10^4 to 10^6 proofs, whose time for one proof should stay level. Ratios of one run are what counts, not the times.
var accounts = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
Console.WriteLine($"Reward tree, {accounts:N0} accounts, {Environment.ProcessorCount} threads (best of 5)");
var ledger = Enumerable.Range(0, accounts).Select(i =>
    new LedgerEntry(new AccountId(Bytes32.FromUInt64((ulong)i + 1)), (UInt128)i * 1_000, Keccak256.Hash(BitConverter.GetBytes(i)))).ToImmutableArray();
var domain = Bytes32.FromUInt64(1);
var (build, hashing, stored) = (TimeSpan.MaxValue, TimeSpan.MaxValue, new Bytes32[accounts]);
RewardTree tree = null!;
for (var round = 0; round < 5; round++)
{
    build = Least(build, () => tree = RewardTree.Build(domain, ledger));
    hashing = Least(hashing, () => HashAlone(stored));
}
Console.WriteLine($"  root           {build.TotalMilliseconds,8:F0} ms");
Console.WriteLine($"  hashing alone  {hashing.TotalMilliseconds,8:F0} ms   ratio {build / hashing:F2}");
Ratio.OfTime("reward-root", build / hashing);
const int Proofs = 10_000;
for (var i = 0; i < Proofs; i++) tree.ProofAt((uint)((long)i * 7_919 % accounts));
var proving = Least(TimeSpan.MaxValue, () =>
{
    for (var i = 0; i < Proofs; i++) tree.ProofAt((uint)((long)i * 7_919 % accounts));
});
Console.WriteLine($"  one proof      {proving.TotalMicroseconds / Proofs,8:F2} µs");

Console.WriteLine();
Console.WriteLine("Epoch computation, signatures already verified, one account a device (best of 2)");
var each = new List<double>();
foreach (var (devices, proofs) in new[] { (1_000, 10), (1_000, 10), (10_000, 10), (100_000, 10) })
{
    var epoch = new SampleEpoch(devices, proofs);
    var (time, processor) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
    for (var round = 0; round < 2; round++)
    {
        GC.Collect();
        var before = Environment.CpuUsage.TotalTime;
        time = Least(time, epoch.Compute);
        var used = Environment.CpuUsage.TotalTime - before;
        if (used < processor) processor = used;
    }
    Console.WriteLine(
        $"  {devices * proofs,9:N0} proofs {devices,7:N0} accounts {time.TotalMilliseconds,8:F0} ms   processor {processor.TotalMicroseconds / (devices * proofs),6:F2} µs a proof");
    each.Add(processor.TotalMicroseconds / (devices * proofs));
}

Ratio.OfTime("epoch-close.growth", each[^1] / each[1]); // a proof among 10^6 of one among 10^4: 1 is linear

static TimeSpan Least(TimeSpan before, Action action)
{
    var start = Stopwatch.GetTimestamp();
    action();
    var time = Stopwatch.GetElapsedTime(start);
    return time < before ? time : before;
}

// What no tree of this shape can do without: two hashes for a leaf, one for a node.
static void HashAlone(Bytes32[] target)
{
    const int Block = 4_096;
    Parallel.For(0, (target.Length + Block - 1) / Block, block =>
    {
        Span<byte> preimage = stackalloc byte[RewardLeaf.PreimageSize];
        preimage.Clear();
        for (var i = block * Block; i < Math.Min(target.Length, (block + 1) * Block); i++)
        {
            var inner = Keccak256.Hash(preimage);
            var leaf = Keccak256.Hash(inner.AsSpan());
            target[i] = Keccak256.Hash(in leaf, in inner);
        }
    });
}
