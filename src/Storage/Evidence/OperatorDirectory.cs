using System.Globalization;
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

    /// <summary>Where an operator serves the evidence of a report, with range requests; null where what it registered, which is any text, is no HTTP address.</summary>
    /// <param name="endpoint">As <see cref="GetEndpointsAsync"/> says.</param>
    /// <param name="epoch">The report's.</param>
    /// <param name="digest">The report's, 0x-hex.</param>
    public static Uri? EvidenceUrl(string endpoint, ulong epoch, string digest) =>
        Uri.TryCreate(endpoint, UriKind.Absolute, out var root) && (root.Scheme == Uri.UriSchemeHttp || root.Scheme == Uri.UriSchemeHttps) && root.UserInfo.Length == 0
            ? new Uri(root, string.Create(CultureInfo.InvariantCulture, $"/v1/evidence/{epoch}?report={digest}"))
            : null;
}
