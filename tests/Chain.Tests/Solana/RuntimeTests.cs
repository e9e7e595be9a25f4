using DePin.Abi.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using Programs = DePin.Abi.Solana.SolanaPrograms;

namespace DePin.Chain.Tests.Solana;

/// <summary>Instructions in Solana's own runtime, and the accounts that it makes of them.</summary>
public sealed class RuntimeTests
{
    [Fact]
    public async Task The_system_program_makes_accounts_and_moves_lamports()
    {
        await using var svm = SolanaRuntime.Start();
        var (payer, account, bare) = (await svm.FundAsync(), Key(), Key());
        var seeded = ProgramAddress.CreateWithSeed(Of(payer), "box", Programs.Memo);
        var rent = await svm.RentAsync(10);
        await svm.DoAsync(
            [
                SystemProgram.CreateAccount(Of(payer), Of(account), rent, 10, Programs.Memo),
                SystemProgram.Transfer(Of(payer), Of(bare), rent),
                SystemProgram.Allocate(Of(bare), 10),
                SystemProgram.Assign(Of(bare), Programs.Token),
                SystemProgram.CreateAccountWithSeed(Of(payer), seeded, Of(payer), "box", rent, 7, Programs.Memo),
                MemoProgram.Write("Grenoble №7", Of(payer), Of(bare)),
            ],
            payer, account, bare);
        foreach (var (address, owner, size) in new[] { (Of(account), Programs.Memo, 10), (Of(bare), Programs.Token, 10), (seeded, Programs.Memo, 7) })
        {
            var made = await svm.AccountAsync(address);
            Assert.Equal((owner, size, rent), (made!.Value.Owner, made.Value.Data.Length, made.Value.Lamports));
        }
    }

    [Fact]
    public async Task A_nonce_s_value_is_a_lifetime_that_does_not_expire()
    {
        await using var svm = SolanaRuntime.Start();
        var (payer, nonce, authority, next) = (await svm.FundAsync(), Key(), Key(), Key());
        var rent = await svm.RentAsync(DurableNonce.Size);
        await svm.DoAsync([SystemProgram.CreateAccount(Of(payer), Of(nonce), rent, DurableNonce.Size, Programs.System), SystemProgram.InitializeNonce(Of(nonce), Of(authority))], payer, nonce);
        var before = DurableNonce.Decode((await svm.AccountAsync(Of(nonce)))!.Value.Data);
        Assert.Equal(Of(authority), before.Authority);

        var message = SolanaMessage.Compile(Of(payer), [SystemProgram.AdvanceNonce(Of(nonce), Of(authority)), SystemProgram.Transfer(Of(payer), Of(next), rent)], before.Value);
        Assert.Equal(Of(nonce), message.NonceAccount);
        var transaction = SolanaTransaction.Unsigned(message).Sign(payer, authority);
        await svm.ExpireBlockhashAsync();
        await svm.ExpireBlockhashAsync();
        Assert.Null(await svm.SendAsync(transaction));
        Assert.NotNull(await svm.SendAsync(transaction)); // the value is spent
        var after = DurableNonce.Decode((await svm.AccountAsync(Of(nonce)))!.Value.Data);
        Assert.NotEqual(before.Value, after.Value);

        await svm.DoAsync([SystemProgram.AuthorizeNonce(Of(nonce), Of(authority), Of(next))], payer, authority);
        Assert.Equal(Of(next), DurableNonce.Decode((await svm.AccountAsync(Of(nonce)))!.Value.Data).Authority);
        await svm.DoAsync([SystemProgram.WithdrawNonce(Of(nonce), Of(next), Of(payer), rent)], payer, next);
        Assert.Null(await svm.AccountAsync(Of(nonce)));
    }

    [Fact]
    public async Task A_lookup_table_is_made_extended_used_and_closed()
    {
        await using var svm = SolanaRuntime.Start();
        var (payer, authority) = (await svm.FundAsync(), Key());
        await svm.WarpAsync(1000);
        var (table, _) = AddressLookupTableProgram.Find(Of(authority), 999);
        SolanaAddress[] first = [.. Enumerable.Range(0, 3).Select(_ => Of(Key()))];
        SolanaAddress[] second = [.. Enumerable.Range(0, 20).Select(_ => Of(Key()))];
        await svm.DoAsync([AddressLookupTableProgram.Create(Of(authority), Of(payer), 999)], payer, authority);
        Assert.Empty(await Table());
        await svm.DoAsync([AddressLookupTableProgram.Extend(table, Of(authority), Of(payer), first)], payer, authority);
        await svm.WarpAsync(1001);
        await svm.DoAsync([AddressLookupTableProgram.Extend(table, Of(authority), Of(payer), second)], payer, authority);
        var state = LookupTableAccount.Decode((await svm.AccountAsync(table))!.Value.Data);
        Assert.Equal([.. first, .. second], state.Addresses.AsEnumerable());
        Assert.Equal((null, 1001UL, (byte)3, Of(authority)), (state.DeactivationSlot, state.LastExtendedSlot, state.LastExtendedStart, state.Authority));
        Assert.Equal((3, 23), (state.UsableAt(1001), state.UsableAt(1002)));

        // What a table holds is usable from the slot after the one that added it.
        Assert.Equal(first, state.ToTable(table, 1001).Addresses.AsEnumerable());
        Assert.Equal("error 25\n", await Send(second, state.ToTable(table, 1002))); // InvalidAddressLookupTableIndex
        await svm.WarpAsync(1002);
        Assert.Null(await Send(second, state.ToTable(table, 1002)));
        foreach (var address in second) Assert.Equal(1_000_000UL, (await svm.AccountAsync(address))!.Value.Lamports);

        await svm.DoAsync([AddressLookupTableProgram.Deactivate(table, Of(authority))], payer, authority);
        Assert.Equal(1002UL, LookupTableAccount.Decode((await svm.AccountAsync(table))!.Value.Data).DeactivationSlot);
        Assert.NotNull(await svm.TryAsync([AddressLookupTableProgram.Close(table, Of(authority), Of(payer))], payer, authority));
        await svm.WarpAsync(1600);
        await svm.DoAsync([AddressLookupTableProgram.Close(table, Of(authority), Of(payer))], payer, authority);
        Assert.Null(await svm.AccountAsync(table));

        async Task<SolanaAddress[]> Table() => [.. LookupTableAccount.Decode((await svm.AccountAsync(table))!.Value.Data).Addresses];
        SolanaInstruction[] Pay(SolanaAddress[] to) => [.. to.Select(a => SystemProgram.Transfer(Of(payer), a, 1_000_000))];
        async Task<string?> Send(SolanaAddress[] to, SolanaLookupTable from)
        {
            await svm.ExpireBlockhashAsync();
            var message = SolanaMessage.CompileV0(Of(payer), Pay(to), await svm.BlockhashAsync(), from);
            Assert.Equal(to.Length, message.Lookups.Single().Writable.Length);
            return await svm.SendAsync(SolanaTransaction.Unsigned(message).Sign(payer));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tokens_are_made_moved_and_their_accounts_closed(bool is2022)
    {
        await using var svm = SolanaRuntime.Start();
        var program = is2022 ? Programs.Token2022 : Programs.Token;
        var (payer, mint, other, heir) = (await svm.FundAsync(), Key(), Key(), Key());
        var associated = ProgramAddress.AssociatedToken(Of(payer), Of(mint), program);
        await svm.DoAsync(
            [
                SystemProgram.CreateAccount(Of(payer), Of(mint), await svm.RentAsync(TokenMint.Size), TokenMint.Size, program),
                TokenProgram.InitializeMint(Of(mint), 6, Of(payer), Of(heir), program),
                TokenProgram.CreateAssociated(Of(payer), Of(payer), Of(mint), program),
                TokenProgram.CreateAssociated(Of(payer), Of(payer), Of(mint), program), // again: it is there, and that is no error
                SystemProgram.CreateAccount(Of(payer), Of(other), await svm.RentAsync(TokenAccount.Size), TokenAccount.Size, program),
                TokenProgram.InitializeAccount(Of(other), Of(mint), Of(heir), program),
                TokenProgram.MintTo(Of(mint), associated, Of(payer), 1_000, program),
                TokenProgram.TransferChecked(associated, Of(mint), Of(other), Of(payer), 400, 6, program),
            ],
            payer, mint, other);
        var state = TokenMint.Decode((await svm.AccountAsync(Of(mint)))!.Value.Data);
        Assert.Equal(new TokenMint(Of(payer), 1_000, 6, Of(heir), false), state);
        Assert.Equal(new TokenAccount(Of(mint), Of(heir), 400, null, false, null, 0, null, false), TokenAccount.Decode((await svm.AccountAsync(Of(other)))!.Value.Data));
        var own = TokenAccount.Decode((await svm.AccountAsync(associated))!.Value.Data);
        Assert.Equal((600UL, Of(payer), is2022), (own.Amount, own.Owner, own.HasExtensions)); // Token-2022's associated accounts have an immutable owner

        Assert.NotNull(await svm.TryAsync([TokenProgram.TransferChecked(Of(other), Of(mint), associated, Of(heir), 400, 5, program)], payer, heir));
        await svm.DoAsync(
            [
                TokenProgram.TransferChecked(Of(other), Of(mint), associated, Of(heir), 400, 6, program),
                TokenProgram.SetAuthority(Of(other), TokenAuthority.CloseAccount, Of(heir), Of(payer), program),
                TokenProgram.SetAuthority(Of(mint), TokenAuthority.MintTokens, Of(payer), null, program),
                TokenProgram.SetAuthority(Of(mint), TokenAuthority.FreezeAccount, Of(heir), null, program),
            ],
            payer, heir);
        Assert.Equal(Of(payer), TokenAccount.Decode((await svm.AccountAsync(Of(other)))!.Value.Data).CloseAuthority);
        await svm.DoAsync([TokenProgram.CloseAccount(Of(other), Of(payer), Of(payer), program)], payer);
        Assert.Null(await svm.AccountAsync(Of(other)));
        Assert.Equal(new TokenMint(null, 1_000, 6, null, false), TokenMint.Decode((await svm.AccountAsync(Of(mint)))!.Value.Data));
    }

    [Fact]
    public async Task A_program_is_deployed_upgraded_handed_over_extended_and_closed()
    {
        await using var svm = SolanaRuntime.Start();
        var code = await File.ReadAllBytesAsync(Path.Combine(RepositoryRoot.Find(), "contracts", "solana", "artifacts", "depin.so"));
        var (payer, program, authority) = (await svm.FundAsync(), Key(), Key());
        var data = UpgradeableLoader.ProgramData(Of(program));

        var buffer = await Fill();
        var filled = Assert.IsType<LoaderBuffer>(await Read(buffer));
        Assert.Equal(Of(payer), filled.Authority);
        Assert.Equal(code, filled.Code.ToArray());
        await svm.DoAsync(
            [
                SystemProgram.CreateAccount(Of(payer), Of(program), await svm.RentAsync(LoaderProgram.Size), LoaderProgram.Size, Programs.UpgradeableLoader),
                UpgradeableLoader.Deploy(Of(payer), Of(program), buffer, Of(payer), (ulong)code.Length),
            ],
            payer, program);
        Assert.Equal(new LoaderProgram(data), await Read(Of(program)));
        var deployed = Assert.IsType<LoaderProgramData>(await Read(data));
        Assert.Equal(Of(payer), deployed.Authority);
        Assert.Equal(code, deployed.Code.ToArray());

        await svm.WarpAsync(10);
        Assert.Contains("custom program error", await svm.TryAsync([new(Of(program), [], new byte[8])], payer) ?? "", StringComparison.Ordinal); // it runs, and knows no such instruction
        var second = await Fill();
        await svm.DoAsync([UpgradeableLoader.Upgrade(Of(program), second, Of(payer), Of(payer))], payer);
        Assert.Equal(10UL, Assert.IsType<LoaderProgramData>(await Read(data)).Slot);

        await svm.WarpAsync(20);
        Assert.Contains("requires a minimum", await svm.TryAsync([UpgradeableLoader.ExtendProgram(Of(program), Of(payer), UpgradeableLoader.MinExtension - 1)], payer) ?? "", StringComparison.Ordinal);
        await svm.DoAsync([UpgradeableLoader.ExtendProgram(Of(program), Of(payer), UpgradeableLoader.MinExtension)], payer);
        Assert.Equal(code.Length + UpgradeableLoader.MinExtension, Assert.IsType<LoaderProgramData>(await Read(data)).Code.Length);
        await svm.DoAsync([UpgradeableLoader.SetAuthority(data, Of(payer), Of(authority))], payer);
        Assert.Equal(Of(authority), Assert.IsType<LoaderProgramData>(await Read(data)).Authority);
        await svm.DoAsync([UpgradeableLoader.SetAuthorityChecked(data, Of(authority), Of(payer))], payer, authority);
        Assert.Equal(Of(payer), Assert.IsType<LoaderProgramData>(await Read(data)).Authority);

        var third = await Fill();
        await svm.DoAsync([UpgradeableLoader.CloseBuffer(third, Of(payer), Of(payer))], payer);
        Assert.Null(await svm.AccountAsync(third));
        await svm.WarpAsync(30);
        await svm.DoAsync([UpgradeableLoader.CloseProgram(Of(program), Of(payer), Of(payer))], payer);
        Assert.Null(await svm.AccountAsync(data));

        async Task<LoaderAccount> Read(SolanaAddress address) => LoaderAccount.Decode((await svm.AccountAsync(address))!.Value.Data);
        async Task<SolanaAddress> Fill()
        {
            var key = Key();
            var size = LoaderBuffer.CodeOffset + code.Length;
            await svm.DoAsync(
                [SystemProgram.CreateAccount(Of(payer), Of(key), await svm.RentAsync(size), (ulong)size, Programs.UpgradeableLoader), UpgradeableLoader.InitializeBuffer(Of(key), Of(payer))],
                payer, key);
            var blockhash = await svm.BlockhashAsync();
            for (var at = 0; at < code.Length; at += UpgradeableLoader.MaxWrite)
            {
                var piece = code.AsMemory(at, Math.Min(UpgradeableLoader.MaxWrite, code.Length - at));
                var message = SolanaMessage.Compile(Of(payer), [UpgradeableLoader.Write(Of(key), Of(payer), (uint)at, piece.Span)], blockhash);
                Assert.True(at > 0 || message.TransactionSize == SolanaMessage.MaxTransactionBytes);
                Assert.Null(await svm.SendAsync(SolanaTransaction.Unsigned(message).Sign(payer)));
            }

            return Of(key);
        }
    }

    [Fact]
    public async Task Precompiles_verify_the_signatures_of_devices()
    {
        await using var svm = SolanaRuntime.Start();
        var payer = await svm.FundAsync();
        foreach (var type in new[] { KeyType.Ed25519, KeyType.P256 })
        {
            for (var i = 0; i < 8; i++)
            {
                SignatureCheck[] checks = [.. Enumerable.Range(0, 1 + (i % 3)).Select(n => Check(type, new byte[(i * 10) + n]))];
                await svm.DoAsync([SignatureCheck.Instruction(checks)], payer);
                var wrong = checks.Append(Check(type, [1, 2, 3]) with { Message = new byte[] { 1, 2, 4 } });
                Assert.NotNull(await svm.TryAsync([SignatureCheck.Instruction([.. wrong])], payer));
            }
        }

        var (one, two) = (Check(KeyType.Ed25519, [1]), Check(KeyType.P256, [1]));
        Assert.Throws<ArgumentException>(() => SignatureCheck.Instruction());
        Assert.Throws<ArgumentException>(() => SignatureCheck.Instruction(one, two));
        Assert.Throws<ArgumentException>(() => SignatureCheck.Instruction(one with { Signature = new byte[63] }));
        Assert.Throws<ArgumentException>(() => SignatureCheck.Instruction(one with { Message = new byte[100_000] }));
        Assert.Throws<ArgumentException>(() => SignatureCheck.Instruction(Check(KeyType.Secp256k1, [1])));

        static SignatureCheck Check(KeyType type, byte[] message)
        {
            var key = PrivateKey.Generate(type);
            return new(key.PublicKey, key.Sign(message), message);
        }
    }

    [Fact]
    public async Task A_budget_is_what_a_transaction_gets()
    {
        await using var svm = SolanaRuntime.Start();
        var payer = await svm.FundAsync();
        var memo = MemoProgram.Write("a text that costs some thousand units", Of(payer));
        await svm.DoAsync([ComputeBudget.SetUnitLimit(50_000), ComputeBudget.RequestHeap(65_536), ComputeBudget.SetLoadedDataLimit(500_000), memo], payer);
        Assert.Contains("exceeded", await svm.TryAsync([ComputeBudget.SetUnitLimit(200), memo], payer) ?? "", StringComparison.Ordinal);
        Assert.NotNull(await svm.TryAsync([ComputeBudget.SetLoadedDataLimit(1), memo], payer));
        Assert.Throws<ArgumentOutOfRangeException>(() => ComputeBudget.RequestHeap(65_537));

        var before = (await svm.AccountAsync(Of(payer)))!.Value.Lamports;
        await svm.DoAsync([ComputeBudget.SetUnitLimit(100_000), ComputeBudget.SetUnitPrice(3_000_000), memo], payer);
        Assert.Equal(5_000UL + (100_000 * 3), before - (await svm.AccountAsync(Of(payer)))!.Value.Lamports);
    }

    private static PrivateKey Key() => PrivateKey.Generate(KeyType.Ed25519);

    private static SolanaAddress Of(PrivateKey key) => SolanaAddress.Of(key.PublicKey);
}
