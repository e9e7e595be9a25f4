using System.CommandLine;
using DePin.Chain.Deployment;
using DePin.Chain.Solana;
using DePin.Cryptography;

namespace DePin.Cli.Network;

/// <summary>The sets of operators of a network on Solana.</summary>
internal sealed class SolanaOperatorSets(SolanaRpc rpc, SolanaNetworkManifest manifest) : OperatorSets
{
    /// <summary>Reads and changes them.</summary>
    public SolanaOperatorRegistration Registration { get; } = new(rpc, manifest, SolanaOptions.Fees);

    public override Task<ulong> CountAsync(CancellationToken ct) => Registration.GetConfigCountAsync(ct);

    public override async Task<OperatorSet> GetAsync(ulong count, CancellationToken ct)
    {
        var config = await Registration.GetConfigAsync(count, ct).ConfigureAwait(false) ?? throw new CliException($"The cluster does not show set {count} of network {manifest.Network}. Is the node in step with its cluster?");
        return new OperatorSet(config.FirstEpoch, [.. config.Members[..config.N].Select(m => m.ReportKey)]);
    }

    public override async Task<ulong> PresentEpochAsync(CancellationToken ct)
    {
        var (_, time) = await rpc.GetPresentAsync(TimeProvider.System, ct).ConfigureAwait(false);
        return time < manifest.Genesis ? 0 : ((time - manifest.Genesis) / manifest.EpochLength) + 1;
    }

    public override async Task<IReadOnlySet<Address>> PresentKeysAsync(CancellationToken ct)
    {
        var epoch = Math.Max(await PresentEpochAsync(ct).ConfigureAwait(false), 1);
        var count = await Registration.GetConfigInForceAsync(epoch, ct).ConfigureAwait(false);
        return count > 0 ? (await GetAsync(count, ct).ConfigureAwait(false)).ReportKeys.ToHashSet() : throw new InvalidOperationException("The network has no operators yet. Its owner must schedule a set of them.");
    }

    public override async Task<RegisteredOperator> FindAsync(Address reportKey, CancellationToken ct) => await Registration.FindAsync(reportKey, ct).ConfigureAwait(false) is { } found
        ? new RegisteredOperator(SolanaOperators.EndpointOf(found), Tokens.Show(found.Bond, manifest.Decimals), found.Slashed)
        : new RegisteredOperator("", "0", false);

    public override Task ScheduleAsync(ParseResult parsed, IReadOnlyList<Address> reportKeys, ulong firstEpoch, CancellationToken ct) =>
        Registration.ScheduleAsync(SolanaOptions.Sender(parsed), reportKeys, firstEpoch, ct);

    public override async Task PrintAsync(Output output, IReadOnlyList<Address> reportKeys, ulong firstEpoch, CancellationToken ct)
    {
        var owner = await Registration.GetOwnerAsync(ct).ConfigureAwait(false);
        var message = SolanaOwnerCall.MessageOf(owner, Registration.ScheduleInstruction(owner, reportKeys, firstEpoch, await CountAsync(ct).ConfigureAwait(false)));
        output.Answer(new { signer = owner.ToString(), message, firstEpoch }, $"signer   {owner}", $"message  {message}", "The message is in base64; whoever signs puts in a recent blockhash.");
    }
}
