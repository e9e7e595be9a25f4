using DePin.Abi.Solana;
using DePin.Chain.Solana;

namespace DePin.Chain.Deployment;

/// <summary>Which mints the program takes, by contracts/solana/README.md, "Token programs": looked at before anything is sent, so that the refusal says what is wrong with the mint.</summary>
internal static class SolanaMintRules
{
    /// <summary>Whether networks may have a token of this program's.</summary>
    public static bool IsTokenProgram(in SolanaAddress program) => program == SolanaPrograms.Token || program == SolanaPrograms.Token2022;

    /// <summary>The mint in an account of the token program.</summary>
    /// <exception cref="DeploymentException">The program would refuse it; says why.</exception>
    public static TokenMint Read(in SolanaAddress mint, SolanaAccount account, in SolanaAddress tokenProgram)
    {
        if (account.Owner != tokenProgram) throw new DeploymentException($"The mint {mint} is not one of {NameOf(tokenProgram)}, but of {NameOf(account.Owner)}. Is it the right network, and the right manifest?");
        try
        {
            var found = TokenMint.Decode(account.Data.Span);
            if (tokenProgram == SolanaPrograms.Token && found.HasExtensions) throw new FormatException("SPL Token's mints have no extensions.");
            foreach (var (type, _) in TokenExtension.OfMint(account.Data))
            {
                if (!IsTaken(type))
                    throw new DeploymentException($"The mint {mint} has the extension {type}, with which no network takes it: it could move, freeze, tax, hide, stop or re-make what the network holds, or nobody knows what it does. Make a mint without it (contracts/solana/README.md, Token programs).");
            }

            return found;
        }
        catch (FormatException problem)
        {
            throw new DeploymentException($"The account {mint} is no mint that a network takes: {problem.Message}", problem);
        }
    }

    private static bool IsTaken(TokenExtensionType type) => type
        is TokenExtensionType.MetadataPointer or TokenExtensionType.TokenMetadata
        or TokenExtensionType.GroupPointer or TokenExtensionType.TokenGroup
        or TokenExtensionType.GroupMemberPointer or TokenExtensionType.TokenGroupMember;

    private static string NameOf(in SolanaAddress program) => program == SolanaPrograms.Token ? "SPL Token" : program == SolanaPrograms.Token2022 ? "Token-2022" : program.ToString();
}
