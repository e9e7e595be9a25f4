namespace DePin.Cli.Dev;

/// <summary>What the replayer sends.</summary>
/// <param name="Data">Folder with data sets; null for the extracts of the clone.</param>
/// <param name="Mutations">Adversaries, for example <c>M9:5%</c>.</param>
/// <param name="Devices">At most this many devices of each data set; null for all.</param>
public sealed record ReplayOptions(string? Data, IReadOnlyList<string> Mutations, int? Devices);

/// <summary>A data set as the replayer describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="FirstDayMs">When its first day began, ms since 1970.</param>
/// <param name="Days">How many days it has.</param>
/// <param name="Devices">How many devices speak in it.</param>
public sealed record DescribedSet(string Name, long FirstDayMs, int Days, int Devices);
