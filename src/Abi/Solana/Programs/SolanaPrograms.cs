namespace DePin.Abi.Solana;

/// <summary>Addresses that are the same on every cluster.</summary>
public static class SolanaPrograms
{
    /// <summary>Makes accounts and moves lamports.</summary>
    public static SolanaAddress System => default;

    /// <summary>SPL Token.</summary>
    public static SolanaAddress Token { get; } = SolanaAddress.Parse("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");

    /// <summary>SPL Token-2022, whose mints may have extensions.</summary>
    public static SolanaAddress Token2022 { get; } = SolanaAddress.Parse("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");

    /// <summary>Gives a wallet its token account for a mint.</summary>
    public static SolanaAddress AssociatedToken { get; } = SolanaAddress.Parse("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

    /// <summary>Writes text to the log.</summary>
    public static SolanaAddress Memo { get; } = SolanaAddress.Parse("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");

    /// <summary>What a transaction may use, and bids.</summary>
    public static SolanaAddress ComputeBudget { get; } = SolanaAddress.Parse("ComputeBudget111111111111111111111111111111");

    /// <summary>Owns address lookup tables.</summary>
    public static SolanaAddress AddressLookupTable { get; } = SolanaAddress.Parse("AddressLookupTab1e1111111111111111111111111");

    /// <summary>Owns programs that can be upgraded.</summary>
    public static SolanaAddress UpgradeableLoader { get; } = SolanaAddress.Parse("BPFLoaderUpgradeab1e11111111111111111111111");

    /// <summary>Precompile that verifies Ed25519 signatures.</summary>
    public static SolanaAddress Ed25519 { get; } = SolanaAddress.Parse("Ed25519SigVerify111111111111111111111111111");

    /// <summary>Precompile that verifies P-256 signatures (SIMD-0075).</summary>
    public static SolanaAddress Secp256r1 { get; } = SolanaAddress.Parse("Secp256r1SigVerify1111111111111111111111111");
}

/// <summary>Accounts in which a cluster shows its own state.</summary>
public static class SolanaSysvars
{
    /// <summary>Slot, epoch and time.</summary>
    public static SolanaAddress Clock { get; } = SolanaAddress.Parse("SysvarC1ock11111111111111111111111111111111");

    /// <summary>What an account has to hold.</summary>
    public static SolanaAddress Rent { get; } = SolanaAddress.Parse("SysvarRent111111111111111111111111111111111");

    /// <summary>Blockhashes; named by nonce instructions only.</summary>
    public static SolanaAddress RecentBlockhashes { get; } = SolanaAddress.Parse("SysvarRecentB1ockHashes11111111111111111111");

    /// <summary>The transaction's own instructions, where programs look for a precompile's.</summary>
    public static SolanaAddress Instructions { get; } = SolanaAddress.Parse("Sysvar1nstructions1111111111111111111111111");
}
