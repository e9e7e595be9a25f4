using DePin.Abi.Solana;

namespace DePin.Chain.Deployment;

/// <summary>What somebody else has to sign and send: an owner that is a multisig, or a maker.</summary>
public static class SolanaOwnerCall
{
    /// <summary>A legacy transaction message in base64, whose payer is the signer and whose blockhash is zero: whoever signs puts in a recent one.</summary>
    public static string MessageOf(SolanaAddress signer, params IReadOnlyList<SolanaInstruction> instructions) => Convert.ToBase64String(SolanaMessage.Compile(signer, instructions, default).Bytes.Span);

    /// <summary>A line of <see cref="SolanaNetworkManifest.OwnerCalls"/>.</summary>
    public static string LineOf(string what, SolanaAddress signer, params IReadOnlyList<SolanaInstruction> instructions) => $"{what}: {signer} signs {MessageOf(signer, instructions)}";
}
