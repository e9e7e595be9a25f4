using Dapper;
using Npgsql;

namespace DePin.Storage.Evidence;

/// <summary>Where operators listen, as the chain says.</summary>
public sealed class OperatorDirectory(NpgsqlDataSource dataSource)
{
    /// <summary>End points of the operators of any config, those of the newest first; slashed ones last, since their evidence is checked all the same.</summary>
    public async Task<IReadOnlyList<string>> GetEndpointsAsync(short chainId, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<string>(Sql.Command(
            "select endpoint from chain.operators where chain_id = @chainId and endpoint <> '' order by slashed, exit_at <> 0, block_number desc, report_key", new { chainId }, ct: ct))];
    }
}
