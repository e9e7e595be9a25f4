using Dapper;
using DePin.Cryptography;
using Npgsql;

namespace DePin.Storage.SignIn;

/// <summary>Who signed in to a site, in the database so that every host of the site knows it at once. Tokens are kept as hashes.</summary>
/// <param name="source">Acts as the role that writes the schema.</param>
/// <param name="schema">The site's own; each has the same two tables.</param>
public sealed class SignInStore(NpgsqlDataSource source, SignInSchema schema)
{
    private readonly string signIns = schema == SignInSchema.Jobs ? "jobs.sign_ins" : "api.sign_ins";
    private readonly string keys = schema == SignInSchema.Jobs ? "jobs.sign_in_keys" : "api.sign_in_keys";

    /// <summary>The key of the nonces, 32 bytes: <paramref name="fresh"/> where there is none yet.</summary>
    public async Task<byte[]> KeyAsync(byte[] fresh, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command($"insert into {keys} (key) values (@fresh) on conflict do nothing", new { fresh }, ct: ct));
        return (await connection.ExecuteScalarAsync<byte[]>(Sql.Command($"select key from {keys}", ct: ct)))!;
    }

    /// <summary>Records a sign-in; false where its nonce was used before.</summary>
    public async Task<bool> AddAsync(string nonce, Bytes32 tokenHash, Address address, DateTimeOffset now, DateTimeOffset until, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(Sql.Command(
            $"insert into {signIns} (nonce, token_hash, address, signed_in_at, until_at) values (@nonce, @tokenHash, @address, @now, @until) on conflict (nonce) do nothing",
            new { nonce, tokenHash, address, now, until }, ct: ct)) == 1;
    }

    /// <summary>Who holds the token, and until when; null where it is unknown, over or signed out.</summary>
    public async Task<(Address Address, DateTimeOffset Until)?> FindAsync(Bytes32 tokenHash, DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        var row = await connection.QuerySingleOrDefaultAsync<(byte[] Address, DateTime Until)?>(Sql.Command(
            $"select address, until_at from {signIns} where token_hash = @tokenHash and ended_at is null and until_at > @now", new { tokenHash, now }, ct: ct));
        return row is { } found ? (new Address(found.Address), new DateTimeOffset(found.Until)) : null;
    }

    /// <summary>Signs out.</summary>
    public async Task EndAsync(Bytes32 tokenHash, DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(Sql.Command($"update {signIns} set ended_at = @now where token_hash = @tokenHash and ended_at is null", new { tokenHash, now }, ct: ct));
    }

    /// <summary>Removes sign-ins that were over before <paramref name="before"/>, which must be longer ago than a nonce lives. Returns the number of rows.</summary>
    public async Task<int> PruneAsync(DateTimeOffset before, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(Sql.Command($"delete from {signIns} where until_at < @before", new { before }, ct: ct));
    }
}

/// <summary>Whose sign-ins.</summary>
public enum SignInSchema
{
    /// <summary>To the job host's dashboard.</summary>
    Jobs,

    /// <summary>To the API's operator pages.</summary>
    Api,
}
