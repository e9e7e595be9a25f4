using System.Collections.Immutable;
using DePin.Protocol.Registry;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Epochs;

/// <summary>The layers of one class in one epoch: item, group, population, score.</summary>
internal static class ClassRun
{
    /// <summary>Most items of a group that are compared; the lowest proof ids are.</summary>
    public const int MaxGroup = 4_096;

    /// <summary>Most bytes of a class's state.</summary>
    public const int MaxState = 64 * 1024 * 1024;

    /// <summary>The final verdicts, and either claims and next state or the class's problem.</summary>
    public static ClassRunResult Run(IResourceClass @class, List<ProofItem> admitted, EpochContext context, EpochAids aids)
    {
        var items = admitted.ToArray();
        var verdicts = new Verdict[items.Length];
        Parallel.For(0, items.Length, i => verdicts[i] = aids.VerifyItem(@class, items[i]));
        var population = new Population(items, verdicts);
        var claims = new ClaimWriter();
        ReadOnlyMemory<byte> state = default;
        string? problem = null;
        try
        {
            JudgeGroups(@class, population, context);
            var decisions = new VerdictWriter(items.Length);
            @class.VerifyPopulation(population, context, decisions);
            decisions.ApplyTo(population.Mutable);
            Resolve(population);
            state = @class.Score(population, context, claims);
            if (state.Length > MaxState) problem = $"the state has {state.Length} bytes, more than {MaxState}";
        }
        catch (Exception error) when (EpochAids.IsDefect(error))
        {
            // A layer that failed has written nothing: its decisions are joined at its end.
            Resolve(population);
            problem = $"{error.GetType().Name} in its rules: {error.Message}";
        }
        return new ClassRunResult(population, claims, state, problem);
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

    private static void Resolve(Population population)
    {
        foreach (ref var verdict in population.Mutable)
        {
            if (verdict.Judgement == Judgement.Pending) verdict = Verdict.Inconclusive(RejectReason.Unpaired);
        }
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

/// <summary>What became of a class's items, and its claims and next state unless it has a problem.</summary>
internal sealed record ClassRunResult(Population Population, ClaimWriter Claims, ReadOnlyMemory<byte> State, string? Problem);
