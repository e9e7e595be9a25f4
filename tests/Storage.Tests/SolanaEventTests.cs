using System.Reflection;
using DePin.Abi.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.Protocol;

namespace DePin.Storage.Tests;

/// <summary>Events of Solana's program in the form of every chain's.</summary>
public sealed class SolanaEventTests
{
    private static readonly SolanaAddress Network = new(Keccak256.Hash("network"u8).AsSpan());

    [Fact]
    public void Every_event_of_the_program_is_known()
    {
        var events = typeof(Depin).GetNestedTypes().Where(t => t.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(ISolanaEvent<>))).ToList();
        Assert.NotEmpty(events);
        var discriminators = events.Select(e => (ulong)typeof(SolanaEventTests).GetMethod(nameof(Of), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(e).Invoke(null, null)!);
        Assert.Equal(discriminators.Order(), SolanaEvents.Discriminators.Order());
    }

    [Fact]
    public void An_event_of_another_network_or_of_no_known_kind_is_left_out()
    {
        var form = new EventForm();
        var data = new Depin.BreakerChangedEvent(Network, 7).Encode();
        Assert.True(SolanaEvents.TryWrite(data, Network, form));
        Assert.False(SolanaEvents.TryWrite(data, SolanaAddress.Zero, form));
        data[0] ^= 1;
        Assert.False(SolanaEvents.TryWrite(data, Network, form));
        Assert.False(SolanaEvents.TryWrite([1, 2, 3], Network, form));
    }

    [Fact]
    public void An_event_that_is_cut_short_or_goes_on_stops_the_mirror_rather_than_being_left_out()
    {
        var data = new Depin.BreakerChangedEvent(Network, 7).Encode();
        Assert.Throws<MalformedLogException>(() => SolanaEvents.TryWrite(data.AsSpan()[..^1], Network, new EventForm()));
        Assert.Throws<MalformedLogException>(() => SolanaEvents.TryWrite([.. data, 0], Network, new EventForm()));
    }

    [Fact]
    public void Texts_and_lists_stand_where_an_EVM_contracts_event_has_them()
    {
        var form = new EventForm();
        var key = new Address(Keccak256.Hash("key"u8).AsSpan()[..20]);
        var account = new SolanaAddress(Keccak256.Hash("account"u8).AsSpan());
        Assert.True(SolanaEvents.TryWrite(new Depin.OperatorRegisteredEvent(Network, key, account, Keccak256.Hash("protocol"u8), 5, "http://somewhere/é\0").Encode(), Network, form));
        var log = new LogWords(form.Topics, form.Data);
        Assert.Equal(EventCatalog.Of(EventKind.OperatorRegistered).Topic, log.TopicBytes32(0));
        Assert.Equal(key, log.TopicAddress(1));
        Assert.Equal(new AccountId(account.ToBytes32()), log.TopicAccount(2));
        Assert.Equal("http://somewhere/é\ufffd", log.StringAt(1));
        Assert.Equal(5, log.AmountAt(2));

        var members = Enumerable.Range(1, 31).Select(i => new Depin.Member(new Address(Keccak256.Hash([(byte)i]).AsSpan()[..20]), Keccak256.Hash([(byte)i, 0]))).ToArray();
        Assert.True(SolanaEvents.TryWrite(new Depin.ConfigScheduledEvent(Network, 2, 9, Keccak256.Hash("digest"u8), 31, 21, Bytes32.Zero, Bytes32.Zero, 8, members).Encode(), Network, form));
        log = new LogWords(form.Topics, form.Data);
        Assert.Equal(31, log.ArrayLength(4, words: 1));
        Assert.Equal(31, log.ArrayLength(5, words: 1));
        for (var i = 0; i < members.Length; i++)
        {
            Assert.Equal(members[i].ReportKey, new Address(log.ArrayWord(4, i)[12..]));
            Assert.Equal(members[i].ProtocolKey, new Bytes32(log.ArrayWord(5, i)));
        }
    }

    [Fact]
    public void A_cancellations_digest_is_a_topic_as_it_is_on_the_other_chain()
    {
        var form = new EventForm();
        var digest = Keccak256.Hash("digest"u8);
        Assert.True(SolanaEvents.TryWrite(new Depin.ReportCancelledEvent(Network, 5, 3, digest, 2, 99).Encode(), Network, form));
        var log = new LogWords(form.Topics, form.Data);
        Assert.Equal((5L, digest, 3L, (byte)2), (log.TopicInt64(1), log.TopicBytes32(2), log.Int64At(0), log.ByteAt(1)));
    }

    private static ulong Of<T>()
        where T : struct, ISolanaEvent<T> => BitConverter.ToUInt64(T.Discriminator);
}
