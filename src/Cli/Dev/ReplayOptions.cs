namespace DePin.Cli.Dev;

/// <summary>What the replayer sends.</summary>
/// <param name="Data">Folder with data sets; null for the extracts of the clone.</param>
/// <param name="Mutations">Adversaries, for example <c>M9:5%</c>.</param>
/// <param name="Devices">At most this many devices of each data set; null for all.</param>
public sealed record ReplayOptions(string? Data, IReadOnlyList<string> Mutations, int? Devices);
