using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Canonical;
using DePin.Protocol.Reports;

namespace DePin.Protocol.Registry;

/// <summary>The canonical bytes of a snapshot and the rules that any snapshot keeps.</summary>
internal static class RegistrySnapshotCodec
{
    private const int DeviceSize = 32 + 8 + 32 + 1 + 2 + 4 + 4 + 4 + 8 + 8 + 32 + 1 + 32;

    public static byte[] Encode(RegistrySnapshot snapshot)
    {
        var writer = new CanonicalWriter(1_024 + (snapshot.Devices.Length * 200) + (snapshot.PayoutAccounts.Length * 32) + (snapshot.Stakes.Length * 48));
        writer.Bytes(ProtocolTags.Snapshot).U64(snapshot.AnchorNumber).Word(snapshot.AnchorHash).U64(snapshot.AnchorTimestamp)
            .Word(snapshot.SeedBlockHash).U128(snapshot.Budget).Sized(ConfigDigest.Preimage(snapshot.Config));
        writer.U32((uint)snapshot.Devices.Length);
        foreach (var device in snapshot.Devices)
        {
            var view = device.View;
            writer.Word(view.Id.Value).U64(device.TokenId).Word(device.Owner.Value).U8((byte)device.Status).U16(view.Class.Value)
                .U32(view.Model).U32(view.Capabilities).U32(view.CadenceSeconds).U64(view.Cell).U64(view.RegisteredAt).Word(view.Metadata)
                .U8((byte)device.KeyType).Bytes(device.PublicKey.Span);
        }
        writer.U32((uint)snapshot.PayoutAccounts.Length);
        foreach (var account in snapshot.PayoutAccounts) writer.Word(account.Value);
        writer.U32((uint)snapshot.Stakes.Length);
        foreach (var stake in snapshot.Stakes) writer.Word(stake.Provider.Value).U128(stake.Amount);
        return writer.ToArray();
    }

    public static RegistrySnapshot Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "registry snapshot");
        reader.Expect(ProtocolTags.Snapshot);
        var (number, hash, timestamp) = (reader.U64(), reader.Word(), reader.U64());
        var (seed, budget) = (reader.Word(), reader.U128());
        var config = DecodeConfig(reader.Sized(4_096));

        var devices = ImmutableArray.CreateBuilder<DeviceRecord>(reader.Count(DeviceSize));
        for (var i = devices.Capacity; i > 0; i--) devices.Add(DecodeDevice(ref reader));
        var accounts = ImmutableArray.CreateBuilder<AccountId>(reader.Count(32));
        for (var i = accounts.Capacity; i > 0; i--) accounts.Add(new AccountId(reader.Word()));
        var stakes = ImmutableArray.CreateBuilder<ProviderStake>(reader.Count(48));
        for (var i = stakes.Capacity; i > 0; i--) stakes.Add(new ProviderStake(new AccountId(reader.Word()), reader.U128()));
        reader.End();

        var snapshot = new RegistrySnapshot(
            config, number, hash, timestamp, seed, budget, devices.MoveToImmutable(), accounts.MoveToImmutable(), stakes.MoveToImmutable());
        return FindFault(snapshot) is { } fault ? throw reader.Wrong(fault) : snapshot;
    }

    /// <summary>What breaks the rules of a snapshot, or null.</summary>
    public static string? FindFault(RegistrySnapshot snapshot)
    {
        for (var i = 0; i < snapshot.Devices.Length; i++)
        {
            var device = snapshot.Devices[i];
            if (device.Id != DeviceRecord.IdOf(device.KeyType, device.PublicKey.Span)) return $"the id of device {device.Id} is not that of its key";
            if (device.PublicKey.Length != KeyLength(device.KeyType)) return $"the key of device {device.Id} has {device.PublicKey.Length} bytes";
            if (i > 0 && snapshot.Devices[i - 1].Id >= device.Id) return $"device {device.Id} is doubled or out of order";
        }
        var tokens = snapshot.Devices.Select(device => device.TokenId).Order().ToArray();
        for (var i = 1; i < tokens.Length; i++)
        {
            if (tokens[i - 1] == tokens[i]) return $"token {tokens[i]} has two devices";
        }
        var accounts = snapshot.PayoutAccounts.Sort();
        for (var i = 1; i < accounts.Length; i++)
        {
            if (accounts[i - 1] == accounts[i]) return $"payout account {accounts[i]} has two indices";
        }
        for (var i = 0; i < snapshot.Stakes.Length; i++)
        {
            if (snapshot.Stakes[i].Amount == 0) return $"the stake of {snapshot.Stakes[i].Provider} is zero and must be left out";
            if (i > 0 && snapshot.Stakes[i - 1].Provider >= snapshot.Stakes[i].Provider)
                return $"the stake of {snapshot.Stakes[i].Provider} is doubled or out of order";
        }
        return null;
    }

    private static int KeyLength(KeyType type) => type == KeyType.Ed25519 ? 32 : 64;

    private static DeviceRecord DecodeDevice(ref CanonicalReader reader)
    {
        var (id, token, owner) = (new DeviceId(reader.Word()), reader.U64(), new AccountId(reader.Word()));
        var status = (DeviceStatus)reader.U8();
        if (status is < DeviceStatus.Active or > DeviceStatus.Retired) throw reader.Wrong($"{(byte)status} is no device status");
        var @class = new ClassId(reader.U16());
        var (model, capabilities, cadence) = (reader.U32(), reader.U32(), reader.U32());
        var (cell, registeredAt, metadata) = (reader.U64(), reader.U64(), reader.Word());
        var type = (KeyType)reader.U8();
        if (type is not (KeyType.Secp256k1 or KeyType.P256 or KeyType.Ed25519)) throw reader.Wrong($"{(byte)type} is no key type");
        var key = reader.Bytes(KeyLength(type)).ToArray();
        return new DeviceRecord(new DeviceView(id, @class, model, capabilities, cadence, cell, registeredAt, metadata), token, owner, status, type, key);
    }

    private static NetworkConfig DecodeConfig(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes, "config of a registry snapshot");
        reader.Expect(ProtocolTags.Config);
        var kind = (ChainKind)reader.U8();
        if (kind is not (ChainKind.Evm or ChainKind.Solana)) throw reader.Wrong($"{(byte)kind} is no kind of chain");
        var (chain, verifier, distributor, token) = (reader.Word(), reader.Word(), reader.Word(), reader.Word());
        var (count, first) = (reader.U64(), reader.U64());
        var (n, q) = (reader.U8(), reader.U8());
        var operators = ImmutableArray.CreateBuilder<OperatorKeys>(n);
        for (var i = 0; i < n; i++) operators.Add(new OperatorKeys(reader.Address(), reader.Word()));
        var (parameters, rules) = (reader.Word(), reader.Word());
        reader.End();
        var config = new NetworkConfig
        {
            Kind = kind,
            Chain = chain,
            Verifier = new AccountId(verifier),
            Distributor = new AccountId(distributor),
            Token = new AccountId(token),
            ConfigCount = count,
            FirstEpoch = new Epoch(first),
            Operators = operators.MoveToImmutable(),
            ParametersHash = parameters,
            RulesHash = rules,
        };
        if (q != config.Quorum) throw reader.Wrong($"a quorum of {q} is not that of {n} operators");
        try
        {
            _ = ConfigDigest.Preimage(config);
        }
        catch (ArgumentException error)
        {
            throw reader.Wrong(error.Message);
        }
        return config;
    }
}
