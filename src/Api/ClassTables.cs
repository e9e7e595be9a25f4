using DePin.Protocol.Parameters;
using DePin.Protocol.Verification;

namespace DePin.Api;

/// <summary>The reason and rule tables of the classes in this build, for names in answers. Tables do not depend on a network's parameters.</summary>
internal static class ClassTables
{
    public static IReadOnlyList<ClassDescriptor> All { get; } = [.. BuiltInClasses.Catalog.Implementations.Select(i => i.Bind(ParameterObject.Empty).Descriptor)];
}
