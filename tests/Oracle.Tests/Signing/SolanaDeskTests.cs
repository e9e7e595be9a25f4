using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Signing;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Oracle.Tests.Signing;

/// <summary>Which Solana messages the signer signs, and which it does not.</summary>
public sealed class SolanaDeskTests : IDisposable
{
    private const ulong MaximumFee = 1_000_000; // lamports

    private static readonly SolanaNetwork Network = new(Named("program"), Named("mint"));
    private static readonly NetworkId Id = new(Sha256.Hash("network"u8));
    private static readonly SolanaAddress Stranger = Named("stranger");
    private static readonly Bytes32 Digest = Sha256.Hash("report"u8);
    private static readonly byte[] Report = new byte[348];
    private static readonly byte[] Signature = new byte[64];

    private readonly OperatorKeyRing _keys = OperatorKeyRing.Generate(ChainKind.Solana);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("depin-signer");
    private readonly SignTable _table;
    private readonly SigningDesk _desk;

    public SolanaDeskTests()
    {
        var path = Path.Combine(_folder.FullName, "signed.table");
        SignTable.Create(path, _keys.Address, _keys.ProtocolKey, 0);
        _table = SignTable.Open(path, _keys.Address, _keys.ProtocolKey);
        _desk = new SigningDesk(_keys, _table, new SolanaSigningLimits(Id, Network, MaximumFee));
    }

    private SolanaAddress Self => _keys.Account.Solana;

    public void Dispose()
    {
        _table.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void Every_call_that_an_operator_makes_is_signed_and_the_signature_is_the_accounts()
    {
        foreach (var call in OperatorCalls(Network, Self))
        {
            var message = Message(ComputeBudget.SetUnitLimit(400_000), ComputeBudget.SetUnitPrice(1_000), call);
            var answer = _desk.SignTransaction(message.Bytes.Span);
            Assert.Equal((SigningRefusal.None, ""), (answer.Refusal, answer.Why));
            Assert.True(_keys.Transaction.PublicKey.Verify(message.Bytes.Span, answer.Signature));
        }

        Assert.Equal(SigningRefusal.None, Refusal(TokenProgram.CreateAssociated(Self, Self, Network.Mint)));
        Assert.Equal(SigningRefusal.None, Refusal(SystemProgram.AdvanceNonce(Named("nonce"), Self), Finalize(Network)));
    }

    [Fact]
    public void A_call_of_another_network_or_program_or_one_that_operators_do_not_make_is_not()
    {
        foreach (var call in OperatorCalls(new SolanaNetwork(Network.Program, Named("another mint")), Self).Where(c => c.Accounts.All(a => a.Address != Depin.Addresses.Buffer(Network.Program, Self))))
            Assert.Equal(SigningRefusal.WrongNetwork, Refusal(call));
        foreach (var call in OperatorCalls(new SolanaNetwork(Named("another program"), Network.Mint), Self)) Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(call));

        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(new Depin.RequestExitInstruction().ToInstruction(
            Network.Program, new Depin.RequestExitAccounts { Account = Self, Network = Network.Account, Operator = Network.Operator(_keys.Address) })));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(SystemProgram.Transfer(Self, Stranger, 1)));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(SystemProgram.WithdrawNonce(Named("nonce"), Self, Stranger, 1)));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(SystemProgram.AuthorizeNonce(Named("nonce"), Self, Stranger)));
        var advance = SystemProgram.AdvanceNonce(Named("nonce"), Self);
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(advance with { Data = new byte[] { 12, 0, 0, 0 } }));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(advance with { Data = new byte[] { 4, 0, 0, 0, 0 } }));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(TokenProgram.TransferChecked(Named("tokens"), Network.Mint, Stranger, Self, 1, 9)));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(MemoProgram.Write("hello")));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(Finalize(Network), SystemProgram.Transfer(Self, Stranger, 1)));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(ComputeBudget.SetUnitLimit(1)));
    }

    [Fact]
    public void A_call_whose_data_is_cut_off_or_goes_on_is_not()
    {
        foreach (var call in OperatorCalls(Network, Self))
        {
            Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(call with { Data = call.Data[..7] }));
            Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(call with { Data = (byte[])[.. call.Data.Span, 0] }));
        }
    }

    [Fact]
    public void Only_the_account_pays_and_signs_and_is_rewarded()
    {
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(SolanaMessage.Compile(Stranger, [Finalize(Network)], Digest)));
        var second = Finalize(Network);
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(second with { Accounts = [.. second.Accounts, SolanaAccountMeta.Signer(Stranger)] }));
        // As the place of the account stands another one, which the flags say does not sign.
        foreach (var call in OperatorCalls(Network, Stranger).Where(c => c.Accounts.Any(a => a.Address == Stranger)))
        {
            var unsigned = call with { Accounts = [.. call.Accounts.Select(a => a with { IsSigner = false })] };
            Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(unsigned));
        }

        var equivocation = Equivocation(Network, Self);
        Assert.Equal(SigningRefusal.None, Refusal(equivocation));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(equivocation with { Accounts = equivocation.Accounts.SetItem(7, SolanaAccountMeta.Writable(Stranger)) }));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(TokenProgram.CreateAssociated(Self, Stranger, Network.Mint)));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(TokenProgram.CreateAssociated(Self, Self, Named("another mint"))));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(TokenProgram.CreateAssociated(Self, Self, Network.Mint) with { Data = new byte[] { 2 } }));
    }

    [Fact]
    public void Fees_are_bounded_also_where_the_units_are_not_said()
    {
        // 5,000 of the signature, the rest by price.
        Assert.Equal(SigningRefusal.None, Refusal(ComputeBudget.SetUnitLimit(995_000), ComputeBudget.SetUnitPrice(1_000_000), Finalize(Network)));
        Assert.Equal(SigningRefusal.FeeTooHigh, Refusal(ComputeBudget.SetUnitLimit(995_001), ComputeBudget.SetUnitPrice(1_000_000), Finalize(Network)));
        Assert.Equal(SigningRefusal.FeeTooHigh, Refusal(ComputeBudget.SetUnitLimit(995_000), ComputeBudget.SetUnitPrice(1_000_001), Finalize(Network)));
        Assert.Equal(SigningRefusal.FeeTooHigh, Refusal(ComputeBudget.SetUnitLimit(uint.MaxValue), ComputeBudget.SetUnitPrice(ulong.MaxValue), Finalize(Network)));
        Assert.Equal(SigningRefusal.FeeTooHigh, Refusal(ComputeBudget.SetUnitPrice(1_000_000), Finalize(Network)));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(ComputeBudget.SetUnitPrice(ulong.MaxValue), ComputeBudget.SetUnitPrice(1), ComputeBudget.SetUnitLimit(1), Finalize(Network)));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(ComputeBudget.SetUnitLimit(1_000), ComputeBudget.SetUnitLimit(1), Finalize(Network)));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(ComputeBudget.RequestHeap(65_536), Finalize(Network)));
    }

    [Fact]
    public void A_message_of_version_0_and_what_is_no_message_is_not()
    {
        var table = new SolanaLookupTable(Named("table"), [Network.Ledger]);
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(SolanaMessage.CompileV0(Self, [Finalize(Network)], Digest, table)));
        Assert.Equal(SigningRefusal.CallNotAllowed, Refusal(SolanaMessage.CompileV0(Self, [Finalize(Network)], Digest)));
        var good = Message(Finalize(Network)).Bytes.ToArray();
        Assert.Equal(SigningRefusal.Malformed, _desk.SignTransaction([]).Refusal);
        Assert.Equal(SigningRefusal.Malformed, _desk.SignTransaction([.. good, 0]).Refusal);
        Assert.Equal(SigningRefusal.Malformed, _desk.SignTransaction(good.AsSpan(1)).Refusal);
        Assert.Equal(SigningRefusal.Malformed, _desk.SignTransaction(new byte[5_000]).Refusal);
        var random = new Random(20261122);
        for (var i = 0; i < 4_000; i++)
        {
            var bytes = good.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Assert.True(Enum.IsDefined(_desk.SignTransaction(bytes.AsSpan(0, random.Next(bytes.Length + 1))).Refusal));
        }
    }

    [Fact]
    public void Keys_of_the_other_kind_of_chain_make_no_desk_and_sign_no_transaction()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new SigningDesk(_keys, _table, SigningSetup.Limits));
        Assert.Contains("Solana", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => _keys.SignTransaction(new Chain.Evm.EvmTransaction { ChainId = 1, Nonce = 1, Gas = 1 }));
        Assert.Throws<InvalidOperationException>(() => OperatorKeyRing.Generate(ChainKind.Evm).SignTransaction(Message(Finalize(Network))));
    }

    [Fact]
    public async Task Over_the_socket_the_account_is_a_Solana_account_and_signs()
    {
        var socket = Path.Combine(_folder.FullName, "signer");
        await using var server = SignerServer.Start(socket, false, _desk, NullLogger<SignerServer>.Instance);
        using var signer = RemoteSigner.Connect(socket, Id, TimeSpan.FromMinutes(1));
        Assert.Equal(_keys.Account, signer.Account);
        Assert.Equal(SolanaAddress.Of(_keys.Transaction.PublicKey).ToString(), signer.Account.ToString());
        var message = Message(Finalize(Network));
        Assert.Equal(_keys.SignTransaction(message), signer.SignTransaction(message));
        var refused = Assert.Throws<SigningRefusedException>(() => signer.SignTransaction(Message(SystemProgram.Transfer(Self, Stranger, 1))));
        Assert.Equal(SigningRefusal.CallNotAllowed, refused.Refusal);
    }

    [Fact]
    public void A_key_ring_reads_an_Ed25519_key_as_the_account_and_refuses_the_other_chains()
    {
        _keys.Report.Save(Path.Combine(_folder.FullName, "report.key"));
        _keys.Protocol.Save(Path.Combine(_folder.FullName, "protocol.key"));
        _keys.Transaction.Save(Path.Combine(_folder.FullName, "transaction.key"));
        Assert.Equal(ChainAccount.Of(_keys.Transaction.PublicKey), OperatorKeyRing.Load(_folder.FullName, null, ChainKind.Solana).Account);
        var error = Assert.Throws<InvalidOperationException>(() => OperatorKeyRing.Load(_folder.FullName, null, ChainKind.Evm));
        Assert.Contains("transaction.key", error.Message, StringComparison.Ordinal);
        Assert.Contains("Secp256k1", error.Message, StringComparison.Ordinal);
    }

    /// <summary>All of an operator's calls of a network, made by an account.</summary>
    private static IEnumerable<SolanaInstruction> OperatorCalls(SolanaNetwork network, SolanaAddress self)
    {
        var (program, account) = (network.Program, network.Account);
        var (place, config) = (network.Signatures(Digest, self), network.Config(1));
        var placed = new Depin.Placed(1, Stranger, new Depin.Leaf(1, 2, Digest), [Digest]);
        yield return new Depin.AttestInstruction(Report, 1, [Signature]).ToInstruction(program, new Depin.AttestAccounts { Network = account, Config = config });
        yield return new Depin.OpenSignaturesInstruction(Report).ToInstruction(program, new Depin.OpenSignaturesAccounts { Payer = self, Network = account, Signatures = place });
        yield return new Depin.AddSignaturesInstruction(1, [Signature]).ToInstruction(program, new Depin.AddSignaturesAccounts { Network = account, Config = config, Signatures = place });
        yield return new Depin.CloseSignaturesInstruction().ToInstruction(program, new Depin.CloseSignaturesAccounts { Payer = self, Network = account, Signatures = place });
        yield return new Depin.AttestSignedInstruction().ToInstruction(program, new Depin.AttestSignedAccounts { Network = account, Config = config, Signatures = place, Payer = self });
        yield return Finalize(network);
        yield return new Depin.ProveTreeFaultInstruction(1, 0, placed, placed).ToInstruction(program, new Depin.ProveTreeFaultAccounts { Reporter = self, Network = account, Payout = network.Payout(Stranger) });
        yield return new Depin.ProveTreeFaultBufferedInstruction().ToInstruction(program, new Depin.ProveTreeFaultBufferedAccounts { Reporter = self, Network = account, Payout = network.Payout(Stranger) });
        yield return new Depin.WriteBufferInstruction(8, 0, new byte[8]).ToInstruction(program, new Depin.WriteBufferAccounts { Writer = self });
        yield return new Depin.CloseBufferInstruction().ToInstruction(program, new Depin.CloseBufferAccounts { Writer = self });
        yield return Equivocation(network, self);
    }

    private static SolanaInstruction Equivocation(SolanaNetwork network, SolanaAddress self) => new Depin.ProveEquivocationInstruction(Report, Report[64..], Signature, Signature).ToInstruction(
        network.Program, new Depin.ProveEquivocationAccounts
        {
            Reporter = self,
            Network = network.Account,
            Config = network.Config(1),
            Operator = network.Operator(Address.Zero),
            Mint = network.Mint,
            To = network.TokensOf(self),
            TokenProgram = network.TokenProgram,
        });

    private static SolanaInstruction Finalize(SolanaNetwork network) =>
        new Depin.FinalizeInstruction(1).ToInstruction(network.Program, new Depin.FinalizeAccounts { Network = network.Account, Mint = network.Mint, TokenProgram = network.TokenProgram });

    private static SolanaAddress Named(string name) => SolanaAddress.From(Sha256.Hash(System.Text.Encoding.UTF8.GetBytes(name)));

    private SolanaMessage Message(params SolanaInstruction[] instructions) => SolanaMessage.Compile(Self, instructions, Digest);

    private SigningRefusal Refusal(params SolanaInstruction[] instructions) => Refusal(Message(instructions));

    private SigningRefusal Refusal(SolanaMessage message) => _desk.SignTransaction(message.Bytes.Span).Refusal;
}
