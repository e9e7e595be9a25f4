using DePin.Abi.Solana;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>
/// The steps of a deployment, each of one transaction, which looks first whether it is done. A transaction that a call before this one sent may still land: each makes an account, so that
/// only one of two can, and the one that fails finds its work done.
/// </summary>
internal sealed class SolanaDeploymentSteps(
    SolanaRpc rpc, SolanaTransactionSender sender, IReadOnlyDictionary<SolanaAddress, PrivateKey> keys, SolanaNetworkPlan plan, SolanaNetwork network, Func<DeploymentProgress, Task>? report, TimeProvider time)
{
    private const int ModelsAtOnce = 100;

    private readonly SolanaAddress _deployer = sender.Payer;
    private readonly SolanaAddress _registry = Depin.Addresses.Registry(network.Program, network.Account);
    private readonly SolanaAddress _staking = Depin.Addresses.Staking(network.Program, network.Account);
    private readonly List<string> _ownerCalls = [];
    private readonly int _total = 4 + plan.Makers.Count + plan.Models.Count;
    private int _done;

    /// <summary>The mint and all it allocates are made by one transaction, so that nothing is allocated twice.</summary>
    /// <exception cref="DeploymentException">They do not fit one.</exception>
    public static void CheckAllocations(SolanaNetworkPlan plan, SolanaAddress deployer)
    {
        var size = SolanaMessage.Measure(deployer, [ComputeBudget.SetUnitLimit(1), ComputeBudget.SetUnitPrice(1), .. MintInstructions(plan, deployer, new SolanaNetwork(SolanaPrograms.System, SolanaPrograms.UpgradeableLoader, plan.TokenProgram), 1)], null);
        if (size > SolanaMessage.MaxTransactionBytes)
            throw new DeploymentException($"The profile's deploy.token.genesis has {plan.Allocations.Count} accounts, which do not fit one transaction ({size} of {SolanaMessage.MaxTransactionBytes} bytes). Allocate to fewer, and let those pass it on.");
    }

    /// <summary>The program, through its loader.</summary>
    public Task DeployProgramAsync(SolanaProgramArtifact artifact, SolanaDeploymentFiles files, CancellationToken ct) =>
        new SolanaProgramDeployer(rpc, sender, null, time).DeployAsync(files.LoadProgramKey(network.Program), artifact.Code, files.State, report, ct);

    /// <summary>The mint with its tokens, and the network over it, to which the mint goes for good.</summary>
    public async Task MakeNetworkAsync(SolanaDeploymentFiles files, CancellationToken ct)
    {
        if (!await HasMintAsync(ct).ConfigureAwait(false))
        {
            var rent = await rpc.GetMinimumBalanceForRentExemptionAsync(TokenMint.Size, ct).ConfigureAwait(false);
            var request = new SolanaTransactionRequest(MintInstructions(plan, _deployer, network, rent)) { Signers = [files.LoadMintKey(network.Mint)] };
            await SendAsync("mint", request, HasMintAsync, ct).ConfigureAwait(false);
        }

        await DoneAsync("mint").ConfigureAwait(false);
        if (!await HasNetworkAsync(ct).ConfigureAwait(false))
        {
            var initialize = new Depin.InitializeInstruction(plan.Network)
                .ToInstruction(network.Program, new Depin.InitializeAccounts { Payer = _deployer, MintAuthority = _deployer, Mint = network.Mint, TokenProgram = network.TokenProgram });
            await SendAsync("network", new SolanaTransactionRequest(initialize), HasNetworkAsync, ct).ConfigureAwait(false);
        }

        await DoneAsync("network").ConfigureAwait(false);
    }

    /// <summary>Registry, staking, makers and models, as far as there are keys for those who must sign.</summary>
    /// <returns>A line for each that others have to send.</returns>
    public async Task<IReadOnlyList<string>> OpenAsync(CancellationToken ct)
    {
        var owner = plan.Network.Owner;
        var hasRegistry = await StepAsync(SolanaNetworkVerifier.OpenRegistry, owner, true, HasRegistryAsync, payer => [new Depin.OpenRegistryInstruction(plan.KeyDelay)
            .ToInstruction(network.Program, new Depin.OpenRegistryAccounts { Owner = owner, Payer = payer, Network = network.Account })], ct).ConfigureAwait(false);
        await StepAsync(SolanaNetworkVerifier.OpenStaking, owner, true, HasStakingAsync, payer => [new Depin.OpenStakingInstruction(plan.Staking)
            .ToInstruction(network.Program, new Depin.OpenStakingAccounts { Owner = owner, Payer = payer, Network = network.Account })], ct).ConfigureAwait(false);
        var makers = new Dictionary<uint, bool>();
        foreach (var maker in plan.Makers)
        {
            makers[maker.MakerId] = await StepAsync($"maker {maker.MakerId}", owner, true, c => HasMakerAsync(maker.MakerId, c), payer => [new Depin.SetMakerInstruction(maker)
                .ToInstruction(network.Program, new Depin.SetMakerAccounts { Owner = owner, Payer = payer, Network = network.Account })], ct).ConfigureAwait(false);
        }

        var rent = plan.Models.Count == 0 ? 0 : await rpc.GetMinimumBalanceForRentExemptionAsync(Depin.DeviceModelAccount.Size, ct).ConfigureAwait(false);
        var owed = 0u;
        for (var i = 0; i < plan.Models.Count; i++)
        {
            var (index, model) = (i, plan.Models[i]);
            var next = owed + 1 + ((await ReadAsync<Depin.DeviceRegistryAccount>(_registry, ct).ConfigureAwait(false))?.Models ?? 0);
            var maker = plan.Makers.Last(m => m.MakerId == model.MakerId).Account;
            if (!await StepAsync($"model of maker {model.MakerId}, class {model.Settings.Class}", maker, hasRegistry && makers[model.MakerId], c => HasModelAsync(index, c), payer => AddModel(model, maker, payer, next, rent), ct).ConfigureAwait(false))
                owed++;
        }

        return _ownerCalls;
    }

    // A maker's account pays its model's rent itself; where another pays for all, it gives it that.
    private SolanaInstruction[] AddModel(SolanaModel model, SolanaAddress maker, SolanaAddress payer, uint modelId, ulong rent) =>
    [
        .. payer == maker ? [] : (SolanaInstruction[])[SystemProgram.Transfer(payer, maker, rent)],
        new Depin.AddModelInstruction(model.Settings).ToInstruction(network.Program, new Depin.AddModelAccounts
        {
            Account = maker,
            Network = network.Account,
            Maker = Depin.Addresses.Maker(network.Program, network.Account, model.MakerId),
            Model = Depin.Addresses.Model(network.Program, network.Account, modelId),
        }),
    ];

    private static SolanaInstruction[] MintInstructions(SolanaNetworkPlan plan, SolanaAddress deployer, SolanaNetwork network, ulong rent) =>
    [
        SystemProgram.CreateAccount(deployer, network.Mint, rent, TokenMint.Size, network.TokenProgram),
        TokenProgram.InitializeMint(network.Mint, plan.Decimals, deployer, program: network.TokenProgram),
        .. plan.Allocations.SelectMany(a => (SolanaInstruction[])
        [
            network.OpenTokens(deployer, a.Wallet),
            TokenProgram.MintTo(network.Mint, network.TokensOf(a.Wallet), deployer, a.Amount, network.TokenProgram),
        ]),
    ];

    private async Task<bool> HasMintAsync(CancellationToken ct)
    {
        if ((await rpc.GetAccountInfoAsync(network.Mint, Finality.Safe, ct).ConfigureAwait(false)).Value is not { } account) return false;
        var mint = SolanaMintRules.Read(network.Mint, account, network.TokenProgram);
        var isOurs = mint.MintAuthority == network.Account || (mint.MintAuthority == _deployer && mint.Supply == plan.Allocated);
        return isOurs && mint.Decimals == plan.Decimals && mint.FreezeAuthority is null ? true : throw SolanaNetworkVerifier.Differs($"the mint {network.Mint}");
    }

    private async Task<bool> HasNetworkAsync(CancellationToken ct)
    {
        if (await ReadAsync<Depin.NetworkAccount>(network.Account, ct).ConfigureAwait(false) is not { } found) return false;
        var (vault, bonds) = (Depin.Addresses.Vault(network.Program, network.Account), Depin.Addresses.Bonds(network.Program, network.Account));
        SolanaNetworkVerifier.CheckNetwork(found, network, vault, bonds, plan.Decimals, plan.Network);
        return true;
    }

    private async Task<bool> HasRegistryAsync(CancellationToken ct)
    {
        if (await ReadAsync<Depin.DeviceRegistryAccount>(_registry, ct).ConfigureAwait(false) is not { } found) return false;
        SolanaNetworkVerifier.CheckRegistry(found, plan.KeyDelay);
        return true;
    }

    private async Task<bool> HasStakingAsync(CancellationToken ct)
    {
        if (await ReadAsync<Depin.StakingAccount>(_staking, ct).ConfigureAwait(false) is not { } found) return false;
        SolanaNetworkVerifier.CheckStaking(found, plan.Staking);
        return true;
    }

    // The owner may have changed it since.
    private async Task<bool> HasMakerAsync(uint makerId, CancellationToken ct) =>
        await ReadAsync<Depin.DeviceMakerAccount>(Depin.Addresses.Maker(network.Program, network.Account, makerId), ct).ConfigureAwait(false) is not null;

    // As many like it as the plan has up to here: makers may add models of their own at any time, so that numbers tell nothing.
    private async Task<bool> HasModelAsync(int index, CancellationToken ct)
    {
        var wanted = plan.Models[index];
        var missing = plan.Models.Take(index + 1).Count(m => m == wanted);
        var count = (await ReadAsync<Depin.DeviceRegistryAccount>(_registry, ct).ConfigureAwait(false))?.Models ?? 0;
        for (var first = 1u; first <= count && missing > 0; first += ModelsAtOnce)
        {
            SolanaAddress[] addresses = [.. Enumerable.Range((int)first, (int)Math.Min(ModelsAtOnce, count - first + 1)).Select(id => Depin.Addresses.Model(network.Program, network.Account, (uint)id))];
            var accounts = (await rpc.GetMultipleAccountsAsync(addresses, Finality.Safe, ct).ConfigureAwait(false)).Value;
            missing -= accounts.Where((a, i) => a is not null && IsLike(DeploymentAccounts.Decode<Depin.DeviceModelAccount>(a, network.Program, addresses[i]), wanted)).Count();
        }

        return missing <= 0;
    }

    private static bool IsLike(in Depin.DeviceModelAccount found, SolanaModel model) =>
        found.MakerId == model.MakerId && new Depin.ModelSettings(found.Class, found.Capabilities, found.Cadence, found.Metadata) == model.Settings;

    // Whether it is done; what cannot be, now or by this caller, becomes a line.
    private async Task<bool> StepAsync(
        string what, SolanaAddress signer, bool isPossible, Func<CancellationToken, Task<bool>> isDone, Func<SolanaAddress, SolanaInstruction[]> instructions, CancellationToken ct)
    {
        if (!await isDone(ct).ConfigureAwait(false))
        {
            if (!isPossible || !keys.TryGetValue(signer, out var key))
            {
                _ownerCalls.Add(SolanaOwnerCall.LineOf(what, signer, instructions(signer)));
                await DoneAsync($"{what} left to {signer}").ConfigureAwait(false);
                return false;
            }

            await SendAsync(what, new SolanaTransactionRequest(instructions(_deployer)) { Signers = signer == _deployer ? [] : [key] }, isDone, ct).ConfigureAwait(false);
        }

        await DoneAsync(what).ConfigureAwait(false);
        return true;
    }

    private async Task SendAsync(string what, SolanaTransactionRequest request, Func<CancellationToken, Task<bool>> isDone, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                var transaction = await sender.PrepareAsync(request, ct).ConfigureAwait(false);
                await sender.BroadcastAsync(transaction, ct).ConfigureAwait(false);
                if (report is not null) await report(new DeploymentProgress($"{what} sent", _done, _total)).ConfigureAwait(false);
                var receipt = await sender.CompleteAsync(transaction, Finality.Safe, ct).ConfigureAwait(false);
                if (receipt.Error is not null) throw await sender.ExplainAsync(receipt, ct).ConfigureAwait(false);
                return;
            }
            catch (SolanaTransactionExpiredException)
            {
                // It did nothing and never will.
            }
            catch (SolanaProgramException e)
            {
                if (await isDone(ct).ConfigureAwait(false)) return;
                throw new DeploymentException($"{what}: {e.Message}. Correct the profile, or see that the deployer holds enough SOL, and deploy again; under another network name where the profile changed.", e);
            }
        }
    }

    private Task DoneAsync(string what) => report?.Invoke(new DeploymentProgress(what, ++_done, _total)) ?? Task.CompletedTask;

    private Task<T?> ReadAsync<T>(SolanaAddress address, CancellationToken ct)
        where T : struct, ISolanaAccount<T> => rpc.ReadProgramAccountAsync<T>(network.Program, address, ct);
}
