using System.Text;

namespace DePin.Abi.Solana;

/// <summary>The program that writes a text to the log.</summary>
public static class MemoProgram
{
    /// <summary>Logs a text, and that these signed the transaction.</summary>
    public static SolanaInstruction Write(string text, params ReadOnlySpan<SolanaAddress> signers)
    {
        var accounts = new SolanaAccountMeta[signers.Length];
        for (var i = 0; i < accounts.Length; i++) accounts[i] = SolanaAccountMeta.Signer(signers[i]);
        return new(SolanaPrograms.Memo, [.. accounts], Encoding.UTF8.GetBytes(text));
    }
}
