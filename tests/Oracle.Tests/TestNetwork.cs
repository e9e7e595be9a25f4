using DePin.Signing;
using System.Globalization;
using System.Text;
using Dapper;
using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Protocol;
using DePin.Protocol.Proofs;
using DePin.Protocol.Verification;
using DePin.Storage;
using Npgsql;

namespace DePin.Oracle.Tests;

/// <summary>A device of a test, with its key.</summary>
public sealed record TestDevice(long TokenId, PrivateKey Key)
{
    /// <summary>Its id.</summary>
    public DeviceId Id => new(Key.PublicKey.DeviceId);
}

/// <summary>A network of n operators and some devices, as rows that a mirror would have written.</summary>
public sealed class TestNetwork
{
    public const ulong Genesis = 1_700_006_400;
    public const short ChainId = 1;
    public const ushort ClassNumber = 900;

    private readonly Dictionary<Address, string> _endpoints = [];

    public TestNetwork(int operators = 4, int devices = 3, KeyType keyType = KeyType.Ed25519, int spare = 0)
    {
        Operators = [.. Enumerable.Range(0, operators + spare)
            .Select(_ => new OperatorKeyRing(PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Ed25519), PrivateKey.Generate(KeyType.Secp256k1)))
            .OrderBy(keys => keys.Address)];
        Devices = [.. Enumerable.Range(1, devices).Select(token => new TestDevice(token, PrivateKey.Generate(keyType)))];
        Facts = new NetworkFacts(new NetworkId(Keccak256.Hash(Encoding.UTF8.GetBytes(Guid.NewGuid().ToString()))), Genesis, 86_400, 172_800, 600);
        Digest = Keccak256.Hash(Facts.Id.Value.AsSpan());
        Configs = [(1, [.. Operators.Take(operators)])];
    }

    public NetworkFacts Facts { get; }

    public Bytes32 Digest { get; }

    /// <summary>All that are registered, ascending: the members of the first config, then the spare ones.</summary>
    public IReadOnlyList<OperatorKeyRing> Operators { get; }

    /// <summary>First epoch and members, ascending, of each config.</summary>
    public List<(long FirstEpoch, IReadOnlyList<OperatorKeyRing> Members)> Configs { get; }

    public IReadOnlyList<TestDevice> Devices { get; }

    /// <summary>Chain time of the newest block: noon of the first epoch.</summary>
    public DateTimeOffset Now { get; set; } = DateTimeOffset.FromUnixTimeSeconds((long)Genesis + 43_200);

    public ulong NowMs => (ulong)Now.ToUnixTimeMilliseconds();

    public static IReadOnlyList<IResourceClass> Classes { get; } = [new CountingClass()];

    /// <summary>Says on chain where an operator listens.</summary>
    public void SetEndpoint(Address address, string url) => _endpoints[address] = url;

    public SignedProof Prove(TestDevice device, ulong sequence, ulong? timeMs = null, ReadOnlySpan<byte> payload = default, ushort resource = ClassNumber, ushort schema = 1)
    {
        var proof = DeviceProof.Create(Facts.Id, new ClassId(resource), schema, device.Id, sequence, timeMs ?? NowMs, payload.IsEmpty ? "1234"u8 : payload);
        return new SignedProof(proof, device.Key.Sign(proof.Envelope.Span));
    }

    /// <summary>Writes what the mirror of an operator would hold into its database; may be called again.</summary>
    public async Task WriteMirrorAsync(NpgsqlDataSource database, CancellationToken ct, IEnumerable<TestDevice>? devices = null)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var block = await connection.ExecuteScalarAsync<long>(Sql.Command("select coalesce(max(block_number), 0) + 1 from chain.blocks", ct: ct));
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into chain.chains (chain_id, caip2, network_id, first_block, breaker_window) values (@ChainId, 'eip155:31337', @Network, 1, 86400) on conflict do nothing;
            insert into chain.blocks (chain_id, block_number, block_hash, parent_hash, block_time, log_count)
            values (@ChainId, @block, @Hash, @Hash, @Now, 0);
            insert into chain.checkpoints (chain_id, block_number, block_hash, finalized_number, finalized_hash) values (@ChainId, @block, @Hash, @block, @Hash)
            on conflict (chain_id) do update set block_number = excluded.block_number, finalized_number = excluded.finalized_number;
            insert into chain.model_versions (chain_id, model_id, maker_id, class, capabilities, cadence, metadata, valid_from, valid_to)
            values (@ChainId, 1, 1, @ClassNumber, 0, 60, @Zero, 1, 9223372036854775807) on conflict do nothing;
            """,
            new
            {
                ChainId,
                Network = Facts.Id.Value,
                block,
                Hash = Keccak256.Hash(Encoding.ASCII.GetBytes(block.ToString(CultureInfo.InvariantCulture))),
                Now,
                ClassNumber = (int)ClassNumber,
                Zero = Bytes32.Zero,
            }, ct: ct));
        for (var i = 0; i < Configs.Count; i++)
        {
            var (firstEpoch, members) = Configs[i];
            await connection.ExecuteAsync(Sql.Command(
                """
                insert into chain.config_versions (chain_id, config_count, first_epoch, digest, n, q, parameters_hash, rules_hash, report_keys, protocol_keys, valid_from, valid_to)
                values (@ChainId, @Count, @firstEpoch, @Digest, @N, @Q, @Zero, @Zero, @ReportKeys, @ProtocolKeys, 1, 9223372036854775807) on conflict do nothing
                """,
                new
                {
                    ChainId,
                    Count = i + 1,
                    firstEpoch,
                    Digest = i == 0 ? Digest : Keccak256.Hash([.. Digest.AsSpan(), (byte)i]),
                    N = (short)members.Count,
                    Q = (short)((2 * ((members.Count - 1) / 3)) + 1),
                    Zero = Bytes32.Zero,
                    ReportKeys = members.SelectMany(o => o.Address.ToArray()).ToArray(),
                    ProtocolKeys = members.SelectMany(o => o.Protocol.PublicKey.Bytes.ToArray()).ToArray(),
                }, ct: ct));
        }

        foreach (var keys in Operators)
        {
            await connection.ExecuteAsync(Sql.Command(
                """
                insert into chain.operator_versions (chain_id, report_key, account, protocol_key, bond, endpoint, exit_at, slashed, valid_from, valid_to)
                values (@ChainId, @Key, @Key, @Protocol, 0, @Endpoint, 0, false, 1, 9223372036854775807)
                on conflict (chain_id, report_key, valid_from) do update set endpoint = excluded.endpoint
                """,
                new
                {
                    ChainId,
                    Key = keys.Address,
                    Protocol = keys.Protocol.PublicKey.Bytes.ToArray(),
                    Endpoint = _endpoints.GetValueOrDefault(keys.Address, ""),
                }, ct: ct));
        }

        foreach (var device in devices ?? Devices)
        {
            await connection.ExecuteAsync(Sql.Command(
                """
                insert into chain.device_versions (chain_id, token_id, device_id, owner, model_id, batch_id, key_type, public_key, cell, metadata, status, registered_at, valid_from, valid_to)
                values (@ChainId, @TokenId, @Id, @Owner, 1, 0, @KeyType, @PublicKey, 0, @Zero, 'active', @RegisteredAt, @block, 9223372036854775807)
                on conflict do nothing
                """,
                new
                {
                    ChainId,
                    device.TokenId,
                    Id = device.Id.Value,
                    Owner = Address.Zero,
                    KeyType = (short)device.Key.Type,
                    PublicKey = device.Key.PublicKey.Bytes.ToArray(),
                    Zero = Bytes32.Zero,
                    RegisteredAt = (long)Genesis,
                    block,
                }, ct: ct));
        }
    }

    /// <summary>A class that accepts whatever has 4 to 1,000 bytes and does not start with 'x'.</summary>
    private sealed class CountingClass : IResourceClass
    {
        public ClassDescriptor Descriptor { get; } = new()
        {
            Id = new ClassId(ClassNumber),
            RulesVersion = 1,
            Name = "counting",
            Schemas = [new SchemaDescriptor(1, "any", 4, 1_000)],
            Reasons = [new ReasonDescriptor(1_000, "StartsWithX", "The payload starts with an x.")],
            Rules = [new RuleDescriptor(1, "count", "One weight for each proof.")],
        };

        public Verdict VerifyItem(in ProofItem item) => item.Payload[0] == (byte)'x' ? Verdict.Reject(1_000) : Verdict.Accept();

        public void KeysOf(in ProofItem item, KeyWriter keys)
        {
        }

        public void VerifyGroup(in ItemGroup group, EpochContext context, VerdictWriter verdicts)
        {
        }

        public void VerifyPopulation(Population population, EpochContext context, VerdictWriter verdicts)
        {
        }

        public ReadOnlyMemory<byte> Score(Population population, EpochContext context, ClaimWriter claims) => default;
    }
}
