using DePin.Protocol.Verification;

namespace DePin.Api;

/// <summary>The reason and rule tables of the classes in this build, for names in answers.</summary>
internal static class ClassTables
{
    public static IReadOnlyList<ClassDescriptor> All { get; } = [];
}
