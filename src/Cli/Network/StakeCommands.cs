using System.CommandLine;
using System.Globalization;
using DePin.Abi;
using DePin.Chain.Deployment;
using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;

namespace DePin.Cli.Network;

/// <summary><c>depin stake</c> and <c>depin unstake</c>.</summary>
public static class StakeCommands
{
    private static readonly Argument<string> Amount = new("amount") { Description = "Tokens, for example 100 or 12.5" };
    private static readonly Option<string?> Provider = new("--provider") { Description = "Pool to stake in (default: the sender's own)" };

    /// <summary>The commands.</summary>
    public static IEnumerable<Command> Create()
    {
        Option[] common = [Provider, NetworkOptions.Manifest, NetworkOptions.Rpc, NetworkOptions.Key];
        var stake = new Command("stake", "Deposit into a provider's pool") { Amount };
        var unstake = new Command("unstake", "Start the thaw of a stake; it stays slashable until it is withdrawn") { Amount };
        var thaw = new Argument<long>("thaw") { Description = "Number of the thaw, as `depin unstake` told" };
        var withdraw = new Command("withdraw", "Take out a stake whose thaw is over") { thaw };
        foreach (var option in common)
        {
            stake.Add(option);
            unstake.Add(option);
            withdraw.Add(option);
        }

        yield return stake.Does(StakeAsync);
        yield return unstake.Does(UnstakeAsync);
        yield return withdraw.Does(async (parsed, output, ct) =>
        {
            if (NetworkOptions.LoadManifest(parsed) is SolanaNetworkManifest solana) return await SolanaStakes.WithdrawAsync(parsed, output, solana, parsed.GetValue(thaw), parsed.GetValue(Provider), ct).ConfigureAwait(false);
            var network = await NetworkOptions.AccessAsync(parsed, ct).ConfigureAwait(false);
            using var sender = new TransactionSender(network.Rpc, NetworkOptions.Sender(parsed), NetworkOptions.Fees);
            var receipt = await sender.SendAsync(network.Contracts.Staking, new ProviderStaking.WithdrawCall(PoolOf(parsed, sender), (ulong)parsed.GetValue(thaw)), ct).ConfigureAwait(false);
            output.Answer(new { withdrawn = true, block = receipt.BlockNumber }, $"Withdrawn in block {receipt.BlockNumber}.");
            return ExitCodes.Success;
        });
    }

    private static async Task<int> StakeAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        if (NetworkOptions.LoadManifest(parsed) is SolanaNetworkManifest solana)
            return await SolanaStakes.StakeAsync(parsed, output, solana, parsed.GetRequiredValue(Amount), parsed.GetValue(Provider), ct).ConfigureAwait(false);
        var network = await NetworkOptions.AccessAsync(parsed, ct).ConfigureAwait(false);
        var amount = Tokens.Parse(parsed.GetRequiredValue(Amount));
        using var sender = new TransactionSender(network.Rpc, NetworkOptions.Sender(parsed), NetworkOptions.Fees);
        var held = await network.Rpc.CallAsync(network.Contracts.Token, new NetworkToken.BalanceOfCall(sender.Account), BlockTag.Latest, ct).ConfigureAwait(false);
        if (held < amount) throw new CliException($"{sender.Account} holds {Tokens.Show(held)} tokens, less than {Tokens.Show(amount)}.", ExitCodes.Refused);
        var allowance = await network.Rpc.CallAsync(network.Contracts.Token, new NetworkToken.AllowanceCall(sender.Account, network.Contracts.Staking), BlockTag.Latest, ct).ConfigureAwait(false);
        if (allowance < amount) await sender.SendAsync(network.Contracts.Token, new NetworkToken.ApproveCall(network.Contracts.Staking, amount), ct).ConfigureAwait(false);
        var pool = PoolOf(parsed, sender);
        var receipt = await sender.SendAsync(network.Contracts.Staking, new ProviderStaking.DepositCall(pool, amount, 0), ct).ConfigureAwait(false);
        var stake = await network.Rpc.CallAsync(network.Contracts.Staking, new ProviderStaking.StakeOfCall(pool), BlockTag.Latest, ct).ConfigureAwait(false);
        output.Answer(
            new { provider = pool, staked = amount.ToString(CultureInfo.InvariantCulture), stake = stake.ToString(CultureInfo.InvariantCulture), block = receipt.BlockNumber },
            $"Staked {Tokens.Show(amount)} with {pool}, who now has {Tokens.Show(stake)}.");
        return ExitCodes.Success;
    }

    private static async Task<int> UnstakeAsync(ParseResult parsed, Output output, CancellationToken ct)
    {
        if (NetworkOptions.LoadManifest(parsed) is SolanaNetworkManifest solana)
            return await SolanaStakes.UnstakeAsync(parsed, output, solana, parsed.GetRequiredValue(Amount), parsed.GetValue(Provider), ct).ConfigureAwait(false);
        var network = await NetworkOptions.AccessAsync(parsed, ct).ConfigureAwait(false);
        var amount = Tokens.Parse(parsed.GetRequiredValue(Amount));
        using var sender = new TransactionSender(network.Rpc, NetworkOptions.Sender(parsed), NetworkOptions.Fees);
        var provider = PoolOf(parsed, sender);
        var pool = await network.Rpc.CallAsync(network.Contracts.Staking, new ProviderStaking.PoolCall(provider), BlockTag.Latest, ct).ConfigureAwait(false);
        var held = await network.Rpc.CallAsync(network.Contracts.Staking, new ProviderStaking.SharesOfCall(provider, sender.Account), BlockTag.Latest, ct).ConfigureAwait(false);
        if (pool.Tokens == 0 || held == 0) throw new CliException($"{sender.Account} has no stake with {provider}.", ExitCodes.Refused);
        // The fewest shares worth the amount; all of them where that is what they are worth.
        var shares = (UInt256)(((System.Numerics.BigInteger)amount * pool.Shares + pool.Tokens - 1) / pool.Tokens);
        if (shares > held) throw new CliException($"{sender.Account} has {Tokens.Show((System.Numerics.BigInteger)held * pool.Tokens / pool.Shares)} staked with {provider}, less than {Tokens.Show(amount)}.", ExitCodes.Refused);
        var receipt = await sender.SendAsync(network.Contracts.Staking, new ProviderStaking.RequestThawCall(provider, (UInt128)shares, 0), ct).ConfigureAwait(false);
        var log = default(ProviderStaking.ThawRequestedEvent);
        var found = false;
        for (var i = 0; i < receipt.Logs.Count && !found; i++) found = ProviderStaking.ThawRequestedEvent.TryDecode(receipt.Logs.View(i), out log);
        if (!found) throw new InvalidOperationException($"Block {receipt.BlockNumber} holds the transaction but not its event. Is the manifest that of another network?");
        var ready = DateTimeOffset.FromUnixTimeSeconds((long)log.ReadyAt);
        output.Answer(new { provider, thaw = log.ThawId.ToString(), tokens = log.Tokens.ToString(), readyAt = ready }, $"Thaw {log.ThawId} of {Tokens.Show(log.Tokens)} is ready at {ready:u} (chain time). Then: depin withdraw {log.ThawId}");
        return ExitCodes.Success;
    }

    private static Address PoolOf(ParseResult parsed, TransactionSender sender) => parsed.GetValue(Provider) is { } text ? Address.Parse(text) : sender.Account;
}
