using System.Text.Json.Serialization;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Reports;

namespace DePin.Client;

/// <summary>Which events of the live stream; heads, reorgs and resets always come.</summary>
[Flags]
public enum LiveKinds
{
    /// <summary>Heads, reorgs and resets only.</summary>
    None = 0,

    /// <summary><see cref="ReportChanged"/>.</summary>
    Reports = 1,

    /// <summary><see cref="ClaimPaid"/>.</summary>
    Claims = 2,

    /// <summary><see cref="DeviceChanged"/>.</summary>
    Devices = 4,

    /// <summary><see cref="EvidenceImported"/>.</summary>
    Evidence = 8,

    /// <summary>Everything.</summary>
    All = Reports | Claims | Devices | Evidence,
}

/// <summary>Something that happened in a network.</summary>
public abstract record LiveEvent;

/// <summary>All up to here was told.</summary>
/// <param name="Block">The mirror's newest block.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Finalized">Newest final block; -1 before there is one.</param>
/// <param name="Imported">Newest epoch whose evidence was recomputed; 0 before the first.</param>
public sealed record HeadMoved(long Block, [property: JsonConverter(typeof(BlockHashConverter))] Bytes32 Hash, long Finalized, Epoch Imported) : LiveEvent
{
    /// <summary>What <see cref="IDePinApi.FollowAsync"/> resumes after, in another run of the program.</summary>
    [JsonIgnore]
    public string? Id { get; init; }
}

/// <summary>A report was accepted, challenged, cancelled or became final.</summary>
public sealed record ReportChanged(long Block, Epoch Epoch, Generation Generation, ReportDigest Digest, ReportStatus Status) : LiveEvent;

/// <summary>A claim was paid.</summary>
/// <param name="Block">Where.</param>
/// <param name="Account">Whose rewards.</param>
/// <param name="Recipient">To whom.</param>
/// <param name="Amount">How much.</param>
/// <param name="Claimed">All that the account was paid until then.</param>
public sealed record ClaimPaid(long Block, ChainAddress Account, ChainAddress Recipient, TokenAmount Amount, TokenAmount Claimed) : LiveEvent;

/// <summary>A device was registered or changed.</summary>
/// <param name="Block">Where.</param>
/// <param name="DeviceId">Of the key in force.</param>
/// <param name="Owner">Who is paid for it.</param>
/// <param name="ModelId">Its model.</param>
/// <param name="Status">What it may do.</param>
/// <param name="Registered">Whether it is new.</param>
public sealed record DeviceChanged(long Block, DeviceId DeviceId, ChainAddress Owner, ModelId ModelId, DeviceStatus Status, bool Registered) : LiveEvent;

/// <summary>An epoch's evidence was recomputed: its verdicts and rewards can be asked for.</summary>
public sealed record EvidenceImported(Epoch Epoch) : LiveEvent;

/// <summary>Blocks above <paramref name="Kept"/> are void, and what was told of them.</summary>
public sealed record BlocksDropped(long Kept, long Dropped) : LiveEvent;

/// <summary>Load everything anew: something was missed. The stream goes on.</summary>
public sealed record StreamReset(string Why) : LiveEvent;
