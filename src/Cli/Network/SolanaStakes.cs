using System.CommandLine;
using System.Globalization;
using System.Numerics;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;

namespace DePin.Cli.Network;

/// <summary><c>depin stake</c>, <c>depin unstake</c> and <c>depin withdraw</c> of a network on Solana.</summary>
internal static class SolanaStakes
{
    // contracts/solana/program/src/stake.rs: what stands in every price beside the pool's own shares and tokens.
    private const int VirtualShares = 1_000;
    private const int VirtualTokens = 1;

    public static async Task<int> StakeAsync(ParseResult parsed, Output output, SolanaNetworkManifest manifest, string tokens, string? provider, CancellationToken ct)
    {
        var access = await SolanaAccess.OpenAsync(parsed, manifest, ct).ConfigureAwait(false);
        var (sender, amount) = (access.Sender(parsed), access.Parse(tokens));
        var pool = ProviderOf(provider, sender.Payer);
        var held = await access.GetBalanceAsync(sender.Payer, ct).ConfigureAwait(false);
        if (held < amount) throw new CliException($"{sender.Payer} holds {access.Show(held)} tokens, less than {access.Show(amount)}.", ExitCodes.Refused);
        var receipt = await sender.SendAsync(new SolanaTransactionRequest(new Depin.DepositStakeInstruction(pool, amount, 0).ToInstruction(access.Network.Program, new Depin.DepositStakeAccounts
        {
            Staker = sender.Payer,
            Network = access.Network.Account,
            Source = access.TokensOf(sender.Payer),
            TokenProgram = access.Network.TokenProgram,
            Payout = pool == sender.Payer ? access.Network.Payout(pool) : null, // a provider shows that it has a payout index
        })), ct).ConfigureAwait(false);
        var stake = (await access.GetAsync<Depin.PoolAccount>(PoolOf(access, pool), ct).ConfigureAwait(false)).Tokens;
        output.Answer(
            new { provider = pool.ToString(), staked = Text(amount), stake = Text(stake), block = receipt.Slot },
            $"Staked {access.Show(amount)} with {pool}, who now has {access.Show(stake)}.");
        return ExitCodes.Success;
    }

    public static async Task<int> UnstakeAsync(ParseResult parsed, Output output, SolanaNetworkManifest manifest, string tokens, string? provider, CancellationToken ct)
    {
        var access = await SolanaAccess.OpenAsync(parsed, manifest, ct).ConfigureAwait(false);
        var (sender, amount) = (access.Sender(parsed), access.Parse(tokens));
        var staker = sender.Payer;
        var from = ProviderOf(provider, staker);
        var (pool, position) = await FindAsync(access, from, staker, ct).ConfigureAwait(false);
        // Shares of a pool that was slashed to nothing are worth nothing.
        var held = position.Generation == pool.Generation ? position.Shares : UInt128.Zero;
        if (held == 0) throw new CliException($"{staker} has no stake with {from}.", ExitCodes.Refused);
        var (price, unit) = ((BigInteger)pool.Shares + VirtualShares, (BigInteger)pool.Tokens + VirtualTokens);
        // The fewest shares worth the amount; all of them where that is what they are worth.
        var shares = ((amount * price) + unit - 1) / unit;
        if (shares > (BigInteger)held) throw new CliException($"{staker} has {access.Show((BigInteger)held * unit / price)} staked with {from}, less than {access.Show(amount)}.", ExitCodes.Refused);
        await sender.SendAsync(new SolanaTransactionRequest(new Depin.RequestThawInstruction((UInt128)shares, 0).ToInstruction(access.Network.Program, new Depin.RequestThawAccounts
        {
            Staker = staker,
            Network = access.Network.Account,
            Pool = PoolOf(access, from),
            Position = PositionOf(access, from, staker),
        })), ct).ConfigureAwait(false);
        // Thaws are numbered upwards: the newest open one is this.
        var thaw = (await FindAsync(access, from, staker, ct).ConfigureAwait(false)).Position.Thaws.Where(t => t.ReadyAt > 0).MaxBy(t => t.ThawId);
        var tokensThawing = shares * unit / price;
        var ready = DateTimeOffset.FromUnixTimeSeconds((long)thaw.ReadyAt);
        output.Answer(
            new { provider = from.ToString(), thaw = Text(thaw.ThawId), tokens = tokensThawing.ToString(CultureInfo.InvariantCulture), readyAt = ready },
            $"Thaw {thaw.ThawId} of {access.Show(tokensThawing)} is ready at {ready:u} (chain time). Then: depin withdraw {thaw.ThawId}");
        return ExitCodes.Success;
    }

    public static async Task<int> WithdrawAsync(ParseResult parsed, Output output, SolanaNetworkManifest manifest, long thaw, string? provider, CancellationToken ct)
    {
        if (thaw is < 0 or > uint.MaxValue) throw new CliException($"{thaw} is no number of a thaw.", ExitCodes.Usage);
        var access = await SolanaAccess.OpenAsync(parsed, manifest, ct).ConfigureAwait(false);
        var sender = access.Sender(parsed);
        var pool = ProviderOf(provider, sender.Payer);
        var (_, position) = await FindAsync(access, pool, sender.Payer, ct).ConfigureAwait(false);
        var receipt = await Reverts.WhereAsync(
            () => sender.SendAsync(
                new SolanaTransactionRequest(
                    access.Network.OpenTokens(sender.Payer, sender.Payer),
                    new Depin.WithdrawStakeInstruction((uint)thaw).ToInstruction(access.Network.Program, new Depin.WithdrawStakeAccounts
                    {
                        Staker = sender.Payer,
                        Network = access.Network.Account,
                        Pool = PoolOf(access, pool),
                        Position = PositionOf(access, pool, sender.Payer),
                        To = access.TokensOf(sender.Payer),
                        TokenProgram = access.Network.TokenProgram,
                    })),
                ct),
            "ThawNotReady", () => Reverts.ThawIsOverAt(position.Thaws.First(t => t.ThawId == thaw && t.ReadyAt > 0).ReadyAt)).ConfigureAwait(false);
        output.Answer(new { withdrawn = true, block = receipt.Slot }, $"Withdrawn in slot {receipt.Slot}.");
        return ExitCodes.Success;
    }

    private static async Task<(Depin.PoolAccount Pool, Depin.PositionAccount Position)> FindAsync(SolanaAccess access, SolanaAddress provider, SolanaAddress staker, CancellationToken ct)
    {
        var pool = await access.FindAsync<Depin.PoolAccount>(PoolOf(access, provider), ct).ConfigureAwait(false);
        var position = await access.FindAsync<Depin.PositionAccount>(PositionOf(access, provider, staker), ct).ConfigureAwait(false);
        return pool is { } p && position is { } q ? (p, q) : throw new CliException($"{staker} has no stake with {provider}.", ExitCodes.Refused);
    }

    private static SolanaAddress ProviderOf(string? given, SolanaAddress own) =>
        given is null ? own : SolanaAddress.TryParse(given, out var address) ? address : throw new CliException($"'{given}' is no account on Solana: base58 of 32 bytes is expected.", ExitCodes.Usage);

    private static SolanaAddress PoolOf(SolanaAccess access, SolanaAddress provider) => Depin.Addresses.Pool(access.Network.Program, access.Network.Account, provider);

    private static SolanaAddress PositionOf(SolanaAccess access, SolanaAddress provider, SolanaAddress staker) => Depin.Addresses.Position(access.Network.Program, access.Network.Account, provider, staker);

    private static string Text(ulong value) => value.ToString(CultureInfo.InvariantCulture);
}
