namespace DePin.BindingsGenerator.Solana;

/// <summary>A type as an IDL names it.</summary>
internal abstract record IdlType
{
    private IdlType()
    {
    }

    /// <summary>bool, u8 … i256, f32, f64, string, bytes, pubkey.</summary>
    public sealed record Primitive(string Name) : IdlType;

    public sealed record Option(IdlType Value) : IdlType;

    public sealed record Vec(IdlType Element) : IdlType;

    /// <summary>The length is a number or a generic parameter's name.</summary>
    public sealed record Array(IdlType Element, string Length) : IdlType;

    /// <summary>A type of the IDL's own, with arguments if it is generic.</summary>
    public sealed record Defined(string Name, IReadOnlyList<IdlType> Arguments) : IdlType;

    /// <summary>A parameter of the generic type that it stands in.</summary>
    public sealed record Generic(string Name) : IdlType;

    /// <summary>An argument that is a number.</summary>
    public sealed record Constant(string Value) : IdlType;
}

/// <summary>A member; without a name in a tuple.</summary>
internal sealed record IdlField(string? Name, IdlType Type, IReadOnlyList<string> Docs);

internal sealed record IdlVariant(string Name, IReadOnlyList<IdlField> Fields);

/// <summary>A type that the IDL defines: a struct (fields), an enum (variants) or another name for a type (alias).</summary>
internal sealed record IdlDefinition(string Name, IReadOnlyList<string> Docs, IReadOnlyList<string> Parameters, IReadOnlyList<IdlField>? Fields, IReadOnlyList<IdlVariant>? Variants, IdlType? Alias);

/// <summary>An account or event: the definition of the same name, behind a discriminator.</summary>
internal sealed record IdlTagged(string Name, byte[] Discriminator);

internal abstract record IdlSeed
{
    private IdlSeed()
    {
    }

    public sealed record Const(byte[] Value) : IdlSeed;

    /// <summary>An argument, or a field of one.</summary>
    public sealed record Arg(IReadOnlyList<string> Path) : IdlSeed;

    /// <summary>An account's address, or a field of the data of an account of the kind <paramref name="Kind"/>.</summary>
    public sealed record Account(IReadOnlyList<string> Path, string? Kind) : IdlSeed;
}

/// <summary>The program is the IDL's own if none is named.</summary>
internal sealed record IdlPda(IReadOnlyList<IdlSeed> Seeds, IdlSeed? Program);

/// <summary>An account of an instruction, or a group of them (<paramref name="Group"/>).</summary>
internal sealed record IdlAccount(string Name, IReadOnlyList<string> Docs, bool Writable, bool Signer, bool Optional, string? Address, IdlPda? Pda, IReadOnlyList<IdlAccount>? Group);

internal sealed record IdlInstruction(string Name, IReadOnlyList<string> Docs, byte[] Discriminator, IReadOnlyList<IdlAccount> Accounts, IReadOnlyList<IdlField> Args, IdlType? Returns);

internal sealed record IdlError(uint Code, string Name, string Message);

/// <summary>A program's interface, whichever form it was written in.</summary>
internal sealed record Idl(
    string Name, string? Address, IReadOnlyList<IdlInstruction> Instructions, IReadOnlyList<IdlTagged> Accounts, IReadOnlyList<IdlTagged> Events,
    IReadOnlyList<IdlError> Errors, IReadOnlyList<IdlDefinition> Types);
