using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Sdk.Registration;

/// <summary>How a maker vouches for a device on Solana: one of the records within.</summary>
/// <param name="MakerId">The maker of the device's model.</param>
public abstract record MakerWord(uint MakerId)
{
    /// <summary>The device stands in a batch that the maker published.</summary>
    /// <param name="MakerId">The maker.</param>
    /// <param name="BatchId">Number of the batch.</param>
    /// <param name="Siblings">What <see cref="DeviceBatch.Prove"/> gives. Eight, of a batch of up to 256, leave room in the transaction for compute budget and a P-256 check.</param>
    public sealed record InBatch(uint MakerId, ulong BatchId, IReadOnlyList<Bytes32> Siblings) : MakerWord(MakerId);

    /// <summary>The maker's account signs the transaction: its key is named among the request's signers, unless it pays.</summary>
    /// <param name="MakerId">The maker.</param>
    /// <param name="Address">Its account.</param>
    public sealed record Account(uint MakerId, SolanaAddress Address) : MakerWord(MakerId);

    /// <summary>The maker's approval key signs what the device signs.</summary>
    /// <param name="MakerId">The maker.</param>
    /// <param name="Approver">A secp256k1 key, whose address the maker's account names.</param>
    public sealed record Approval(uint MakerId, PrivateKey Approver) : MakerWord(MakerId);
}
