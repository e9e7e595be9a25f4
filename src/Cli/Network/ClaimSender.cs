using System.CommandLine;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.Chain.Solana;
using DePin.ContractBindings.Evm;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Protocol.Rewards;
using DePin.Sdk.Network;

namespace DePin.Cli.Network;

/// <summary>A transaction with claims, in a block.</summary>
/// <param name="Name">As the chain's explorers write it.</param>
/// <param name="Hash">Whose trace it has: its hash, of a Solana signature the first 32 bytes.</param>
/// <param name="Block">Number of its block; on Solana its slot.</param>
/// <param name="Gas">What it used; null where the chain counts none.</param>
internal sealed record ClaimReceipt(string Name, Bytes32 Hash, ulong Block, ulong? Gas);

/// <summary>Sends claims: always to the account or the recipient that it chose, whoever pays for it.</summary>
internal interface IClaimSender : IDisposable
{
    /// <summary>What the chain holds.</summary>
    ISettlementReader Settlement { get; }

    /// <summary>Digits of the token after the point.</summary>
    byte Decimals { get; }

    /// <summary>Most claims of one transaction.</summary>
    int MostAtOnce { get; }

    /// <summary>Claims under one root.</summary>
    Task<ClaimReceipt> SendAsync(Bytes32 root, IReadOnlyList<ClaimProof> claims, CancellationToken ct);
}

/// <summary>Claims at the contracts of an EVM chain.</summary>
internal sealed class EvmClaimSender(EvmNetworkAccess network, TransactionSender sender) : IClaimSender
{
    // More than the contract's snapshots have for a claim of a batch that pays an account for the first time (65 k), and for what surrounds them (43 k).
    private const ulong GasOfBatch = 60_000;
    private const ulong GasOfClaim = 80_000;

    public ISettlementReader Settlement { get; } = new EvmSettlement(network);

    public byte Decimals => Tokens.EvmDecimals;

    public int MostAtOnce => 50;

    public async Task<ClaimReceipt> SendAsync(Bytes32 root, IReadOnlyList<ClaimProof> claims, CancellationToken ct)
    {
        // The breaker drains with time: by the time of its block the batch may pay claims that the estimate saw skipped.
        var call = new RewardDistributor.ClaimManyCall(root, [.. claims.Select(Claim)]);
        var request = new TransactionRequest(network.Contracts.Distributor, call.Encode()) { LeastGas = GasOfBatch + (GasOfClaim * (ulong)claims.Count) };
        var receipt = await sender.SendAsync(request, ct).ConfigureAwait(false);
        return new ClaimReceipt(receipt.TransactionHash.ToString(), receipt.TransactionHash, receipt.BlockNumber, (ulong)receipt.GasUsed);
    }

    public void Dispose() => sender.Dispose();

    private static RewardDistributor.Claim Claim(ClaimProof proof) => new(
        new ContractBindings.Evm.RewardLeaf(proof.Leaf.Index, EvmSettlement.AddressOf(proof.Leaf.Account), proof.Leaf.Cumulative, proof.Leaf.Prefix, proof.Leaf.ItemsHash), [.. proof.Siblings]);
}

/// <summary>Claims at the program: one a transaction, behind what makes the recipient's token account where that is not there yet; the sender pays its rent (some 0.002 SOL).</summary>
internal sealed class SolanaClaimSender(SolanaAccess access, SolanaTransactionSender sender) : IClaimSender
{
    public ISettlementReader Settlement { get; } = new SolanaSettlement(access);

    public byte Decimals => access.Manifest.Decimals;

    public int MostAtOnce => 1;

    public async Task<ClaimReceipt> SendAsync(Bytes32 root, IReadOnlyList<ClaimProof> claims, CancellationToken ct)
    {
        var proof = claims.Single();
        var account = SolanaAddress.From(proof.Leaf.Account.Value);
        var payout = await access.GetAsync<Depin.PayoutAccount>(access.Network.Payout(account), ct).ConfigureAwait(false);
        var open = access.Network.OpenTokens(sender.Payer, payout.Recipient);
        var claim = new Depin.ClaimInstruction(root, new Depin.Leaf(proof.Leaf.Cumulative, proof.Leaf.Prefix, proof.Leaf.ItemsHash), [.. proof.Siblings]).ToInstruction(access.Network.Program, new Depin.ClaimAccounts
        {
            Sender = sender.Payer,
            Network = access.Network.Account,
            Page = access.Network.PageOf(proof.Leaf.Index),
            Payout = access.Network.Payout(account),
            To = access.TokensOf(payout.Recipient),
            TokenProgram = access.Network.TokenProgram,
        });
        // The budget's instructions, which the sender adds, take room too.
        if (SolanaMessage.Measure(sender.Payer, [ComputeBudget.SetUnitLimit(1), ComputeBudget.SetUnitPrice(1), open, claim], null) <= SolanaMessage.MaxTransactionBytes)
            return Told(await sender.SendAsync(new SolanaTransactionRequest(open, claim), ct).ConfigureAwait(false));
        await sender.SendAsync(new SolanaTransactionRequest(open), ct).ConfigureAwait(false);
        return Told(await sender.SendAsync(new SolanaTransactionRequest(claim), ct).ConfigureAwait(false));
    }

    public void Dispose()
    {
    }

    private static ClaimReceipt Told(SolanaReceipt receipt) => new(receipt.Transaction.Id.Text, new Bytes32(SolanaSignature.Parse(receipt.Transaction.Id.Text).AsSpan()[..Bytes32.Size]), receipt.Slot, null);
}

/// <summary>The sender for the network that the options name.</summary>
internal static class ClaimSenders
{
    public static async Task<IClaimSender> OpenAsync(ParseResult parsed, CancellationToken ct)
    {
        if (NetworkOptions.LoadManifest(parsed) is SolanaNetworkManifest solana)
        {
            var access = await SolanaAccess.OpenAsync(parsed, solana, ct).ConfigureAwait(false);
            return new SolanaClaimSender(access, access.Sender(parsed));
        }

        var network = await NetworkOptions.AccessAsync(parsed, ct).ConfigureAwait(false);
        return new EvmClaimSender(network, new TransactionSender(network.Rpc, NetworkOptions.Sender(parsed), NetworkOptions.Fees));
    }
}
