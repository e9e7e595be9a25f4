using System.Data;
using System.Globalization;
using System.Numerics;
using Dapper;
using DePin.Cryptography;
using Npgsql;
using NpgsqlTypes;

namespace DePin.Storage;

internal sealed class Bytes32Handler : SqlMapper.TypeHandler<Bytes32>
{
    public override Bytes32 Parse(object value) => new((byte[])value);

    public override void SetValue(IDbDataParameter parameter, Bytes32 value) => parameter.Value = value.ToArray();
}

internal sealed class AddressHandler : SqlMapper.TypeHandler<Address>
{
    public override Address Parse(object value) => new((byte[])value);

    public override void SetValue(IDbDataParameter parameter, Address value) => parameter.Value = value.ToArray();
}

/// <summary>uint256 and sums: numeric(78,0), read as ::text.</summary>
internal sealed class BigIntegerHandler : SqlMapper.TypeHandler<BigInteger>
{
    public override BigInteger Parse(object value) => Amounts.Parse<BigInteger>(value);

    public override void SetValue(IDbDataParameter parameter, BigInteger value) => Amounts.Set(parameter, value);
}

/// <summary>uint128: numeric(39,0) or wider, read as ::text.</summary>
internal sealed class UInt128Handler : SqlMapper.TypeHandler<UInt128>
{
    public override UInt128 Parse(object value) => Amounts.Parse<UInt128>(value);

    public override void SetValue(IDbDataParameter parameter, UInt128 value) => Amounts.Set(parameter, value);
}

/// <summary>Block numbers, epochs and heights: bigint; numeric(20,0) as ::text where the whole range is needed.</summary>
internal sealed class UInt64Handler : SqlMapper.TypeHandler<ulong>
{
    public override ulong Parse(object value) => value is long number ? checked((ulong)number) : Amounts.Parse<ulong>(value);

    public override void SetValue(IDbDataParameter parameter, ulong value)
    {
        if (value <= long.MaxValue)
            parameter.Value = (long)value;
        else
            Amounts.Set(parameter, value);
    }
}

internal sealed class DateTimeOffsetHandler : SqlMapper.TypeHandler<DateTimeOffset>
{
    public override DateTimeOffset Parse(object value) => value switch
    {
        DateTimeOffset exact => exact,
        DateTime utc => new DateTimeOffset(DateTime.SpecifyKind(utc, DateTimeKind.Utc)),
        _ => throw new DataException($"Expected timestamptz, got {value.GetType().Name}."),
    };

    public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.UtcDateTime;
}

internal static class Amounts
{
    public static T Parse<T>(object value) where T : INumberBase<T> => value switch
    {
        string text => T.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
        long number => T.CreateChecked(number),
        int number => T.CreateChecked(number),
        decimal number => T.CreateChecked(number),
        BigInteger number => T.CreateChecked(number),
        _ => throw new DataException($"Expected an amount as ::text, got {value.GetType().Name}."),
    };

    public static void Set(IDbDataParameter parameter, BigInteger value)
    {
        parameter.Value = value;
        if (parameter is NpgsqlParameter npgsql) npgsql.NpgsqlDbType = NpgsqlDbType.Numeric;
    }
}
