using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>The form of a message.</summary>
public enum SolanaMessageVersion
{
    /// <summary>Names all its accounts itself.</summary>
    Legacy,

    /// <summary>May take accounts from address lookup tables.</summary>
    V0,
}

/// <summary>How the accounts that a message names itself divide; they stand as writable signers, other signers, writable, the rest.</summary>
/// <param name="Signers">How many sign.</param>
/// <param name="ReadOnlySigners">How many of those are only read.</param>
/// <param name="ReadOnlyOthers">How many of the others are only read.</param>
public readonly record struct SolanaMessageHeader(byte Signers, byte ReadOnlySigners, byte ReadOnlyOthers);

/// <summary>An instruction by indexes into a message's accounts: its own, then the written ones of all lookups, then the read ones.</summary>
public sealed record SolanaCompiledInstruction(byte Program, ImmutableArray<byte> Accounts, ReadOnlyMemory<byte> Data);

/// <summary>Entries of an address lookup table that a message takes, by index into the table.</summary>
public sealed record SolanaTableLookup(SolanaAddress Table, ImmutableArray<byte> Writable, ImmutableArray<byte> ReadOnly);

/// <summary>An address lookup table and what stands in it.</summary>
public sealed record SolanaLookupTable(SolanaAddress Address, ImmutableArray<SolanaAddress> Addresses);

/// <summary>
/// What the signers of a transaction sign: accounts, a lifetime and instructions, compiled to bytes. Immutable. The same input gives the same bytes, those of @solana/kit.
/// </summary>
public sealed class SolanaMessage
{
    /// <summary>Most bytes of a transaction, signatures included: an IPv6 packet of 1,280 less its headers.</summary>
    public const int MaxTransactionBytes = 1232;

    /// <summary>Most accounts of a transaction that a cluster locks, and most top-level instructions (SIMD-0160).</summary>
    public const int MaxAccounts = 64, MaxInstructions = 64;

    private const byte VersionFlag = 0x80;

    private readonly byte[] _bytes;

    internal SolanaMessage(
        SolanaMessageVersion version,
        SolanaMessageHeader header,
        ImmutableArray<SolanaAddress> accounts,
        Bytes32 lifetime,
        ImmutableArray<SolanaCompiledInstruction> instructions,
        ImmutableArray<SolanaTableLookup> lookups)
    {
        (Version, Header, Accounts, Lifetime, Instructions, Lookups) = (version, header, accounts, lifetime, instructions, lookups);
        _bytes = Write();
    }

    /// <summary>Its form.</summary>
    public SolanaMessageVersion Version { get; }

    /// <summary>How <see cref="Accounts"/> divide.</summary>
    public SolanaMessageHeader Header { get; }

    /// <summary>The accounts that it names itself; the payer first, then the other signers.</summary>
    public ImmutableArray<SolanaAddress> Accounts { get; }

    /// <summary>A recent blockhash, or the value of a durable nonce (<see cref="NonceAccount"/>).</summary>
    public Bytes32 Lifetime { get; }

    /// <summary>The calls, in order.</summary>
    public ImmutableArray<SolanaCompiledInstruction> Instructions { get; }

    /// <summary>What it takes from lookup tables; empty in the legacy form.</summary>
    public ImmutableArray<SolanaTableLookup> Lookups { get; }

    /// <summary>Who pays the fee: the first signer.</summary>
    public SolanaAddress Payer => Accounts[0];

    /// <summary>Who has to sign, in the order of a transaction's signatures.</summary>
    public ReadOnlySpan<SolanaAddress> Signers => Accounts.AsSpan()[..Header.Signers];

    /// <summary>The bytes that are signed.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>How many bytes its transaction has.</summary>
    public int TransactionSize => ShortVec.SizeOf(Header.Signers) + (Header.Signers * SolanaSignature.Size) + _bytes.Length;

    /// <summary>The nonce account whose value is the lifetime: where the first instruction advances one; null where the lifetime is a blockhash.</summary>
    public SolanaAddress? NonceAccount =>
        Instructions is [var first, ..] && Accounts[first.Program].IsZero && first.Data.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(first.Data.Span) == 4
        && first.Accounts is [var nonce, ..] && nonce < Accounts.Length && IsWritable(nonce)
            ? Accounts[nonce]
            : null;

    /// <summary>Lays out a legacy message.</summary>
    /// <exception cref="ArgumentException">The transaction would be too large, have too many accounts or instructions, or write to a program that it calls.</exception>
    public static SolanaMessage Compile(SolanaAddress payer, IReadOnlyList<SolanaInstruction> instructions, Bytes32 lifetime) =>
        Fitting(SolanaMessageCompiler.Compile(SolanaMessageVersion.Legacy, payer, instructions, lifetime, []));

    /// <summary>
    /// Lays out a v0 message: accounts that stand in a table, are no program and do not sign are taken from there, the first table that has them first.
    /// </summary>
    /// <exception cref="ArgumentException">The transaction would be too large, have too many accounts or instructions, or write to a program that it calls.</exception>
    public static SolanaMessage CompileV0(SolanaAddress payer, IReadOnlyList<SolanaInstruction> instructions, Bytes32 lifetime, params IReadOnlyList<SolanaLookupTable> tables) =>
        Fitting(SolanaMessageCompiler.Compile(SolanaMessageVersion.V0, payer, instructions, lifetime, tables));

    /// <summary>How many bytes the transaction of a message would have, to ask before it grows too large. Tables = null asks for the legacy form.</summary>
    /// <exception cref="ArgumentException">Too many accounts or instructions, or it would write to a program that it calls.</exception>
    public static int Measure(SolanaAddress payer, IReadOnlyList<SolanaInstruction> instructions, IReadOnlyList<SolanaLookupTable>? tables) =>
        SolanaMessageCompiler.Compile(tables is null ? SolanaMessageVersion.Legacy : SolanaMessageVersion.V0, payer, instructions, default, tables ?? []).TransactionSize;

    /// <summary>Reads a message as a cluster would: every index within range, the shortest lengths, not a byte more.</summary>
    /// <exception cref="FormatException">Anything else; says what is wrong.</exception>
    public static SolanaMessage Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxTransactionBytes) throw new FormatException($"A Solana message of {bytes.Length} bytes fits no transaction: at most {MaxTransactionBytes} are allowed.");
        var reader = new SolanaReader(bytes, "The Solana message");
        var version = SolanaMessageVersion.Legacy;
        var first = reader.U8("header");
        if (first >= VersionFlag)
        {
            if (first != VersionFlag) throw new FormatException($"The Solana message is of version {first - VersionFlag}: legacy and version 0 are known.");
            version = SolanaMessageVersion.V0;
            first = reader.U8("header");
        }

        var header = new SolanaMessageHeader(first, reader.U8("header"), reader.U8("header"));
        var accounts = new SolanaAddress[reader.Count("accounts", SolanaAddress.Size)];
        for (var i = 0; i < accounts.Length; i++) accounts[i] = reader.Address("accounts");
        var lifetime = reader.Hash("lifetime");
        var instructions = new SolanaCompiledInstruction[reader.Count("instructions", 3)];
        for (var i = 0; i < instructions.Length; i++)
            instructions[i] = new(reader.U8("instructions"), ReadBytes(ref reader, "account indexes"), ReadBytes(ref reader, "instruction data").AsMemory());
        var lookups = new SolanaTableLookup[version == SolanaMessageVersion.V0 ? reader.Count("table lookups", SolanaAddress.Size + 2) : 0];
        for (var i = 0; i < lookups.Length; i++) lookups[i] = new(reader.Address("table lookups"), ReadBytes(ref reader, "writable entries"), ReadBytes(ref reader, "read-only entries"));
        reader.End();

        Check(header, accounts, instructions, lookups);
        var message = new SolanaMessage(version, header, [.. accounts], lifetime, [.. instructions], [.. lookups]);
        if (message.TransactionSize > MaxTransactionBytes)
            throw new FormatException($"The Solana message makes a transaction of {message.TransactionSize} bytes with its {header.Signers} signatures: at most {MaxTransactionBytes} are allowed.");
        return message;
    }

    /// <summary>Whether the account at an index, of the message's own or of the lookups, signs.</summary>
    public bool IsSigner(int index) => index < Header.Signers;

    /// <summary>Whether the message asks to write to the account at an index, of its own or of the lookups. (A cluster still only reads programs and sysvars.)</summary>
    public bool IsWritable(int index) =>
        index < Header.Signers ? index < Header.Signers - Header.ReadOnlySigners
        : index < Accounts.Length ? index < Accounts.Length - Header.ReadOnlyOthers
        : index < Accounts.Length + Lookups.Sum(l => l.Writable.Length);

    /// <summary>The addresses that it takes from tables: all written ones, then all read ones.</summary>
    /// <exception cref="ArgumentException">A table is missing, or shorter than the message believes.</exception>
    public ImmutableArray<SolanaAddress> Load(IReadOnlyList<SolanaLookupTable> tables)
    {
        var tablesByAddress = tables.ToDictionary(t => t.Address, t => t.Addresses);
        return [.. Lookups.SelectMany(l => l.Writable.Select(i => Entry(l, i))), .. Lookups.SelectMany(l => l.ReadOnly.Select(i => Entry(l, i)))];

        SolanaAddress Entry(SolanaTableLookup lookup, byte index)
        {
            if (!tablesByAddress.TryGetValue(lookup.Table, out var entries)) throw new ArgumentException($"The message takes addresses from the lookup table {lookup.Table}, which was not given.", nameof(tables));
            return index < entries.Length ? entries[index] : throw new ArgumentException($"The message takes entry {index} of the lookup table {lookup.Table}, which has {entries.Length}.", nameof(tables));
        }
    }

    /// <summary>The calls with addresses in place of indexes.</summary>
    /// <param name="loaded">What <see cref="Load"/> gives, or a node tells of a transaction that landed (written ones, then read ones); empty in the legacy form.</param>
    /// <exception cref="ArgumentException">Not as many addresses as the lookups take.</exception>
    public ImmutableArray<SolanaInstruction> ToInstructions(params ReadOnlySpan<SolanaAddress> loaded)
    {
        var expected = Lookups.Sum(l => l.Writable.Length + l.ReadOnly.Length);
        if (loaded.Length != expected) throw new ArgumentException($"The message takes {expected} addresses from lookup tables, and {loaded.Length} were given.", nameof(loaded));
        ImmutableArray<SolanaAddress> all = [.. Accounts, .. loaded];
        return [.. Instructions.Select(i => new SolanaInstruction(all[i.Program], [.. i.Accounts.Select(a => new SolanaAccountMeta(all[a], IsSigner(a), IsWritable(a)))], i.Data))];
    }

    private static SolanaMessage Fitting(SolanaMessage message) => message.TransactionSize <= MaxTransactionBytes
        ? message
        : throw new ArgumentException($"The transaction would have {message.TransactionSize} bytes, and at most {MaxTransactionBytes} are allowed: use fewer instructions, or lookup tables for its accounts.");

    // What a validator asks of a message before it looks at signatures, and that no account stands twice.
    private static void Check(SolanaMessageHeader header, SolanaAddress[] accounts, SolanaCompiledInstruction[] instructions, SolanaTableLookup[] lookups)
    {
        if (header.ReadOnlySigners >= header.Signers) throw new FormatException("The Solana message has no signer that could pay: the first one has to be writable.");
        if (header.Signers + header.ReadOnlyOthers > accounts.Length)
            throw new FormatException($"The Solana message counts {header.Signers} signers and {header.ReadOnlyOthers} other accounts that are read, and has {accounts.Length}.");
        if (accounts.Distinct().Count() != accounts.Length) throw new FormatException("The Solana message names an account twice.");
        var total = accounts.Length;
        foreach (var lookup in lookups)
        {
            if (lookup.Writable.IsEmpty && lookup.ReadOnly.IsEmpty) throw new FormatException($"The Solana message takes nothing from the lookup table {lookup.Table}, which it names.");
            total += lookup.Writable.Length + lookup.ReadOnly.Length;
        }

        if (total > 256) throw new FormatException($"The Solana message has {total} accounts, and an index reaches 256.");
        foreach (var instruction in instructions)
        {
            if (instruction.Program == 0 || instruction.Program >= accounts.Length)
                throw new FormatException($"The Solana message calls the program at index {instruction.Program}: it has to be one of accounts 1 to {accounts.Length - 1}.");
            if (instruction.Accounts.Any(a => a >= total)) throw new FormatException($"The Solana message has an account index of {instruction.Accounts.Max()}, and {total} accounts.");
        }
    }

    private static ImmutableArray<byte> ReadBytes(ref SolanaReader reader, string field) => [.. reader.Take(reader.Count(field, 1), field)];

    private byte[] Write()
    {
        var target = new ArrayBufferWriter<byte>(MaxTransactionBytes);
        if (Version == SolanaMessageVersion.V0) target.Write([VersionFlag]);
        target.Write([Header.Signers, Header.ReadOnlySigners, Header.ReadOnlyOthers]);
        ShortVec.Write(target, Accounts.Length);
        foreach (var account in Accounts) target.Write(account.AsSpan());
        target.Write(Lifetime.AsSpan());
        ShortVec.Write(target, Instructions.Length);
        foreach (var instruction in Instructions)
        {
            target.Write([instruction.Program]);
            WriteBytes(target, instruction.Accounts.AsSpan());
            WriteBytes(target, instruction.Data.Span);
        }

        if (Version == SolanaMessageVersion.Legacy) return target.WrittenSpan.ToArray();
        ShortVec.Write(target, Lookups.Length);
        foreach (var lookup in Lookups)
        {
            target.Write(lookup.Table.AsSpan());
            WriteBytes(target, lookup.Writable.AsSpan());
            WriteBytes(target, lookup.ReadOnly.AsSpan());
        }

        return target.WrittenSpan.ToArray();
    }

    private static void WriteBytes(ArrayBufferWriter<byte> target, ReadOnlySpan<byte> bytes)
    {
        ShortVec.Write(target, bytes.Length);
        target.Write(bytes);
    }
}
