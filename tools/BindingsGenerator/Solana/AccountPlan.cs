namespace DePin.BindingsGenerator.Solana;

/// <summary>An account of an instruction as the bindings take it.</summary>
internal sealed class PlannedAccount(IdlAccount item, IReadOnlyList<string> group, string property)
{
    public IdlAccount Item { get; } = item;

    /// <summary>The groups that it stands in, outermost first.</summary>
    public IReadOnlyList<string> Group { get; } = group;

    public string Property { get; } = property;

    public string Local { get; } = $"{SolanaNames.Camel(property).TrimStart('@')}Address";

    /// <summary>The expression for it where it is not given; null if there is none.</summary>
    public string? Default { get; set; }

    /// <summary>Whether the caller must give it.</summary>
    public bool IsGiven => Default is null && !Item.Optional;
}

/// <summary>The accounts of one instruction: which must be given, and in which order the others follow from them.</summary>
internal sealed class AccountPlan
{
    private readonly IReadOnlyList<Member> _args;
    private readonly List<PlannedAccount> _inOrder = [];

    public AccountPlan(IdlInstruction instruction, IReadOnlyList<Member> args, AddressBook book)
    {
        _args = args;
        var accounts = new List<PlannedAccount>();
        Flatten(instruction.Accounts, [], new NameScope("Value", [.. SolanaNames.Members, instruction.Name]), accounts);
        Accounts = accounts;

        var waiting = new List<(PlannedAccount Account, AddressDerivation Derivation)>();
        for (var i = 0; i < accounts.Count; i++)
        {
            var (account, item) = (accounts[i], accounts[i].Item);
            var derivation = item.Pda is { } pda ? book.Derivation(account, pda, this) : null;
            if (item.Optional)
            {
                // Null means that it is left out; who wants it derives it.
            }
            else if (item.Address is { } address)
            {
                account.Default = book.Known(item.Name, address);
            }
            else if (item.Pda is null && IsNamed(i, "EventAuthority") && IsNamed(i + 1, "Program"))
            {
                account.Default = $"{book.EventAuthority()}(program)";
            }
            else if (item.Pda is null && IsNamed(i, "Program") && IsNamed(i - 1, "EventAuthority"))
            {
                account.Default = "program";
            }
            else if (derivation is { CanDerive: true })
            {
                waiting.Add((account, derivation));
                continue;
            }

            _inOrder.Add(account);
        }

        // Each after those that it follows from; where they follow from one another in a circle, the first of them must be given.
        while (waiting.Count > 0)
        {
            var ready = waiting.FindIndex(w => w.Derivation.Sources.All(_inOrder.Contains));
            var (account, derivation) = waiting[Math.Max(ready, 0)];
            if (ready >= 0) account.Default = derivation.Call;
            waiting.RemoveAt(Math.Max(ready, 0));
            _inOrder.Add(account);
        }
    }

    /// <summary>In the program's order.</summary>
    public IReadOnlyList<PlannedAccount> Accounts { get; }

    /// <summary>Each after those that it follows from.</summary>
    public IReadOnlyList<PlannedAccount> InOrder => _inOrder;

    /// <summary>The account that a seed's path begins with, as Anchor looks it up: among those of the same group, then from the outermost on; and what is left of the path.</summary>
    public (PlannedAccount? Account, IReadOnlyList<string> Left) FindAccount(IReadOnlyList<string> path, IReadOnlyList<string> group)
    {
        foreach (var start in group.Count == 0 ? [group] : new[] { group, [] })
        {
            for (var used = path.Count; used > 0; used--)
            {
                IReadOnlyList<string> full = [.. start, .. path.Take(used)];
                var found = Accounts.FirstOrDefault(a => Same([.. a.Group, a.Item.Name], full));
                if (found is not null) return (found, [.. path.Skip(used)]);
            }
        }

        return (null, path);
    }

    public Member? FindArg(string name) => _args.FirstOrDefault(a => Same([a.Key], [name]));

    public static bool Same(IReadOnlyList<string> a, IReadOnlyList<string> b) => a.Select(SolanaNames.Pascal).SequenceEqual(b.Select(SolanaNames.Pascal), StringComparer.Ordinal);

    private bool IsNamed(int index, string name) => index >= 0 && index < Accounts.Count && SolanaNames.Pascal(Accounts[index].Item.Name) == name;

    private static void Flatten(IReadOnlyList<IdlAccount> items, IReadOnlyList<string> group, NameScope scope, List<PlannedAccount> result)
    {
        foreach (var item in items)
        {
            if (item.Group is { } inner) Flatten(inner, [.. group, item.Name], scope, result);
            else result.Add(new PlannedAccount(item, group, scope.Take(string.Concat([.. group.Select(SolanaNames.Pascal), SolanaNames.Pascal(item.Name)]))));
        }
    }
}
