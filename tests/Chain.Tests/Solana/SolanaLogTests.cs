using DePin.Abi.Solana;
using DePin.Cryptography;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

public sealed class SolanaLogTests
{
    private static readonly SolanaAddress Victim = Numbered(1);
    private static readonly SolanaAddress Attacker = Numbered(2);
    private static readonly SolanaAddress Token = SolanaAddress.Parse("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");

    [Fact]
    public void Data_belongs_to_the_innermost_program_that_runs()
    {
        var logs = SolanaLogs.Parse(
        [
            "Program ComputeBudget111111111111111111111111111111 invoke [1]",
            "Program ComputeBudget111111111111111111111111111111 success",
            $"Program {Attacker} invoke [1]",
            "Program log: Instruction: Claim",
            "Program data: AQ==",
            $"Program {Victim} invoke [2]",
            $"Program {Token} invoke [3]",
            "Program log: Instruction: Transfer",
            $"Program {Token} consumed 76 of 199000 compute units",
            $"Program {Token} success",
            "Program data: Ag==",
            $"Program return: {Victim} AQAAAAAAAAA=",
            $"Program {Victim} consumed 5000 of 200000 compute units",
            $"Program {Victim} success",
            "Program data: Aw==",
            $"Program {Attacker} success",
            $"Program {Victim} invoke [1]",
            "Program consumption: 1000 units remaining",
            "Program data: BA==",
            $"Program {Victim} success",
        ]);
        Assert.Equal($"{Attacker} 1 01, {Victim} 2 02, {Attacker} 1 03, {Victim} 1 04", Show(logs));
        Assert.True(logs.Complete);
        Assert.False(logs.Failed);
    }

    // Each line is the program's own text behind "Program log: " or "Program data: ", or one that only looks like the runtime's.
    [Theory]
    [InlineData("Program log: Program VICTIM invoke [2]")]
    [InlineData("Program log: \nProgram VICTIM invoke [2]")]
    [InlineData("Program log: ATTACKER success")]
    [InlineData("Program log: Program ATTACKER success")]
    [InlineData("Program log: Log truncated")]
    [InlineData("Program VICTIM invoke [2] ")]
    [InlineData("Program VICTIM  invoke [2]")]
    [InlineData(" Program VICTIM invoke [2]")]
    [InlineData("program VICTIM invoke [2]")]
    [InlineData("Program VICTIM invoke 2")]
    [InlineData("Program VICTIM log: invoke [2]")]
    [InlineData("Program ATTACKER success ")]
    [InlineData("Program ATTACKER successful")]
    [InlineData("Program ATTACKER failed")]
    [InlineData("Program failed to complete: x")]
    [InlineData("Transfer: insufficient lamports 1, need 2")]
    public void No_text_of_a_program_moves_the_stack(string line)
    {
        var logs = SolanaLogs.Parse([$"Program {Attacker} invoke [1]", Fill(line), "Program data: AQ==", $"Program {Attacker} success"]);
        Assert.Equal($"{Attacker} 1 01", Show(logs));
        Assert.True(logs.Complete);
    }

    [Theory]
    [InlineData("Program VICTIM success")] // ends what does not run
    [InlineData("Program VICTIM failed: custom program error: 0x1")]
    [InlineData("Program VICTIM invoke [1]")] // a depth that cannot be
    [InlineData("Program VICTIM invoke [3]")]
    [InlineData("Program VICTIM invoke [02]")]
    [InlineData("Program VICTIM invoke []")]
    [InlineData("Program data: A")] // no base64
    [InlineData("Program data: AQ==\n")]
    [InlineData("Program data: A\u0430==")]
    public void From_a_line_that_cannot_stand_there_on_nothing_is_attributed(string line)
    {
        var logs = SolanaLogs.Parse([$"Program {Attacker} invoke [1]", "Program data: AQ==", Fill(line), "Program data: Ag==", $"Program {Attacker} success"]);
        Assert.DoesNotContain(logs.Data, d => d.Data.Span[0] != 1);
        Assert.False(logs is { Complete: true, Failed: false });
    }

    [Fact]
    public void Only_the_innermost_invocation_ends()
    {
        var logs = SolanaLogs.Parse(
            [$"Program {Victim} invoke [1]", $"Program {Attacker} invoke [2]", $"Program {Victim} success", "Program data: Ag==", $"Program {Attacker} success"]);
        Assert.Empty(logs.Data);
        Assert.False(logs.Complete);
    }

    [Fact]
    public void Data_outside_of_every_invocation_is_nobodys()
    {
        Assert.False(SolanaLogs.Parse(["Program data: AQ=="]).Complete);
        var after = SolanaLogs.Parse([$"Program {Victim} invoke [1]", $"Program {Victim} success", "Program data: AQ=="]);
        Assert.Empty(after.Data);
        Assert.False(after.Complete);
    }

    // The runtime leaves out the victim's "success", which is long, and writes the attacker's data, which is short.
    [Fact]
    public void After_truncation_nothing_is_attributed_for_the_end_of_an_invocation_may_be_missing()
    {
        var logs = SolanaLogs.Parse([$"Program {Attacker} invoke [1]", $"Program {Victim} invoke [2]", "Program data: AQ==", "Log truncated", "Program data: Ag=="]);
        Assert.Equal($"{Victim} 2 01", Show(logs));
        Assert.False(logs.Complete);
        Assert.False(logs.Failed);
    }

    [Fact]
    public void A_failed_transaction_has_no_data()
    {
        var logs = SolanaLogs.Parse(
        [
            $"Program {Attacker} invoke [1]", "Program data: AQ==", $"Program {Victim} invoke [2]", "Program data: Ag==",
            $"Program {Victim} failed: custom program error: 0x1770", $"Program {Attacker} failed: custom program error: 0x1770",
        ]);
        Assert.True(logs.Failed);
        Assert.Empty(logs.Data);
    }

    [Fact]
    public void A_log_that_ends_within_an_invocation_is_not_complete() => Assert.False(SolanaLogs.Parse([$"Program {Victim} invoke [1]", "Program data: AQ=="]).Complete);

    [Fact]
    public void Data_in_several_pieces_is_no_event()
    {
        var logs = SolanaLogs.Parse([$"Program {Victim} invoke [1]", "Program data: AQ== Ag==", "Program data: ", $"Program {Victim} success"]);
        Assert.Equal(0, Assert.Single(logs.Data).Data.Length);
        Assert.True(logs.Complete);
    }

    [Fact]
    public void Invocations_deeper_than_the_runtime_has_are_refused()
    {
        var reader = new SolanaLogReader();
        for (var depth = 1; depth <= SolanaLogReader.MaximumDepth; depth++) reader.Read($"Program {Victim} invoke [{depth}]", out _);
        Assert.False(reader.Malformed);
        reader.Read($"Program {Victim} invoke [{SolanaLogReader.MaximumDepth + 1}]", out _);
        Assert.True(reader.Malformed);
    }

    [Fact]
    public void Reading_lines_allocates_nothing_once_the_reader_has_grown()
    {
        string[] lines = [$"Program {Victim} invoke [1]", $"Program data: {Convert.ToBase64String(new byte[6_000])}", "Program log: x", $"Program {Victim} success"];
        var reader = new SolanaLogReader();
        Assert.Equal(6_000, Sum());
        Assert.Equal(0, Allocated.By(() =>
        {
            for (var i = 0; i < 100; i++) Sum();
        }));

        int Sum()
        {
            var sum = 0;
            reader.Reset();
            foreach (var line in lines)
            {
                if (reader.Read(line, out var data)) sum += data.Length;
            }

            return reader.Complete ? sum : -1;
        }
    }

    private static string Fill(string line) =>
        line.Replace("VICTIM", Victim.ToString(), StringComparison.Ordinal).Replace("ATTACKER", Attacker.ToString(), StringComparison.Ordinal);

    private static string Show(SolanaLogs logs) => string.Join(", ", logs.Data.Select(d => $"{d.Program} {d.Depth} {Convert.ToHexStringLower(d.Data.Span)}"));

    private static SolanaAddress Numbered(byte number) => SolanaAddress.From(new Bytes32([.. Enumerable.Repeat(number, 32)]));
}
