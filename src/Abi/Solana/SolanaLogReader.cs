using System.Buffers;
using System.Globalization;

namespace DePin.Abi.Solana;

/// <summary>
/// Follows one transaction's log lines and says which program wrote the data in them. Only the runtime writes a line that is not
/// "Program log: …", "Program data: …" or a native program's own, so exactly its formats move the stack of invocations, and nothing that a
/// program logs does. Data is attributed to the innermost invocation. (Formats: agave's program-runtime, stable_log.rs.)
/// </summary>
/// <remarks>
/// From "Log truncated" on nothing is attributed: the runtime leaves out lines that are too long and still writes shorter ones, so that
/// the end of an invocation may be missing and its caller could pass for it. Not thread-safe; one reader may read any number of transactions.
/// </remarks>
public sealed class SolanaLogReader
{
    /// <summary>Invocations within one another; the runtime allows five, in future nine.</summary>
    public const int MaximumDepth = 16;

    private const string Prefix = "Program ";
    private const string DataPrefix = "Program data: ";
    private const string TruncatedLine = "Log truncated";

    private static readonly SearchValues<char> Base64Text = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");

    private readonly SolanaAddress[] _stack = new SolanaAddress[MaximumDepth];
    private byte[] _data = new byte[1024];

    /// <summary>How many invocations are open.</summary>
    public int Depth { get; private set; }

    /// <summary>The program that runs: whose data was just read.</summary>
    /// <exception cref="InvalidOperationException">None runs.</exception>
    public SolanaAddress Program => Depth > 0 ? _stack[Depth - 1] : throw new InvalidOperationException("No program runs at this line.");

    /// <summary>Whether the runtime left lines out: what the transaction's accounts say is then the only account of it.</summary>
    public bool Truncated { get; private set; }

    /// <summary>Whether an invocation failed, and with it the transaction: nothing that it logged has happened.</summary>
    public bool Failed { get; private set; }

    /// <summary>Whether a line cannot stand where it stands; nothing after it is attributed.</summary>
    public bool Malformed { get; private set; }

    /// <summary>Whether every line was there and every invocation ended well.</summary>
    public bool Complete => !Truncated && !Failed && !Malformed && Depth == 0;

    /// <summary>Begins another transaction.</summary>
    public void Reset()
    {
        Depth = 0;
        Truncated = Failed = Malformed = false;
    }

    /// <summary>
    /// Reads the next line. True for a line of data in one piece, as Anchor's events are: <paramref name="data"/> is then what <see cref="Program"/>
    /// wrote, valid until the next line. Lines with several pieces are not events.
    /// </summary>
    public bool Read(ReadOnlySpan<char> line, out ReadOnlySpan<byte> data)
    {
        data = default;
        if (Truncated || Malformed) return false;
        if (line.StartsWith(DataPrefix, StringComparison.Ordinal)) return Data(line[DataPrefix.Length..], out data);
        if (line.SequenceEqual(TruncatedLine)) Truncated = true;
        else if (line.StartsWith(Prefix, StringComparison.Ordinal)) Move(line[Prefix.Length..]);
        return false;
    }

    private bool Data(ReadOnlySpan<char> text, out ReadOnlySpan<byte> data)
    {
        data = default;
        if (Depth == 0)
        {
            Malformed = true;
            return false;
        }

        if (text.Contains(' ')) return false;
        if (_data.Length < text.Length) _data = new byte[text.Length];
        if (text.ContainsAnyExcept(Base64Text) || !Convert.TryFromBase64Chars(text, _data, out var length))
        {
            Malformed = true;
            return false;
        }

        data = _data.AsSpan(0, length);
        return true;
    }

    // What follows "Program ": "<address> invoke [<depth>]", "<address> success" or "<address> failed: <why>". Everything else stays without effect.
    private void Move(ReadOnlySpan<char> text)
    {
        var space = text.IndexOf(' ');
        Span<byte> bytes = stackalloc byte[SolanaAddress.Size];
        if (space < 0 || !Base58.TryDecode(text[..space], bytes)) return;
        var program = new SolanaAddress(bytes);
        var what = text[(space + 1)..];
        if (what.StartsWith("invoke [", StringComparison.Ordinal) && what[^1] == ']')
        {
            if (Depth < MaximumDepth && what["invoke [".Length..^1].SequenceEqual((Depth + 1).ToString(CultureInfo.InvariantCulture))) _stack[Depth++] = program;
            else Malformed = true;
            return;
        }

        var failed = what.StartsWith("failed: ", StringComparison.Ordinal);
        if (!failed && !what.SequenceEqual("success")) return;
        if (Depth > 0 && _stack[Depth - 1] == program) Depth--;
        else Malformed = true;
        Failed |= failed;
    }
}
