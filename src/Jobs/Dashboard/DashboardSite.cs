using DePin.Abi;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.SignIn;
using DePin.Storage.Read;
using Microsoft.Extensions.Options;

namespace DePin.Jobs.Dashboard;

/// <summary>The dashboard as a site to sign in to: operators of a configuration in force or to come, and whom the settings name.</summary>
internal sealed class DashboardSite(OperatorReads operators, MirroredNetwork network, IOptions<JobsOptions> options) : ISignInSite
{
    private readonly HashSet<Address> admins = [.. options.Value.Admins.Select(ParseAdmin)];
    private readonly IReadOnlyList<ulong> chains = [ulong.Parse(network.Caip2.AsSpan(7), System.Globalization.CultureInfo.InvariantCulture)];

    public string Cookie => "depin-jobs";

    public string Header => "X-Depin-Jobs";

    public string Guarded => "/v1/jobs";

    public IReadOnlyList<Uri> Origins => options.Value.Origins;

    public string OriginsSetting => "Jobs:Origins";

    public TimeSpan SessionLife => TimeSpan.FromMinutes(options.Value.SessionMinutes);

    public string WhoSignsIn => "The jobs are shown to operators of the network: sign in with the wallet that registered the operator.";

    public Task<IReadOnlyList<ulong>> ChainsAsync(CancellationToken ct) => Task.FromResult(chains);

    public async Task<bool> MayEnterAsync(Address address, ulong? chain, CancellationToken ct) => admins.Contains(address) || await operators.IsInConfigurationAsync(network.Caip2, address, ct);

    public string WhyNot(string address) => $"{address} is neither the account of an operator in the network's current configuration nor listed in Jobs:Admins.";

    private static Address ParseAdmin(string text) =>
        ChecksumAddress.TryParse(text, out var address) ? address : throw new InvalidOperationException($"'{text}' in Jobs:Admins is not an address (0x and 40 digits; mixed case must be the EIP-55 checksum).");
}
