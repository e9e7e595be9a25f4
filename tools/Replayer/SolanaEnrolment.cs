using System.Globalization;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DataSets;
using DePin.Sdk.Network;
using DePin.Sdk.Registration;

namespace DePin.Replayer;

/// <summary>Enrols devices on Solana. What does not depend on one another is sent together.</summary>
/// <param name="network">The network.</param>
/// <param name="maker">The maker's account: its models, its batches.</param>
/// <param name="funder">Pays for everything, and gives the providers tokens from its own token account.</param>
/// <param name="makerId">The maker's number.</param>
/// <param name="policy">What to pay.</param>
/// <param name="progress">Told what is done.</param>
public sealed class SolanaEnrolment(SolanaNetworkAccess network, PrivateKey maker, PrivateKey funder, uint makerId, SolanaFeePolicy policy, Action<string> progress) : IEnrolment
{
    private const ulong Deadline = ulong.MaxValue;
    private const int ModelsInOneTransaction = 6;

    /// <summary>Most devices of a batch: its proof leaves room in a transaction for a P-256 device's check and the compute budget.</summary>
    private const int MostOfBatch = 256;

    /// <summary>
    /// Compute units of a registration, and of a deposit with its token account: more than twice what the dearest take (contracts/solana/snapshots/compute.json), since how long an
    /// address is looked for differs. Said here, they need no simulation each.
    /// </summary>
    private const uint Units = 120_000;

    /// <summary>Lamports beyond rent: fees of two thousand transactions.</summary>
    private const ulong Change = 10_000_000;

    private readonly SolanaNetwork accounts = network.Accounts;
    private readonly SolanaRpc rpc = network.Rpc;
    private readonly SolanaTransactionSender sender = new(network.Rpc, funder, policy, SolanaVerifierTransactions.Names(network.Accounts.Program));
    private readonly SolanaDeviceRegistration registration = new(network.Cluster, network.Accounts);
    private readonly SolanaAddress makerAccount = SolanaAddress.Of(maker.PublicKey);

    private SolanaTransactionGroup Group => new(rpc, sender, policy);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The maker's key is not that of the maker's account.</exception>
    public async Task RunAsync(IReadOnlyList<ReplayDevice> devices, UInt128 stakePerDevice, CancellationToken ct)
    {
        var missing = await MissingAsync(devices, ct).ConfigureAwait(false);
        await SolanaPayouts.OpenMissingAsync(network, Group, sender.Payer, [.. devices.Select(OwnerOf).Distinct()], ct).ConfigureAwait(false);
        if (missing.Count > 0)
        {
            await CheckMakerAsync(ct).ConfigureAwait(false);
            var models = await EnsureModelsAsync(devices, ct).ConfigureAwait(false);
            // Newcomers in later blocks than everybody else: who came first matters where two say the same.
            foreach (var group in devices.GroupBy(d => d.Newcomer).OrderBy(g => g.Key)) await RegisterAsync([.. group], missing, models, ct).ConfigureAwait(false);
        }

        await StakeAsync(devices, stakePerDevice, ct).ConfigureAwait(false);
    }

    private static SolanaAddress OwnerOf(ReplayDevice device) => SolanaAddress.Of(device.Provider.PublicKey);

    private async Task<HashSet<ReplayDevice>> MissingAsync(IReadOnlyList<ReplayDevice> devices, CancellationToken ct)
    {
        var found = await rpc.FindManyAsync<Depin.DeviceAccount>(accounts.Program, [.. devices.Select(d => accounts.Device(d.Id.Value))], Finality.Safe, ct).ConfigureAwait(false);
        return [.. devices.Where((_, i) => found[i] is null)];
    }

    private async Task CheckMakerAsync(CancellationToken ct)
    {
        var there = await rpc.FindAsync<Depin.DeviceMakerAccount>(accounts.Program, accounts.Maker(makerId), Finality.Safe, ct).ConfigureAwait(false);
        if (there is not { } set) throw new InvalidOperationException($"The network has no maker {makerId}. Its owner sets one.");
        if (set.Account != makerAccount) throw new InvalidOperationException($"maker.key is {makerAccount}; maker {makerId} of the network is {set.Account}. Give the folder with its key.");
    }

    // Batches are of all devices, missing or not, in their order: what a run left half done has the same roots.
    private async Task RegisterAsync(List<ReplayDevice> devices, HashSet<ReplayDevice> missing, Dictionary<Bytes32, uint> models, CancellationToken ct)
    {
        var requests = new List<SolanaTransactionRequest>();
        foreach (var part in devices.Chunk(MostOfBatch).Where(part => part.Any(missing.Contains)))
        {
            uint ModelOf(ReplayDevice d) => models[Enrolment.ModelKey(d.Source)];
            var batch = new DeviceBatch([.. part.Select(d => (d.Id.Value, ModelOf(d)))]);
            var id = await EnsureBatchAsync(batch, ct).ConfigureAwait(false);
            requests.AddRange(part.Where(missing.Contains).Select(d => new SolanaTransactionRequest(registration.Register(
                sender.Payer, d.Key, OwnerOf(d), ModelOf(d), d.Source.Cell, new MakerWord.InBatch(makerId, id, batch.Prove(d.Id.Value)), Deadline))
            { Units = Units }));
        }

        await Group.SendAllAsync(requests, done => progress(Counted("registered", done, requests.Count, "devices")), ct).ConfigureAwait(false);
    }

    // Models carry what they are as metadata, so that a second run finds them. A model's account has the next number: one after another.
    private async Task<Dictionary<Bytes32, uint>> EnsureModelsAsync(IReadOnlyList<ReplayDevice> devices, CancellationToken ct)
    {
        var registry = await ReadRegistryAsync(ct).ConfigureAwait(false);
        var known = new Dictionary<Bytes32, uint>();
        foreach (var model in await rpc.FindManyAsync<Depin.DeviceModelAccount>(accounts.Program, [.. Enumerable.Range(1, (int)registry.Models).Select(id => accounts.Model((uint)id))], Finality.Safe, ct).ConfigureAwait(false))
            if (model is { } there && there.MakerId == makerId) known.TryAdd(there.Metadata, there.ModelId);
        var wanted = devices.Select(d => d.Source).DistinctBy(Enrolment.ModelKey).Where(s => !known.ContainsKey(Enrolment.ModelKey(s))).ToList();
        if (wanted.Count == 0) return known;
        progress($"adding {wanted.Count} models");
        await EnsureLamportsAsync(Depin.DeviceModelAccount.Size, wanted.Count, ct).ConfigureAwait(false);
        var next = registry.Models;
        foreach (var part in wanted.Chunk(ModelsInOneTransaction))
        {
            await sender.SendAsync(new SolanaTransactionRequest([.. part.Select(s => AddModel(s, known[Enrolment.ModelKey(s)] = ++next))]) { Signers = [maker] }, ct).ConfigureAwait(false);
        }

        return known;
    }

    private SolanaInstruction AddModel(DataDevice source, uint id) => new Depin.AddModelInstruction(new Depin.ModelSettings(source.Class.Value, source.Capabilities, source.CadenceSeconds, Enrolment.ModelKey(source)))
        .ToInstruction(accounts.Program, new Depin.AddModelAccounts { Account = makerAccount, Network = accounts.Account, Maker = accounts.Maker(makerId), Model = accounts.Model(id) });

    private async Task<ulong> EnsureBatchAsync(DeviceBatch batch, CancellationToken ct)
    {
        var registry = await ReadRegistryAsync(ct).ConfigureAwait(false);
        var there = await rpc.FindManyAsync<Depin.DeviceBatchAccount>(accounts.Program, [.. Enumerable.Range(1, (int)registry.Batches).Select(id => accounts.Batch((ulong)id))], Finality.Safe, ct).ConfigureAwait(false);
        foreach (var published in there)
            if (published is { } p && p.Root == batch.Root && p.MakerId == makerId && p.Revoked == 0 && p.Registered < p.Count) return p.BatchId;
        progress($"publishing a batch of {batch.Count} devices");
        await EnsureLamportsAsync(Depin.DeviceBatchAccount.Size, 1, ct).ConfigureAwait(false);
        var next = registry.Batches + 1;
        await sender.SendAsync(
            new SolanaTransactionRequest(new Depin.PublishBatchInstruction(batch.Root, (uint)batch.Count, "").ToInstruction(
                accounts.Program, new Depin.PublishBatchAccounts { Account = makerAccount, Network = accounts.Account, Maker = accounts.Maker(makerId), Batch = accounts.Batch(next) }))
            { Signers = [maker] },
            ct).ConfigureAwait(false);
        progress(string.Create(CultureInfo.InvariantCulture, $"batch {next} is published"));
        return next;
    }

    // The maker pays the rent of what it makes, which the funder gives it.
    private async Task EnsureLamportsAsync(int size, int count, CancellationToken ct)
    {
        var need = (await RentAsync(size, ct).ConfigureAwait(false) * (ulong)count) + await RentAsync(0, ct).ConfigureAwait(false);
        var has = (await rpc.GetBalanceAsync(makerAccount, Finality.Safe, ct).ConfigureAwait(false)).Value;
        if (has < need && makerAccount != sender.Payer) await sender.SendAsync(new SolanaTransactionRequest(SystemProgram.Transfer(sender.Payer, makerAccount, need + Change - has)), ct).ConfigureAwait(false);
    }

    private async Task StakeAsync(IReadOnlyList<ReplayDevice> devices, UInt128 perDevice, CancellationToken ct)
    {
        var providers = devices.GroupBy(OwnerOf).Select(g => (Key: g.First().Provider, Address: g.Key, Stake: checked((ulong)(perDevice * (uint)g.Count())))).ToList();
        var pools = await rpc.FindManyAsync<Depin.PoolAccount>(accounts.Program, [.. providers.Select(p => accounts.Pool(p.Address))], Finality.Safe, ct).ConfigureAwait(false);
        var poor = providers.Select((p, i) => (p.Key, p.Address, Lacks: p.Stake - Math.Min(p.Stake, pools[i]?.Tokens ?? 0))).Where(p => p.Lacks > 0).ToList();
        if (poor.Count == 0) return;
        progress($"funding {poor.Count} providers");
        var least = (await rpc.ReadAsync<Depin.StakingAccount>(accounts.Program, accounts.Staking, Finality.Safe, ct).ConfigureAwait(false)).MinDeposit;
        var decimals = (await rpc.ReadAsync<Depin.NetworkAccount>(accounts.Program, accounts.Account, Finality.Safe, ct).ConfigureAwait(false)).Decimals;
        // A provider pays the rent of its pool and its position.
        var need = await RentAsync(0, ct).ConfigureAwait(false) + await RentAsync(Depin.PoolAccount.Size, ct).ConfigureAwait(false) + await RentAsync(Depin.PositionAccount.Size, ct).ConfigureAwait(false);
        var requests = new List<SolanaTransactionRequest>();
        foreach (var part in poor.Chunk(SolanaRpc.MostAccounts))
        {
            var there = (await rpc.GetMultipleAccountsAsync([.. part.Select(p => p.Address)], Finality.Safe, ct).ConfigureAwait(false)).Value;
            requests.AddRange(part.Zip(there, (p, account) => new SolanaTransactionRequest(
                [.. Lamports(p.Address, account?.Lamports ?? 0, need), .. Deposit(p.Address, Math.Max(p.Lacks, least), decimals)])
            { Signers = [p.Key], Units = Units }));
        }

        await Group.SendAllAsync(requests, done => progress(Counted("staked for", done, requests.Count, "providers")), ct).ConfigureAwait(false);
    }

    private SolanaInstruction[] Lamports(SolanaAddress provider, ulong has, ulong need) => has >= need ? [] : [SystemProgram.Transfer(sender.Payer, provider, need + Change - has)];

    // In one transaction, so that no run leaves a provider with tokens and without a stake.
    private SolanaInstruction[] Deposit(SolanaAddress provider, ulong tokens, byte decimals) =>
    [
        accounts.OpenTokens(sender.Payer, provider),
        accounts.SendTokens(sender.Payer, provider, tokens, decimals),
        new Depin.DepositStakeInstruction(provider, tokens, MinShares: 0).ToInstruction(accounts.Program, new Depin.DepositStakeAccounts
        {
            Staker = provider,
            Network = accounts.Account,
            Source = accounts.TokensOf(provider),
            Payout = accounts.Payout(provider),
            TokenProgram = accounts.TokenProgram,
        }),
    ];

    private Task<ulong> RentAsync(int size, CancellationToken ct) => rpc.GetMinimumBalanceForRentExemptionAsync((ulong)size, ct);

    private Task<Depin.DeviceRegistryAccount> ReadRegistryAsync(CancellationToken ct) => rpc.ReadAsync<Depin.DeviceRegistryAccount>(accounts.Program, accounts.Registry, Finality.Safe, ct);

    private static string Counted(string what, int done, int all, string of) => string.Create(CultureInfo.InvariantCulture, $"{what} {done} of {all} {of}");
}
