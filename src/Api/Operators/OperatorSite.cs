using DePin.Cryptography;
using DePin.SignIn;
using DePin.Storage.Read;
using Microsoft.Extensions.Options;

namespace DePin.Api.Operators;

/// <summary>
/// The operator pages as a site to sign in to: whoever registered an operator on a mirrored network, removed, leaving and slashed ones too, since their bond, its thaw and its end concern them still.
/// </summary>
internal sealed class OperatorSite(Networks networks, OperatorReads operators, IOptions<ApiOptions> options) : ISignInSite
{
    public string Cookie => "depin-operator";

    public string Header => "X-Depin-Operator";

    public string Guarded => "/v1/operator";

    public IReadOnlyList<Uri> Origins => options.Value.Origins;

    public string OriginsSetting => "Api:Origins";

    public TimeSpan SessionLife => TimeSpan.FromMinutes(options.Value.SessionMinutes);

    public string WhoSignsIn => "An operator's pages are shown to the account that registered it, on Solana to its report key: sign in at /operator with that wallet.";

    /// <summary>What a message names in the place of an EIP-155 id whose operator is on a chain that has none: Solana. There the report key signs in, for the account's key is not one that EIP-4361 knows.</summary>
    private const ulong OtherChains = 0;

    public async Task<IReadOnlyList<ulong>> ChainsAsync(CancellationToken ct) => [.. (await networks.ListAsync(ct)).Select(n => n.EvmChainId ?? OtherChains).Distinct()];

    public Task<bool> MayEnterAsync(Address address, ulong? chain, CancellationToken ct) => operators.HasRegisteredAsync(chain switch { null => "", OtherChains => "solana:", { } id => $"eip155:{id}" }, address, ct);

    public string WhyNot(string address) =>
        $"{address} has registered no operator on this chain, as far as it is mirrored. Sign in with the account that bonded it, which is its transaction key and not its report key (on Solana: with the report key); after 'depin operator register' wait for the next blocks.";
}
