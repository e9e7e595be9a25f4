using System.Numerics;
using DePin.Cryptography;
using DePin.Protocol;
using Npgsql;

namespace DePin.Mirror.State;

/// <summary>Reads the columns of a row one after another.</summary>
internal sealed class RowReader(NpgsqlDataReader reader)
{
    private int _column;

    public long Int64() => reader.GetInt64(_column++);
    public int Int32() => reader.GetInt32(_column++);
    public short Int16() => reader.GetInt16(_column++);
    public bool Bool() => reader.GetBoolean(_column++);
    public string Text() => reader.GetString(_column++);
    public byte[] Bytes() => reader.GetFieldValue<byte[]>(_column++);
    public int[] Int32s() => reader.GetFieldValue<int[]>(_column++);
    public BigInteger Amount() => reader.GetFieldValue<BigInteger>(_column++);
    public Bytes32 Bytes32() => new(Bytes());
    public Address Address() => new(Bytes());
    public AccountId Account() => AccountId.FromNative(Bytes());

    public long? Int64OrNull() => Null() ? null : Int64();
    public short? Int16OrNull() => Null() ? null : Int16();
    public bool? BoolOrNull() => Null() ? null : Bool();
    public byte[]? BytesOrNull() => Null() ? null : Bytes();
    public BigInteger? AmountOrNull() => Null() ? null : Amount();
    public Bytes32? Bytes32OrNull() => Null() ? null : Bytes32();
    public AccountId? AccountOrNull() => Null() ? null : Account();

    private bool Null()
    {
        if (!reader.IsDBNull(_column)) return false;
        _column++;
        return true;
    }
}
