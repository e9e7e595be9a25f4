using System.Globalization;
using System.Text.Json;

namespace DePin.Chain.Solana;

/// <summary>Why a transaction failed, as the runtime names it.</summary>
/// <param name="Kind">The runtime's name: "InstructionError", "BlockhashNotFound", "AlreadyProcessed", …</param>
/// <param name="Instruction">Which of the transaction's instructions failed, from 0; null where none is to blame.</param>
/// <param name="InstructionError">The instruction's error: "Custom", "InvalidArgument", …; null where <paramref name="Kind"/> is not InstructionError.</param>
/// <param name="Custom">The program's own number, where <paramref name="InstructionError"/> is Custom.</param>
public sealed record SolanaTransactionError(string Kind, int? Instruction = null, string? InstructionError = null, uint? Custom = null)
{
    private const int LongestName = 100;

    /// <summary>The blockhash is too old, unknown to the node, or the nonce was advanced.</summary>
    public bool IsBlockhashNotFound => Kind == "BlockhashNotFound";

    /// <summary>This very transaction was included before.</summary>
    public bool IsAlreadyProcessed => Kind == "AlreadyProcessed";

    /// <summary>In words.</summary>
    public override string ToString() => (Instruction, InstructionError, Custom) switch
    {
        ({ } i, _, { } code) => string.Create(CultureInfo.InvariantCulture, $"instruction {i} failed with error {code} of the program"),
        ({ } i, { } name, _) => string.Create(CultureInfo.InvariantCulture, $"instruction {i} failed: {name}"),
        _ => Kind,
    };

    /// <summary>Reads what JSON-RPC gives as <c>err</c>; null for null. What it does not understand keeps its name.</summary>
    internal static SolanaTransactionError? Read(JsonElement error)
    {
        switch (error.ValueKind)
        {
            case JsonValueKind.Null or JsonValueKind.Undefined:
                return null;
            case JsonValueKind.String:
                return new SolanaTransactionError(Bounded(error.GetString()!));
            case JsonValueKind.Object:
                foreach (var property in error.EnumerateObject())
                {
                    return property.NameEquals("InstructionError") && property.Value is { ValueKind: JsonValueKind.Array } pair && pair.GetArrayLength() == 2
                        ? ReadInstruction(pair[0], pair[1])
                        : new SolanaTransactionError(Bounded(property.Name));
                }

                break;
            default:
                break;
        }

        return new SolanaTransactionError("Unknown"); // certainly not a success
    }

    private static SolanaTransactionError ReadInstruction(JsonElement index, JsonElement error)
    {
        int? at = index.ValueKind == JsonValueKind.Number && index.TryGetInt32(out var i) ? i : null;
        if (error.ValueKind == JsonValueKind.String) return new("InstructionError", at, Bounded(error.GetString()!));
        if (error.ValueKind != JsonValueKind.Object) return new("InstructionError", at, "Unknown");
        foreach (var property in error.EnumerateObject())
        {
            uint? custom = property.NameEquals("Custom") && property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetUInt32(out var code) ? code : null;
            return new("InstructionError", at, Bounded(property.Name), custom);
        }

        return new("InstructionError", at, "Unknown");
    }

    private static string Bounded(string name) => name.Length > LongestName ? name[..LongestName] : name;
}
