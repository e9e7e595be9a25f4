using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Network;

/// <summary>One operator of a config.</summary>
/// <param name="Index">Place in the config's ascending operators: the bit of its signature.</param>
/// <param name="Address">Its report key's address, which names its lane.</param>
/// <param name="ProtocolKey">Ed25519, 32 bytes.</param>
/// <param name="Endpoint">Base URL as registered on chain, or null where it is not an absolute http(s) URL.</param>
public sealed record Member(int Index, Address Address, Bytes32 ProtocolKey, Uri? Endpoint);

/// <summary>The operators that may sign from an epoch on, ascending by address.</summary>
public sealed record OperatorSet(ulong Count, ulong FirstEpoch, Bytes32 Digest, int Quorum, ImmutableArray<Member> Members)
{
    /// <summary>The member with this address, or null.</summary>
    public Member? Find(Address address) => Members.FirstOrDefault(m => m.Address == address);

    /// <summary>How many may fail: f.</summary>
    public int Faulty => (Members.Length - 1) / 3;

    /// <summary>Reads a config of the mirror. <paramref name="endpoints"/> are those of the newest block: they may change within a config.</summary>
    public static OperatorSet From(ConfigRow row, IReadOnlyDictionary<Address, string> endpoints)
    {
        var members = ImmutableArray.CreateBuilder<Member>(row.N);
        for (var i = 0; i < row.N; i++)
        {
            var address = new Address(row.ReportKeys.AsSpan(i * Address.Size, Address.Size));
            members.Add(new Member(i, address, new Bytes32(row.ProtocolKeys.AsSpan(i * 32, 32)), ParseEndpoint(endpoints.GetValueOrDefault(address))));
        }

        return new OperatorSet((ulong)row.ConfigCount, (ulong)row.FirstEpoch, row.Digest, row.Q, members.MoveToImmutable());
    }

    private static Uri? ParseEndpoint(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;
}
