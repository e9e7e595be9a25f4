using DePin.Abi;
using DePin.Chain;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.Sdk.Network;
using DePin.Sdk.Registration;

namespace DePin.Replayer;

/// <summary>Enrols devices on an EVM chain.</summary>
/// <param name="network">The network.</param>
/// <param name="maker">The maker's account: its models, its batches.</param>
/// <param name="funder">Gives the providers coins and tokens.</param>
/// <param name="makerId">The maker's number.</param>
/// <param name="policy">What to pay.</param>
/// <param name="progress">Told what is done.</param>
public sealed class EvmEnrolment(EvmNetworkAccess network, PrivateKey maker, PrivateKey funder, uint makerId, FeePolicy policy, Action<string> progress) : IEnrolment
{
    private const ulong Deadline = ulong.MaxValue;
    private readonly NetworkContracts contracts = network.Contracts;
    private readonly EvmRpc rpc = network.Rpc;

    /// <inheritdoc/>
    public async Task RunAsync(IReadOnlyList<ReplayDevice> devices, UInt128 stakePerDevice, CancellationToken ct)
    {
        var used = await rpc.CallAsync([.. devices.Select(d => (contracts.Devices, (IContractCall<bool>)new DeviceRegistry.IsKeyUsedCall(d.Id.Value)))], BlockTag.Latest, ct).ConfigureAwait(false);
        var missing = devices.Where((_, i) => !used[i]).ToList();
        using var makerSender = new TransactionSender(rpc, maker, policy);
        using var funderSender = new TransactionSender(rpc, funder, policy);
        // Newcomers in later blocks than everybody else: who came first matters where two say the same.
        foreach (var group in missing.GroupBy(d => d.Newcomer).OrderBy(g => g.Key)) await RegisterAsync(makerSender, [.. group], ct).ConfigureAwait(false);
        await StakeAsync(funderSender, devices, stakePerDevice, ct).ConfigureAwait(false);
    }

    private async Task RegisterAsync(TransactionSender sender, List<ReplayDevice> devices, CancellationToken ct)
    {
        var models = await EnsureModelsAsync(sender, devices, ct).ConfigureAwait(false);
        var batch = new DeviceBatch([.. devices.Select(d => (d.Id.Value, models[Enrolment.ModelKey(d.Source)]))]);
        progress($"publishing a batch of {batch.Count} devices");
        var receipt = await sender.SendAsync(contracts.Devices, new DeviceRegistry.PublishBatchCall(makerId, batch.Root, (uint)batch.Count, ""), ct).ConfigureAwait(false);
        var batchId = await FindBatchAsync(receipt, batch.Root, ct).ConfigureAwait(false);
        var registration = new DeviceRegistration(await rpc.GetChainIdAsync(ct).ConfigureAwait(false), contracts.Devices);
        var calls = devices.ConvertAll(d => (IContractCall<UInt256>)registration.Sign(
            d.Key, d.Provider.Address, models[Enrolment.ModelKey(d.Source)], d.Source.Cell, (batchId, batch.Prove(d.Id.Value)), maker, Deadline));
        await sender.SendAllAsync(contracts.Devices, calls, done => progress($"registered {done} of {calls.Count} devices"), ct).ConfigureAwait(false);
    }

    // Models carry what they are as metadata, so that a second run finds them.
    private async Task<Dictionary<Bytes32, uint>> EnsureModelsAsync(TransactionSender sender, List<ReplayDevice> devices, CancellationToken ct)
    {
        var known = await ReadModelsAsync(ct).ConfigureAwait(false);
        var wanted = devices.Select(d => d.Source).DistinctBy(Enrolment.ModelKey).Where(s => !known.ContainsKey(Enrolment.ModelKey(s))).ToList();
        if (wanted.Count == 0) return known;
        progress($"adding {wanted.Count} models");
        await sender.SendAllAsync(
            contracts.Devices,
            wanted.ConvertAll(s => (IContractCall<uint>)new DeviceRegistry.AddModelCall(makerId, s.Class.Value, s.Capabilities, s.CadenceSeconds, Enrolment.ModelKey(s))),
            null,
            ct).ConfigureAwait(false);
        return await ReadModelsAsync(ct).ConfigureAwait(false);
    }

    private async Task<Dictionary<Bytes32, uint>> ReadModelsAsync(CancellationToken ct)
    {
        var models = new Dictionary<Bytes32, uint>();
        for (uint id = 1; ; id++)
        {
            try
            {
                var model = await rpc.CallAsync(contracts.Devices, new DeviceRegistry.ModelCall(id), BlockTag.Latest, ct).ConfigureAwait(false);
                if (model.MakerId == makerId) models.TryAdd(model.Metadata, id);
            }
            catch (EvmRevertException)
            {
                return models; // UnknownModel: that was the last
            }
        }
    }

    private async Task<ulong> FindBatchAsync(EvmReceipt receipt, Bytes32 root, CancellationToken ct)
    {
        // Batches are numbered from 1; ours is the newest with this root at or after its block.
        ulong found = 0;
        for (ulong id = 1; ; id++)
        {
            try
            {
                var batch = await rpc.CallAsync(contracts.Devices, new DeviceRegistry.BatchCall(id), BlockTag.Latest, ct).ConfigureAwait(false);
                if (batch.Root == root && batch.MakerId == makerId) found = id;
            }
            catch (EvmRevertException)
            {
                return found != 0 ? found : throw new InvalidOperationException($"The batch published in block {receipt.BlockNumber} is not in the registry. Was the chain reorganised? Run again.");
            }
        }
    }

    private async Task StakeAsync(TransactionSender funding, IReadOnlyList<ReplayDevice> devices, UInt128 perDevice, CancellationToken ct)
    {
        var providers = devices.GroupBy(d => d.Provider.Address).Select(g => (Key: g.First().Provider, Stake: perDevice * (uint)g.Count())).ToList();
        var staked = await rpc.CallAsync([.. providers.Select(p => (contracts.Staking, (IContractCall<UInt128>)new ProviderStaking.StakeOfCall(p.Key.Address)))], BlockTag.Latest, ct).ConfigureAwait(false);
        var poor = providers.Where((p, i) => staked[i] < p.Stake).Select((p, _) => p).ToList();
        if (poor.Count == 0) return;
        progress($"funding {poor.Count} providers");
        // A tenth of a coin pays for thousands of transactions on a dev chain.
        await Task.WhenAll(poor.Select(p => funding.SendAsync(new TransactionRequest(p.Key.Address, default) { Value = 100_000_000_000_000_000UL }, ct))).ConfigureAwait(false);
        await funding.SendAllAsync(contracts.Token, poor.ConvertAll(p => (IContractCall<bool>)new NetworkToken.TransferCall(p.Key.Address, p.Stake)), null, ct).ConfigureAwait(false);
        var done = 0;
        await Task.WhenAll(poor.Select(async p =>
        {
            using var sender = new TransactionSender(rpc, p.Key, policy);
            await sender.SendAsync(contracts.Token, new NetworkToken.ApproveCall(contracts.Staking, p.Stake), ct).ConfigureAwait(false);
            await sender.SendAsync(contracts.Staking, new ProviderStaking.DepositCall(p.Key.Address, p.Stake, 0), ct).ConfigureAwait(false);
            progress($"staked for {Interlocked.Increment(ref done)} of {poor.Count} providers");
        })).ConfigureAwait(false);
    }
}
