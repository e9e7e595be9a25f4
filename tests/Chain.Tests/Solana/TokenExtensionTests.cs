using DePin.Abi.Solana;
using DePin.Cryptography;
using Programs = DePin.Abi.Solana.SolanaPrograms;

namespace DePin.Chain.Tests.Solana;

/// <summary>Extensions of Token-2022, as the program itself writes them.</summary>
public sealed class TokenExtensionTests
{
    [Fact]
    public async Task Extensions_are_read_as_the_program_wrote_them()
    {
        await using var svm = SolanaRuntime.Start();
        var (payer, mint) = (await svm.FundAsync(), PrivateKey.Generate(KeyType.Ed25519));
        var address = Of(mint);
        const int size = 166 + 4 + 64 + 4 + 32 + 4;
        await svm.DoAsync(
            [
                SystemProgram.CreateAccount(Of(payer), address, await svm.RentAsync(size), size, Programs.Token2022),
                Call([39, 0, .. Of(payer).ToArray(), .. address.ToArray()]),
                Call([25, 1, .. Of(payer).ToArray()]),
                Call([32]),
                TokenProgram.InitializeMint(address, 6, Of(payer), program: Programs.Token2022),
                TokenProgram.CreateAssociated(Of(payer), Of(payer), address, Programs.Token2022),
            ],
            payer, mint);
        var data = (await svm.AccountAsync(address))!.Value.Data;
        Assert.Equal(
            [
                (TokenExtensionType.MetadataPointer, Convert.ToHexString([.. Of(payer).ToArray(), .. address.ToArray()])),
                (TokenExtensionType.MintCloseAuthority, Convert.ToHexString(Of(payer).ToArray())),
                (TokenExtensionType.NonTransferable, ""),
            ],
            TokenExtension.OfMint(data).Select(e => (e.Type, Convert.ToHexString(e.Value.Span))));
        Assert.True(TokenMint.Decode(data).HasExtensions);

        var account = (await svm.AccountAsync(ProgramAddress.AssociatedToken(Of(payer), address, Programs.Token2022)))!.Value.Data;
        Assert.Equal([TokenExtensionType.ImmutableOwner, TokenExtensionType.NonTransferableAccount], TokenExtension.OfAccount(account).Select(e => e.Type).Order());
        Assert.Throws<FormatException>(() => TokenExtension.OfMint(account));
        Assert.Throws<FormatException>(() => TokenExtension.OfAccount(data));

        SolanaInstruction Call(byte[] bytes) => new(Programs.Token2022, [SolanaAccountMeta.Writable(address)], bytes);
    }

    [Fact]
    public void What_is_cut_off_too_long_or_followed_by_something_is_refused()
    {
        byte[] mint = [.. new byte[165], 1];
        byte[] pointer = [18, 0, 3, 0, 7, 8, 9];
        Assert.Empty(TokenExtension.OfMint(new byte[82]));
        Assert.Empty(TokenExtension.OfMint(mint));
        Assert.Empty(TokenExtension.OfMint((byte[])[.. mint, 0, 0, 0, 0, 0, 0]));
        Assert.Equal([TokenExtensionType.MetadataPointer, (TokenExtensionType)999], TokenExtension.OfMint((byte[])[.. mint, .. pointer, 0xe7, 3, 0, 0, 0, 0]).Select(e => e.Type));
        for (var length = 1; length < pointer.Length; length++)
        {
            byte[] cut = [.. mint, .. pointer[..length]];
            Assert.Throws<FormatException>(() => TokenExtension.OfMint(cut));
        }

        foreach (var rest in new byte[][] { [0, 0, 0, 0, 1], [0, 0, 1, 0, 0], [18, 0, 0xff, 0xff], [1, 0, 0], [.. pointer, 0, 0, 9] })
            Assert.Throws<FormatException>(() => TokenExtension.OfMint((byte[])[.. mint, .. rest]));
        foreach (var kind in new byte[] { 0, 2, 3 }) Assert.Throws<FormatException>(() => TokenExtension.OfMint((byte[])[.. new byte[165], kind, .. pointer]));
        foreach (var length in new[] { 0, 81, 83, 165, 355 }) Assert.Throws<FormatException>(() => TokenExtension.OfMint(new byte[length]));
        Assert.Throws<FormatException>(() => TokenExtension.OfMint((byte[])[.. new byte[164], 1, 1, .. pointer]));
    }

    private static SolanaAddress Of(PrivateKey key) => SolanaAddress.Of(key.PublicKey);
}
