using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Rounds;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Network;

/// <summary>One operator of a config.</summary>
/// <param name="Index">Place in the config's ascending operators: the bit of its signature and the sender of its messages.</param>
/// <param name="Address">Its report key's address, which names its lane.</param>
/// <param name="ProtocolKey">Ed25519, 32 bytes.</param>
/// <param name="Endpoint">Base URL as registered on chain, or null where it is not an absolute http(s) URL.</param>
public sealed record Member(int Index, Address Address, Bytes32 ProtocolKey, Uri? Endpoint);

/// <summary>A config's operators with the URLs they listen on.</summary>
/// <param name="Count">Which config of the network this is, from 1.</param>
/// <param name="FirstEpoch">The first epoch that it governs.</param>
/// <param name="Set">The operators as the protocol knows them.</param>
/// <param name="Members">The same, ascending by address, with endpoints.</param>
public sealed record OperatorRoster(ulong Count, ulong FirstEpoch, OperatorSet Set, ImmutableArray<Member> Members)
{
    /// <summary>The config's digest.</summary>
    public Bytes32 Digest => Set.ConfigDigest;

    /// <summary>q.</summary>
    public int Quorum => Set.Quorum.Size;

    /// <summary>The member with this address, or null.</summary>
    public Member? Find(Address address) => Members.FirstOrDefault(m => m.Address == address);

    /// <summary>Reads a config of the mirror. <paramref name="endpoints"/> are those of the newest block: they may change within a config.</summary>
    public static OperatorRoster From(ConfigRow row, IReadOnlyDictionary<Address, string> endpoints)
    {
        var members = ImmutableArray.CreateBuilder<Member>(row.N);
        for (var i = 0; i < row.N; i++)
        {
            var address = new Address(row.ReportKeys.AsSpan(i * Address.Size, Address.Size));
            members.Add(new Member(i, address, new Bytes32(row.ProtocolKeys.AsSpan(i * 32, 32)), ParseEndpoint(endpoints.GetValueOrDefault(address))));
        }

        var set = new OperatorSet(row.Digest, [.. members.Select(m => new OperatorIdentity(m.Address, m.ProtocolKey))]);
        return new OperatorRoster((ulong)row.ConfigCount, (ulong)row.FirstEpoch, set, members.MoveToImmutable());
    }

    private static Uri? ParseEndpoint(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;
}
