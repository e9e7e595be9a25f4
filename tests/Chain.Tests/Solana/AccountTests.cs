using System.Buffers.Binary;
using DePin.Abi.Solana;

namespace DePin.Chain.Tests.Solana;

/// <summary>Accounts that are not what somebody takes them for.</summary>
public sealed class AccountTests
{
    [Fact]
    public void A_nonce_account_is_one_that_can_be_spent()
    {
        byte[] data = [1, 0, 0, 0, 1, 0, 0, 0, .. Filled(7), .. Filled(8), 0x88, 0x13, 0, 0, 0, 0, 0, 0];
        Assert.Equal(new DurableNonce(new(Filled(7)), new(Filled(8)), 5000), DurableNonce.Decode(data));
        Assert.Contains("not initialised", Refusal(() => DurableNonce.Decode(With(data, 4, 0))), StringComparison.Ordinal);
        Assert.Contains("state 2", Refusal(() => DurableNonce.Decode(With(data, 4, 2))), StringComparison.Ordinal);
        Assert.Contains("version 0", Refusal(() => DurableNonce.Decode(With(data, 0, 0))), StringComparison.Ordinal);
        foreach (var length in new[] { 0, 79, 81 }) Assert.Contains("has 80 bytes", Refusal(() => DurableNonce.Decode(new byte[length])), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lookup_table_has_its_addresses_at_byte_56_with_an_authority_or_without()
    {
        byte[] owned = [1, 0, 0, 0, .. Number(ulong.MaxValue), .. Number(77), 1, 1, .. Filled(9), 0, 0, .. Filled(2), .. Filled(3)];
        byte[] frozen = [1, 0, 0, 0, .. Number(5), .. Number(77), 2, 0, .. new byte[34], .. Filled(2), .. Filled(3)];
        var table = LookupTableAccount.Decode(owned);
        Assert.Equal((null, 77UL, (byte)1, new SolanaAddress(Filled(9))), (table.DeactivationSlot, table.LastExtendedSlot, table.LastExtendedStart, table.Authority));
        Assert.Equal([new SolanaAddress(Filled(2)), new SolanaAddress(Filled(3))], table.Addresses.AsEnumerable());
        Assert.Equal((5UL, (SolanaAddress?)null, 2), (LookupTableAccount.Decode(frozen).DeactivationSlot!.Value, LookupTableAccount.Decode(frozen).Authority, LookupTableAccount.Decode(frozen).Addresses.Length));

        foreach (var data in new[] { owned, frozen })
        {
            for (var length = 0; length < data.Length; length++)
            {
                if (length == 88 && data == owned) Assert.Single(LookupTableAccount.Decode(data.AsSpan(0, length)).Addresses);
                else Refusal(() => LookupTableAccount.Decode(data.AsSpan(0, length)));
            }
        }

        Assert.Contains("not initialised", Refusal(() => LookupTableAccount.Decode(new byte[56])), StringComparison.Ordinal);
        Assert.Contains("of kind 2", Refusal(() => LookupTableAccount.Decode(With(owned, 0, 2))), StringComparison.Ordinal);
        Assert.Contains("which is 0 or 1", Refusal(() => LookupTableAccount.Decode(With(owned, 21, 2))), StringComparison.Ordinal);
        Assert.Contains("from 3 addresses, and has 2", Refusal(() => LookupTableAccount.Decode(With(owned, 20, 3))), StringComparison.Ordinal);
        Assert.Contains("257 addresses", Refusal(() => LookupTableAccount.Decode([.. owned, .. new byte[255 * 32]])), StringComparison.Ordinal);
        Assert.Contains("no multiple of 32", Refusal(() => LookupTableAccount.Decode([.. owned, 0])), StringComparison.Ordinal);
    }

    [Fact]
    public void A_mint_is_no_token_account_and_no_multisig()
    {
        byte[] mint = [1, 0, 0, 0, .. Filled(1), .. Number(1000), 6, 1, 0, 0, 0, 0, .. Filled(5)]; // an absent authority's bytes mean nothing
        byte[] account = [.. Filled(1), .. Filled(2), .. Number(10), 0, 0, 0, 0, .. Filled(5), 2, 1, 0, 0, 0, .. Number(2039280), .. Number(3), 1, 0, 0, 0, .. Filled(4)];
        Assert.Equal(new TokenMint(new(Filled(1)), 1000, 6, null, false), TokenMint.Decode(mint));
        var expected = new TokenAccount(new(Filled(1)), new(Filled(2)), 10, null, true, 2039280, 3, new(Filled(4)), false);
        Assert.Equal(expected, TokenAccount.Decode(account));
        Assert.Equal(expected with { HasExtensions = true }, TokenAccount.Decode([.. account, 2, 7, 0, 0, 0]));
        Assert.True(TokenMint.Decode([.. mint, .. new byte[83], 1, 1, 0]).HasExtensions);

        foreach (var length in new[] { 0, 81, 83, 164, 165, 355 }) Refusal(() => TokenMint.Decode(Sized(mint, length)));
        foreach (var length in new[] { 0, 82, 164, 355 }) Refusal(() => TokenAccount.Decode(Sized(account, length)));
        Assert.Contains("another kind's", Refusal(() => TokenMint.Decode([.. mint, .. new byte[83], 2])), StringComparison.Ordinal);
        Assert.Contains("another kind's", Refusal(() => TokenMint.Decode([.. mint, 1, .. new byte[82], 1])), StringComparison.Ordinal);
        Assert.Contains("another kind's", Refusal(() => TokenAccount.Decode([.. account, 1])), StringComparison.Ordinal);
        Assert.Contains("not initialised", Refusal(() => TokenMint.Decode(new byte[82])), StringComparison.Ordinal);
        Assert.Contains("not initialised", Refusal(() => TokenAccount.Decode(new byte[165])), StringComparison.Ordinal);
        Assert.Contains("the state 3", Refusal(() => TokenAccount.Decode(With(account, 108, 3))), StringComparison.Ordinal);
        Assert.Contains("initialised, which is 0 or 1", Refusal(() => TokenMint.Decode(With(mint, 45, 2))), StringComparison.Ordinal);
        Assert.Contains("neither absent (0) nor present (1)", Refusal(() => TokenMint.Decode(With(mint, 1, 1))), StringComparison.Ordinal);
        Assert.Contains("neither absent (0) nor present (1)", Refusal(() => TokenAccount.Decode(With(account, 109, 2))), StringComparison.Ordinal);
    }

    [Fact]
    public void The_loader_s_accounts_are_told_apart()
    {
        byte[] program = [2, 0, 0, 0, .. Filled(1)];
        byte[] final = [3, 0, 0, 0, .. Number(12), 0, .. new byte[32], 0x7f, 0x45];
        byte[] buffer = [1, 0, 0, 0, 1, .. Filled(2), 9];
        Assert.Equal(new LoaderProgram(new(Filled(1))), LoaderAccount.Decode(program));
        var data = Assert.IsType<LoaderProgramData>(LoaderAccount.Decode(final));
        Assert.Equal((12UL, (SolanaAddress?)null), (data.Slot, data.Authority));
        Assert.Equal([0x7f, 0x45], data.Code.ToArray());
        var written = Assert.IsType<LoaderBuffer>(LoaderAccount.Decode(buffer));
        Assert.Equal(new SolanaAddress(Filled(2)), written.Authority);
        Assert.Equal([9], written.Code.ToArray());

        foreach (var (whole, head) in new[] { (program, 36), (final, 45), (buffer, 37) })
        {
            for (var length = 0; length < head; length++) Refusal(() => LoaderAccount.Decode(whole.AsMemory(0, length)));
        }

        Assert.Contains("was closed", Refusal(() => LoaderAccount.Decode(new byte[4])), StringComparison.Ordinal);
        Assert.Contains("of kind 4", Refusal(() => LoaderAccount.Decode(With(program, 0, 4))), StringComparison.Ordinal);
        Assert.Contains("which is 0 or 1", Refusal(() => LoaderAccount.Decode(With(buffer, 4, 2))), StringComparison.Ordinal);
    }

    private static string Refusal(Action decode) => Assert.Throws<FormatException>(decode).Message;

    private static byte[] Filled(byte value) => [.. Enumerable.Repeat(value, 32)];

    private static byte[] Sized(byte[] data, int length)
    {
        var sized = data.ToArray();
        Array.Resize(ref sized, length);
        return sized;
    }

    private static byte[] With(byte[] data, int at, byte value)
    {
        var changed = data.ToArray();
        changed[at] = value;
        return changed;
    }

    private static byte[] Number(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
