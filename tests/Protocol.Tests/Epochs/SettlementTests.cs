using System.Buffers.Binary;
using System.Numerics;
using DePin.Cryptography;
using DePin.Protocol.Epochs;
using DePin.Protocol.Tests.Support;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Tests.Epochs;

public sealed class SettlementTests
{
    private readonly TestNetwork _network = new();
    private readonly DeviceId _one;
    private readonly DeviceId _two;

    public SettlementTests()
    {
        _one = _network.AddDevice(owner: 7).Id;
        _two = _network.AddDevice(owner: 8).Id;
    }

    [Theory]
    [InlineData(1_000, 60, 40)]
    [InlineData(50, 30, 20)]
    [InlineData(49, 29, 19)]
    [InlineData(0, 0, 0)]
    public void Usage_is_paid_in_full_or_in_equal_parts_of_what_its_escrow_holds(int escrow, int first, int second)
    {
        var claims = new ClaimWriter();
        claims.Usage(_one, 1, Bytes32.FromUInt64(5), 20, 3);
        claims.Usage(_two, 1, Bytes32.FromUInt64(5), 10, 4);
        var (settlement, problem) = Settle(claims, escrow);
        Assert.Null(problem);
        var amounts = settlement.Metering.Select(line => (int)BinaryPrimitives.ReadUInt128BigEndian(line.Span[^16..])).Order().ToArray();
        Assert.Equal([second, first], amounts);
        Assert.True(amounts.Sum() <= Math.Max(escrow, 0));
    }

    [Fact]
    public void Transfers_name_both_sides_so_that_what_one_gives_the_other_gets()
    {
        var claims = new ClaimWriter();
        claims.Transfer(_one, _two, 12, Bytes32.FromUInt64(9));
        var (settlement, problem) = Settle(claims, 0);
        Assert.Null(problem);
        var line = Assert.Single(settlement.Metering).Span;
        var at = ProtocolTags.Transfer.Length + 2;
        Assert.Equal(_one.Value, new Bytes32(line.Slice(at, 32)));
        Assert.Equal(_two.Value, new Bytes32(line.Slice(at + 32, 32)));
        Assert.Equal((UInt128)12, BinaryPrimitives.ReadUInt128BigEndian(line[(at + 64)..]));
        Assert.Empty(settlement.Shares);
    }

    [Fact]
    public void Usage_whose_price_overflows_voids_all_claims_of_the_class()
    {
        var claims = new ClaimWriter();
        claims.Share(_one, 1, 1);
        claims.Usage(_one, 1, Bytes32.FromUInt64(5), UInt128.MaxValue, 2);
        var (settlement, problem) = Settle(claims, 10);
        Assert.Contains("2^128", problem, StringComparison.Ordinal);
        Assert.Empty(settlement.Shares);
        Assert.Empty(settlement.Metering);
    }

    [Fact]
    public void A_claim_for_a_device_of_another_class_is_void()
    {
        var claims = new ClaimWriter();
        claims.Share(_network.AddDevice(owner: 9, @class: 2).Id, 1, 1);
        Assert.Contains("another class", Settle(claims, 0).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Shares_of_large_pools_and_weights_are_exact()
    {
        var claims = new ClaimWriter();
        claims.Share(_one, 1, UInt128.MaxValue / 4);
        claims.Share(_two, 1, UInt128.MaxValue / 2);
        var (settlement, problem) = Settle(claims, 0, pool: UInt128.MaxValue);
        Assert.Null(problem);
        var pool = (BigInteger)UInt128.MaxValue;
        var (light, heavy) = ((BigInteger)(UInt128.MaxValue / 4), (BigInteger)(UInt128.MaxValue / 2));
        Assert.Equal(pool * light / (light + heavy), (BigInteger)settlement.Shares.Min(share => share.Amount));
        Assert.Equal(pool * heavy / (light + heavy), (BigInteger)settlement.Shares.Max(share => share.Amount));
    }

    [Fact]
    public void A_pool_without_weight_pays_nobody()
    {
        var claims = new ClaimWriter();
        claims.Share(_one, 1, 0);
        var (settlement, problem) = Settle(claims, 0);
        Assert.Null(problem);
        Assert.Equal(0u, Assert.Single(settlement.Shares).Amount);
    }

    private (Settlement Settlement, string? Problem) Settle(ClaimWriter claims, int escrow, UInt128? pool = null)
    {
        var snapshot = _network.Snapshot(_network.Window(Epoch.First));
        var settlement = new Settlement(snapshot, new Standing(snapshot, 0), new MarkClass(new ClassId(1)), _ => (UInt128)escrow);
        var accepted = Enumerable.Repeat(1u, snapshot.Devices.Length).ToArray();
        return (settlement, settlement.Settle(claims, pool ?? 1_000, accepted));
    }
}
