using System.Diagnostics;
using System.Reflection;
using DePin.Abi;
using DePin.Cryptography;

namespace DePin.Chain.Tests.Solana;

/// <summary>Compiles generated files, warnings as errors, in a project of their own that knows nothing but the libraries they name.</summary>
internal static class TemporaryProject
{
    public static async Task<Assembly> CompileAsync(string name, IReadOnlyDictionary<string, string> files)
    {
        var folder = Directory.CreateTempSubdirectory("depin-bindings-").FullName;
        try
        {
            foreach (var (file, text) in files) await File.WriteAllTextAsync(Path.Combine(folder, file), text);
            var references = string.Concat(new[] { typeof(Hex), typeof(Bytes32) }.Select(t => t.Assembly.Location).Select(path => $"""<Reference Include="{Path.GetFileNameWithoutExtension(path)}" HintPath="{path}" Private="false" />"""));
            await File.WriteAllTextAsync(Path.Combine(folder, $"{name}.csproj"), $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <TargetFramework>net10.0</TargetFramework>
                    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                    <GenerateDocumentationFile>true</GenerateDocumentationFile>
                    <NoWarn>$(NoWarn);CS1591;CS1573</NoWarn>
                  </PropertyGroup>
                  <ItemGroup>{references}</ItemGroup>
                </Project>
                """);
            var start = new ProcessStartInfo("dotnet") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var argument in new[] { "build", "-c", "Release", "-o", "out", "-v", "q", "-nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false" }) start.ArgumentList.Add(argument);
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"The bindings do not compile: {output[..Math.Min(output.Length, 4_000)]}{await errors}");
            return Assembly.Load(await File.ReadAllBytesAsync(Path.Combine(folder, "out", $"{name}.dll")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
