using DePin.Mirror;
using DePin.TestKit;

namespace DePin.Storage.Tests.Compliance;

/// <summary>The chain in memory, so that what tests show on it is worth something elsewhere.</summary>
public sealed class FakeChainCompliance : ReorganizingChainCompliance
{
    private protected override Task<ChainUnderTest> StartAsync() => Task.FromResult<ChainUnderTest>(new Fake());

    private protected override Task ReorganizeAsync(ChainUnderTest chain)
    {
        var fake = ((Fake)chain).Chain;
        fake.Drop(1);
        fake.Mine();
        fake.Mine();
        return Task.CompletedTask;
    }

    private sealed class Fake : ChainUnderTest
    {
        private readonly FakeNetworkActivity _activity = new();
        private readonly Random _random = new(7);

        public FakeChain Chain { get; } = new(FakeChain.DefaultNetwork);

        public override MirroredNetwork Network => Chain.Network;

        public override IChainSource Source => Chain;

        public override EmissionSchedule Emission { get; } = new(0, 0);

        public override Task ActAsync()
        {
            Chain.Mine(_activity.Block(_random, 3));
            return Task.CompletedTask;
        }

        public override IMirrorVerifier? Verifier(MirrorDatabase database) => null;

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
