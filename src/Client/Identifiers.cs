using System.Globalization;
using System.Numerics;
using DePin.Protocol;

namespace DePin.Client;

/// <summary>An amount of the network's token in base units (10⁻¹⁸ of a token, or what <see cref="Network.Decimals"/> says). Never negative; as wide as the chain's 256 bits, because anyone may write such a number there.</summary>
public readonly record struct TokenAmount(BigInteger BaseUnits) : IComparable<TokenAmount>
{
    /// <summary>Nothing.</summary>
    public static TokenAmount Zero => default;

    /// <summary>Whether it is nothing.</summary>
    public bool IsZero => BaseUnits.IsZero;

    /// <summary>As contracts take amounts.</summary>
    /// <exception cref="OverflowException">It is 2¹²⁸ or more, which no reward can be.</exception>
    public UInt128 ToUInt128() => (UInt128)BaseUnits;

    /// <inheritdoc/>
    public int CompareTo(TokenAmount other) => BaseUnits.CompareTo(other.BaseUnits);

    /// <summary>Decimal text in base units.</summary>
    public override string ToString() => BaseUnits.ToString(CultureInfo.InvariantCulture);

    public static TokenAmount operator +(TokenAmount left, TokenAmount right) => new(left.BaseUnits + right.BaseUnits);
    public static bool operator <(TokenAmount left, TokenAmount right) => left.BaseUnits < right.BaseUnits;
    public static bool operator >(TokenAmount left, TokenAmount right) => left.BaseUnits > right.BaseUnits;
    public static bool operator <=(TokenAmount left, TokenAmount right) => left.BaseUnits <= right.BaseUnits;
    public static bool operator >=(TokenAmount left, TokenAmount right) => left.BaseUnits >= right.BaseUnits;
}

/// <summary>Number of a device's token, which stays when its key is rotated or its owner changes.</summary>
public readonly record struct TokenId(long Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Number of a maker of devices.</summary>
public readonly record struct MakerId(long Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Number of a device model.</summary>
public readonly record struct ModelId(long Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Names a device by its token or by any key that it ever had.</summary>
public readonly record struct DeviceRef
{
    private readonly string? _text;

    private DeviceRef(string text) => _text = text;

    /// <summary>By token.</summary>
    public static DeviceRef Of(TokenId token) => new(token.ToString());

    /// <summary>By key.</summary>
    public static DeviceRef Of(DeviceId device) => new(device.ToString());

    /// <inheritdoc/>
    public override string ToString() => _text ?? "0";

    public static implicit operator DeviceRef(TokenId token) => Of(token);
    public static implicit operator DeviceRef(DeviceId device) => Of(device);
}
