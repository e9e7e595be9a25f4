using DePin.Protocol.Parameters;
using DePin.Protocol.Verification;

namespace DePin.Api;

/// <summary>The reason and rule tables of the classes in this build, for names in answers.</summary>
internal static class ClassTables
{
    // Parameters change thresholds, never names and numbers, so any will do.
    public static IReadOnlyList<ClassDescriptor> All { get; } =
        [.. BuiltInClasses.Catalog.Implementations.Select(i => i.Bind(ParameterObject.Parse("{}"u8.ToArray())).Descriptor)];
}
