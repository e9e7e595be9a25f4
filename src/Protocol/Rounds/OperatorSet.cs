using System.Collections.Immutable;
using DePin.Cryptography;

namespace DePin.Protocol.Rounds;

/// <summary>An operator as its peers know it.</summary>
/// <param name="Address">Address of the secp256k1 key that signs reports; names the operator.</param>
/// <param name="ProtocolKey">Ed25519 public key of everything else that it signs.</param>
public readonly record struct OperatorIdentity(Address Address, Bytes32 ProtocolKey);

/// <summary>The operators of one config, strictly ascending by address; a sender in a message is a position in it.</summary>
public sealed class OperatorSet
{
    /// <summary>Takes a config's operators.</summary>
    /// <exception cref="ArgumentException">They are not 3f+1 in number, from 4 to 31, or not strictly ascending by address.</exception>
    public OperatorSet(Bytes32 configDigest, ImmutableArray<OperatorIdentity> operators)
    {
        Quorum = new Quorum(operators.Length);
        for (var i = 1; i < operators.Length; i++)
        {
            if (operators[i - 1].Address >= operators[i].Address)
                throw new ArgumentException("The operators of a config are strictly ascending by address.", nameof(operators));
        }
        ConfigDigest = configDigest;
        Operators = operators;
    }

    /// <summary>The config they belong to.</summary>
    public Bytes32 ConfigDigest { get; }

    /// <summary>Ascending by address.</summary>
    public ImmutableArray<OperatorIdentity> Operators { get; }

    /// <summary>n, f and q.</summary>
    public Quorum Quorum { get; }

    /// <summary>n.</summary>
    public int Count => Operators.Length;

    /// <summary>The operator at a position.</summary>
    public OperatorIdentity this[int position] => Operators[position];

    /// <summary>The addresses in order.</summary>
    public IEnumerable<Address> Addresses => Operators.Select(static member => member.Address);

    /// <summary>Position of an address, −1 if it is no operator of the config.</summary>
    public int IndexOf(Address address)
    {
        for (var i = 0; i < Operators.Length; i++)
        {
            if (Operators[i].Address == address) return i;
        }
        return -1;
    }
}
