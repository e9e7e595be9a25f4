using System.Globalization;
using DePin.Cryptography;

namespace DePin.Protocol;

/// <summary>A reward period, numbered from 1. Epoch 1 starts at the network's genesis time.</summary>
public readonly record struct Epoch(ulong Value) : IComparable<Epoch>
{
    /// <summary>The first epoch of every network.</summary>
    public static Epoch First => new(1);

    /// <summary>The epoch after this one.</summary>
    public Epoch Next => new(checked(Value + 1));

    /// <inheritdoc/>
    public int CompareTo(Epoch other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    public static bool operator <(Epoch left, Epoch right) => left.Value < right.Value;
    public static bool operator >(Epoch left, Epoch right) => left.Value > right.Value;
    public static bool operator <=(Epoch left, Epoch right) => left.Value <= right.Value;
    public static bool operator >=(Epoch left, Epoch right) => left.Value >= right.Value;
}

/// <summary>How many reports have been cancelled so far, network-wide: a report of an older generation is void.</summary>
public readonly record struct Generation(ulong Value) : IComparable<Generation>
{
    /// <summary>The generation after one more cancellation.</summary>
    public Generation Next => new(checked(Value + 1));

    /// <inheritdoc/>
    public int CompareTo(Generation other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    public static bool operator <(Generation left, Generation right) => left.Value < right.Value;
    public static bool operator >(Generation left, Generation right) => left.Value > right.Value;
    public static bool operator <=(Generation left, Generation right) => left.Value <= right.Value;
    public static bool operator >=(Generation left, Generation right) => left.Value >= right.Value;
}

/// <summary>keccak(key type u8 · public key): names a device's current key. A rotated key has another id.</summary>
public readonly record struct DeviceId(Bytes32 Value) : IComparable<DeviceId>
{
    /// <inheritdoc/>
    public int CompareTo(DeviceId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();

    public static bool operator <(DeviceId left, DeviceId right) => left.CompareTo(right) < 0;
    public static bool operator >(DeviceId left, DeviceId right) => left.CompareTo(right) > 0;
    public static bool operator <=(DeviceId left, DeviceId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(DeviceId left, DeviceId right) => left.CompareTo(right) >= 0;
}

/// <summary>SHA-256 of a proof's envelope, never of its signature: two signatures over one content are one proof.</summary>
public readonly record struct ProofId(Bytes32 Value) : IComparable<ProofId>
{
    /// <inheritdoc/>
    public int CompareTo(ProofId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();

    public static bool operator <(ProofId left, ProofId right) => left.CompareTo(right) < 0;
    public static bool operator >(ProofId left, ProofId right) => left.CompareTo(right) > 0;
    public static bool operator <=(ProofId left, ProofId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(ProofId left, ProofId right) => left.CompareTo(right) >= 0;
}

/// <summary>A resource class: what kind of work is proven. Numbers are given once and never reused.</summary>
public readonly record struct ClassId(ushort Value) : IComparable<ClassId>
{
    /// <inheritdoc/>
    public int CompareTo(ClassId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    public static bool operator <(ClassId left, ClassId right) => left.Value < right.Value;
    public static bool operator >(ClassId left, ClassId right) => left.Value > right.Value;
    public static bool operator <=(ClassId left, ClassId right) => left.Value <= right.Value;
    public static bool operator >=(ClassId left, ClassId right) => left.Value >= right.Value;
}

/// <summary>keccak(tag · kind · chain · report verifier): the network that a proof is for.</summary>
public readonly record struct NetworkId(Bytes32 Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString();
}

/// <summary>An account of the chain in 32 bytes; an EVM address is left-padded.</summary>
public readonly record struct AccountId(Bytes32 Value) : IComparable<AccountId>
{
    /// <summary>The account of an EVM address.</summary>
    public static AccountId From(Address address) => new(address.ToBytes32());

    /// <summary>The account that <see cref="ToNative"/> gave these bytes of: 20, or 32.</summary>
    /// <exception cref="ArgumentException">Another length.</exception>
    public static AccountId FromNative(ReadOnlySpan<byte> bytes) => bytes.Length is Address.Size or Bytes32.Size
        ? new AccountId(Bytes32.LeftPad(bytes))
        : throw new ArgumentException($"An account has {Address.Size} or {Bytes32.Size} bytes, not {bytes.Length}.", nameof(bytes));

    /// <summary>Whether all bytes are zero: nobody.</summary>
    public bool IsZero => Value == Bytes32.Zero;

    /// <summary>The account as tables keep it: 20 bytes where the first 12 are zero, as an EVM address has them, else 32. Nothing is lost by it.</summary>
    public byte[] ToNative()
    {
        var bytes = Value.AsSpan();
        return (bytes[..12].IndexOfAnyExcept((byte)0) < 0 ? bytes[12..] : bytes).ToArray();
    }

    /// <inheritdoc/>
    public int CompareTo(AccountId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();

    public static bool operator <(AccountId left, AccountId right) => left.CompareTo(right) < 0;
    public static bool operator >(AccountId left, AccountId right) => left.CompareTo(right) > 0;
    public static bool operator <=(AccountId left, AccountId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(AccountId left, AccountId right) => left.CompareTo(right) >= 0;
}

/// <summary>The family of chain that a network lives on; the byte that enters every domain.</summary>
public enum ChainKind : byte
{
    Evm = 0,
    Solana = 1,
}
