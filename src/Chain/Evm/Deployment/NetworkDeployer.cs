using System.Numerics;
using System.Text;
using DePin.Abi;
using DePin.Chain.Evm;
using DePin.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>
/// Deploys a network with plain CREATE at nonces fixed beforehand, so that contracts can name one another in their constructors. Every
/// transaction is signed and stored in the manifest before it is sent: killed at any point, the same call goes on where it stopped.
/// </summary>
public sealed class NetworkDeployer(EvmRpc rpc, PrivateKey deployer, FeePolicy? fees = null, TimeProvider? time = null)
{
    private static readonly AbiParameter[] MakerMembers = Members("(uint32,address,uint32,bool)", "makerId", "account", "quota", "active");
    private static readonly AbiParameter[] ModelMembers = Members("(uint32,uint16,uint32,uint32,bytes32)", "makerId", "class", "capabilities", "cadence", "metadata");

    /// <summary>Deploys, or goes on with, or just checks, what the profile says; <paramref name="report"/> may be null.</summary>
    /// <exception cref="DeploymentException">The profile, the chain or the manifest do not allow it.</exception>
    public async Task<EvmNetworkManifest> DeployAsync(EvmDeploymentProfile profile, DeploymentRequest request, Func<DeploymentProgress, Task>? report, CancellationToken ct)
    {
        var chainId = await rpc.GetChainIdAsync(ct).ConfigureAwait(false);
        var genesis = await rpc.GetHeaderAsync(BlockTag.At(0), ct).ConfigureAwait(false) ?? throw new DeploymentException("The node has no block 0.");
        var artifacts = profile.Contracts.ToDictionary(name => name, name => ContractArtifact.Load(request.ArtifactsFolder, name), StringComparer.Ordinal);
        var existing = File.Exists(request.ManifestPath) ? NetworkManifest.Load<EvmNetworkManifest>(request.ManifestPath) : null;
        var firstNonce = existing?.FirstNonce ?? await rpc.GetTransactionCountAsync(deployer.Address, BlockTag.Pending, ct).ConfigureAwait(false);
        var plan = new Plan(profile, artifacts, chainId, deployer.Address, firstNonce);
        CheckBounds(profile, plan, chainId);
        var hash = DeploymentHash(plan, chainId, genesis.Hash, request.Network);
        if (existing is not null && existing.DeploymentHash != hash)
            throw new DeploymentException($"'{request.ManifestPath}' is the manifest of another network or another chain (network {existing.Network}, chain {existing.ChainId}). Choose another network name, or move that file away if its chain is gone.");
        var manifest = existing ?? await StartAsync(plan, profile, request, chainId, genesis.Hash, hash, ct).ConfigureAwait(false);
        if (!manifest.Complete) await RunAsync(plan, manifest, request.ManifestPath, report, ct).ConfigureAwait(false);
        await NetworkVerifier.VerifyCodeAsync(rpc, manifest, request.ArtifactsFolder, ct).ConfigureAwait(false);
        if (manifest.Complete) return manifest;
        manifest.Complete = true;
        for (var i = 0; i < manifest.Steps.Count; i++) manifest.Steps[i] = manifest.Steps[i] with { Raw = [] };
        manifest.Save(request.ManifestPath);
        return manifest;
    }

    private async Task<EvmNetworkManifest> StartAsync(
        Plan plan, EvmDeploymentProfile profile, DeploymentRequest request, ulong chainId, Bytes32 chainGenesis, string hash, CancellationToken ct)
    {
        var head = await rpc.GetHeaderAsync(BlockTag.Latest, ct).ConfigureAwait(false) ?? throw new DeploymentException("The node has no latest block.");
        var genesis = plan.Setting("ReportVerifier", "settings", "genesis");
        var epochLength = plan.Setting("ReportVerifier", "settings", "epochLength");
        if (genesis <= head.Timestamp)
            throw new DeploymentException($"The network's genesis ({genesis}) must lie after the chain's present time ({head.Timestamp}): operators must be scheduled before epoch 1 starts.");
        if (epochLength == 0 || genesis % epochLength != 0)
            throw new DeploymentException($"The network's genesis ({genesis}) must be a multiple of the epoch's length ({epochLength} s), so that epochs start on whole days.");
        var manifest = new EvmNetworkManifest
        {
            Network = request.Network,
            NetworkId = EvmNetworkManifest.IdOf(chainId, plan.Addresses["ReportVerifier"]).ToString(),
            ChainId = chainId,
            ChainGenesisHash = chainGenesis.ToString(),
            Profile = profile.Name,
            Deployer = deployer.Address.ToChecksum(),
            FirstNonce = plan.FirstNonce,
            DeploymentHash = hash,
            DeployBlock = head.Number,
            Genesis = genesis,
            EpochLength = epochLength,
            ChallengeWindow = plan.Setting("ReportVerifier", "settings", "challengeWindow"),
            ParametersHash = profile.Parameters.Hash.ToString(),
            RulesHash = profile.Parameters.RulesHash.ToString(),
            Parameters = Encoding.UTF8.GetString(profile.Parameters.ToBytes()),
            Contracts = new SortedDictionary<string, DeployedContract>(
                plan.Creations.ToDictionary(c => c.Artifact.Name, c => new DeployedContract
                {
                    Address = plan.Addresses[c.Artifact.Name].ToChecksum(),
                    Arguments = Hex.ToString(c.Data.AsSpan(c.Artifact.Bytecode.Length)),
                    CodeHash = Keccak256.Hash(c.Artifact.Bytecode).ToString(),
                }, StringComparer.Ordinal),
                StringComparer.Ordinal),
            OwnerCalls = [.. plan.OwnerCalls],
        };
        manifest.Save(request.ManifestPath);
        return manifest;
    }

    // All are sent one after another without waiting: their nonces put them in order, and gas is reckoned from the code's size.
    private async Task RunAsync(Plan plan, EvmNetworkManifest manifest, string path, Func<DeploymentProgress, Task>? report, CancellationToken ct)
    {
        using var sender = new TransactionSender(rpc, deployer, fees, time);
        var steps = plan.Transactions;
        for (var i = 0; i < steps.Count; i++)
        {
            if (i >= manifest.Steps.Count)
            {
                var signed = await sender.PrepareAsync(steps[i].Request with { Nonce = plan.FirstNonce + (ulong)i }, ct).ConfigureAwait(false);
                manifest.Steps.Add(new DeploymentStep { Name = steps[i].Name, Nonce = plan.FirstNonce + (ulong)i, Hashes = [signed.Hash.ToString()], Raw = [Hex.ToString(signed.Raw)] });
                manifest.Save(path);
                if (report is not null) await report(new DeploymentProgress($"{steps[i].Name} signed", i, steps.Count)).ConfigureAwait(false);
            }

            if (manifest.Steps[i].Block is null) await sender.BroadcastAsync(Versions(manifest.Steps[i])[^1], ct).ConfigureAwait(false);
            if (report is not null) await report(new DeploymentProgress($"{steps[i].Name} sent", i, steps.Count)).ConfigureAwait(false);
        }

        for (var i = 0; i < steps.Count; i++)
        {
            if (manifest.Steps[i].Block is not null) continue;
            var index = i;
            var versions = Versions(manifest.Steps[i]);
            EvmReceipt receipt;
            try
            {
                receipt = await sender.CompleteAsync(versions, (replacement, _) =>
                {
                    var step = manifest.Steps[index];
                    manifest.Steps[index] = step with { Hashes = step.Hashes.Add(replacement.Hash.ToString()), Raw = step.Raw.Add(Hex.ToString(replacement.Raw)) };
                    manifest.Save(path);
                    return Task.CompletedTask;
                }, ct).ConfigureAwait(false);
            }
            catch (TransactionSupersededException e)
            {
                throw new DeploymentException($"{steps[i].Name}: {e.Message} The planned addresses cannot be had any more: start over with an account that nothing else uses, and another network name.", e);
            }

            if (!receipt.Succeeded)
            {
                try
                {
                    await sender.ThrowRevertAsync(versions[^1], receipt, ct).ConfigureAwait(false);
                }
                catch (EvmRevertException e)
                {
                    throw new DeploymentException($"{steps[i].Name}: {e.Message}. Correct the profile and deploy under another network name, or remove '{path}'.", e);
                }
            }

            manifest.Steps[i] = manifest.Steps[i] with { Block = receipt.BlockNumber };
            manifest.Save(path);
            if (report is not null) await report(new DeploymentProgress($"{steps[i].Name} included", i + 1, steps.Count)).ConfigureAwait(false);
        }
    }

    private static void CheckBounds(EvmDeploymentProfile profile, Plan plan, ulong chainId)
    {
        if (profile.IsDevChain(chainId)) return;
        var deploy = plan.Creations.ToDictionary(c => c.Artifact.Name, c => (c.Artifact.Abi, c.Arguments), StringComparer.Ordinal);
        var violations = ProductionBounds.Violations(deploy, profile.Parameters);
        if (profile.Name == "dev") violations = ["the profile is named dev", .. violations];
        if (violations.Count > 0)
            throw new DeploymentException($"Chain {chainId} is not a development chain, and profile '{profile.Name}' keeps bounds that are only for those: {string.Join("; ", violations)}.");
    }

    private static string DeploymentHash(Plan plan, ulong chainId, Bytes32 chainGenesis, string network)
    {
        var hash = new Keccak256();
        hash.Append(Bytes32.FromUInt64(chainId));
        hash.Append(chainGenesis);
        hash.Append(plan.Deployer.ToBytes32());
        hash.Append(Keccak256.Hash(Encoding.UTF8.GetBytes(network)));
        foreach (var step in plan.Transactions)
        {
            hash.Append((step.Request.To ?? default).ToBytes32());
            hash.Append(Keccak256.Hash(step.Request.Data.Span));
        }

        hash.Append(plan.ParametersHash);
        return hash.Finish().ToString();
    }

    private static SignedEvmTransaction[] Versions(DeploymentStep step) =>
        [.. step.Raw.Select(raw => SignedEvmTransaction.TryParse(Hex.Parse(raw), out var t) ? t! : throw new DeploymentException($"The manifest's step {step.Name} is damaged."))];

    private static AbiParameter[] Members(string types, params string[] names) => [.. AbiType.Parse(types).Components.Select((c, i) => c with { Name = names[i] })];

    /// <summary>The contract's creation.</summary>
    private sealed record Creation(ContractArtifact Artifact, IReadOnlyList<object> Arguments, byte[] Data);

    /// <summary>All transactions and addresses, fixed before the first is sent.</summary>
    private sealed class Plan
    {
        public Plan(EvmDeploymentProfile profile, Dictionary<string, ContractArtifact> artifacts, ulong chainId, Address deployer, ulong firstNonce)
        {
            Deployer = deployer;
            FirstNonce = firstNonce;
            ParametersHash = profile.Parameters.Hash;
            Addresses = profile.Contracts.Select((name, i) => (name, Address: CreateAddress(deployer, firstNonce + (ulong)i))).ToDictionary(c => c.name, c => c.Address, StringComparer.Ordinal);
            foreach (var name in profile.Contracts)
            {
                var artifact = artifacts[name];
                var arguments = profile.Arguments(name, artifact.Abi, Addresses);
                var data = AbiCodec.Encode(artifact.Abi.Constructor, arguments, artifact.Bytecode);
                Creations.Add(new Creation(artifact, arguments, data));
                Transactions.Add((name, new TransactionRequest(null, data) { Gas = CreationGas(data, artifact.DeployedBytecode.Length) }));
            }

            var devices = Creations.FirstOrDefault(c => c.Artifact.Name == "DeviceRegistry");
            if (devices is null) return;
            var owner = devices.Artifact.Abi.Constructor.Select((p, i) => (p.Name, Value: devices.Arguments[i])).FirstOrDefault(p => p.Name.Trim('_') == "owner").Value as Address? ?? deployer;
            var makers = new Dictionary<uint, Address>();
            foreach (var m in profile.List("makers", MakerMembers, Addresses))
            {
                var call = new ContractBindings.Evm.DeviceRegistry.SetMakerCall((uint)(BigInteger)m[0], (Address)m[1], (uint)(BigInteger)m[2], (bool)m[3]);
                makers[call.MakerId] = call.Account;
                Add($"maker {call.MakerId}", owner, call.Encode());
            }

            foreach (var m in profile.List("models", ModelMembers, Addresses))
            {
                var call = new ContractBindings.Evm.DeviceRegistry.AddModelCall(
                    (uint)(BigInteger)m[0], (ushort)(BigInteger)m[1], (uint)(BigInteger)m[2], (uint)(BigInteger)m[3], new Bytes32((byte[])m[4]));
                if (!makers.TryGetValue(call.MakerId, out var maker)) throw new DeploymentException($"The profile's models name maker {call.MakerId}, which its makers do not.");
                Add($"model of maker {call.MakerId}, class {call.Class}", maker, call.Encode());
            }
        }

        public Address Deployer { get; }

        public ulong FirstNonce { get; }

        public Bytes32 ParametersHash { get; }

        public Dictionary<string, Address> Addresses { get; }

        public List<Creation> Creations { get; } = [];

        public List<(string Name, TransactionRequest Request)> Transactions { get; } = [];

        public List<OwnerCall> OwnerCalls { get; } = [];

        public ulong Setting(string contract, params string[] path)
        {
            var creation = Creations.FirstOrDefault(c => c.Artifact.Name == contract) ?? throw new DeploymentException($"The profile does not deploy {contract}.");
            return ProductionBounds.Find(creation.Artifact.Abi.Constructor, creation.Arguments, path) is { } value && value >= 0 && value <= ulong.MaxValue
                ? (ulong)value
                : throw new DeploymentException($"{contract} takes no number {string.Join('.', path)} in its constructor.");
        }

        private void Add(string what, Address from, byte[] data)
        {
            var registry = Addresses["DeviceRegistry"];
            if (from == Deployer) Transactions.Add((what, new TransactionRequest(registry, data) { Gas = 400_000 }));
            else OwnerCalls.Add(new OwnerCall(what, from.ToChecksum(), registry.ToChecksum(), Hex.ToString(data)));
        }

        // Yellow Paper (7): the last 20 bytes of keccak(rlp(sender, nonce)).
        private static Address CreateAddress(Address sender, ulong nonce) =>
            new(Keccak256.Hash(new RlpWriter().Address(sender).Number(nonce).ToArray()).AsSpan()[12..]);

        // Intrinsic cost, init code words (EIP-3860), code deposit, and room for the constructor's own work.
        private static ulong CreationGas(byte[] data, int codeSize) => 53_000 + (16 * (ulong)data.Length) + (2 * ((ulong)data.Length / 32)) + (200 * (ulong)codeSize) + 2_000_000;
    }
}
