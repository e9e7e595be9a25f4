using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using DePin.Protocol;
using DePin.Storage.Read;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DePin.Api;

/// <summary>When epochs are, in chain time.</summary>
/// <param name="Genesis">Unix seconds at which epoch 1 starts.</param>
/// <param name="EpochSeconds">Length of an epoch.</param>
/// <param name="ChallengeSeconds">How long a report is open to challenge.</param>
public sealed record EpochClock(long Genesis, long EpochSeconds, long ChallengeSeconds);

/// <summary>A network that requests can be about.</summary>
/// <param name="Chain">Number of its chain in the mirror.</param>
/// <param name="Caip2">Its chain, CAIP-2.</param>
/// <param name="Id">Network id, 32 bytes.</param>
/// <param name="Contracts">Addresses, as the chain writes them, by contract name.</param>
/// <param name="Row">As stored.</param>
public sealed record Network(short Chain, string Caip2, byte[] Id, IReadOnlyDictionary<string, string> Contracts, NetworkRow Row)
{
    /// <summary>The EVM chain id; null on another kind of chain.</summary>
    public ulong? EvmChainId => Caip2.StartsWith("eip155:", StringComparison.Ordinal) && ulong.TryParse(Caip2.AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    /// <summary>How its chain writes accounts, transactions and blocks.</summary>
    public ChainText Text { get; } = ChainText.Of(Caip2);

    /// <summary>Digits of its token after the point, by the deployment's manifest; 18 until published.</summary>
    public int Decimals { get; } = ReadDecimals(Row.Manifest);

    /// <summary>When its epochs are, by the deployment's manifest; null until published.</summary>
    public EpochClock? Clock { get; } = ReadClock(Row.Manifest);

    private static EpochClock? ReadClock(string? manifest)
    {
        if (manifest is null) return null;
        var document = JsonSerializer.Deserialize<JsonElement>(manifest);
        return document.TryGetProperty("genesis", out var genesis) && document.TryGetProperty("epochLength", out var length) && document.TryGetProperty("challengeWindow", out var window)
            ? new EpochClock(genesis.GetInt64(), length.GetInt64(), window.GetInt64())
            : null;
    }

    private static int ReadDecimals(string? manifest) =>
        manifest is not null && JsonSerializer.Deserialize<JsonElement>(manifest).TryGetProperty("decimals", out var decimals) ? decimals.GetByte() : 18;

    /// <summary>The parameter document as JSON; null until published.</summary>
    public JsonElement? Parameters => Row.Parameters is { } text ? JsonSerializer.Deserialize<JsonElement>(text) : null;
}

/// <summary>Which network a request is about: the only one, or the one that <c>?network=</c> names by CAIP-2 chain or network id.</summary>
public sealed class Networks(NetworkReads reads, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim gate = new(1, 1);
    private List<Network> known = [];
    private long readAt;

    /// <summary>Every network; read again when none is known or the list is older than a few seconds.</summary>
    public async Task<IReadOnlyList<Network>> ListAsync(CancellationToken ct)
    {
        if (known.Count > 0 && time.GetElapsedTime(readAt) < Refresh) return known;
        await gate.WaitAsync(ct);
        try
        {
            if (known.Count > 0 && time.GetElapsedTime(readAt) < Refresh) return known;
            var list = new List<Network>();
            foreach (var row in await reads.ListAsync(ct))
            {
                var (text, contracts) = (ChainText.Of(row.Caip2), await reads.ContractsAsync(row.ChainId, ct));
                list.Add(new Network(row.ChainId, row.Caip2, row.NetworkId, contracts.ToDictionary(c => c.Key, c => text.Account(c.Value), StringComparer.Ordinal), row));
            }


            readAt = time.GetTimestamp();
            return known = list;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => gate.Dispose();

    /// <summary>The network that <paramref name="name"/> names; without a name, the first.</summary>
    public async Task<(Network? Network, ProblemHttpResult? Problem)> FindAsync(string? name, CancellationToken ct)
    {
        var all = await ListAsync(ct);
        if (all.Count == 0) return (null, Problems.NotMirrored());
        if (name is null) return (all[0], null);
        var match = all.FirstOrDefault(n => n.Caip2 == name || (Text.TryBytes(name, 32, out var id) && n.Id.AsSpan().SequenceEqual(id)));
        return match is null ? (null, Problems.NotFound("network", name)) : (match, null);
    }
}

/// <summary>Hexadecimal at the edge.</summary>
public static class Text
{
    /// <summary>0x and lower-case digits.</summary>
    public static string Hex(ReadOnlySpan<byte> bytes) => "0x" + Convert.ToHexStringLower(bytes);

    /// <summary>Exactly <paramref name="size"/> bytes from hexadecimal, 0x optional.</summary>
    public static bool TryBytes(string? text, int size, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text is null) return false;
        var digits = text.AsSpan();
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) digits = digits[2..];
        if (digits.Length != 2 * size) return false;
        var result = new byte[size];
        if (Convert.FromHexString(digits, result, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        bytes = result;
        return true;
    }

    /// <summary>An account of 20 or 32 bytes as the protocol's 32.</summary>
    public static byte[] Account32(byte[] native) => AccountId.FromNative(native).Value.ToArray();
}
