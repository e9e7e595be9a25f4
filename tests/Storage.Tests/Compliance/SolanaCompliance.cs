using DePin.Abi.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Mirror;
using DePin.TestKit;

namespace DePin.Storage.Tests.Compliance;

/// <summary>The program on Surfpool, whose blocks are never undone: forks are shown on the chain in memory.</summary>
public sealed class SolanaCompliance : ChainCompliance
{
    private protected override async Task<ChainUnderTest> StartAsync() => new Solana(await DeployedSolana.StartAsync(operators: 4, Ct));

    private sealed class Solana(DeployedSolana chain) : ChainUnderTest
    {
        private ulong _acts;

        public override MirroredNetwork Network { get; } = chain.Mirrored();

        public override IChainSource Source => new SolanaChainSource(chain.Rpc, Network);

        public override EmissionSchedule Emission { get; } = new(DeployedSolana.EmissionBase, DeployedSolana.EmissionDecay);

        public override async Task ActAsync()
        {
            _acts++;
            var account = SolanaAddress.From(Keccak256.Hash(BitConverter.GetBytes(_acts)));
            await chain.SendAsync(CancellationToken.None, new Depin.OpenPayoutInstruction(account)
                .ToInstruction(chain.Network.Program, new Depin.OpenPayoutAccounts { Payer = chain.Owner, Network = chain.Network.Account, Page = chain.Network.PageOf(0) }));
        }

        public override Task StandStillAsync() => chain.Node.Rpc.PauseClockAsync(CancellationToken.None);

        public override IMirrorVerifier Verifier(MirrorDatabase database) => new SolanaMirrorVerifier(database, Network, chain.Rpc);

        public override ValueTask DisposeAsync() => chain.DisposeAsync();
    }
}
