using System.Collections.Immutable;
using DePin.Protocol.Parameters;

namespace DePin.Protocol.Verification;

/// <summary>One implemented version of a class's rules and how to bind it to a network's parameters.</summary>
/// <param name="Id">Which class.</param>
/// <param name="RulesVersion">Which version.</param>
/// <param name="Bind">Reads the class's parameters (and calls <see cref="ParameterObject.End"/>).</param>
public sealed record ClassImplementation(ClassId Id, ushort RulesVersion, Func<ParameterObject, IResourceClass> Bind);

/// <summary>The classes that this build can judge. Adding one is adding an entry.</summary>
public sealed class ClassCatalog(IEnumerable<ClassImplementation> implementations)
{
    private readonly ImmutableArray<ClassImplementation> _implementations = [.. implementations];

    /// <summary>What can be judged.</summary>
    public ImmutableArray<ClassImplementation> Implementations => _implementations;

    /// <summary>The classes of a network, bound to its parameters, ascending.</summary>
    /// <exception cref="ParameterException">A class or rules version is not in this build, or a parameter of a class is wrong.</exception>
    public ImmutableArray<IResourceClass> Bind(NetworkParameters parameters)
    {
        var bound = ImmutableArray.CreateBuilder<IResourceClass>(parameters.Classes.Length);
        foreach (var entry in parameters.Classes)
        {
            var implementation = _implementations.FirstOrDefault(candidate => candidate.Id == entry.Id && candidate.RulesVersion == entry.RulesVersion)
                ?? throw new ParameterException(
                    "classes", $"asks for class {entry.Id} with rules version {entry.RulesVersion}, which this build does not have; run a release that does");
            bound.Add(implementation.Bind(entry.Parameters));
        }
        return bound.MoveToImmutable();
    }
}
