using DePin.Abi;
using DePin.Cryptography;
using DePin.SignIn;
using DePin.Storage.Read;
using Microsoft.Extensions.Options;

namespace DePin.Jobs.Dashboard;

/// <summary>
/// The dashboard as a site to sign in to: operators of a configuration in force or to come of a network on an EVM chain, and whom the settings name. An operator's account on Solana signs no
/// Ethereum message: it is let in by an address in <c>Jobs:Admins</c>.
/// </summary>
internal sealed class DashboardSite(OperatorReads operators, IEnumerable<Reconciled> networks, IOptions<JobsOptions> options) : ISignInSite
{
    private const string Evm = "eip155:";
    private const ulong Ethereum = 1; // what wallets are on by themselves; a sign-in sends nothing to it

    private readonly HashSet<Address> admins = [.. options.Value.Admins.Select(ParseAdmin)];
    private readonly IReadOnlyList<ulong> chains = [.. networks.Select(n => n.Network.Caip2).Where(c => c.StartsWith(Evm, StringComparison.Ordinal))
        .Select(c => ulong.Parse(c.AsSpan(Evm.Length), System.Globalization.CultureInfo.InvariantCulture)).Distinct()];

    public string Cookie => "depin-jobs";

    public string Header => "X-Depin-Jobs";

    public string Guarded => "/v1/jobs";

    public IReadOnlyList<Uri> Origins => options.Value.Origins;

    public string OriginsSetting => "Jobs:Origins";

    public TimeSpan SessionLife => TimeSpan.FromMinutes(options.Value.SessionMinutes);

    public string WhoSignsIn => "The jobs are shown to operators of the network: sign in with the wallet that registered the operator.";

    public Task<IReadOnlyList<ulong>> ChainsAsync(CancellationToken ct) => Task.FromResult(chains.Count > 0 ? chains : [Ethereum]);

    public async Task<bool> MayEnterAsync(Address address, ulong? chain, CancellationToken ct)
    {
        if (admins.Contains(address)) return true;
        foreach (var id in chains.Where(id => chain is null || chain == id))
            if (await operators.IsInConfigurationAsync(Evm + id.ToString(System.Globalization.CultureInfo.InvariantCulture), address, ct)) return true;
        return false;
    }

    public string WhyNot(string address) => $"{address} is neither the account of an operator in the network's current configuration nor listed in Jobs:Admins.";

    private static Address ParseAdmin(string text) =>
        ChecksumAddress.TryParse(text, out var address) ? address : throw new InvalidOperationException($"'{text}' in Jobs:Admins is not an address (0x and 40 digits; mixed case must be the EIP-55 checksum).");
}
