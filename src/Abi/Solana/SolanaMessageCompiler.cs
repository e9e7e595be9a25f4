using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>Collects the accounts of instructions, each once and with the sum of its roles, in the order of @solana/kit.</summary>
internal static class SolanaMessageCompiler
{
    private const int MaxIndexes = 256;

    [Flags]
    private enum Roles
    {
        Read = 0,
        Sign = 1,
        Write = 2,
        Called = 4,
    }

    public static SolanaMessage Compile(
        SolanaMessageVersion version, SolanaAddress payer, IReadOnlyList<SolanaInstruction> instructions, Bytes32 lifetime, IReadOnlyList<SolanaLookupTable> tables)
    {
        if (instructions.Count > SolanaMessage.MaxInstructions) throw new ArgumentException($"A transaction has at most {SolanaMessage.MaxInstructions} instructions, not {instructions.Count}.", nameof(instructions));
        var roles = Collect(payer, instructions);
        var places = Locate(tables);
        var (own, loaded) = Divide(payer, roles, places);
        if (roles.Count > SolanaMessage.MaxAccounts) throw new ArgumentException($"A transaction has at most {SolanaMessage.MaxAccounts} accounts, not {roles.Count}.", nameof(instructions));

        var indexes = new Dictionary<SolanaAddress, byte>(roles.Count);
        foreach (var address in own.Concat(loaded)) indexes.Add(address, (byte)indexes.Count);
        return new SolanaMessage(
            version,
            new SolanaMessageHeader(Count(r => r.HasFlag(Roles.Sign)), Count(r => r.HasFlag(Roles.Sign) && !r.HasFlag(Roles.Write)), Count(r => (r & (Roles.Sign | Roles.Write)) == 0)),
            own,
            lifetime,
            [.. instructions.Select(i => new SolanaCompiledInstruction(indexes[i.Program], [.. i.Accounts.Select(a => indexes[a.Address])], i.Data))],
            Lookups(roles, loaded, places));

        byte Count(Func<Roles, bool> which) => (byte)own.Count(address => which(roles[address]));
    }

    private static Dictionary<SolanaAddress, Roles> Collect(SolanaAddress payer, IReadOnlyList<SolanaInstruction> instructions)
    {
        var roles = new Dictionary<SolanaAddress, Roles> { [payer] = Roles.Sign | Roles.Write };
        foreach (var instruction in instructions)
        {
            Add(instruction.Program, Roles.Called);
            foreach (var account in instruction.Accounts) Add(account.Address, (account.IsSigner ? Roles.Sign : Roles.Read) | (account.IsWritable ? Roles.Write : Roles.Read));
        }

        foreach (var (address, role) in roles)
        {
            if (!role.HasFlag(Roles.Called | Roles.Write)) continue;
            throw new ArgumentException(address == payer
                ? $"The program {address} is called and cannot pay for it: name a payer that is no program."
                : $"The program {address} is called and cannot be written to by the same transaction.", nameof(instructions));
        }

        return roles;

        void Add(SolanaAddress address, Roles role) => roles[address] = roles.GetValueOrDefault(address) | role;
    }

    // Where each address stands: in the first table that has it, there the first time. An index into a table is one byte.
    private static Dictionary<SolanaAddress, (SolanaAddress Table, byte Index)> Locate(IReadOnlyList<SolanaLookupTable> tables)
    {
        if (tables.DistinctBy(t => t.Address).Count() != tables.Count) throw new ArgumentException("A lookup table is given twice.", nameof(tables));
        var places = new Dictionary<SolanaAddress, (SolanaAddress, byte)>();
        foreach (var table in tables)
        {
            if (table.Addresses.Length > MaxIndexes) throw new ArgumentException($"The lookup table {table.Address} has {table.Addresses.Length} addresses, and {MaxIndexes} is the most.", nameof(tables));
            for (var i = 0; i < table.Addresses.Length; i++) places.TryAdd(table.Addresses[i], (table.Address, (byte)i));
        }

        return places;
    }

    private static (ImmutableArray<SolanaAddress> Own, ImmutableArray<SolanaAddress> Loaded) Divide(
        SolanaAddress payer, Dictionary<SolanaAddress, Roles> roles, Dictionary<SolanaAddress, (SolanaAddress Table, byte Index)> places)
    {
        bool IsLoaded(SolanaAddress address) => places.ContainsKey(address) && (roles[address] & (Roles.Sign | Roles.Called)) == 0;
        return (
            [.. roles.Keys.Where(a => !IsLoaded(a)).OrderByDescending(a => a == payer).ThenByDescending(a => roles[a] & Roles.Sign).ThenByDescending(a => roles[a] & Roles.Write).ThenBy(a => a.ToString(), AddressOrder.Instance)],
            [.. roles.Keys.Where(IsLoaded).OrderByDescending(a => roles[a] & Roles.Write).ThenBy(a => places[a].Table.ToString(), AddressOrder.Instance).ThenBy(a => a.ToString(), AddressOrder.Instance)]);
    }

    private static ImmutableArray<SolanaTableLookup> Lookups(
        Dictionary<SolanaAddress, Roles> roles, ImmutableArray<SolanaAddress> loaded, Dictionary<SolanaAddress, (SolanaAddress Table, byte Index)> places) =>
        [.. loaded
            .GroupBy(a => places[a].Table)
            .OrderBy(g => g.Key.ToString(), AddressOrder.Instance)
            .Select(g => new SolanaTableLookup(
                g.Key,
                [.. g.Where(a => roles[a].HasFlag(Roles.Write)).Select(a => places[a].Index)],
                [.. g.Where(a => !roles[a].HasFlag(Roles.Write)).Select(a => places[a].Index)]))];

    // The English collation of base58: digits, then letters of either case alike, and only where all are alike the small letter before the capital.
    private sealed class AddressOrder : IComparer<string>
    {
        public static readonly AddressOrder Instance = new();

        public int Compare(string? x, string? y)
        {
            var order = string.CompareOrdinal(x!.ToUpperInvariant(), y!.ToUpperInvariant());
            return order != 0 ? order : string.CompareOrdinal(y, x);
        }
    }
}
