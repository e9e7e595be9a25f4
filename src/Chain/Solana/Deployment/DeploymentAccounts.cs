using DePin.Abi.Solana;
using DePin.Chain.Solana;

namespace DePin.Chain.Deployment;

/// <summary>Reads accounts of the program.</summary>
internal static class DeploymentAccounts
{
    /// <summary>An account as it stands; null where there is none.</summary>
    /// <exception cref="DeploymentException">Another kind of account is there.</exception>
    public static async Task<T?> ReadProgramAccountAsync<T>(this SolanaRpc rpc, SolanaAddress program, SolanaAddress address, CancellationToken ct)
        where T : struct, ISolanaAccount<T> =>
        (await rpc.GetAccountInfoAsync(address, Finality.Safe, ct).ConfigureAwait(false)).Value is { } account ? Decode<T>(account, program, address) : null;

    /// <summary>An account's content.</summary>
    /// <exception cref="DeploymentException">It is of another kind, or another program's.</exception>
    public static T Decode<T>(SolanaAccount account, SolanaAddress program, SolanaAddress address)
        where T : struct, ISolanaAccount<T> =>
        account.Owner == program && T.TryDecode(account.Data.Span, out var value) ? value : throw new DeploymentException($"{address} is no {typeof(T).Name} of program {program}.");
}
