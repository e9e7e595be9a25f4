using System.Buffers.Binary;
using System.Globalization;
using DePin.Abi.Solana;
using DePin.Api.Endpoints;
using DePin.ContractBindings.Evm;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Storage.Read;

namespace DePin.Api;

/// <summary>Unsigned claim transactions.</summary>
internal static class ClaimTransactions
{
    private const uint PageSlots = 1_024; // contracts/solana/README.md, Accounts

    /// <summary>The call of <c>RewardDistributor.claim</c>; null on a chain that is not EVM.</summary>
    public static TransactionView? Build(Network network, ClaimProofRow claim)
    {
        if (network.EvmChainId is null || !network.Contracts.TryGetValue("RewardDistributor", out var distributor)) return null;
        var leaf = new RewardLeaf((uint)claim.Index, Address.FromBytes32(new Bytes32(claim.Account)), Amount(claim.Cumulative), Amount(claim.Prefix), new Bytes32(claim.ItemsHash));
        var call = new RewardDistributor.ClaimCall(new Bytes32(claim.Root), leaf, [.. claim.Siblings]);
        return new TransactionView(network.Caip2, distributor, Text.Hex(call.Encode()), "0");
    }

    /// <summary>
    /// The program's <c>claim</c> by the account itself, behind what makes the recipient's token account where that is not there yet; null on another chain. Wallets sign a message with a recent blockhash,
    /// which this host, that calls no chain, does not know: it is zero, as the Solana Actions specification has a client replace it.
    /// </summary>
    /// <param name="network">On Solana.</param>
    /// <param name="account">Of the leaf, as the mirror has it.</param>
    /// <param name="claim">The leaf and its proof.</param>
    public static SolanaClaimView? BuildSolana(Network network, AccountRow account, ClaimProofRow claim)
    {
        if (!network.Contracts.TryGetValue("SettlementProgram", out var programText) || !network.Contracts.TryGetValue("NetworkToken", out var mintText) || !network.Contracts.TryGetValue("NetworkAccount", out var networkText)) return null;
        var (program, mint, home) = (SolanaAddress.Parse(programText), SolanaAddress.Parse(mintText), SolanaAddress.Parse(networkText));
        var tokenProgram = network.Contracts.TryGetValue("TokenProgram", out var other) ? SolanaAddress.Parse(other) : SolanaPrograms.Token;
        var payer = new SolanaAddress(claim.Account);
        var recipient = SolanaAddress.Parse(network.Text.Account(account.Recipient));
        SolanaInstruction[] instructions =
        [
            TokenProgram.CreateAssociated(payer, recipient, mint, tokenProgram),
            new Depin.ClaimInstruction(new Bytes32(claim.Root), new Depin.Leaf(Amount(claim.Cumulative), Amount(claim.Prefix), new Bytes32(claim.ItemsHash)), [.. claim.Siblings]).ToInstruction(program, new Depin.ClaimAccounts
            {
                Sender = payer,
                Network = home,
                Page = PageOf(program, home, (uint)claim.Index),
                Payout = Depin.Addresses.Payout(program, home, payer),
                To = ProgramAddress.AssociatedToken(recipient, mint, tokenProgram),
                TokenProgram = tokenProgram,
            }),
        ];
        return new SolanaClaimView(network.Caip2, payer.ToString(), LayOut(payer, instructions), [.. instructions.Select(View)]);
    }

    // In one transaction where both fit, else in two; a proof of which not even the claim fits leaves none.
    internal static IReadOnlyList<string> LayOut(SolanaAddress payer, SolanaInstruction[] instructions)
    {
        return Fits(instructions) ? [Unsigned(instructions)] : Fits(instructions[1..]) ? [Unsigned(instructions[..1]), Unsigned(instructions[1..])] : [];

        bool Fits(SolanaInstruction[] some) => SolanaMessage.Measure(payer, some, null) <= SolanaMessage.MaxTransactionBytes;

        string Unsigned(SolanaInstruction[] some) => SolanaTransaction.Unsigned(SolanaMessage.Compile(payer, some, Bytes32.Zero)).ToBase64();
    }

    private static SolanaAddress PageOf(SolanaAddress program, SolanaAddress network, uint index)
    {
        var page = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(page, index / PageSlots);
        return ProgramAddress.Find(program, "page"u8.ToArray(), network.ToArray(), page).Address;
    }

    private static SolanaInstructionView View(SolanaInstruction instruction) => new(
        instruction.Program.ToString(), [.. instruction.Accounts.Select(a => new SolanaAccountView(a.Address.ToString(), a.IsSigner, a.IsWritable))], Convert.ToBase64String(instruction.Data.Span));

    private static UInt128 Amount(string text) => UInt128.Parse(text, CultureInfo.InvariantCulture);
}
