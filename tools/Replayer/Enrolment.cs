using System.Text;
using DePin.Chain.Evm;
using DePin.Chain.Solana;
using DePin.Cryptography;
using DePin.DataSets;
using DePin.Protocol;
using DePin.Sdk.Network;

namespace DePin.Replayer;

/// <summary>What enrolling is the same in on every chain.</summary>
public static class Enrolment
{
    /// <summary>The enrolment of a network's kind of chain, with the keys of a folder: <c>maker.key</c>, and <c>deployer.key</c>, which funds the providers.</summary>
    /// <param name="network">The network.</param>
    /// <param name="folder">Key files of accounts on its chain.</param>
    /// <param name="makerId">Number of the maker whose key that is.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="pause">Between looks for what was sent; null = 200 ms.</param>
    /// <exception cref="InvalidOperationException">A key file is missing or of another type.</exception>
    public static IEnrolment Open(INetworkAccess network, string folder, uint makerId, Action<string> progress, TimeSpan? pause = null)
    {
        var interval = pause ?? TimeSpan.FromMilliseconds(200);
        PrivateKey Key(string name) => PrivateKey.Load(Path.Combine(folder, name), AccountType(network.Kind));
        return network switch
        {
            EvmNetworkAccess evm => new EvmEnrolment(evm, Key("maker.key"), Key("deployer.key"), makerId, new FeePolicy { PollInterval = interval }, progress),
            SolanaNetworkAccess solana => new SolanaEnrolment(solana, Key("maker.key"), Key("deployer.key"), makerId, new SolanaFeePolicy { PollInterval = interval }, progress),
            _ => throw new NotSupportedException($"Nobody enrols devices on a chain of kind {network.Kind}."),
        };
    }

    /// <summary>The type of key that an account has.</summary>
    public static KeyType AccountType(ChainKind kind) => kind == ChainKind.Solana ? KeyType.Ed25519 : KeyType.Secp256k1;

    /// <summary>What a model carries as metadata, so that a second run finds it.</summary>
    internal static Bytes32 ModelKey(DataDevice source) =>
        Keccak256.Hash(Encoding.UTF8.GetBytes($"{source.Model}\n{source.Class}\n{source.Capabilities}\n{source.CadenceSeconds}"));
}
