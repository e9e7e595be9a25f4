using DePin.Abi.Solana;
using DePin.Chain.Rpc;
using DePin.Cryptography;

namespace DePin.Chain.Solana;

/// <summary>
/// Sends transactions that one account pays for. A transaction lives by a recent blockhash (about a minute) or by a durable nonce (until that is advanced). It is sent to
/// every node, again and again, until it is in a block or can no longer be; only then may it be built anew, so that it is never done twice.
/// </summary>
/// <param name="rpc">The cluster.</param>
/// <param name="payer">Who pays.</param>
/// <param name="sign">Signs for the payer.</param>
/// <param name="policy">What to pay.</param>
/// <param name="names">Names of programs' errors; null = the native ones.</param>
/// <param name="time">Its clock.</param>
public sealed class SolanaTransactionSender(
    SolanaRpc rpc, SolanaAddress payer, Func<SolanaMessage, SolanaSignature> sign, SolanaFeePolicy? policy = null, SolanaErrorNames? names = null, TimeProvider? time = null)
{
    private const uint MostUnits = 1_400_000; // of a transaction, by the cluster's rules
    private const int MostFeeAccounts = 128;
    private const int MostFailures = 10; // in a row, that no node answers

    private readonly SolanaFeePolicy _policy = policy ?? new SolanaFeePolicy();
    private readonly SolanaErrorNames _names = names ?? SolanaErrorNames.Native;
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly SolanaTransactionWatch _watch = new(rpc, (policy ?? new SolanaFeePolicy()).PollInterval, time ?? TimeProvider.System);
    private readonly Dictionary<SolanaAddress, TransactionId?> _nonces = []; // in flight, by the transaction that spends it; null while one is being built

    /// <summary>A sender with a key of its own.</summary>
    public SolanaTransactionSender(SolanaRpc rpc, PrivateKey key, SolanaFeePolicy? policy = null, SolanaErrorNames? names = null, TimeProvider? time = null)
        : this(rpc, SolanaAddress.Of(key.PublicKey), message => new SolanaSignature(key.Sign(message.Bytes.Span)), policy, names, time)
    {
    }

    /// <summary>Who pays.</summary>
    public SolanaAddress Payer { get; } = payer;

    /// <summary>Simulates, budgets and signs; nothing is sent. A durable nonce is taken until the transaction is settled or <see cref="Release"/>d.</summary>
    /// <exception cref="SolanaProgramException">A program would refuse; says which and why.</exception>
    /// <exception cref="InvalidOperationException">The nonce is in flight, or its account is none.</exception>
    public async Task<SignedSolanaTransaction> PrepareAsync(SolanaTransactionRequest request, CancellationToken ct)
    {
        if (request.Nonce is not { } nonce) return await BuildAsync(request, null, ct).ConfigureAwait(false);
        lock (_nonces)
        {
            if (!_nonces.TryAdd(nonce, null))
                throw new InvalidOperationException($"The nonce {nonce} is in flight with {_nonces[nonce]?.Text ?? "a transaction that is being built"}. Settle that one first, or use another nonce account.");
        }

        try
        {
            var built = await BuildAsync(request, await ReadNonceAsync(nonce, ct).ConfigureAwait(false), ct).ConfigureAwait(false);
            lock (_nonces) _nonces[nonce] = built.Id;
            return built;
        }
        catch
        {
            lock (_nonces) _nonces.Remove(nonce);
            throw;
        }
    }

    /// <summary>Gives back the nonce of a transaction that was prepared and has never been sent.</summary>
    public void Release(SignedSolanaTransaction transaction) => Settled(transaction);

    /// <summary>Sends signed bytes to every node. Sending them again, even after they were included, does no harm.</summary>
    public async Task BroadcastAsync(SignedSolanaTransaction transaction, CancellationToken ct)
    {
        try
        {
            await rpc.BroadcastTransactionAsync(transaction.Bytes, ct).ConfigureAwait(false);
        }
        catch (SolanaRpcException e) when (e.Kind == RpcErrorKind.TransactionRefused)
        {
            // Included already, too old, or not yet known to a node that lags: its status tells which.
        }
    }

    /// <summary>What became of it.</summary>
    public async Task<TransmissionStatus> GetStatusAsync(SignedSolanaTransaction transaction, CancellationToken ct)
    {
        var (status, found) = await _watch.LookAsync(transaction, ct).ConfigureAwait(false);
        if (status == TransmissionStatus.Expired || IsSettled(status, found, Finality.Finalized)) Settled(transaction);
        return status;
    }

    /// <summary>
    /// Sees a transaction through: sends it, and again while it is in no block, until it is as settled as <paramref name="until"/>. After a restart pass what was stored.
    /// </summary>
    /// <exception cref="SolanaTransactionExpiredException">It can no longer be included, and did nothing: it may be built anew.</exception>
    public async Task<SolanaReceipt> CompleteAsync(SignedSolanaTransaction transaction, Finality until, CancellationToken ct)
    {
        if (transaction.Nonce is { } nonce)
        {
            lock (_nonces)
            {
                if (_nonces.TryGetValue(nonce, out var other) && other != transaction.Id) throw new InvalidOperationException($"The nonce {nonce} is in flight with {other?.Text ?? "a transaction that is being built"}, not {transaction.Id}.");
                _nonces[nonce] = transaction.Id;
            }
        }

        var sent = long.MinValue;
        for (var failures = 0; ;)
        {
            try
            {
                if (sent == long.MinValue || _time.GetElapsedTime(sent) >= _policy.ResendEvery)
                {
                    await BroadcastAsync(transaction, ct).ConfigureAwait(false);
                    sent = _time.GetTimestamp();
                }

                var (status, found) = await _watch.LookAsync(transaction, ct).ConfigureAwait(false);
                failures = 0;
                if (status == TransmissionStatus.Expired) throw Expired(transaction);
                if (IsSettled(status, found, until))
                {
                    Settled(transaction);
                    return new SolanaReceipt(transaction, found!.Slot, found.Error);
                }
            }
            catch (RpcUnavailableException) when (++failures < MostFailures)
            {
                // Asked again: the transaction may be on its way.
            }

            await Task.Delay(_policy.PollInterval * (1 + failures), _time, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Prepares, stores, sends and waits; builds anew what expired, storing that before it is sent.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="until">How settled it is to be.</param>
    /// <param name="store">Runs before each version is sent; null = nothing is stored.</param>
    /// <param name="ct">Ends the waiting, not the transaction.</param>
    /// <exception cref="SolanaProgramException">A program refused, before or after it was sent.</exception>
    public async Task<SolanaReceipt> SendAsync(SolanaTransactionRequest request, Finality until, Func<SignedSolanaTransaction, CancellationToken, Task>? store, CancellationToken ct)
    {
        while (true)
        {
            var transaction = await PrepareAsync(request, ct).ConfigureAwait(false);
            if (store is not null) await store(transaction, ct).ConfigureAwait(false);
            try
            {
                var receipt = await CompleteAsync(transaction, until, ct).ConfigureAwait(false);
                if (receipt.Error is not null) throw await ExplainAsync(receipt, ct).ConfigureAwait(false);
                return receipt;
            }
            catch (SolanaTransactionExpiredException)
            {
                // It did nothing and never will.
            }
        }
    }

    /// <summary>Prepares, sends and waits until it is confirmed.</summary>
    /// <exception cref="SolanaProgramException">A program refused, before or after it was sent.</exception>
    public Task<SolanaReceipt> SendAsync(SolanaTransactionRequest request, CancellationToken ct) => SendAsync(request, Finality.Safe, null, ct);

    /// <summary>Why a transaction failed that was included: with its logs, where a node still has them.</summary>
    public async Task<SolanaProgramException> ExplainAsync(SolanaReceipt receipt, CancellationToken ct)
    {
        var error = receipt.Error ?? throw new ArgumentException("The transaction succeeded.", nameof(receipt));
        var record = await rpc.GetTransactionAsync(receipt.Transaction.Id, Finality.Safe, ct).ConfigureAwait(false);
        return SolanaProgramException.Of(error, record?.Meta.Logs ?? default, _names, $"Transaction {receipt.Transaction.Id}", CalledBy(receipt.Transaction.Transaction.Message, error));
    }

    /// <summary>Advances a nonce by a transaction of its own, so that what spends its present value is void unless it was included before. Its authority is the payer or signs as <paramref name="authority"/>.</summary>
    public Task<SolanaReceipt> VoidNonceAsync(SolanaAddress nonce, PrivateKey? authority, CancellationToken ct) => SendAsync(
        new SolanaTransactionRequest(SystemProgram.AdvanceNonce(nonce, authority is null ? Payer : SolanaAddress.Of(authority.PublicKey))) { Signers = authority is null ? [] : [authority] },
        Finality.Finalized, null, ct);

    /// <summary>Makes a nonce account, whose authority is the payer or <paramref name="authority"/>; the payer pays its rent (about 0.0015 SOL).</summary>
    public async Task<SolanaReceipt> CreateNonceAsync(PrivateKey nonce, SolanaAddress? authority, CancellationToken ct)
    {
        var address = SolanaAddress.Of(nonce.PublicKey);
        var rent = await rpc.GetMinimumBalanceForRentExemptionAsync(DurableNonce.Size, ct).ConfigureAwait(false);
        var request = new SolanaTransactionRequest(
            SystemProgram.CreateAccount(Payer, address, rent, DurableNonce.Size, SolanaPrograms.System),
            SystemProgram.InitializeNonce(address, authority ?? Payer))
        { Signers = [nonce] };
        return await SendAsync(request, Finality.Finalized, null, ct).ConfigureAwait(false);
    }

    private async Task<DurableNonce> ReadNonceAsync(SolanaAddress nonce, CancellationToken ct)
    {
        var account = (await rpc.GetAccountInfoAsync(nonce, Finality.Safe, ct).ConfigureAwait(false)).Value;
        if (account is null || !account.Owner.IsZero) throw new InvalidOperationException($"{nonce} is no nonce account on this cluster. Make one first.");
        try
        {
            return DurableNonce.Decode(account.Data.Span);
        }
        catch (FormatException e)
        {
            throw new InvalidOperationException($"{nonce} is no nonce account that can be spent: {e.Message}", e);
        }
    }

    private async Task<SignedSolanaTransaction> BuildAsync(SolanaTransactionRequest request, DurableNonce? nonce, CancellationToken ct)
    {
        var price = request.Price ?? await PriceAsync(request, ct).ConfigureAwait(false);
        var units = request.Units ?? await SimulateAsync(request, nonce, price, ct).ConfigureAwait(false);

        // The blockhash last: its time runs from here.
        var lifetime = nonce is not null
            ? new SolanaBlockhash(nonce.Value, ulong.MaxValue)
            : (await rpc.GetLatestBlockhashAsync(Finality.Safe, ct).ConfigureAwait(false)).Value;
        var message = Compile(request, nonce, units, price, lifetime.Hash);
        var signed = SolanaTransaction.Unsigned(message).With(Payer, sign(message)).Sign([.. request.Signers]);
        return signed.IsComplete
            ? new SignedSolanaTransaction(signed, lifetime.LastValidBlockHeight)
            : throw new InvalidOperationException($"The transaction also needs the signature of {string.Join(", ", signed.Missing)}: name its key in the request.");
    }

    private SolanaMessage Compile(SolanaTransactionRequest request, DurableNonce? nonce, uint units, ulong price, Bytes32 lifetime)
    {
        SolanaInstruction[] instructions =
        [
            .. nonce is null ? [] : (SolanaInstruction[])[SystemProgram.AdvanceNonce(request.Nonce!.Value, nonce.Authority)], // must be the first
            ComputeBudget.SetUnitLimit(units),
            .. price == 0 ? [] : (SolanaInstruction[])[ComputeBudget.SetUnitPrice(price)],
            .. request.Instructions,
        ];
        return request.Tables is { } tables ? SolanaMessage.CompileV0(Payer, instructions, lifetime, tables) : SolanaMessage.Compile(Payer, instructions, lifetime);
    }

    private async Task<uint> SimulateAsync(SolanaTransactionRequest request, DurableNonce? nonce, ulong price, CancellationToken ct)
    {
        var message = Compile(request, nonce, MostUnits, price, nonce?.Value ?? default);
        var simulation = (await rpc.SimulateTransactionAsync(SolanaTransaction.Unsigned(message).Encode(), nonce is null, Finality.Safe, ct).ConfigureAwait(false)).Value;
        if (simulation.Error is { } error) throw SolanaProgramException.Of(error, simulation.Logs, _names, "The transaction", CalledBy(message, error));
        return (uint)Math.Min(MostUnits, simulation.ComputeUnits + (simulation.ComputeUnits * (ulong)_policy.UnitMarginPercent / 100) + 1);
    }

    private async Task<ulong> PriceAsync(SolanaTransactionRequest request, CancellationToken ct)
    {
        var written = request.Instructions.SelectMany(i => i.Accounts).Where(a => a.IsWritable).Select(a => a.Address).Append(Payer).Distinct().Take(MostFeeAccounts).ToArray();
        return _policy.Price(await rpc.GetRecentPrioritizationFeesAsync(written, ct).ConfigureAwait(false));
    }

    private SolanaTransactionExpiredException Expired(SignedSolanaTransaction transaction)
    {
        Settled(transaction);
        return new SolanaTransactionExpiredException(transaction.Nonce is { } spent
            ? $"Transaction {transaction.Id} is void: its nonce {spent} was advanced without it."
            : $"Transaction {transaction.Id} expired: it was in no block up to height {transaction.LastValidHeight}. Build it anew; raise the fee policy's minimum price if that goes on.");
    }

    private static bool IsSettled(TransmissionStatus status, SolanaSignatureStatus? found, Finality until) => until != Finality.Finalized
        ? found is not null && found.Confirmation >= until
        : status == TransmissionStatus.Finalized || (status == TransmissionStatus.Reverted && found!.Confirmation == Finality.Finalized);

    private void Settled(SignedSolanaTransaction transaction)
    {
        if (transaction.Nonce is not { } nonce) return;
        lock (_nonces)
        {
            if (_nonces.TryGetValue(nonce, out var id) && id == transaction.Id) _nonces.Remove(nonce);
        }
    }

    private static SolanaAddress? CalledBy(SolanaMessage message, SolanaTransactionError error) =>
        error.Instruction is { } i && i >= 0 && i < message.Instructions.Length ? message.Accounts[message.Instructions[i].Program] : null;
}
