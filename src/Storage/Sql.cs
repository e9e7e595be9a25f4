using System.Data;
using Dapper;

namespace DePin.Storage;

/// <summary>Dapper set up once for this solution: snake_case columns, our own id and amount types, and a cancellable command.</summary>
public static class Sql
{
    private static readonly Lock Gate = new();
    private static bool _ready;

    /// <summary>
    /// A command that obeys <paramref name="ct"/>. Dapper's plain overloads ignore shutdown silently, so every call goes through here.
    /// </summary>
    /// <param name="text">Static SQL; values only as parameters.</param>
    /// <param name="parameters">An object whose members are the parameters, or null.</param>
    /// <param name="transaction">The transaction the command belongs to, or null.</param>
    /// <param name="timeoutSeconds">Seconds until the server is asked to stop; 0 = never; null = the connection's.</param>
    /// <param name="ct">Cancels the command.</param>
    public static CommandDefinition Command(string text, object? parameters = null, IDbTransaction? transaction = null,
        int? timeoutSeconds = null, CancellationToken ct = default)
    {
        RegisterTypes();
        return new CommandDefinition(text, parameters, transaction, timeoutSeconds, cancellationToken: ct);
    }

    /// <summary>
    /// Registers the type handlers. <see cref="Command"/> does it; call it where a reader is parsed without a command.
    /// Amounts are written as numeric and read from <c>::text</c>: Dapper asks Npgsql for a decimal, which overflows above 7.9e28.
    /// </summary>
    public static void RegisterTypes()
    {
        lock (Gate)
        {
            if (_ready) return;
            DefaultTypeMap.MatchNamesWithUnderscores = true;
            SqlMapper.AddTypeHandler(new Bytes32Handler());
            SqlMapper.AddTypeHandler(new AddressHandler());
            SqlMapper.AddTypeHandler(new BigIntegerHandler());
            SqlMapper.AddTypeHandler(new UInt128Handler());
            SqlMapper.RemoveTypeMap(typeof(ulong)); // its own mapping comes before any handler, and Npgsql has no UInt64
            SqlMapper.AddTypeHandler(new UInt64Handler());
            SqlMapper.AddTypeHandler(new DateTimeOffsetHandler());
            _ready = true;
        }
    }
}
