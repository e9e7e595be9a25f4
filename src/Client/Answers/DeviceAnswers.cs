using System.Text.Json.Serialization;
using DePin.Protocol;
using DePin.Protocol.Geo;
using DePin.Protocol.Verification;

namespace DePin.Client;

/// <summary>What a device may do.</summary>
public enum DeviceStatus
{
    /// <summary>Its proofs are judged.</summary>
    Active,

    /// <summary>Its proofs are refused until it is active again.</summary>
    Suspended,

    /// <summary>Its proofs are refused for ever.</summary>
    Retired,
}

/// <summary>A device as the chain has it at the mirror's head.</summary>
/// <param name="TokenId">Its token.</param>
/// <param name="DeviceId">Of the key in force.</param>
/// <param name="Owner">Who is paid for it.</param>
/// <param name="ModelId">Its model.</param>
/// <param name="MakerId">Who made it.</param>
/// <param name="Class">What kind of work it proves.</param>
/// <param name="Capabilities">Bits of the model.</param>
/// <param name="Cadence">Seconds between proofs that the model promises.</param>
/// <param name="KeyType">1 Ed25519, 2 P-256, 3 secp256k1.</param>
/// <param name="PublicKey">Of the key in force.</param>
/// <param name="Cell">Where it says that it is; null where it says nothing. Owners write what they like: see <see cref="H3Cell.IsValid"/>.</param>
/// <param name="Status">What it may do.</param>
/// <param name="RegisteredAt">Chain seconds since 1970.</param>
/// <param name="NextDeviceId">The key that comes into force next; null without a rotation under way.</param>
/// <param name="NextReadyAt">When, in chain seconds since 1970.</param>
/// <param name="BlockNumber">Of the last change.</param>
public sealed record Device(TokenId TokenId, DeviceId DeviceId, ChainAddress Owner, ModelId ModelId, MakerId MakerId, ClassId Class, long Capabilities, long Cadence, int KeyType,
    ReadOnlyMemory<byte> PublicKey, H3Cell? Cell, DeviceStatus Status, long RegisteredAt, DeviceId? NextDeviceId, long? NextReadyAt, long BlockNumber);

/// <summary>Devices in one place of a map.</summary>
/// <param name="Cell">Cell of the asked resolution.</param>
/// <param name="Latitude">Of its centre, degrees; null for an index that no cell has.</param>
/// <param name="Longitude">The same.</param>
/// <param name="Devices">All of them.</param>
/// <param name="Active">Those that are active.</param>
public sealed record Place(H3Cell Cell, decimal? Latitude, decimal? Longitude, long Devices, long Active);

/// <summary>A maker of devices, its models and quota.</summary>
public sealed record Maker(MakerId MakerId, ChainAddress Account, long Quota, bool Active, long Issued, long Models);

/// <summary>A judged proof.</summary>
/// <param name="Epoch">The epoch that judged it.</param>
/// <param name="ProofId">Its id.</param>
/// <param name="DeviceId">The key that signed it.</param>
/// <param name="Class">Resource class.</param>
/// <param name="Sequence">The device's counter.</param>
/// <param name="DeviceTime">Network time, as the device says.</param>
/// <param name="Judgement">What it came to.</param>
/// <param name="Reason">Number, 0 for none.</param>
/// <param name="ReasonName">Its name; empty for none.</param>
/// <param name="Quality">In millionths.</param>
public sealed record ProofVerdict(Epoch Epoch, ProofId ProofId, DeviceId DeviceId, ClassId Class, [property: JsonConverter(typeof(CounterConverter))] ulong Sequence, DateTimeOffset DeviceTime,
    Judgement Judgement, int Reason, string ReasonName, int Quality);

/// <summary>A resource class with its reasons and rules.</summary>
public sealed record ResourceClass(ClassId Id, string Name, int RulesVersion, IReadOnlyList<ClassEntry> Reasons, IReadOnlyList<ClassEntry> Rules);

/// <summary>A numbered entry of a class's table.</summary>
public sealed record ClassEntry(int Id, string Name, string Meaning);
