using DePin.Abi;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Signing;

/// <summary>What the signer knows of the network, and which transactions it signs. Safe to share between threads.</summary>
/// <param name="Network">Whose receipts and acknowledgements are signed.</param>
/// <param name="Chain">The kind of chain that the network is on.</param>
public abstract record SigningLimits(NetworkId Network, ChainKind Chain)
{
    /// <summary>The limits of a deployed network.</summary>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="maximumFee">Most that one transaction may cost, in the chain's smallest unit: wei or lamports.</param>
    /// <exception cref="DeploymentException">A kind of chain that the signer does not know.</exception>
    public static SigningLimits Of(NetworkManifest manifest, UInt256 maximumFee) => manifest switch
    {
        EvmNetworkManifest evm => new EvmSigningLimits(evm.Id, evm.ChainId, evm.AddressOf("ReportVerifier"), maximumFee),
        SolanaNetworkManifest solana => new SolanaSigningLimits(solana.Id, solana.Accounts, maximumFee.TryToUInt64(out var lamports) ? lamports : ulong.MaxValue),
        _ => throw new DeploymentException($"The signer knows no chain like {manifest.Chain}."),
    };

    /// <summary>Judges a transaction in its unsigned encoding, and signs it.</summary>
    internal abstract SigningAnswer SignTransaction(OperatorKeyRing keys, ReadOnlySpan<byte> encoded);
}

/// <summary>The limits of a network on an EVM chain.</summary>
/// <param name="Network">Whose receipts and acknowledgements are signed.</param>
/// <param name="ChainId">Whose transactions.</param>
/// <param name="Verifier">The only contract that they may call.</param>
/// <param name="MaximumFee">Most wei that one of them may cost.</param>
public sealed record EvmSigningLimits(NetworkId Network, ulong ChainId, Address Verifier, UInt256 MaximumFee) : SigningLimits(Network, ChainKind.Evm)
{
    private static readonly uint[] AllowedCalls =
    [
        ReportVerifier.AttestCall.Selector, ReportVerifier.FinalizeCall.Selector, ReportVerifier.ProveTreeFaultCall.Selector, ReportVerifier.ProveEquivocationCall.Selector,
    ];

    /// <inheritdoc/>
    internal override SigningAnswer SignTransaction(OperatorKeyRing keys, ReadOnlySpan<byte> encoded)
    {
        if (!EvmTransaction.TryParseUnsigned(encoded, out var transaction)) return SigningAnswer.Refused(SigningRefusal.Malformed, "this is no transaction");
        if (transaction.ChainId != ChainId) return SigningAnswer.Refused(SigningRefusal.WrongNetwork, $"chain {transaction.ChainId} is not {ChainId}");
        if (transaction.To != Verifier) return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "it does not go to the network's report verifier");
        if (!transaction.Value.IsZero) return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "it carries coins");
        var data = transaction.Data.Span;
        if (data.Length < 4 || !AllowedCalls.Contains(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(data)))
            return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "its call is not one that an operator makes");
        var cost = (System.Numerics.BigInteger)(transaction.GasPrice ?? transaction.MaxFeePerGas) * transaction.Gas;
        if (cost > (System.Numerics.BigInteger)MaximumFee) return SigningAnswer.Refused(SigningRefusal.FeeTooHigh, $"it may cost {cost} wei, and the limit is {MaximumFee}");
        return SigningAnswer.Made(keys.SignTransaction(transaction).ToArray());
    }
}
