using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>
/// What makes accounts into the operators of a network: bond, registration, and the first config. Each call looks at the chain first and
/// does only what is missing, so it may be repeated after a failure.
/// </summary>
public sealed class OperatorRegistration(EvmRpc rpc, EvmNetworkManifest manifest, FeePolicy? fees = null, TimeProvider? time = null)
{
    private readonly Address _registry = manifest.AddressOf("OperatorRegistry");
    private readonly Address _token = manifest.AddressOf("NetworkToken");

    /// <summary>The least bond that the registry takes, in base units.</summary>
    public Task<UInt128> GetMinimumBondAsync(CancellationToken ct) => rpc.CallAsync(_registry, new OperatorRegistry.MinBondCall(), BlockTag.Latest, ct);

    /// <summary>Sends what <paramref name="account"/> lacks of <paramref name="tokens"/> (base units) and of <paramref name="wei"/> for gas.</summary>
    public async Task FundAsync(PrivateKey from, Address account, UInt128 tokens, UInt128 wei, CancellationToken ct)
    {
        using var sender = new TransactionSender(rpc, from, fees, time);
        var held = await rpc.CallAsync(_token, new NetworkToken.BalanceOfCall(account), BlockTag.Latest, ct).ConfigureAwait(false);
        if (held < tokens) await sender.SendAsync(_token, new NetworkToken.TransferCall(account, tokens - (UInt128)held), ct).ConfigureAwait(false);
        var gas = await rpc.GetBalanceAsync(account, BlockTag.Latest, ct).ConfigureAwait(false);
        if (gas < wei) await sender.SendAsync(new TransactionRequest(account, default) { Value = wei - (UInt128)gas }, ct).ConfigureAwait(false);
    }

    /// <summary>Registers the account's report key and protocol key with its bond; the account holds the tokens and pays the gas.</summary>
    /// <exception cref="EvmRevertException">The registry refuses; says why.</exception>
    public async Task RegisterAsync(PrivateKey account, Address reportKey, Bytes32 protocolKey, string endpoint, UInt128 bond, CancellationToken ct)
    {
        var known = await rpc.CallAsync(_registry, new OperatorRegistry.OperatorCall(reportKey), BlockTag.Latest, ct).ConfigureAwait(false);
        if (known.Account == account.Address && known.ProtocolKey == protocolKey) return;
        using var sender = new TransactionSender(rpc, account, fees, time);
        var allowance = await rpc.CallAsync(_token, new NetworkToken.AllowanceCall(account.Address, _registry), BlockTag.Latest, ct).ConfigureAwait(false);
        if (allowance < bond) await sender.SendAsync(_token, new NetworkToken.ApproveCall(_registry, bond), ct).ConfigureAwait(false);
        await sender.SendAsync(_registry, new OperatorRegistry.RegisterCall(reportKey, protocolKey, endpoint, bond), ct).ConfigureAwait(false);
    }

    /// <summary>Schedules the set from an epoch on, with the manifest's parameters and rules; by the registry's owner.</summary>
    /// <exception cref="EvmRevertException">The registry refuses; says why.</exception>
    public async Task ScheduleAsync(PrivateKey owner, IReadOnlyList<Address> reportKeys, ulong firstEpoch, CancellationToken ct)
    {
        var call = ScheduleCall(reportKeys, firstEpoch);
        var count = await rpc.CallAsync(_registry, new OperatorRegistry.ConfigCountCall(), BlockTag.Latest, ct).ConfigureAwait(false);
        if (count > 0)
        {
            var newest = await rpc.CallAsync(_registry, new OperatorRegistry.ConfigByCountCall(count), BlockTag.Latest, ct).ConfigureAwait(false);
            if (newest.FirstEpoch == firstEpoch && newest.ParametersHash == call.ParametersHash && newest.RulesHash == call.RulesHash && newest.ReportKeys.SequenceEqual(call.ReportKeys)) return;
        }

        using var sender = new TransactionSender(rpc, owner, fees, time);
        await sender.SendAsync(_registry, call, ct).ConfigureAwait(false);
    }

    /// <summary>The call that schedules a set, keys ascending: for an owner that is a contract.</summary>
    public OperatorRegistry.ScheduleConfigCall ScheduleCall(IReadOnlyList<Address> reportKeys, ulong firstEpoch) =>
        new([.. reportKeys.Order()], firstEpoch, Bytes32.Parse(manifest.ParametersHash), Bytes32.Parse(manifest.RulesHash));
}
