using DePin.Cryptography;
using DePin.Protocol.Lanes;

namespace DePin.Protocol.Rounds;

/// <summary>Whether the secp256k1 key of an operator's address signed the report digest, with low s.</summary>
public delegate bool ReportSignatureVerifier(Address signer, Bytes32 reportDigest, CompactSignature signature);

/// <summary>How long to wait. Times grow with the view as base × (view + 1), up to the ceiling.</summary>
/// <param name="Propose">For a proposal and the recomputation of its report.</param>
/// <param name="Vote">After q votes, for the rest of them.</param>
/// <param name="Ceiling">The longest wait.</param>
/// <param name="Resend">Between repetitions.</param>
/// <param name="Listen">Silence at start; at least two resends.</param>
public sealed record RoundTimings(TimeSpan Propose, TimeSpan Vote, TimeSpan Ceiling, TimeSpan Resend, TimeSpan Listen)
{
    /// <summary>For operators on the Internet: 20 s, 4 s, 10 min, 5 s, 12 s.</summary>
    public static RoundTimings Default { get; } = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(4), TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(12));

    /// <summary>The wait of a timer in a view.</summary>
    public TimeSpan Of(RoundTimer timer, uint view) => timer switch
    {
        RoundTimer.Listen => Listen,
        RoundTimer.Resend => Resend,
        RoundTimer.Propose => Grown(Propose, view),
        _ => Grown(Vote, view),
    };

    private TimeSpan Grown(TimeSpan first, uint view)
    {
        var ticks = (Int128)first.Ticks * (view + 1L);
        return ticks < Ceiling.Ticks ? new TimeSpan((long)ticks) : Ceiling;
    }
}

/// <summary>Everything that a machine knows at its birth. All honest operators have the same but for themselves and their timings.</summary>
public sealed record RoundContext
{
    /// <summary>The agreement.</summary>
    public required RoundInstance Instance { get; init; }

    /// <summary>The network.</summary>
    public required NetworkId Network { get; init; }

    /// <summary>The config's operators.</summary>
    public required OperatorSet Operators { get; init; }

    /// <summary>Own position in them.</summary>
    public required byte Self { get; init; }

    /// <summary>Cut of the report before, over the present operators; no cut goes below it.</summary>
    public required Cut PreviousCut { get; init; }

    /// <summary>The last block before the period's end.</summary>
    public required ulong AnchorNumber { get; init; }

    /// <summary>Its hash.</summary>
    public required Bytes32 AnchorHash { get; init; }

    /// <summary>How long to wait.</summary>
    public required RoundTimings Timings { get; init; }

    /// <summary>Signs with the own protocol key.</summary>
    public required ProtocolSigner Sign { get; init; }

    /// <summary>Judges protocol signatures.</summary>
    public ProtocolSignatureVerifier Verify { get; init; } = ProtocolSignature.Verify;

    /// <summary>Judges report signatures.</summary>
    public ReportSignatureVerifier VerifyReport { get; init; } = static (signer, digest, signature) =>
        Secp256k1.TryRecover(digest, signature.ToArray(), out Address recovered) && recovered == signer;
}
