using System.Numerics;
using DePin.Abi;
using DePin.Chain.Rpc;
using DePin.Cryptography;

namespace DePin.Chain.Evm;

/// <summary>What to send: to whom (null creates a contract), the call data, the wei sent along, and the gas if it is known.</summary>
public sealed record TransactionRequest(Address? To, ReadOnlyMemory<byte> Data)
{
    /// <summary>Wei.</summary>
    public UInt256 Value { get; init; }

    /// <summary>Units; null = estimated, which also finds out whether the contract would refuse.</summary>
    public ulong? Gas { get; init; }

    /// <summary>Units to send along at least, where the estimate is less: for a call that may do more in its block than it would have done when it was estimated. What is not used is not paid.</summary>
    public ulong LeastGas { get; init; }

    /// <summary>The nonce, where the caller counts them itself; null = the next free one.</summary>
    public ulong? Nonce { get; init; }
}

/// <summary>Another transaction of the same account took the nonce; ours will never be included.</summary>
public sealed class TransactionSupersededException(string message) : Exception(message);

/// <summary>
/// Sends transactions of one account. Nonces are given out under a lock, filling gaps; a transaction that is stuck is replaced at a
/// higher fee under the same nonce, so at most one of its versions is ever included. One sender at a time may use an account.
/// </summary>
public sealed class TransactionSender(EvmRpc rpc, Address account, Func<EvmTransaction, CompactSignature> sign, FeePolicy? policy = null, TimeProvider? time = null) : IDisposable
{
    private const long ReservationSeconds = 60;

    private readonly FeePolicy _policy = policy ?? new FeePolicy();
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly SemaphoreSlim _gate = new(1, 1);
    // Nonces given out → when they fall free again unless the node has seen them (long.MaxValue = while it is being completed).
    private readonly Dictionary<ulong, long> _outstanding = [];

    /// <summary>A sender with a key of its own.</summary>
    public TransactionSender(EvmRpc rpc, PrivateKey key, FeePolicy? policy = null, TimeProvider? time = null)
        : this(rpc, key.Address, transaction => key.SignDigest(transaction.SigningHash()), policy, time)
    {
    }

    /// <summary>Whose transactions.</summary>
    public Address Account { get; } = account;

    /// <summary>Gives the transaction a nonce and fees and signs it; nothing is sent. Broadcast it within a minute, or <see cref="Release"/> its nonce.</summary>
    /// <exception cref="EvmRevertException">The contract would refuse.</exception>
    public async Task<SignedEvmTransaction> PrepareAsync(TransactionRequest request, CancellationToken ct)
    {
        var chainId = await rpc.GetChainIdAsync(ct).ConfigureAwait(false);
        var gas = request.Gas ?? await EstimateAsync(request, ct).ConfigureAwait(false);
        var fees = await MarketFeesAsync(ct).ConfigureAwait(false)
            ?? throw new InvalidOperationException($"The base fee is above the policy's maximum of {_policy.MaximumFee} wei a unit of gas. Wait, or raise the maximum fee.");
        var nonce = request.Nonce ?? await ReserveAsync(ct).ConfigureAwait(false);
        try
        {
            return Sign(new EvmTransaction
            {
                ChainId = chainId,
                Nonce = nonce,
                To = request.To,
                Data = request.Data,
                Value = request.Value,
                Gas = gas,
                MaxFeePerGas = fees.Maximum,
                MaxPriorityFeePerGas = fees.Tip,
                GasPrice = _policy.Legacy ? fees.Maximum : null,
            });
        }
        catch
        {
            // Not signed, so not sent: the next one takes the nonce.
            if (request.Nonce is null) lock (_outstanding) _outstanding.Remove(nonce);
            throw;
        }
    }

    /// <summary>Gives back the nonce of a transaction that was prepared and will not be sent.</summary>
    public void Release(SignedEvmTransaction transaction)
    {
        lock (_outstanding) _outstanding.Remove(transaction.Transaction.Nonce);
    }

    /// <summary>Sends signed bytes. Sending them again, even after they were included, does no harm.</summary>
    public async Task BroadcastAsync(SignedEvmTransaction transaction, CancellationToken ct)
    {
        try
        {
            await rpc.SendRawTransactionAsync(transaction.Raw, ct).ConfigureAwait(false);
        }
        catch (RpcException e) when (e.Kind is RpcErrorKind.AlreadyKnown or RpcErrorKind.NonceTooLow)
        {
            // Known is as good as sent. Too low: this version or another was included; the receipt tells which.
        }
    }

    /// <summary>The same transaction outbidding its earlier version; null where the maximum fee does not allow it. Nothing is sent.</summary>
    public async Task<SignedEvmTransaction?> ReplaceAsync(SignedEvmTransaction stuck, CancellationToken ct)
    {
        if (await MarketFeesAsync(ct).ConfigureAwait(false) is not { } market) return null;
        var old = stuck.Transaction;
        var oldFee = old.GasPrice ?? old.MaxFeePerGas;
        var fee = Max(_policy.Bumped(oldFee), market.Maximum);
        var tip = Max(_policy.Bumped(old.MaxPriorityFeePerGas), market.Tip);
        if (tip > fee) tip = fee;
        if ((BigInteger)fee * 100 < (BigInteger)oldFee * 110 || (old.GasPrice is null && (BigInteger)tip * 100 < (BigInteger)old.MaxPriorityFeePerGas * 110)) return null;
        return Sign(old.GasPrice is null ? old with { MaxFeePerGas = fee, MaxPriorityFeePerGas = tip } : old with { GasPrice = fee });
    }

    /// <summary>
    /// Sees a transaction through to a block: sends it, sends it again while a node forgets it, replaces it while it is stuck. After a
    /// restart pass all the versions that were stored. <paramref name="store"/> runs before a replacement is sent.
    /// </summary>
    /// <exception cref="TransactionSupersededException">A transaction that is none of the versions took the nonce.</exception>
    public async Task<EvmReceipt> CompleteAsync(IReadOnlyList<SignedEvmTransaction> versions, Func<SignedEvmTransaction, CancellationToken, Task>? store, CancellationToken ct)
    {
        var attempts = new List<SignedEvmTransaction>(versions);
        var nonce = attempts[^1].Transaction.Nonce;
        lock (_outstanding) _outstanding[nonce] = long.MaxValue;
        try
        {
            var since = _time.GetTimestamp();
            await ResendAsync(attempts[^1], ct).ConfigureAwait(false);
            while (true)
            {
                if (await FindReceiptAsync(attempts, ct).ConfigureAwait(false) is { } receipt) return receipt;
                if (await rpc.GetTransactionCountAsync(Account, BlockTag.Latest, ct).ConfigureAwait(false) > nonce)
                {
                    // The receipt may lag behind the count by a moment.
                    await Task.Delay(_policy.PollInterval, _time, ct).ConfigureAwait(false);
                    if (await FindReceiptAsync(attempts, ct).ConfigureAwait(false) is { } late) return late;
                    if (await rpc.GetTransactionCountAsync(Account, BlockTag.Latest, ct).ConfigureAwait(false) > nonce)
                        throw new TransactionSupersededException($"Nonce {nonce} of {Account} was used by another transaction. Does another process send from this account?");
                }

                await Task.Delay(_policy.PollInterval, _time, ct).ConfigureAwait(false);
                if (_time.GetElapsedTime(since) < _policy.StuckAfter) continue;
                since = _time.GetTimestamp();
                if (await ReplaceAsync(attempts[^1], ct).ConfigureAwait(false) is { } replacement)
                {
                    if (store is not null) await store(replacement, ct).ConfigureAwait(false);
                    attempts.Add(replacement);
                }

                await ResendAsync(attempts[^1], ct).ConfigureAwait(false);
            }
        }
        finally
        {
            lock (_outstanding) _outstanding.Remove(nonce);
        }
    }

    /// <summary>Prepares, sends and waits until it is in a block.</summary>
    /// <exception cref="EvmRevertException">The contract refused, before or after it was sent.</exception>
    public async Task<EvmReceipt> SendAsync(TransactionRequest request, CancellationToken ct)
    {
        var transaction = await PrepareAsync(request, ct).ConfigureAwait(false);
        EvmReceipt receipt;
        try
        {
            receipt = await CompleteAsync([transaction], null, ct).ConfigureAwait(false);
        }
        finally
        {
            Release(transaction);
        }

        if (!receipt.Succeeded) await ThrowRevertAsync(transaction, receipt, ct).ConfigureAwait(false);
        return receipt;
    }

    /// <summary>Prepares, sends and waits for a call of a contract.</summary>
    public Task<EvmReceipt> SendAsync<T>(Address contract, IContractCall<T> call, CancellationToken ct) => SendAsync(new TransactionRequest(contract, call.Encode()), ct);

    /// <summary>Runs a failed transaction again as a call at the block before its own, to learn why, and throws that.</summary>
    public async Task ThrowRevertAsync(SignedEvmTransaction transaction, EvmReceipt receipt, CancellationToken ct)
    {
        var t = transaction.Transaction;
        await rpc.CallAsync(new EvmCall(t.To, t.Data) { From = Account, Value = t.Value }, BlockTag.At(receipt.BlockNumber - 1), ct).ConfigureAwait(false);
        throw new EvmRevertException("", [], default, receipt.GasUsed >= t.Gas
            ? $"Transaction {transaction.Hash} ran out of its {t.Gas} gas."
            : $"Transaction {transaction.Hash} reverted in block {receipt.BlockNumber}; run again by itself it does not.");
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task ResendAsync(SignedEvmTransaction transaction, CancellationToken ct)
    {
        try
        {
            await BroadcastAsync(transaction, ct).ConfigureAwait(false);
        }
        catch (RpcException e) when (e.Kind is RpcErrorKind.ReplacementUnderpriced or RpcErrorKind.Underpriced)
        {
            // The pool's floor has moved; the next bump starts from here.
        }
    }

    private async Task<EvmReceipt?> FindReceiptAsync(List<SignedEvmTransaction> attempts, CancellationToken ct)
    {
        for (var i = attempts.Count - 1; i >= 0; i--)
        {
            if (await rpc.GetReceiptAsync(attempts[i].Hash, ct).ConfigureAwait(false) is { } receipt) return receipt;
        }

        return null;
    }

    // The node's count includes what waits without a gap; what we gave out beyond that is skipped.
    private async Task<ulong> ReserveAsync(CancellationToken ct)
    {
        await _gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            var included = await rpc.GetTransactionCountAsync(Account, BlockTag.Latest, ct).ConfigureAwait(false);
            var next = await rpc.GetTransactionCountAsync(Account, BlockTag.Pending, ct).ConfigureAwait(false);
            lock (_outstanding)
            {
                var now = _time.GetTimestamp();
                foreach (var (nonce, freeAt) in _outstanding)
                {
                    if (nonce < included || freeAt <= now) _outstanding.Remove(nonce);
                }

                while (_outstanding.ContainsKey(next)) next++;
                _outstanding[next] = now + (ReservationSeconds * _time.TimestampFrequency);
            }

            return next;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<ulong> EstimateAsync(TransactionRequest request, CancellationToken ct)
    {
        var estimate = await rpc.EstimateGasAsync(new EvmCall(request.To, request.Data) { From = Account, Value = request.Value }, ct).ConfigureAwait(false);
        return Math.Max(estimate + (estimate * (ulong)_policy.GasMarginPercent / 100), request.LeastGas);
    }

    // Null while the base fee alone is above the maximum.
    private async Task<(UInt256 Maximum, UInt256 Tip)?> MarketFeesAsync(CancellationToken ct)
    {
        if (_policy.Legacy)
        {
            var price = _policy.Capped(Max(await rpc.GetGasPriceAsync(ct).ConfigureAwait(false), _policy.MinimumTip));
            return (price, price);
        }

        var header = await rpc.GetHeaderAsync(BlockTag.Latest, ct).ConfigureAwait(false);
        var baseFee = header?.BaseFee ?? throw new InvalidOperationException("The chain has no EIP-1559 base fee; set the fee policy to legacy.");
        if (baseFee > _policy.MaximumFee) return null;
        var tip = Max(await rpc.GetMaxPriorityFeeAsync(ct).ConfigureAwait(false), _policy.MinimumTip);
        var maximum = _policy.Capped(((BigInteger)baseFee * _policy.BaseFeeMultiple) + tip);
        return (maximum, tip < maximum ? tip : maximum);
    }

    private SignedEvmTransaction Sign(EvmTransaction transaction) => transaction.With(sign(transaction));

    private static UInt256 Max(UInt256 a, UInt256 b) => a > b ? a : b;
}
