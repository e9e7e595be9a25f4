using DePin.Abi.Solana;
using DePin.Cryptography;
using DePin.Sdk.Network;
using DePin.Sdk.Registration;
using DePin.TestKit;

namespace DePin.EndToEnd.Tests.Enrolment;

/// <summary>The program on a Surfpool of one test class, with a registry, staking, and maker 1.</summary>
public sealed class SolanaDeviceNetwork : IAsyncLifetime
{
    public DeployedSolana Solana { get; private set; } = null!;

    /// <summary>The maker's account; it holds no lamports.</summary>
    public PrivateKey Maker { get; } = PrivateKey.Generate(KeyType.Ed25519);

    /// <summary>The maker's approval key.</summary>
    public PrivateKey Approver { get; } = PrivateKey.Generate(KeyType.Secp256k1);

    public SolanaNetworkAccess Access { get; private set; } = null!;

    public SolanaDeviceRegistration Registration { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Solana = await DeployedSolana.StartAsync(operators: 4, default);
        await Solana.OpenDevicesAsync(SolanaAddress.Of(Maker.PublicKey), Approver.Address, quota: 1_000, default);
        Access = new SolanaNetworkAccess(Solana.Rpc, Solana.ToManifest());
        Registration = new SolanaDeviceRegistration(Solana.Chain, Solana.Network);
    }

    public async Task DisposeAsync()
    {
        if (Solana is not null) await Solana.DisposeAsync();
    }
}
