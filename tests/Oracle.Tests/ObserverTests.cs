using System.Collections.Immutable;
using Dapper;
using DePin.Cryptography;
using DePin.Oracle.Round;
using DePin.Protocol.Lanes;
using DePin.Protocol.Rounds;
using DePin.Storage;
using DePin.Storage.Oracle;
using DePin.TestKit;

namespace DePin.Oracle.Tests;

/// <summary>What an operator says it holds: all that is certified, but in place of a cancelled report no more than that report's evidence.</summary>
public sealed class ObserverTests
{
    private static readonly ImmutableArray<Address> Operators = [.. Enumerable.Range(1, 4).Select(i => Address.FromBytes32(Bytes32.FromUInt64((ulong)i)))];

    private static CancellationToken Ct => CancellationToken.None;

    [Fact]
    public async Task In_place_of_a_cancelled_report_its_own_evidence_is_observed_again()
    {
        await using var database = await TestDatabase.CreateAsync();
        // Lane 1: every batch has a certificate. Lane 2: only some have. Lane 3 had nothing when the cancelled report was agreed on. Lane 4 has nothing new since.
        await CertifyAsync(database, 0, [1, 2, 3, 4, 5]);
        await CertifyAsync(database, 1, [2, 5, 9]);
        await CertifyAsync(database, 2, [1, 2]);
        await CertifyAsync(database, 3, [1, 2, 3]);
        var observer = new Observer(new LaneStore(database.DataSource), new CertifiedLaneStore(database.DataSource));
        var set = new OperatorSet(Bytes32.Zero, [.. Operators.Select(o => new OperatorIdentity(o, Bytes32.Zero))]);
        Task<ImmutableArray<CertifiedLane>> ObserveAsync(Cut? again) => observer.ObserveAsync(set, again, Ct);
        static Cut At(params ulong[] heights) => new([.. heights.Select((h, i) => new LaneHeight(Operators[i], h, h == 0 ? Bytes32.Zero : DigestOf(h)))]);

        Assert.Equal([5ul, 9, 2, 3], (await ObserveAsync(null)).Select(l => l.Height.Height));
        var again = await ObserveAsync(At(3, 3, 0, 3));
        Assert.Equal([3ul, 5, 0, 3], again.Select(l => l.Height.Height));
        Assert.Equal(DigestOf(5), again[1].Height.Digest);
        Assert.Equal([0, 1, 2], again[1].Certificate!.Signatures.Select(s => (int)s.Sender));
        // It held more then than this node has certificates for now.
        Assert.Equal([5ul, 9, 2, 3], (await ObserveAsync(At(7, 12, 2, 8))).Select(l => l.Height.Height));
        // A cut of other operators says nothing about a lane that it does not name.
        Assert.Equal([2ul, 9, 2, 3], (await ObserveAsync(new Cut([new LaneHeight(Operators[0], 2, DigestOf(2))]))).Select(l => l.Height.Height));
    }

    [Fact]
    public async Task The_cancelled_report_is_the_newest_of_the_epochs_earlier_generations()
    {
        await using var database = await TestDatabase.CreateAsync();
        var reports = new ReportStore(database.DataSource);
        foreach (var (epoch, generation) in ((int, int)[])[(4, 0), (5, 0), (5, 2), (5, 3), (6, 1)])
            await reports.AddAsync(new ReportRow(Keccak256.Hash([(byte)epoch, (byte)generation]), Bytes32.Zero, epoch, generation, new byte[348], [1], [1], [1], "cancelled"), Ct);
        Assert.Equal(2, (await reports.FindEarlierAsync(5, 3, Ct))!.Generation);
        Assert.Equal(0, (await reports.FindEarlierAsync(5, 2, Ct))!.Generation);
        Assert.Null(await reports.FindEarlierAsync(5, 0, Ct));
        Assert.Null(await reports.FindEarlierAsync(7, 9, Ct));
    }

    private static Bytes32 DigestOf(ulong height) => Keccak256.Hash([(byte)height]);

    private static async Task CertifyAsync(TestDatabase database, int lane, long[] indices)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync(Ct);
        await connection.ExecuteAsync(Sql.Command(
            "insert into oracle.lanes (operator, height, digest, certified_height) values (@Lane, @Height, @Digest, @Height)",
            new { Lane = Operators[lane], Height = indices[^1], Digest = DigestOf((ulong)indices[^1]) }, ct: Ct));
        foreach (var index in indices)
        {
            await connection.ExecuteAsync(Sql.Command(
                "insert into oracle.certificates (operator, index, digest, signatures) values (@Lane, @index, @Digest, @Signatures)",
                new { Lane = Operators[lane], index, Digest = DigestOf((ulong)index), Signatures = Operators.Take(3).SelectMany(o => o.ToArray().Concat(new byte[64])).ToArray() }, ct: Ct));
        }
    }
}
