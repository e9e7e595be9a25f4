using System.Text.Json.Nodes;

namespace DePin.TestKit;

/// <summary>Makes of a Solana runtime's answers, through an <see cref="RpcProxy"/>, those of a node that does not know its newest slots or not all of what is in its blocks.</summary>
public static class SlotLag
{
    /// <summary>The node is so many slots behind: it names older slots as its newest ones, and no transaction after them.</summary>
    /// <param name="proxy">In front of the node.</param>
    /// <param name="slots">By how many.</param>
    public static void Lag(RpcProxy proxy, ulong slots)
    {
        var newest = 0UL; // as last told
        proxy.Apply(
            new RpcFault.Lie((_, answer) =>
            {
                if (answer["result"] is not { } result) return answer;
                var slot = result.GetValue<ulong>();
                Volatile.Write(ref newest, slot > slots ? slot - slots : 0);
                answer["result"] = Volatile.Read(ref newest);
                return answer;
            }),
            "getSlot");
        proxy.Apply(
            new RpcFault.Lie((_, answer) =>
            {
                if (answer["result"] is JsonArray all) answer["result"] = new JsonArray([.. all.Where(s => s!["slot"]!.GetValue<ulong>() <= Volatile.Read(ref newest)).Select(s => s!.DeepClone())]);
                return answer;
            }),
            "getSignaturesForAddress");
    }

    /// <summary>The node keeps no inner instructions.</summary>
    public static RpcFault WithoutCalls { get; } = new RpcFault.Lie((_, answer) =>
    {
        foreach (var transaction in answer["result"]?["transactions"]?.AsArray() ?? []) transaction!["meta"]!["innerInstructions"] = null;
        return answer;
    });

    /// <summary>The node names slots whose blocks it does not have, as nodes behind a balancer do.</summary>
    public static RpcFault WithoutBlocks { get; } = new RpcFault.Lie(static (_, answer) =>
    {
        answer["result"] = null;
        return answer;
    });
}
