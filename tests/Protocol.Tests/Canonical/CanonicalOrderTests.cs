using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Tests.Support;
using DePin.Protocol.Verification;

namespace DePin.Protocol.Tests.Canonical;

public sealed class CanonicalOrderTests
{
    [Fact]
    public void Words_that_share_their_first_bytes_order_by_the_rest()
    {
        var random = new Random(3);
        var words = Enumerable.Range(0, 500).Select(_ =>
        {
            var bytes = new byte[32];
            // Prefixes of 16 bytes collide often: anyone can make their own ids do so for 8.
            bytes[7] = (byte)random.Next(2);
            bytes[15] = (byte)random.Next(2);
            bytes[random.Next(16, 32)] = (byte)random.Next(256);
            return new Bytes32(bytes);
        }).ToArray();
        var order = CanonicalOrder.OfWords(words.Length, i => words[i]);
        Assert.Equal(words.Order(), order.Select(place => words[place]));
        Assert.Equal(Enumerable.Range(0, words.Length), order.Order());
    }

    [Fact]
    public void A_population_is_the_same_whatever_order_its_items_come_in()
    {
        var network = new TestNetwork();
        var devices = Enumerable.Range(0, 5).Select(_ => network.AddDevice(owner: 7)).ToArray();
        var items = devices.SelectMany((device, d) => Enumerable.Range(1, 6).Select(i =>
            new ProofItem(network.Proof(device, (ulong)i, second: 1_000 - (i % 3)).Proof, device.Record.View))).ToArray();
        var expected = Describe(items);
        var random = new Random(4);
        for (var round = 0; round < 10; round++)
        {
            random.Shuffle(items);
            Assert.Equal(expected, Describe([.. items]));
        }
        Assert.Throws<ArgumentException>(() => new Population([items[0], items[1], items[0]], new Verdict[3]));
    }

    private static string[] Describe(ProofItem[] items)
    {
        var population = new Population(items, new Verdict[items.Length]);
        var lines = new List<string>();
        for (var i = 1; i < population.Items.Length; i++) Assert.True(population.Items[i - 1].Id < population.Items[i].Id);
        for (var number = 0; number < population.DeviceCount; number++)
        {
            var device = population.DeviceAt(number);
            foreach (var at in device.Items)
            {
                var item = population.Items[at];
                Assert.Equal(device.Device.Id, item.Device.Id);
                lines.Add($"{device.Device.Id} {item.TimeMs} {item.Proof.Sequence}");
            }
        }
        Assert.Equal(lines.Count, items.Length);
        Assert.Equal(lines.OrderBy(line => line.Split(' ')[0], StringComparer.Ordinal).ThenBy(line => line.Split(' ')[1], StringComparer.Ordinal).ThenBy(line => line.Split(' ')[2], StringComparer.Ordinal), lines);
        return [.. lines];
    }
}
