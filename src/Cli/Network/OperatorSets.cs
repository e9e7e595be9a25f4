using System.CommandLine;
using DePin.Abi;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;

namespace DePin.Cli.Network;

/// <summary>A set of operators and the first epoch that it signs.</summary>
internal sealed record OperatorSet(ulong FirstEpoch, IReadOnlyCollection<Address> ReportKeys);

/// <summary>An operator as it is registered; the bond in tokens, for people.</summary>
internal sealed record RegisteredOperator(string Endpoint, string Bond, bool Slashed);

/// <summary>The sets of operators that a network's owner has scheduled, on whichever kind of chain.</summary>
internal abstract class OperatorSets
{
    /// <summary>Those of the network that the options name.</summary>
    /// <exception cref="CliException">The node follows another chain than the manifest's.</exception>
    public static async Task<OperatorSets> OpenAsync(ParseResult parsed, CancellationToken ct)
    {
        if (NetworkOptions.LoadManifest(parsed) is not SolanaNetworkManifest solana) return new Evm(NetworkOptions.LoadEvmManifest(parsed), await NetworkOptions.AccessAsync(parsed, ct).ConfigureAwait(false));
        var rpc = SolanaOptions.Client(parsed);
        await SolanaNetworkVerifier.CheckChainAsync(rpc, solana, ct).ConfigureAwait(false);
        return new SolanaOperatorSets(rpc, solana);
    }

    /// <summary>How many have been scheduled.</summary>
    public abstract Task<ulong> CountAsync(CancellationToken ct);

    /// <summary>A set by its number, from 1.</summary>
    public abstract Task<OperatorSet> GetAsync(ulong count, CancellationToken ct);

    /// <summary>The epoch that the chain is in; 0 before the first.</summary>
    public abstract Task<ulong> PresentEpochAsync(CancellationToken ct);

    /// <summary>The report keys of the set in force now, or of the first where it is not yet.</summary>
    /// <exception cref="InvalidOperationException">There is no set yet.</exception>
    public abstract Task<IReadOnlySet<Address>> PresentKeysAsync(CancellationToken ct);

    /// <summary>An operator of a set.</summary>
    public abstract Task<RegisteredOperator> FindAsync(Address reportKey, CancellationToken ct);

    /// <summary>Schedules a set; the owner, whose key the options name, sends.</summary>
    public abstract Task ScheduleAsync(ParseResult parsed, IReadOnlyList<Address> reportKeys, ulong firstEpoch, CancellationToken ct);

    /// <summary>Shows what the owner would send.</summary>
    public abstract Task PrintAsync(Output output, IReadOnlyList<Address> reportKeys, ulong firstEpoch, CancellationToken ct);

    private sealed class Evm(EvmNetworkManifest manifest, Sdk.Network.EvmNetworkAccess network) : OperatorSets
    {
        private readonly Address _registry = network.Contracts.Operators;
        private readonly OperatorRegistration _registration = new(network.Rpc, manifest, NetworkOptions.Fees);

        public override Task<ulong> CountAsync(CancellationToken ct) => network.Rpc.CallAsync(_registry, new OperatorRegistry.ConfigCountCall(), BlockTag.Latest, ct);

        public override async Task<OperatorSet> GetAsync(ulong count, CancellationToken ct)
        {
            var config = await network.Rpc.CallAsync(_registry, new OperatorRegistry.ConfigByCountCall(count), BlockTag.Latest, ct).ConfigureAwait(false);
            return new OperatorSet(config.FirstEpoch, config.ReportKeys);
        }

        public override async Task<ulong> PresentEpochAsync(CancellationToken ct)
        {
            var time = await network.GetTimeAsync(ct).ConfigureAwait(false);
            return time < await network.GetGenesisAsync(ct).ConfigureAwait(false) ? 0 : await network.Rpc.CallAsync(network.Contracts.Verifier, new ReportVerifier.EpochAtCall(time), BlockTag.Latest, ct).ConfigureAwait(false);
        }

        public override async Task<IReadOnlySet<Address>> PresentKeysAsync(CancellationToken ct) => (await network.GetOperatorsAsync(ct).ConfigureAwait(false)).Select(o => o.Address).ToHashSet();

        public override async Task<RegisteredOperator> FindAsync(Address reportKey, CancellationToken ct)
        {
            var entry = await network.Rpc.CallAsync(_registry, new OperatorRegistry.OperatorCall(reportKey), BlockTag.Latest, ct).ConfigureAwait(false);
            return new RegisteredOperator(entry.Endpoint, Tokens.Show(entry.Bond), entry.Slashed);
        }

        public override Task ScheduleAsync(ParseResult parsed, IReadOnlyList<Address> reportKeys, ulong firstEpoch, CancellationToken ct) =>
            _registration.ScheduleAsync(NetworkOptions.Sender(parsed), reportKeys, firstEpoch, ct);

        public override Task PrintAsync(Output output, IReadOnlyList<Address> reportKeys, ulong firstEpoch, CancellationToken ct)
        {
            var data = Hex.ToString(_registration.ScheduleCall(reportKeys, firstEpoch).Encode());
            output.Answer(new { to = _registry, data, firstEpoch }, $"to    {_registry}", $"data  {data}");
            return Task.CompletedTask;
        }
    }
}
