using DePin.Cryptography;
using DePin.Signing;

namespace DePin.Oracle.Tests.Signing;

/// <summary>The never-sign-twice table as a file: what survives, what is cut off, and what ends the signer.</summary>
public sealed class SignTableTests : IDisposable
{
    private static readonly Bytes32 Config = Sha256.Hash("config"u8);
    private static readonly Bytes32 One = Sha256.Hash("one"u8);
    private static readonly Bytes32 Other = Sha256.Hash("other"u8);

    private readonly SigningSetup _setup = new();

    public void Dispose() => _setup.Dispose();

    [Fact]
    public void A_licence_is_bound_once_for_ever_and_each_part_of_it_counts()
    {
        var licence = new Licence(LicenceKind.Report, Config, 5, 1, 0);
        using (var table = _setup.Open())
        {
            Assert.Equal(One, table.Bind(licence, One));
            Assert.Equal(One, table.Bind(licence, Other));
        }

        using var again = _setup.Open();
        Assert.Equal(One, again.Bind(licence, Other));
        Assert.Equal(Other, again.Bind(licence with { Kind = LicenceKind.Prepare }, Other));
        Assert.Equal(Other, again.Bind(licence with { Config = One }, Other));
        Assert.Equal(Other, again.Bind(licence with { Epoch = 6 }, Other));
        Assert.Equal(Other, again.Bind(licence with { Generation = 2 }, Other));
        Assert.Equal(Other, again.Bind(licence with { View = 1 }, Other));
        Assert.Equal(6, again.Count);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_setup.TablePath));
    }

    [Fact]
    public void Two_asked_at_once_get_one_answer()
    {
        using var table = _setup.Open();
        for (ulong epoch = 1; epoch <= 20; epoch++)
        {
            var licence = new Licence(LicenceKind.Report, Config, epoch, 0, 0);
            var answers = new Bytes32?[4];
            Parallel.For(0, answers.Length, i => answers[i] = table.Bind(licence, i % 2 == 0 ? One : Other));
            Assert.Single(answers.Distinct());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(SignTable.LineSize - 1)]
    public void An_end_that_was_not_written_out_is_cut_off_and_what_was_before_it_stands(int written)
    {
        Fill(3);
        var whole = File.ReadAllBytes(_setup.TablePath);
        File.WriteAllBytes(_setup.TablePath, whole[..(whole.Length - SignTable.LineSize + written)]);
        using (var table = _setup.Open())
        {
            Assert.Equal(written, table.CutOff);
            Assert.Equal(2, table.Count);
            Assert.Equal(Other, table.Bind(new Licence(LicenceKind.Report, Config, 3, 0, 0), Other)); // its licence was never answered
        }

        using var again = _setup.Open();
        Assert.Equal((0, 3), (again.CutOff, again.Count));
    }

    [Fact]
    public void A_last_line_whose_end_was_never_filled_is_unfinished_too()
    {
        Fill(2);
        using (var file = new FileStream(_setup.TablePath, FileMode.Append)) file.Write([1, 2, 3, .. new byte[SignTable.LineSize - 3]]);
        using var table = _setup.Open();
        Assert.Equal((SignTable.LineSize, 2), (table.CutOff, table.Count));
    }

    [Fact]
    public void A_changed_byte_anywhere_ends_it_with_a_message_that_says_what_to_do()
    {
        Fill(3);
        var whole = File.ReadAllBytes(_setup.TablePath);
        for (var at = 0; at < whole.Length; at++)
        {
            var changed = whole.ToArray();
            changed[at] ^= 0x40;
            File.WriteAllBytes(_setup.TablePath, changed);
            var error = Assert.Throws<InvalidOperationException>(() => _setup.Open().Dispose());
            Assert.Contains("--used-until", error.Message, StringComparison.Ordinal);
        }

        File.WriteAllBytes(_setup.TablePath, whole);
        _setup.Open().Dispose();
    }

    [Fact]
    public void A_line_that_was_taken_out_or_moved_is_noticed()
    {
        Fill(3);
        var whole = File.ReadAllBytes(_setup.TablePath);
        File.WriteAllBytes(_setup.TablePath, [.. whole[..SignTable.HeadSize], .. whole[(SignTable.HeadSize + SignTable.LineSize)..]]);
        Assert.Throws<InvalidOperationException>(() => _setup.Open().Dispose());
    }

    [Fact]
    public void A_missing_table_is_not_made_in_silence_and_one_that_is_there_is_not_overwritten()
    {
        Assert.Throws<InvalidOperationException>(() => SignTable.Create(_setup.TablePath, _setup.Keys.Address, _setup.Keys.ProtocolKey, 0));
        File.Delete(_setup.TablePath);
        Assert.Contains("depin signer init", Assert.Throws<InvalidOperationException>(() => _setup.Open().Dispose()).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_setup.TablePath));
    }

    [Fact]
    public void A_table_of_other_keys_is_not_taken()
    {
        var stranger = PrivateKey.Generate(KeyType.Secp256k1).Address;
        Assert.Contains(_setup.Keys.Address.ToString(), Assert.Throws<InvalidOperationException>(() => SignTable.Open(_setup.TablePath, stranger, _setup.Keys.ProtocolKey).Dispose()).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Throws<InvalidOperationException>(() => SignTable.Open(_setup.TablePath, _setup.Keys.Address, Other).Dispose());
    }

    [Fact]
    public void Two_cannot_hold_it_at_one_time()
    {
        using (_setup.Open())
        {
            Assert.Contains("only one may", Assert.Throws<InvalidOperationException>(() => _setup.Open().Dispose()).Message, StringComparison.Ordinal);
        }

        _setup.Open().Dispose();
    }

    [Fact]
    public void After_a_loss_nothing_up_to_the_floor_is_signed()
    {
        File.Delete(_setup.TablePath);
        SignTable.Create(_setup.TablePath, _setup.Keys.Address, _setup.Keys.ProtocolKey, usedUntil: 9);
        using var table = _setup.Open();
        var desk = _setup.Desk(table);
        Assert.Equal(SigningRefusal.BeforeFloor, desk.SignReport(SigningSetup.Report(9, 0, "a").Encode()).Refusal);
        Assert.Equal(SigningRefusal.BeforeFloor, desk.SignReport(SigningSetup.Report(9, 3, "a").Encode()).Refusal);
        Assert.Equal(SigningRefusal.None, desk.SignReport(SigningSetup.Report(10, 0, "a").Encode()).Refusal);
    }

    private void Fill(int lines)
    {
        using var table = _setup.Open();
        for (var epoch = 1; epoch <= lines; epoch++) table.Bind(new Licence(LicenceKind.Report, Config, (ulong)epoch, 0, 0), One);
    }
}
