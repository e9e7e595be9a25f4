using System.Globalization;
using DePin.Abi.Solana;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Deployment;

/// <summary>
/// What makes accounts into the operators of a network of the program: bond, registration, and the sets. Each call looks at the chain first and does only what is missing, so it may be
/// repeated after a failure. Amounts are base units, fees lamports.
/// </summary>
public sealed class SolanaOperatorRegistration(SolanaRpc rpc, SolanaNetworkManifest manifest, SolanaFeePolicy? fees = null, TimeProvider? time = null)
{
    private readonly SolanaNetwork _network = manifest.Accounts;

    /// <summary>The least bond that the network takes, in base units.</summary>
    public ulong GetMinimumBond() => ulong.Parse(manifest.MinimumBond, NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>The associated token account of a wallet, from which its bond is drawn.</summary>
    public SolanaAddress TokensOf(SolanaAddress wallet) => _network.TokensOf(wallet);

    /// <summary>Base units in a wallet's associated token account; 0 where it has none.</summary>
    public async Task<ulong> GetBalanceAsync(SolanaAddress wallet, CancellationToken ct) =>
        _network.BalanceIn((await rpc.GetAccountInfoAsync(TokensOf(wallet), Finality.Safe, ct).ConfigureAwait(false)).Value);

    /// <summary>An operator as it is registered; null where none has that report key.</summary>
    public Task<Depin.OperatorAccount?> FindAsync(Address reportKey, CancellationToken ct) => ReadAsync<Depin.OperatorAccount>(_network.Operator(reportKey), ct);

    /// <summary>Sends what <paramref name="account"/> lacks of <paramref name="tokens"/>, to its associated token account, and of <paramref name="lamports"/> for rent and fees.</summary>
    public async Task FundAsync(PrivateKey from, SolanaAddress account, ulong tokens, ulong lamports, CancellationToken ct)
    {
        var payer = SolanaAddress.Of(from.PublicKey);
        var instructions = new List<SolanaInstruction>();
        var held = await GetBalanceAsync(account, ct).ConfigureAwait(false);
        if (held < tokens)
        {
            instructions.Add(_network.OpenTokens(payer, account));
            instructions.Add(_network.SendTokens(payer, account, tokens - held, manifest.Decimals));
        }

        var balance = (await rpc.GetBalanceAsync(account, Finality.Safe, ct).ConfigureAwait(false)).Value;
        if (balance < lamports) instructions.Add(SystemProgram.Transfer(payer, account, lamports - balance));
        if (instructions.Count > 0) await Sender(from).SendAsync(new SolanaTransactionRequest(instructions), ct).ConfigureAwait(false);
    }

    /// <summary>Registers the account's report key and protocol key with its bond; the account holds the tokens and pays rent and fees (about 0.004 SOL).</summary>
    /// <exception cref="SolanaProgramException">The program refuses; says why.</exception>
    public async Task RegisterAsync(PrivateKey account, Address reportKey, Bytes32 protocolKey, string endpoint, ulong bond, CancellationToken ct)
    {
        var address = SolanaAddress.Of(account.PublicKey);
        if (await FindAsync(reportKey, ct).ConfigureAwait(false) is { } known && known.Account == address && known.ProtocolKey == protocolKey) return;
        await Sender(account).SendAsync(
            new SolanaTransactionRequest(new Depin.RegisterOperatorInstruction(reportKey, protocolKey, bond, endpoint).ToInstruction(
                _network.Program, new Depin.RegisterOperatorAccounts { Account = address, Network = _network.Account, Source = TokensOf(address), TokenProgram = _network.TokenProgram })),
            ct).ConfigureAwait(false);
    }

    /// <summary>Who may schedule sets now: the owner may have changed since the deployment.</summary>
    public async Task<SolanaAddress> GetOwnerAsync(CancellationToken ct) =>
        (await ReadAsync<Depin.NetworkAccount>(_network.Account, ct).ConfigureAwait(false))?.Owner ?? throw new DeploymentException($"The cluster knows nothing of network '{manifest.Network}'. Deploy the network first.");

    /// <summary>Number of sets scheduled so far.</summary>
    public async Task<ulong> GetConfigCountAsync(CancellationToken ct) => (await GetLedgerAsync(ct).ConfigureAwait(false)).ConfigCount;

    /// <summary>The number of the set in force in an epoch; 0 where there is none yet.</summary>
    public async Task<ulong> GetConfigInForceAsync(ulong epoch, CancellationToken ct)
    {
        var ledger = await GetLedgerAsync(ct).ConfigureAwait(false);
        return ledger.Schedule.Take(ledger.Scheduled).Where(s => s.FirstEpoch <= epoch).Select(s => s.Count).DefaultIfEmpty().Max();
    }

    /// <summary>A set by its number, from 1; null where there is none.</summary>
    public Task<Depin.ConfigAccount?> GetConfigAsync(ulong count, CancellationToken ct) => ReadAsync<Depin.ConfigAccount>(_network.Config(count), ct);

    /// <summary>Schedules the set from an epoch on, with the manifest's parameters and rules; by the network's owner, who pays.</summary>
    /// <exception cref="SolanaProgramException">The program refuses; says why.</exception>
    /// <exception cref="DeploymentException">The set does not fit a transaction.</exception>
    public async Task ScheduleAsync(PrivateKey owner, IReadOnlyList<Address> reportKeys, ulong firstEpoch, CancellationToken ct)
    {
        var count = await GetConfigCountAsync(ct).ConfigureAwait(false);
        if (count > 0 && await GetConfigAsync(count, ct).ConfigureAwait(false) is { } newest && IsAs(newest, reportKeys, firstEpoch)) return;
        await Sender(owner).SendAsync(new SolanaTransactionRequest(ScheduleInstruction(SolanaAddress.Of(owner.PublicKey), reportKeys, firstEpoch, count)), ct).ConfigureAwait(false);
    }

    /// <summary>The instruction that schedules a set, keys ascending, after <paramref name="count"/> others: for an owner that is a multisig.</summary>
    /// <exception cref="DeploymentException">The set does not fit a transaction.</exception>
    public SolanaInstruction ScheduleInstruction(SolanaAddress owner, IReadOnlyList<Address> reportKeys, ulong firstEpoch, ulong count)
    {
        var instruction = new Depin.ScheduleConfigInstruction(firstEpoch, Bytes32.Parse(manifest.ParametersHash), Bytes32.Parse(manifest.RulesHash)).ToInstruction(
            _network.Program,
            new Depin.ScheduleConfigAccounts { Owner = owner, Payer = owner, Network = _network.Account, Config = _network.Config(count + 1), Previous = count == 0 ? null : _network.Config(count) },
            [.. reportKeys.Order().Select(k => SolanaAccountMeta.Writable(_network.Operator(k)))]);
        var size = SolanaMessage.Measure(owner, [ComputeBudget.SetUnitLimit(1), ComputeBudget.SetUnitPrice(1), instruction], null);
        return size <= SolanaMessage.MaxTransactionBytes
            ? instruction
            : throw new DeploymentException($"A set of {reportKeys.Count} operators takes a transaction of {size} bytes, and {SolanaMessage.MaxTransactionBytes} are the most. At most 22 operators fit.");
    }

    private async Task<Depin.LedgerAccount> GetLedgerAsync(CancellationToken ct) =>
        await ReadAsync<Depin.LedgerAccount>(_network.Ledger, ct).ConfigureAwait(false) ?? throw new DeploymentException($"Network '{manifest.Network}' has no ledger on this cluster. Deploy the network first.");

    private bool IsAs(in Depin.ConfigAccount config, IReadOnlyList<Address> reportKeys, ulong firstEpoch) =>
        config.FirstEpoch == firstEpoch && config.ParametersHash.ToString() == manifest.ParametersHash && config.RulesHash.ToString() == manifest.RulesHash
        && config.Members[..config.N].Select(m => m.ReportKey).SequenceEqual(reportKeys.Order());

    private SolanaTransactionSender Sender(PrivateKey key) => new(rpc, key, fees, SolanaVerifierTransactions.Names(_network.Program), time);

    private Task<T?> ReadAsync<T>(SolanaAddress address, CancellationToken ct)
        where T : struct, ISolanaAccount<T> => rpc.ReadProgramAccountAsync<T>(_network.Program, address, ct);
}
