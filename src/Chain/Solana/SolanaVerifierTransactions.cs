using System.Collections.Immutable;
using System.Numerics;
using DePin.Abi.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Protocol.Reports;
using DePin.Protocol.Rewards;

namespace DePin.Chain.Solana;

/// <summary>Lands reports at the settlement program. Generated types stop here.</summary>
/// <remarks>
/// What one transaction cannot carry is put in its place first, by transactions of their own that are waited for while the last one is prepared: signatures beyond five, and long proofs. They
/// are worth nothing without it, and are found there when it is prepared anew.
/// </remarks>
/// <param name="rpc">The cluster.</param>
/// <param name="sender">Pays; made with <see cref="Names"/>, so that refusals are named.</param>
/// <param name="chain">The cluster's name.</param>
/// <param name="network">The network.</param>
public sealed class SolanaVerifierTransactions(SolanaRpc rpc, SolanaTransactionSender sender, ChainId chain, SolanaNetwork network) : IVerifierTransactions
{
    private const int MostSignaturesAtOnce = 5;
    private const int ReportCommon = 64; // tag, config digest, generation and epoch: sent once of two reports
    private const int BufferPart = 900;
    private const byte Challenged = 2;

    /// <inheritdoc/>
    public ChainId Chain => chain;

    /// <summary>The names of the program's errors, beside the native ones.</summary>
    public static SolanaErrorNames Names(SolanaAddress program) =>
        SolanaErrorNames.Native.With(program, Depin.Errors.All.Select(e => KeyValuePair.Create(e.Code, new SolanaErrorName(e.Name, e.Message))));

    /// <inheritdoc/>
    /// <exception cref="SolanaProgramException">The program would refuse the report; says why.</exception>
    public async Task<SignedTransaction> PrepareAsync(AttestedReport report, CancellationToken ct)
    {
        var read = Report.Parse(report.Report.Span);
        var config = network.Config(await ConfigInForceAsync(read.Epoch.Value, ct).ConfigureAwait(false));
        var signatures = report.Signatures.ToArray().Chunk(CompactSignature.Size).ToArray();
        if (signatures.Length <= MostSignaturesAtOnce)
        {
            return await PrepareAsync([new Depin.AttestInstruction(report.Report.ToArray(), report.Bitmap, signatures)
                .ToInstruction(network.Program, new Depin.AttestAccounts { Network = network.Account, Config = config })], ct).ConfigureAwait(false);
        }

        var place = network.Signatures(read.Digest.Value, sender.Payer);
        await GatherAsync(report, config, place, signatures, ct).ConfigureAwait(false);
        return await PrepareAsync([new Depin.AttestSignedInstruction()
            .ToInstruction(network.Program, new Depin.AttestSignedAccounts { Network = network.Account, Config = config, Signatures = place, Payer = sender.Payer })], ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task BroadcastAsync(SignedTransaction transaction, CancellationToken ct) => sender.BroadcastAsync(SignedSolanaTransaction.From(transaction), ct);

    /// <summary>The same instructions at twice the price by a fresh blockhash. Both versions may be included; the program refuses the second.</summary>
    public async Task<SignedTransaction> ReplaceAsync(SignedTransaction stuck, CancellationToken ct)
    {
        var message = SignedSolanaTransaction.From(stuck).Transaction.Message;
        if (message.Lookups.Length > 0 || message.NonceAccount is not null) return stuck; // ours have neither
        var instructions = message.ToInstructions();
        var price = instructions.Where(i => i.Program == SolanaPrograms.ComputeBudget).Select(PriceOf).Max();
        return (await sender.PrepareAsync(
            new SolanaTransactionRequest([.. instructions.Where(i => i.Program != SolanaPrograms.ComputeBudget)]) { Price = Math.Max(2 * price.GetValueOrDefault(), 1_000) }, ct).ConfigureAwait(false)).ToNeutral(chain);
    }

    /// <inheritdoc/>
    public Task<TransmissionStatus> GetStatusAsync(SignedTransaction transaction, CancellationToken ct) => sender.GetStatusAsync(SignedSolanaTransaction.From(transaction), ct);

    /// <inheritdoc/>
    public async Task<ulong?> GetGasUsedAsync(SignedTransaction transaction, CancellationToken ct) =>
        (await rpc.GetTransactionAsync(transaction.Id, Finality.Safe, ct).ConfigureAwait(false))?.Meta.ComputeUnits;

    /// <inheritdoc/>
    public async Task<SignedTransaction> PrepareFinalizeAsync(ulong epoch, CancellationToken ct)
    {
        var ledger = await ReadLedgerAsync(ct).ConfigureAwait(false);
        var report = ledger.Reports[epoch % (ulong)ledger.Reports.Length];
        var settling = ImmutableArray<SolanaAccountMeta>.Empty;
        if (report.Epoch == epoch && report.Status == Challenged)
        {
            var place = network.Challenge(report.Digest);
            var challenge = await ReadAsync<Depin.ChallengeAccount>(place, ct).ConfigureAwait(false);
            settling = [SolanaAccountMeta.Writable(place), SolanaAccountMeta.Writable(challenge.Challenger)];
        }

        return await PrepareAsync([new Depin.FinalizeInstruction(epoch)
            .ToInstruction(network.Program, new Depin.FinalizeAccounts { Network = network.Account, Mint = network.Mint, TokenProgram = network.TokenProgram }, settling.AsSpan())], ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<SignedTransaction> PrepareTreeFaultAsync(ulong epoch, LeafFault fault, CancellationToken ct)
    {
        var (leaf, other) = (Of(fault.Leaf), Of(fault.Other ?? fault.Leaf));
        var payout = network.Payout(leaf.Account);
        var whole = new Depin.ProveTreeFaultInstruction(epoch, (byte)fault.Kind, leaf, other);
        var direct = whole.ToInstruction(network.Program, new Depin.ProveTreeFaultAccounts { Reporter = sender.Payer, Network = network.Account, Payout = payout });
        if (SolanaMessage.Measure(sender.Payer, [ComputeBudget.SetUnitLimit(0), ComputeBudget.SetUnitPrice(0), direct], null) <= SolanaMessage.MaxTransactionBytes) return await PrepareAsync([direct], ct).ConfigureAwait(false);

        // The buffer is the payer's only one: what another proof left there is thrown away first.
        var buffer = Depin.Addresses.Buffer(network.Program, sender.Payer);
        if ((await rpc.GetAccountInfoAsync(buffer, Finality.Safe, ct).ConfigureAwait(false)).Value is { } left && left.Owner == network.Program)
            await SendAsync(new Depin.CloseBufferInstruction().ToInstruction(network.Program, new Depin.CloseBufferAccounts { Writer = sender.Payer }), ct).ConfigureAwait(false);
        var arguments = whole.Encode().AsMemory(sizeof(ulong)); // the buffer holds them without the discriminator
        for (var at = 0; at < arguments.Length; at += BufferPart)
        {
            var part = arguments.Slice(at, Math.Min(BufferPart, arguments.Length - at));
            await SendAsync(
                new Depin.WriteBufferInstruction((uint)arguments.Length, (uint)at, part.ToArray()).ToInstruction(network.Program, new Depin.WriteBufferAccounts { Writer = sender.Payer }), ct).ConfigureAwait(false);
        }

        return await PrepareAsync([new Depin.ProveTreeFaultBufferedInstruction()
            .ToInstruction(network.Program, new Depin.ProveTreeFaultBufferedAccounts { Reporter = sender.Payer, Network = network.Account, Payout = payout })], ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<SignedTransaction> PrepareEquivocationAsync(
        ReadOnlyMemory<byte> reportA, ReadOnlyMemory<byte> signatureA, ReadOnlyMemory<byte> reportB, ReadOnlyMemory<byte> signatureB, CancellationToken ct)
    {
        var read = Report.Parse(reportA.Span);
        if (!reportA.Span[..ReportCommon].SequenceEqual(reportB.Span[..ReportCommon])) throw new ArgumentException("The reports are not of one config, generation and epoch.", nameof(reportB));
        if (!Secp256k1.TryRecover(read.Digest.Value, signatureA.Span, out Address signer)) throw new ArgumentException("The first report's signature is none.", nameof(signatureA));
        // Two reports leave no room for the instruction that opens the account of the reward.
        var to = network.TokensOf(sender.Payer);
        if ((await rpc.GetAccountInfoAsync(to, Finality.Safe, ct).ConfigureAwait(false)).Value is null)
            await SendAsync(network.OpenTokens(sender.Payer, sender.Payer), ct).ConfigureAwait(false);
        return await PrepareAsync([new Depin.ProveEquivocationInstruction(reportA.ToArray(), reportB[ReportCommon..].ToArray(), signatureA.ToArray(), signatureB.ToArray()).ToInstruction(network.Program, new Depin.ProveEquivocationAccounts
            {
                Reporter = sender.Payer,
                Network = network.Account,
                Config = network.Config(await ConfigInForceAsync(read.Epoch.Value, ct).ConfigureAwait(false)),
                Operator = network.Operator(signer),
                Mint = network.Mint,
                TokenProgram = network.TokenProgram,
                To = to,
            })], ct).ConfigureAwait(false);
    }

    /// <summary>Puts signatures in their place that are not there yet.</summary>
    private async Task GatherAsync(AttestedReport report, SolanaAddress config, SolanaAddress place, byte[][] signatures, CancellationToken ct)
    {
        var account = (await rpc.GetAccountInfoAsync(place, Finality.Safe, ct).ConfigureAwait(false)).Value;
        var there = account is not null && account.Owner == network.Program && Depin.SignaturesAccount.TryDecode(account.Data.Span, out var gathered) ? gathered.Bitmap : (uint?)null;
        if (there is { } others && (others & ~report.Bitmap) != 0)
        {
            // An earlier try with other signers: exactly q count, so it begins anew.
            await SendAsync(
                new Depin.CloseSignaturesInstruction().ToInstruction(network.Program, new Depin.CloseSignaturesAccounts { Payer = sender.Payer, Network = network.Account, Signatures = place }), ct).ConfigureAwait(false);
            there = null;
        }

        if (there is null)
        {
            await SendAsync(
                new Depin.OpenSignaturesInstruction(report.Report.ToArray())
                    .ToInstruction(network.Program, new Depin.OpenSignaturesAccounts { Payer = sender.Payer, Network = network.Account, Signatures = place }), ct).ConfigureAwait(false);
        }

        // Signature i is of the i-th set bit.
        var missing = new List<(int Bit, byte[] Signature)>();
        var bits = report.Bitmap;
        foreach (var signature in signatures)
        {
            var bit = BitOperations.TrailingZeroCount(bits);
            bits &= bits - 1;
            if ((there.GetValueOrDefault() >> bit & 1) == 0) missing.Add((bit, signature));
        }

        foreach (var part in missing.Chunk(MostSignaturesAtOnce))
        {
            await SendAsync(
                new Depin.AddSignaturesInstruction(part.Aggregate(0u, (map, s) => map | (1u << s.Bit)), [.. part.Select(s => s.Signature)])
                    .ToInstruction(network.Program, new Depin.AddSignaturesAccounts { Network = network.Account, Config = config, Signatures = place }), ct).ConfigureAwait(false);
        }
    }

    private async Task<ulong> ConfigInForceAsync(ulong epoch, CancellationToken ct)
    {
        var ledger = await ReadLedgerAsync(ct).ConfigureAwait(false);
        return ledger.ConfigAt(epoch) ?? 1; // the first, which the program then refuses
    }

    private Task<Depin.LedgerAccount> ReadLedgerAsync(CancellationToken ct) => ReadAsync<Depin.LedgerAccount>(network.Ledger, ct);

    private async Task<T> ReadAsync<T>(SolanaAddress address, CancellationToken ct)
        where T : struct, ISolanaAccount<T>
    {
        var account = (await rpc.GetAccountInfoAsync(address, Finality.Safe, ct).ConfigureAwait(false)).Value;
        return account is not null && account.Owner == network.Program && T.TryDecode(account.Data.Span, out var value)
            ? value
            : throw new InvalidOperationException($"There is no {typeof(T).Name} of program {network.Program} at {address}. Check program and mint, and that the RPC URL is of {chain}.");
    }

    private async Task<SignedTransaction> PrepareAsync(IReadOnlyList<SolanaInstruction> instructions, CancellationToken ct) =>
        (await sender.PrepareAsync(new SolanaTransactionRequest(instructions), ct).ConfigureAwait(false)).ToNeutral(chain);

    private Task<SolanaReceipt> SendAsync(SolanaInstruction instruction, CancellationToken ct) => sender.SendAsync(new SolanaTransactionRequest(instruction), ct);

    private static ulong? PriceOf(SolanaInstruction instruction) =>
        instruction.Data.Span is [3, ..] && instruction.Data.Length == 1 + sizeof(ulong) ? BitConverter.ToUInt64(instruction.Data.Span[1..]) : null;

    private static Depin.Placed Of(ClaimProof proof) => new(
        proof.Leaf.Index, SolanaAddress.From(proof.Leaf.Account.Value), new Depin.Leaf(proof.Leaf.Cumulative, proof.Leaf.Prefix, proof.Leaf.ItemsHash), [.. proof.Siblings]);
}
