using System.Globalization;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cli.Network;
using DePin.Cryptography;
using DePin.DevTools;

namespace DePin.Cli.Dev.Chains;

/// <summary>Where the accounts of a dev network on Solana have their SOL from.</summary>
public interface ISolanaPurse
{
    /// <summary>Sees to it that an account holds so many lamports at least. The deployer comes first: it may be the one who gives to the others.</summary>
    /// <exception cref="CliException">They cannot be had; says who needs how many.</exception>
    Task FillAsync(SolanaAddress account, ulong lamports, CancellationToken ct);
}

/// <summary>A runtime of our own gives whatever is asked for, and more.</summary>
/// <param name="runtime">It.</param>
public sealed class SurfpoolPurse(SurfpoolRpc runtime) : ISolanaPurse
{
    private const ulong Plenty = 10_000_000_000_000;

    /// <inheritdoc/>
    public Task FillAsync(SolanaAddress account, ulong lamports, CancellationToken ct) => runtime.SetBalanceAsync(account.ToString(), Math.Max(lamports, Plenty), ct);
}

/// <summary>On a cluster that was there before, the deployer pays for everybody. What it lacks comes from the cluster's tap as far as it has one, and else from whoever runs the network.</summary>
/// <param name="cluster">It.</param>
/// <param name="deployer">The deployer's key.</param>
/// <param name="fees">What to pay.</param>
/// <param name="time">Its clock.</param>
public sealed class ClusterPurse(SolanaCluster cluster, PrivateKey deployer, SolanaFeePolicy fees, TimeProvider? time = null) : ISolanaPurse
{
    private const ulong Sol = 1_000_000_000;
    private const ulong OnceFromTap = 2 * Sol; // taps of public clusters refuse more
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90); // longer than a transaction lives

    private readonly SolanaAddress payer = SolanaAddress.Of(deployer.PublicKey);
    private readonly TimeProvider time = time ?? TimeProvider.System;

    /// <inheritdoc/>
    public async Task FillAsync(SolanaAddress account, ulong lamports, CancellationToken ct)
    {
        var held = await HeldAsync(account, ct).ConfigureAwait(false);
        if (held >= lamports) return;
        if (account != payer)
        {
            await new SolanaTransactionSender(cluster.Rpc, deployer, fees).SendAsync(new SolanaTransactionRequest(SystemProgram.Transfer(payer, account, lamports - held)), ct).ConfigureAwait(false);
            return;
        }

        // All at once, as a validator of one's own gives it; else in the pieces that public taps give.
        for (var most = lamports - held; held < lamports;)
        {
            if (await AskTapAsync(Math.Min(lamports - held, most), ct).ConfigureAwait(false) is { } refusal)
            {
                if (most <= OnceFromTap) throw Short(held, lamports, refusal);
                most = OnceFromTap;
                continue;
            }

            var before = held;
            var start = time.GetTimestamp();
            while (held == before)
            {
                if (time.GetElapsedTime(start) > Patience) throw Short(held, lamports, "took the request, and nothing arrived");
                await Task.Delay(Look, time, ct).ConfigureAwait(false);
                held = await HeldAsync(account, ct).ConfigureAwait(false);
            }
        }
    }

    // Why it gives none; null where it will.
    private async Task<string?> AskTapAsync(ulong lamports, CancellationToken ct)
    {
        try
        {
            await cluster.Impatient.RequestAirdropAsync(payer, lamports, ct).ConfigureAwait(false);
            return null;
        }
        catch (RpcException refusal)
        {
            return $"refuses (code {refusal.Code.ToString(CultureInfo.InvariantCulture)})";
        }
        catch (RpcUnavailableException)
        {
            return $"gives none now ({cluster.LastError ?? "no answer"})";
        }
    }

    private CliException Short(ulong held, ulong lamports, string refusal) => new(
        $"Account {payer}, which deploys the network on Solana and pays for its operators and devices, holds {Tokens.Show(held, 9)} SOL and needs {Tokens.Show(lamports, 9)}: {Tokens.Show(lamports - held, 9)} are missing. "
        + $"The tap of {cluster.Label} {refusal}. Send the account the rest, or wait for the tap, and run the same command again: it goes on from here. Fewer devices (--replay-devices) need less.");

    private async Task<ulong> HeldAsync(SolanaAddress account, CancellationToken ct) => (await cluster.Rpc.GetBalanceAsync(account, Finality.Safe, ct).ConfigureAwait(false)).Value;
}
