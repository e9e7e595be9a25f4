using DePin.Abi.Solana;

namespace DePin.Chain.Solana;

/// <summary>Accounts of a program, decoded. What another program owns, or is of another kind, is as if it were not there.</summary>
public static class SolanaProgramAccounts
{
    /// <summary>An account of <paramref name="program"/>; null where there is none of this kind.</summary>
    public static async Task<T?> FindAsync<T>(this SolanaRpc rpc, SolanaAddress program, SolanaAddress address, Finality finality, CancellationToken ct)
        where T : struct, ISolanaAccount<T> => Decode<T>(program, (await rpc.GetAccountInfoAsync(address, finality, ct).ConfigureAwait(false)).Value);

    /// <summary>An account of <paramref name="program"/> that must be there.</summary>
    /// <exception cref="InvalidOperationException">There is none of this kind.</exception>
    public static async Task<T> ReadAsync<T>(this SolanaRpc rpc, SolanaAddress program, SolanaAddress address, Finality finality, CancellationToken ct)
        where T : struct, ISolanaAccount<T> => await rpc.FindAsync<T>(program, address, finality, ct).ConfigureAwait(false)
            ?? throw new InvalidOperationException($"There is no {typeof(T).Name} of program {program} at {address}. Check program and mint, and that the RPC URL is of the network's cluster.");

    /// <summary>Accounts of <paramref name="program"/> in the order of their addresses, a hundred a request, so that they may be of different slots; null where there is none of this kind.</summary>
    public static async Task<IReadOnlyList<T?>> FindManyAsync<T>(this SolanaRpc rpc, SolanaAddress program, IReadOnlyList<SolanaAddress> addresses, Finality finality, CancellationToken ct)
        where T : struct, ISolanaAccount<T>
    {
        var found = new List<T?>(addresses.Count);
        foreach (var part in addresses.Chunk(SolanaRpc.MostAccounts))
            found.AddRange((await rpc.GetMultipleAccountsAsync(part, finality, ct).ConfigureAwait(false)).Value.Select(a => Decode<T>(program, a)));
        return found;
    }

    private static T? Decode<T>(SolanaAddress program, SolanaAccount? account)
        where T : struct, ISolanaAccount<T> => account is not null && account.Owner == program && T.TryDecode(account.Data.Span, out var value) ? value : null;
}
