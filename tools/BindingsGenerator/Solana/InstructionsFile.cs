namespace DePin.BindingsGenerator.Solana;

/// <summary>The instructions of a program: a record for the arguments of each, and one for its accounts.</summary>
internal sealed class InstructionsFile
{
    private readonly SolanaTypes _types;
    private readonly SolanaCSharp _cs;
    private readonly AddressBook _book;
    private readonly List<BoundInstruction> _instructions = [];

    public InstructionsFile(Idl idl, SolanaTypes types, SolanaCSharp cs, NameScope names)
    {
        (_types, _cs, _book) = (types, cs, new AddressBook(idl, types, cs));
        foreach (var instruction in idl.Instructions)
        {
            var name = names.Take(ProgramFiles.Ending(instruction.Name, "Instruction"));
            var accounts = names.Take($"{SolanaNames.Pascal(instruction.Name)}Accounts");
            var args = types.Members(instruction.Args, name);
            _instructions.Add(new BoundInstruction(instruction, name, accounts, args, new AccountPlan(instruction, args, _book)));
        }
    }

    public void Write(Code code)
    {
        foreach (var instruction in _instructions)
        {
            Accounts(code, instruction);
            Instruction(code, instruction);
        }

        if (_instructions.Count > 0) ProgramFiles.NameOf(code, "Instruction", _instructions.Select(i => (i.Source.Name, i.Name)));
    }

    public void WriteAddresses(Code code, string? program) => _book.Write(code, program);

    private static void Accounts(Code code, BoundInstruction instruction)
    {
        code.Line($"/// <summary>Accounts of {ProgramFiles.Escape(instruction.Source.Name)}, in the program's order. What may be null is filled in.</summary>");
        code.Open($"public sealed record {instruction.Accounts}");
        foreach (var account in instruction.Plan.Accounts)
        {
            var what = account.Item switch
            {
                { Signer: true, Writable: true } => "signs, written",
                { Signer: true } => "signs",
                { Writable: true } => "written",
                _ => "read",
            };
            var ifNull = account.Item.Optional ? "; may be left out" : account.Default is { } ? "; filled in if null" : "";
            code.Line(ProgramFiles.Summary([], $"{string.Join(' ', account.Item.Docs)}{(account.Item.Docs.Count > 0 ? " " : "")}{account.Item.Name}: {what}{ifNull}."));
            code.Line(account.IsGiven ? $"public required SolanaAddress {account.Property} {{ get; init; }}" : $"public SolanaAddress? {account.Property} {{ get; init; }}");
            code.Line();
        }

        code.Close();
    }

    private void Instruction(Code code, BoundInstruction instruction)
    {
        var source = instruction.Source;
        code.Line(ProgramFiles.Summary(source.Docs, $"{source.Name}({string.Join(", ", source.Args.Select(a => a.Name))})"));
        code.Open($"public readonly record struct {instruction.Name}({new TypeWriter(code, _types, _cs).Declare(instruction.Args)}) : ISolanaInstruction<{instruction.Name}, {instruction.Accounts}>");
        code.Line("/// <inheritdoc/>");
        code.Line($"public static ReadOnlySpan<byte> Discriminator => {ProgramFiles.Bytes(source.Discriminator)};");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Open($"public static bool TryDecode(ReadOnlySpan<byte> data, out {instruction.Name} value)");
        code.Line("var r = new BorshReader(data);");
        code.Line("r.Discriminator(Discriminator);");
        code.Line($"value = r.Ok ? new {instruction.Name}({string.Join(", ", instruction.Args.Select(m => _cs.Read(m.Type, "r")))}) : default;");
        code.Line("return r.Complete();");
        code.Close();
        if (source.Returns is { } returns) Result(code, _types.Resolve(returns));
        code.Line("/// <inheritdoc/>");
        code.Open("public byte[] Encode()");
        code.Line("var w = new BorshWriter(stackalloc byte[1232]);");
        code.Line("w.Raw(Discriminator);");
        foreach (var arg in instruction.Args) code.Line(_cs.Write(arg.Type, arg.Property, "w"));
        code.Line("return w.ToArray();");
        code.Close();
        code.Line("/// <inheritdoc/>");
        code.Open($"public SolanaInstruction ToInstruction(SolanaAddress program, {instruction.Accounts} accounts, params ReadOnlySpan<SolanaAccountMeta> remaining)");
        foreach (var account in instruction.Plan.InOrder)
            code.Line($"var {account.Local} = accounts.{account.Property}{(account.Default is { } value ? $" ?? {value}" : "")};");
        code.Line($"var list = new SolanaAccountList({instruction.Plan.Accounts.Count} + remaining.Length);");
        foreach (var account in instruction.Plan.Accounts)
        {
            var flags = $"signer: {Flag(account.Item.Signer)}, writable: {Flag(account.Item.Writable)}";
            code.Line(account.Item.Optional ? $"list.AddOptional({account.Local}, program, {flags});" : $"list.Add({account.Local}, {flags});");
        }

        code.Line("return list.Build(program, Encode(), remaining);");
        code.Close();
        code.Close();
    }

    private void Result(Code code, IdlType type)
    {
        code.Line("/// <summary>Reads what the instruction returned; false where that is ill formed.</summary>");
        code.Open($"public static bool TryDecodeResult(ReadOnlySpan<byte> data, out {_cs.Name(type)} value)");
        code.Line("var r = new BorshReader(data);");
        code.Line($"value = {_cs.Read(type, "r")};");
        code.Line("return r.Complete();");
        code.Close();
    }

    private static string Flag(bool value) => value ? "true" : "false";

    private sealed record BoundInstruction(IdlInstruction Source, string Name, string Accounts, IReadOnlyList<Member> Args, AccountPlan Plan);
}
