using System.Collections.Immutable;

namespace DePin.Protocol.Verification;

/// <summary>A payload layout of a class and the lengths that it allows, in bytes.</summary>
public readonly record struct SchemaDescriptor(ushort Id, string Name, int MinLength, int MaxLength);

/// <summary>A reason of a class: number (from 1,000), short name, and one sentence for the provider.</summary>
public readonly record struct ReasonDescriptor(ushort Id, string Name, string Meaning);

/// <summary>A rule by which a class pays: the "rule" of a reward line, from 1.</summary>
public readonly record struct RuleDescriptor(ushort Id, string Name, string Meaning);

/// <summary>What the engine needs to know of a class before it calls it.</summary>
public sealed record ClassDescriptor
{
    /// <summary>Which class.</summary>
    public required ClassId Id { get; init; }

    /// <summary>Rises with any change that could alter a verdict, a weight or a state byte.</summary>
    public required ushort RulesVersion { get; init; }

    /// <summary>Lower-case name, as in docs/classes.</summary>
    public required string Name { get; init; }

    /// <summary>Its payload layouts.</summary>
    public required ImmutableArray<SchemaDescriptor> Schemas { get; init; }

    /// <summary>Its reasons: numbered from 1,000, append-only.</summary>
    public required ImmutableArray<ReasonDescriptor> Reasons { get; init; }

    /// <summary>The rules by which it pays.</summary>
    public required ImmutableArray<RuleDescriptor> Rules { get; init; }

    /// <summary>The layout of this number, or null.</summary>
    public SchemaDescriptor? FindSchema(ushort id)
    {
        foreach (var schema in Schemas)
        {
            if (schema.Id == id) return schema;
        }
        return null;
    }
}
