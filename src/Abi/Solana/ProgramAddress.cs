using System.Text;
using DePin.Cryptography;

namespace DePin.Abi.Solana;

/// <summary>Addresses that are computed: those only a program can sign for, off the curve so that no key has them, and those of a key and a word.</summary>
public static class ProgramAddress
{
    /// <summary>Most seeds of an address, its bump among them.</summary>
    public const int MaxSeeds = 16;

    /// <summary>Most bytes of a seed.</summary>
    public const int MaxSeedBytes = 32;

    private const int MaxPreimage = (MaxSeeds * MaxSeedBytes) + SolanaAddress.Size + 21;

    private static ReadOnlySpan<byte> Marker => "ProgramDerivedAddress"u8;

    /// <summary>The program's address at these seeds; false where it lies on the curve.</summary>
    /// <exception cref="ArgumentException">More than 16 seeds, or one of more than 32 bytes.</exception>
    public static bool TryCreate(SolanaAddress program, out SolanaAddress address, params ReadOnlySpan<byte[]> seeds)
    {
        Span<byte> preimage = stackalloc byte[MaxPreimage];
        var length = Join(seeds, MaxSeeds, preimage);
        return TryHash(preimage, length, program, out address);
    }

    /// <summary>The program's address at these seeds and the greatest bump, from 255 down to 1, that lies off the curve.</summary>
    /// <exception cref="ArgumentException">More than 15 seeds, or one of more than 32 bytes.</exception>
    /// <exception cref="InvalidOperationException">No bump does (odds of 1 in 2^255).</exception>
    public static (SolanaAddress Address, byte Bump) Find(SolanaAddress program, params ReadOnlySpan<byte[]> seeds)
    {
        Span<byte> preimage = stackalloc byte[MaxPreimage];
        var length = Join(seeds, MaxSeeds - 1, preimage);
        for (var bump = byte.MaxValue; bump > 0; bump--)
        {
            preimage[length] = bump;
            if (TryHash(preimage, length + 1, program, out var address)) return (address, bump);
        }

        throw new InvalidOperationException($"No bump gives an address of the program {program} off the curve: use other seeds.");
    }

    /// <summary>The address that <paramref name="baseAddress"/> signs for and <paramref name="owner"/> is to own, told apart by a seed of at most 32 bytes of UTF-8.</summary>
    /// <exception cref="ArgumentException">A longer seed, or an owner whose address could pass for a derived one.</exception>
    public static SolanaAddress CreateWithSeed(SolanaAddress baseAddress, string seed, SolanaAddress owner)
    {
        var bytes = SeedBytes(seed);
        if (owner.AsSpan().EndsWith(Marker)) throw new ArgumentException($"{owner} ends as the text that is hashed into a program's addresses: such an owner is not allowed.", nameof(owner));
        return SolanaAddress.From(Sha256.Hash([.. baseAddress.AsSpan(), .. bytes], owner.AsSpan()));
    }

    /// <summary>The token account that a wallet has for a mint without having chosen one.</summary>
    /// <param name="wallet">Whose tokens they are.</param>
    /// <param name="mint">Of what.</param>
    /// <param name="tokenProgram">The program that owns the mint: SPL Token or Token-2022.</param>
    public static SolanaAddress AssociatedToken(SolanaAddress wallet, SolanaAddress mint, SolanaAddress tokenProgram) =>
        Find(SolanaPrograms.AssociatedToken, wallet.ToArray(), tokenProgram.ToArray(), mint.ToArray()).Address;

    internal static byte[] SeedBytes(string seed)
    {
        var bytes = Encoding.UTF8.GetBytes(seed);
        return bytes.Length <= MaxSeedBytes ? bytes : throw new ArgumentException($"A seed has at most {MaxSeedBytes} bytes, not {bytes.Length}.", nameof(seed));
    }

    // Writes the seeds one after the other; how many bytes they are.
    private static int Join(ReadOnlySpan<byte[]> seeds, int most, Span<byte> preimage)
    {
        if (seeds.Length > most) throw new ArgumentException($"At most {most} seeds are allowed, not {seeds.Length}.", nameof(seeds));
        var length = 0;
        foreach (var seed in seeds)
        {
            if (seed.Length > MaxSeedBytes) throw new ArgumentException($"A seed has at most {MaxSeedBytes} bytes, not {seed.Length}.", nameof(seeds));
            seed.CopyTo(preimage[length..]);
            length += seed.Length;
        }

        return length;
    }

    private static bool TryHash(Span<byte> preimage, int length, SolanaAddress program, out SolanaAddress address)
    {
        program.CopyTo(preimage[length..]);
        Marker.CopyTo(preimage[(length + SolanaAddress.Size)..]);
        var hash = Sha256.Hash(preimage[..(length + SolanaAddress.Size + Marker.Length)]);
        var isOff = !Ed25519.IsOnCurve(hash.AsSpan());
        address = isOff ? SolanaAddress.From(hash) : default;
        return isOff;
    }
}
