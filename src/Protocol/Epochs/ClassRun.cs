using System.Collections.Immutable;
using DePin.Protocol.Registry;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Epochs;

/// <summary>The layers of one class in one epoch: item, group, population, score.</summary>
internal static class ClassRun
{
    /// <summary>Most items of a group that are compared; the lowest proof ids are.</summary>
    public const int MaxGroup = 4_096;

    public static (Population Population, ClaimWriter Claims, ReadOnlyMemory<byte> State) Run(
        IResourceClass @class, List<ProofItem> admitted, EpochContext context, EpochAids aids)
    {
        var items = admitted.ToArray();
        var verdicts = new Verdict[items.Length];
        Parallel.For(0, items.Length, i => verdicts[i] = aids.VerifyItem(@class, items[i]));
        var population = new Population(items, verdicts);
        JudgeGroups(@class, population, context);

        var decisions = new VerdictWriter(items.Length);
        @class.VerifyPopulation(population, context, decisions);
        decisions.ApplyTo(population.Mutable);
        foreach (ref var verdict in population.Mutable)
        {
            if (verdict.Judgement == Judgement.Pending) verdict = Verdict.Inconclusive(RejectReason.Unpaired);
        }

        var claims = new ClaimWriter();
        var state = @class.Score(population, context, claims);
        return (population, claims, state);
    }

    /// <summary>The active devices of a class, ascending by id.</summary>
    public static ImmutableArray<DeviceView> DevicesOf(ClassId id, RegistrySnapshot snapshot)
    {
        var devices = ImmutableArray.CreateBuilder<DeviceView>();
        foreach (var device in snapshot.Devices)
        {
            if (device.View.Class == id && device.Status == DeviceStatus.Active) devices.Add(device.View);
        }
        return devices.DrainToImmutable();
    }

    private static void JudgeGroups(IResourceClass @class, Population population, EpochContext context)
    {
        var keys = new KeyWriter();
        for (var i = 0; i < population.Items.Length; i++)
        {
            if (population.Verdicts[i].Judgement == Judgement.Reject) continue;
            keys.Begin(i);
            @class.KeysOf(population.Items[i], keys);
        }

        var entries = keys.Sorted();
        var places = new int[entries.Length];
        for (var i = 0; i < entries.Length; i++) places[i] = entries[i].Item;
        var decisions = new VerdictWriter(population.Items.Length);
        for (var first = 0; first < entries.Length;)
        {
            var end = first + 1;
            while (end < entries.Length && entries[end].Key == entries[first].Key) end++;
            var compared = Math.Min(end, first + MaxGroup);
            for (var i = compared; i < end; i++) decisions.Inconclusive(places[i], (ushort)RejectReason.GroupFull);
            @class.VerifyGroup(new ItemGroup(entries[first].Key, places.AsSpan()[first..compared], population), context, decisions);
            first = end;
        }
        decisions.ApplyTo(population.Mutable);
    }
}
