using System.Buffers.Binary;
using System.Collections.Immutable;
using DePin.Abi.Solana;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Protocol;

namespace DePin.Signing;

/// <summary>
/// The limits of a network on Solana. A message is signed where the account pays for it and nobody else signs, it has no lookup tables (what they hold may change), and all that it calls is
/// what an operator calls of this network, the compute budget, the advance of a durable nonce, and the account's own token account.
/// </summary>
/// <param name="Network">Whose receipts and acknowledgements are signed.</param>
/// <param name="Accounts">The only network whose calls are signed.</param>
/// <param name="MaximumFee">Most lamports that a transaction may cost in fees. Rent that a call puts down comes back when what it paid for is closed, and is not counted.</param>
public sealed record SolanaSigningLimits(NetworkId Network, SolanaNetwork Accounts, ulong MaximumFee) : SigningLimits(Network, ChainKind.Solana)
{
    private const ulong FeePerSignature = 5_000; // lamports, by the cluster's rules
    private const uint MostUnits = 1_400_000; // of a transaction, by the cluster's rules; where it does not say how many, it may pay for as many
    private const ulong MicroLamports = 1_000_000;
    private const byte UnitLimit = 2, UnitPrice = 3; // of the compute budget
    private const uint AdvanceNonce = 4; // of the system program

    private static readonly Call[] Calls =
    [
        // Which of its accounts is the network, which the payer, and which the payer's token account; -1 = it takes none.
        new(Is<Depin.AttestInstruction, Depin.AttestAccounts>, 0, -1),
        new(Is<Depin.OpenSignaturesInstruction, Depin.OpenSignaturesAccounts>, 1, 0),
        new(Is<Depin.AddSignaturesInstruction, Depin.AddSignaturesAccounts>, 0, -1),
        new(Is<Depin.CloseSignaturesInstruction, Depin.CloseSignaturesAccounts>, 1, 0),
        new(Is<Depin.AttestSignedInstruction, Depin.AttestSignedAccounts>, 0, 5),
        new(Is<Depin.FinalizeInstruction, Depin.FinalizeAccounts>, 0, -1),
        new(Is<Depin.ProveTreeFaultInstruction, Depin.ProveTreeFaultAccounts>, 1, 0),
        new(Is<Depin.ProveTreeFaultBufferedInstruction, Depin.ProveTreeFaultBufferedAccounts>, 1, 0),
        new(Is<Depin.WriteBufferInstruction, Depin.WriteBufferAccounts>, -1, 0),
        new(Is<Depin.CloseBufferInstruction, Depin.CloseBufferAccounts>, -1, 0),
        new(Is<Depin.ProveEquivocationInstruction, Depin.ProveEquivocationAccounts>, 1, 0, 7),
    ];

    private delegate bool Recognizer(ReadOnlySpan<byte> data);

    /// <inheritdoc/>
    internal override SigningAnswer SignTransaction(OperatorKeyRing keys, ReadOnlySpan<byte> encoded)
    {
        SolanaMessage message;
        try
        {
            message = SolanaMessage.Decode(encoded);
        }
        catch (FormatException problem)
        {
            return SigningAnswer.Refused(SigningRefusal.Malformed, problem.Message);
        }

        var self = keys.Account.Solana;
        if (message.Version != SolanaMessageVersion.Legacy) return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "it is a message of version 0, whose lookup tables cannot be judged here: send a legacy one");
        if (message.Payer != self) return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, $"{message.Payer} is to pay for it, and this is the signer of {self}");
        if (message.Header.Signers != 1) return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "somebody else is to sign it too");
        uint? units = null;
        ulong? price = null;
        var calls = 0;
        foreach (var instruction in message.ToInstructions())
        {
            SigningAnswer? refused;
            if (instruction.Program == SolanaPrograms.ComputeBudget)
            {
                refused = ReadBudget(instruction.Data.Span, ref units, ref price);
            }
            else
            {
                refused = Judge(instruction, self);
                calls++;
            }

            if (refused is not null) return refused;
        }

        if (calls == 0) return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "it calls nothing");
        var fee = FeePerSignature + (((UInt128)price.GetValueOrDefault() * (units ?? MostUnits)) + (MicroLamports - 1)) / MicroLamports;
        if (fee > MaximumFee) return SigningAnswer.Refused(SigningRefusal.FeeTooHigh, $"it may cost {fee} lamports, and the limit is {MaximumFee}");
        return SigningAnswer.Made(keys.SignTransaction(message).ToArray());
    }

    /// <summary>Units and their price, each at most once.</summary>
    private static SigningAnswer? ReadBudget(ReadOnlySpan<byte> data, ref uint? units, ref ulong? price)
    {
        switch (data)
        {
            case [UnitLimit, ..] when data.Length == 1 + sizeof(uint) && units is null:
                units = BinaryPrimitives.ReadUInt32LittleEndian(data[1..]);
                return null;
            case [UnitPrice, ..] when data.Length == 1 + sizeof(ulong) && price is null:
                price = BinaryPrimitives.ReadUInt64LittleEndian(data[1..]);
                return null;
            default:
                return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "of the compute budget it may say the units and their price, each once");
        }
    }

    private SigningAnswer? Judge(SolanaInstruction instruction, SolanaAddress self)
    {
        var accounts = instruction.Accounts;
        var data = instruction.Data.Span;
        if (instruction.Program == Accounts.Program)
        {
            foreach (var call in Calls)
            {
                if (!call.Is(data)) continue;
                if (!Has(accounts, call.Network, Accounts.Account)) return SigningAnswer.Refused(SigningRefusal.WrongNetwork, "its call is of another network than the signer's");
                if (!Has(accounts, call.Payer, self)) return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "its call is made for another account");
                return Has(accounts, call.Tokens, Accounts.TokensOf(self)) ? null : SigningAnswer.Refused(SigningRefusal.CallNotAllowed, "its reward would go to another account");
            }
        }
        else if (instruction.Program == SolanaPrograms.System)
        {
            if (data.Length == sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(data) == AdvanceNonce) return null; // no one but the payer signs, so that its authority is the payer
        }
        else if (instruction.Program == SolanaPrograms.AssociatedToken)
        {
            var own = Accounts.OpenTokens(self, self);
            // Flags are the message's: the payer signs and writes wherever it stands in it.
            if (data.SequenceEqual(own.Data.Span) && accounts.Select(a => a.Address).SequenceEqual(own.Accounts.Select(a => a.Address))) return null;
        }

        return SigningAnswer.Refused(SigningRefusal.CallNotAllowed, $"its call of program {instruction.Program} is not one that an operator makes");
    }

    private static bool Is<TInstruction, TAccounts>(ReadOnlySpan<byte> data)
        where TInstruction : struct, ISolanaInstruction<TInstruction, TAccounts> => TInstruction.TryDecode(data, out _);

    private static bool Has(ImmutableArray<SolanaAccountMeta> accounts, int at, SolanaAddress wanted) => at < 0 || (at < accounts.Length && accounts[at].Address == wanted);

    private sealed record Call(Recognizer Is, int Network, int Payer, int Tokens = -1);
}
