using DePin.Chain;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Solana;
using DePin.Mirror;
using DePin.Signing;

namespace DePin.Oracle.Transmit;

/// <summary>An operator's transactions on its network's kind of chain.</summary>
public static class VerifierTransactions
{
    /// <summary>Sends through the first provider that is well (on Solana through all): what they say of transactions decides about no signature.</summary>
    /// <exception cref="DeploymentException">The network is on a kind of chain that is not known here.</exception>
    /// <exception cref="InvalidOperationException">The keys are of another kind of chain.</exception>
    public static IVerifierTransactions Create(NetworkManifest manifest, ChainProviders providers, IOperatorSigner keys)
    {
        switch (manifest)
        {
            case EvmNetworkManifest evm:
                var sender = new TransactionSender(providers.Evm, keys.Account.Evm, keys.SignTransaction);
                return new EvmVerifierTransactions(new EvmReportTransmitter(providers.Evm, sender, evm.ChainId, evm.AddressOf("ReportVerifier")));
            case SolanaNetworkManifest solana:
                return Create(solana, providers.Solana, keys, null);
            default:
                throw new DeploymentException($"This node knows no chain like {manifest.Chain}.");
        }
    }

    /// <summary>The transactions of a network on Solana.</summary>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="rpc">The cluster.</param>
    /// <param name="keys">Who signs and pays.</param>
    /// <param name="policy">What to pay; null = the default.</param>
    public static SolanaVerifierTransactions Create(SolanaNetworkManifest manifest, SolanaRpc rpc, IOperatorSigner keys, SolanaFeePolicy? policy)
    {
        var network = manifest.Accounts;
        var sender = new SolanaTransactionSender(rpc, keys.Account.Solana, keys.SignTransaction, policy, SolanaVerifierTransactions.Names(network.Program));
        return new SolanaVerifierTransactions(rpc, sender, manifest.Chain, network);
    }
}
