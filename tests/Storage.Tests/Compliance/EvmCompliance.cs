using DePin.Chain.Evm;
using DePin.ContractBindings.Evm;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.Mirror;
using DePin.TestKit;

namespace DePin.Storage.Tests.Compliance;

/// <summary>The contracts on Anvil.</summary>
public sealed class EvmCompliance : ReorganizingChainCompliance
{
    private protected override async Task<ChainUnderTest> StartAsync() => new Evm(await DeployedChain.StartAsync(new AnvilOptions { SlotsInAnEpoch = 1, TimestampInterval = 1 }, Ct));

    private protected override async Task ReorganizeAsync(ChainUnderTest chain)
    {
        var node = ((Evm)chain).Chain.Node;
        await node.Rpc.ReorganiseAsync(1, Ct);
        await node.Rpc.MineAsync(1, Ct);
    }

    private sealed class Evm(DeployedChain chain) : ChainUnderTest
    {
        private readonly TransactionSender _sender = chain.NewSender();
        private ulong _acts;

        public DeployedChain Chain => chain;

        public override MirroredNetwork Network { get; } = chain.Manifest.ToMirroredNetwork();

        public override IChainSource Source => new EvmChainSource(chain.Rpc, Network);

        public override EmissionSchedule Emission { get; } = chain.Manifest.ToEmissionSchedule();

        public override async Task ActAsync()
        {
            _acts++;
            await _sender.SendAsync(chain.Manifest.AddressOf("DeviceRegistry"), new DeviceRegistry.PublishBatchCall(1, Keccak256.Hash(BitConverter.GetBytes(_acts)), 5, "ipfs://batch"), CancellationToken.None);
        }

        public override IMirrorVerifier Verifier(MirrorDatabase database) => new MirrorVerifier(database, Network, Emission, chain.Rpc);

        public override async ValueTask DisposeAsync()
        {
            _sender.Dispose();
            await chain.DisposeAsync();
        }
    }
}
