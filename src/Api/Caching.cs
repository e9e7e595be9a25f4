namespace DePin.Api;

/// <summary>Names of the policies by which answers are served from memory.</summary>
internal static class Caching
{
    /// <summary>For what changes with the wall clock: a second or so.</summary>
    public const string Brief = "brief";

    /// <summary>For what the mirror's head and the imported epochs decide alone: until either moves.</summary>
    public const string WhileTheHeadStands = "head";
}
