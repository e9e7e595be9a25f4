using System.Text;
using DePin.Abi.Solana;
using DePin.ContractBindings.Solana;
using DePin.Cryptography;
using DePin.Protocol;

namespace DePin.Chain.Deployment;

/// <summary>Base units that a wallet's associated token account holds from the beginning.</summary>
public sealed record SolanaAllocation(SolanaAddress Wallet, ulong Amount);

/// <summary>A model and the maker who adds it.</summary>
public sealed record SolanaModel(uint MakerId, Depin.ModelSettings Settings);

/// <summary>All that a profile says of a network, for one cluster and deployer. Amounts are base units, periods seconds.</summary>
public sealed record SolanaNetworkPlan
{
    /// <summary>Whose the mint is: SPL Token or Token-2022.</summary>
    public SolanaAddress TokenProgram { get; init; } = SolanaPrograms.Token;

    /// <summary>Digits of the token after the point.</summary>
    public required byte Decimals { get; init; }

    /// <summary>Tokens there are before any are earned.</summary>
    public required IReadOnlyList<SolanaAllocation> Allocations { get; init; }

    /// <summary>What the network is made with.</summary>
    public required Depin.Parameters Network { get; init; }

    /// <summary>Seconds between scheduling a device's new key and its being in force.</summary>
    public required ulong KeyDelay { get; init; }

    /// <summary>Rules of the providers' stakes.</summary>
    public required Depin.StakingSettings Staking { get; init; }

    /// <summary>Who may vouch for devices.</summary>
    public required IReadOnlyList<Depin.MakerSettings> Makers { get; init; }

    /// <summary>Models there are from the beginning, in order.</summary>
    public required IReadOnlyList<SolanaModel> Models { get; init; }

    /// <summary>Base units allocated.</summary>
    public UInt128 Allocated => Allocations.Aggregate(UInt128.Zero, (sum, a) => sum + a.Amount);

    /// <summary>keccak over all of it: a manifest is resumed only by the same deployment.</summary>
    /// <param name="network">Its name.</param>
    /// <param name="deployer">Who sends.</param>
    /// <param name="program">The program to use; zero where one is deployed.</param>
    /// <param name="parameters">The parameter document.</param>
    internal string Hash(string network, SolanaAddress deployer, SolanaAddress program, NetworkParameters parameters)
    {
        var hash = new Keccak256();
        hash.Append(deployer.ToBytes32());
        hash.Append(program.ToBytes32());
        hash.Append(Keccak256.Hash(Encoding.UTF8.GetBytes(network)));
        hash.Append([Decimals]);
        if (TokenProgram != SolanaPrograms.Token) hash.Append(TokenProgram.ToBytes32()); // else as before there was a choice
        hash.Append(Bytes32.FromUInt64((ulong)Allocations.Count));
        foreach (var allocation in Allocations)
        {
            hash.Append(allocation.Wallet.ToBytes32());
            hash.Append(Bytes32.FromUInt64(allocation.Amount));
        }

        hash.Append(Keccak256.Hash(new Depin.InitializeInstruction(Network).Encode()));
        hash.Append(Keccak256.Hash(new Depin.OpenRegistryInstruction(KeyDelay).Encode()));
        hash.Append(Keccak256.Hash(new Depin.OpenStakingInstruction(Staking).Encode()));
        foreach (var maker in Makers) hash.Append(Keccak256.Hash(new Depin.SetMakerInstruction(maker).Encode()));
        foreach (var model in Models)
        {
            hash.Append(Bytes32.FromUInt64(model.MakerId));
            hash.Append(Keccak256.Hash(new Depin.AddModelInstruction(model.Settings).Encode()));
        }

        hash.Append(parameters.Hash);
        return hash.Finish().ToString();
    }
}
