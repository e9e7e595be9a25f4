using System.Numerics;
using Dapper;
using DePin.Cryptography;
using DePin.TestKit;

namespace DePin.Storage.Tests;

public sealed class TypeHandlerTests
{
    private sealed record Row(BigInteger Largest, UInt128 Amount, ulong Height, Bytes32 Hash, Address Account, DateTimeOffset SealedAt);

    [Fact]
    public async Task Records_of_our_own_types_survive_the_database()
    {
        await using var database = await TestDatabase.CreateAsync(migrated: false);
        var row = new Row(BigInteger.Pow(2, 256) - 1, UInt128.MaxValue, ulong.MaxValue, Keccak256.Hash("x"u8), FakeNetworkActivity.AddressOf("y"), DateTimeOffset.UnixEpoch.AddTicks(10));
        await using var connection = await database.DataSource.OpenConnectionAsync();
        var read = await connection.QuerySingleAsync<Row>(Sql.Command(
            """
            select @Largest::numeric(78,0)::text as largest, @Amount::numeric(39,0)::text as amount, @Height::numeric(20,0)::text as height, @Hash as hash,
                @Account as account, @SealedAt as sealed_at
            """, row));
        Assert.Equal(row, read);
    }

    [Fact]
    public async Task A_command_stops_when_it_is_cancelled()
    {
        await using var database = await TestDatabase.CreateAsync(migrated: false);
        await using var connection = await database.DataSource.OpenConnectionAsync();
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.ExecuteAsync(Sql.Command("select pg_sleep(600)", timeoutSeconds: 0, ct: stop.Token)));
    }
}
