using System.Collections.Frozen;
using DePin.Protocol;
using DePin.Protocol.Verification;

namespace DePin.Oracle.Network;

/// <summary>The network's classes with their payload layouts, ready to be asked per proof.</summary>
public sealed class ClassCatalogue(IEnumerable<IResourceClass> classes)
{
    private readonly FrozenDictionary<ClassId, IResourceClass> _classes = classes.ToFrozenDictionary(c => c.Descriptor.Id);

    /// <summary>The layout, or null where the network has no such class or the class no such layout.</summary>
    public SchemaDescriptor? Find(ClassId id, ushort schema) => Find(id)?.Descriptor.FindSchema(schema);

    /// <summary>The class, or null where the network has none of this number.</summary>
    public IResourceClass? Find(ClassId id) => _classes.GetValueOrDefault(id);
}
