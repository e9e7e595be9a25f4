using System.Reflection;
using System.Runtime.InteropServices;

namespace DePin.Cryptography;

/// <summary>
/// Finds libsecp256k1 and libsodium. Their file names carry a number that differs between distributions and the unnumbered name
/// comes only with development packages, so the known numbers are tried in order. <c>DEPIN_LIBSECP256K1</c> and
/// <c>DEPIN_LIBSODIUM</c> name a file outright.
/// </summary>
internal static class NativeLibraries
{
    public const string Secp256k1 = "secp256k1";
    public const string Sodium = "sodium";

    private static readonly string[] Secp256k1Files =
        ["libsecp256k1.so.2", "libsecp256k1.so.1", "libsecp256k1.so.5", "libsecp256k1.so.6", "libsecp256k1.so.0", "libsecp256k1.so", "libsecp256k1.dylib", "libsecp256k1.dll"];

    private static readonly string[] SodiumFiles = ["libsodium.so.23", "libsodium.so.26", "libsodium.so", "libsodium.dylib", "libsodium.dll"];

    private static readonly Lazy<bool> Registered = new(() =>
    {
        NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);
        return true;
    });

    /// <summary>Must run before the first native call of this assembly.</summary>
    public static void Register() => _ = Registered.Value;

    /// <summary>The error of a library that is missing or fails its self-test.</summary>
    public static InvalidOperationException Unusable(string library, string why, Exception? inner = null)
    {
        var (package, variable) = library == Secp256k1 ? ("libsecp256k1-1 (libsecp256k1-2 on Debian 13)", "DEPIN_LIBSECP256K1") : ("libsodium23", "DEPIN_LIBSODIUM");
        return new InvalidOperationException($"The native library {library} {why}. Install the Debian package {package}, or name the file in {variable}.", inner);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        var (files, variable) = name switch
        {
            Secp256k1 => (Secp256k1Files, "DEPIN_LIBSECP256K1"),
            Sodium => (SodiumFiles, "DEPIN_LIBSODIUM"),
            _ => ([], ""),
        };
        if (files.Length == 0) return 0;
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } chosen)
            return NativeLibrary.TryLoad(chosen, out var named) ? named : throw Unusable(name, $"could not be loaded from '{chosen}'");
        foreach (var file in files)
        {
            if (NativeLibrary.TryLoad(file, out var handle)) return handle;
        }

        throw Unusable(name, $"was not found as any of {string.Join(", ", files)}");
    }
}
