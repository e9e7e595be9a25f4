using DePin.Protocol.State;
using FsCheck;
using FsCheck.Fluent;

namespace DePin.Protocol.Tests.State;

public sealed class WatermarkTests
{
    [Fact]
    public void Takes_what_a_plain_set_of_sequences_would_take() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Gen.Choose(0, 200).Select(i => (ulong)i).ArrayOf().Where(sequences => sequences.Length > 0).ToArbitrary(), sequences =>
        {
            var mark = Watermark.First(default, sequences[0]);
            foreach (var sequence in sequences) mark = mark.With(sequence);
            var highest = sequences.Max();
            Assert.Equal(highest, mark.Sequence);
            for (var sequence = 0ul; sequence < 300; sequence++)
            {
                var isNew = !sequences.Contains(sequence) && (sequence > highest || highest - sequence <= Watermark.Reach);
                Assert.Equal(isNew, mark.Takes(sequence));
            }
            return true;
        }));

    [Fact]
    public void The_order_of_sequences_does_not_matter() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Gen.Choose(0, 300).Select(i => (ulong)i).ArrayOf().Where(sequences => sequences.Length > 0).ToArbitrary(), sequences =>
        {
            static Watermark Collect(IEnumerable<ulong> all) => all.Skip(1).Aggregate(Watermark.First(default, all.First()), (mark, sequence) => mark.With(sequence));
            Assert.Equal(Collect(sequences), Collect(sequences.Reverse()));
            Assert.Equal(Collect(sequences.Order()), Collect(sequences.OrderDescending()));
            return true;
        }));

    [Fact]
    public void The_ends_of_the_range_hold()
    {
        var top = Watermark.First(default, ulong.MaxValue);
        Assert.False(top.Takes(ulong.MaxValue));
        Assert.True(top.Takes(ulong.MaxValue - 64));
        Assert.False(top.Takes(ulong.MaxValue - 65));
        Assert.Equal(1ul << 63, top.With(ulong.MaxValue - 64).Seen);
        Assert.Equal(1ul << 63, Watermark.First(default, 0).With(64).Seen);
        Assert.Equal(0ul, Watermark.First(default, 0).With(65).Seen);
        Assert.True(Watermark.First(default, 1).Takes(0));
    }
}
