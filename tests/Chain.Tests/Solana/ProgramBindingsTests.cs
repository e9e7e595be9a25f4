using System.Text.Json;
using DePin.Abi.Solana;
using DePin.BindingsGenerator.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

public sealed class ProgramBindingsTests
{
    private static readonly string Idl = RepositoryRoot.Combine("contracts", "solana", "idl", "depin.json");
    private static readonly BoundPrograms Programs = new(typeof(Depin).Assembly, SolanaGenerator.DefaultNamespace);

    [Fact]
    public async Task Every_account_event_and_instruction_reads_and_writes_what_anchor_does()
    {
        using var idl = JsonDocument.Parse(await File.ReadAllTextAsync(Idl));
        var all = Count("accounts") + Count("events") + Count("instructions");
        Assert.Equal(all, Programs.CheckCodec(await Witness.RunAsync("solana-borsh", 41, 25, Idl)));

        int Count(string kind) => idl.RootElement.GetProperty(kind).GetArrayLength();
    }

    [Fact]
    public async Task Every_instruction_has_the_accounts_and_the_data_that_anchors_client_gives_it()
    {
        var cases = await Witness.RunAsync("solana-instructions", 42, 12, Idl);
        Assert.DoesNotContain(cases, c => c.GetProperty("everything").GetBoolean());
        Programs.CheckInstructions(cases);
    }

    [Fact]
    public void The_committed_bindings_are_those_of_the_committed_idl()
    {
        var files = SolanaGenerator.Generate(RepositoryRoot.Combine("contracts", "solana", "idl"));
        var folder = RepositoryRoot.Combine("src", "ContractBindings", "Solana");
        Assert.Equal(files.Keys, Directory.GetFiles(folder, "*.g.cs").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        foreach (var (name, text) in files)
            Assert.True(text == File.ReadAllText(Path.Combine(folder, name)), $"{name} is not current: run scripts/bindings and commit the result.");
    }

    [Fact]
    public void Every_error_of_the_idl_has_its_number_name_and_message()
    {
        using var idl = JsonDocument.Parse(File.ReadAllText(Idl));
        var expected = idl.RootElement.GetProperty("errors").EnumerateArray()
            .Select(e => new SolanaError(e.GetProperty("code").GetUInt32(), e.GetProperty("name").GetString()!, e.GetProperty("msg").GetString()!)).ToList();
        Assert.Equal(expected, Depin.Errors.All);
        Assert.All(expected, e => Assert.Equal(e, Depin.Errors.Find(e.Code)));
        Assert.All(expected, e => Assert.Equal(e.Name, ((Depin.ErrorCode)e.Code).ToString()));
        Assert.Null(Depin.Errors.Find(5999));
    }

    [Fact]
    public void One_element_of_a_large_account_is_read_alone()
    {
        var claimed = Enumerable.Range(0, 1024).Select(i => (ulong)i * 1_000_003).ToArray();
        var data = new Depin.PageAccount(default, 7, claimed).Encode();
        Assert.Equal(Depin.PageAccount.Size, data.Length);
        var last = 0UL;
        Assert.Equal(0, Allocated.By(() => Assert.True(Depin.PageAccount.TryReadClaimed(data, 1023, out last))));
        Assert.Equal(claimed[1023], last);
        Assert.True(Depin.PageAccount.TryReadClaimed(data.AsSpan(0, Depin.PageAccount.Offsets.Claimed + 8), 0, out _));
        Assert.False(Depin.PageAccount.TryReadClaimed(data.AsSpan(0, Depin.PageAccount.Offsets.Claimed + 8), 1, out _));
        Assert.False(Depin.PageAccount.TryReadClaimed([0, .. data.AsSpan(1)], 0, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => Depin.PageAccount.TryReadClaimed(data, 1024, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => Depin.PageAccount.TryReadClaimed(data, -1, out _));
    }

    [Fact]
    public void Offsets_are_where_the_fields_lie()
    {
        var mint = SolanaAddress.From(new Bytes32([.. Enumerable.Range(1, 32).Select(i => (byte)i)]));
        var network = default(Depin.NetworkAccount) with { Mint = mint, EpochLength = 0x1122334455667788 };
        var data = network.Encode();
        Assert.Equal(mint.ToArray(), data.AsSpan(Depin.NetworkAccount.Offsets.Mint, 32).ToArray());
        Assert.Equal(0x88, data[Depin.NetworkAccount.Offsets.EpochLength]);
    }

    [Fact]
    public void An_account_that_keeps_other_bytes_behind_its_fields_is_read_as_far_as_these_go()
    {
        byte[] data = [.. new Depin.BufferAccount(default, 3).Encode(), 1, 2, 3];
        Assert.False(Depin.BufferAccount.TryDecode(data, out _));
        Assert.True(Depin.BufferAccount.TryDecodePrefix(data, out var buffer, out var length));
        Assert.Equal(3u, buffer.Length);
        Assert.Equal([1, 2, 3], data[length..]);
        Assert.False(Depin.BufferAccount.TryDecodePrefix(data.AsSpan(0, length - 1), out _, out _));
    }

    [Fact]
    public void An_instruction_an_account_and_an_event_are_named_by_their_first_bytes()
    {
        Assert.Equal("add_bond", Depin.NameOfInstruction(new Depin.AddBondInstruction(5).Encode()));
        Assert.Equal("Page", Depin.NameOfAccount(Depin.PageAccount.Discriminator));
        Assert.Equal("Claimed", Depin.NameOfEvent(Depin.ClaimedEvent.Discriminator));
        Assert.Null(Depin.NameOfInstruction(Depin.AddBondInstruction.Discriminator[..7]));
    }

    [Fact]
    public void Decoding_an_event_allocates_nothing()
    {
        var data = default(Depin.ClaimedEvent).Encode();
        Assert.True(Depin.ClaimedEvent.TryDecode(data, out _));
        Assert.Equal(0, Allocated.By(() =>
        {
            for (var i = 0; i < 1_000; i++) Depin.ClaimedEvent.TryDecode(data, out _);
        }));
    }

    [Fact]
    public void A_vec_that_claims_more_than_there_is_takes_no_memory()
    {
        var good = new Depin.ClaimInstruction(default, default, [default]).Encode();
        byte[] bad = [.. good];
        bad[^36] = bad[^35] = bad[^34] = bad[^33] = 0xff;
        Assert.True(Depin.ClaimInstruction.TryDecode(good, out _));
        Assert.False(Depin.ClaimInstruction.TryDecode(bad, out _));
        Assert.Equal(0, Allocated.By(() => Depin.ClaimInstruction.TryDecode(bad, out _)));
    }
}
