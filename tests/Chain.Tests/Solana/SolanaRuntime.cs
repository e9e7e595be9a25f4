using System.Diagnostics;
using System.Text.Json;
using DePin.Abi.Solana;
using DePin.Cryptography;
using DePin.DevTools;

namespace DePin.Chain.Tests.Solana;

/// <summary>Solana's own runtime in a process of its own (LiteSVM): an account's bytes and a transaction's fate are what validators' code makes of them.</summary>
internal sealed class SolanaRuntime : IAsyncDisposable
{
    private readonly Process _process;

    private SolanaRuntime(Process process) => _process = process;

    public static SolanaRuntime Start()
    {
        var root = RepositoryRoot.Find();
        var start = new ProcessStartInfo("node") { WorkingDirectory = root, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(root, "tests", "Chain.Tests", "witness", "solana-runtime.mjs"));
        return new(Process.Start(start)!);
    }

    /// <summary>A fresh key with lamports.</summary>
    public async Task<PrivateKey> FundAsync(ulong lamports = 100_000_000_000)
    {
        var key = PrivateKey.Generate(KeyType.Ed25519);
        await AskAsync(new { @do = "airdrop", address = SolanaAddress.Of(key.PublicKey).ToString(), lamports });
        return key;
    }

    public async Task<Bytes32> BlockhashAsync() => Base58.TryDecode((await AskAsync(new { @do = "blockhash" })).GetString(), out Bytes32 hash) ? hash : throw new InvalidOperationException("no blockhash");

    public Task ExpireBlockhashAsync() => AskAsync(new { @do = "expire" });

    public Task WarpAsync(ulong slot) => AskAsync(new { @do = "slot", slot });

    public async Task<ulong> RentAsync(int space) => (await AskAsync(new { @do = "rent", space })).GetUInt64();

    /// <summary>An account's owner and data; null where nothing is.</summary>
    public async Task<(SolanaAddress Owner, byte[] Data, ulong Lamports)?> AccountAsync(SolanaAddress address)
    {
        var account = await AskAsync(new { @do = "account", address = address.ToString() });
        return account.ValueKind == JsonValueKind.Null ? null : (SolanaAddress.Parse(account.GetProperty("owner").GetString()!), account.GetProperty("data").GetBytesFromBase64(), account.GetProperty("lamports").GetUInt64());
    }

    /// <summary>Runs a transaction; null, or why it failed with its logs.</summary>
    public async Task<string?> SendAsync(SolanaTransaction transaction)
    {
        var result = await AskAsync(new { @do = "send", raw = transaction.ToBase64() });
        return result.GetProperty("error").GetString() is { } error ? $"{error}\n{string.Join('\n', result.GetProperty("logs").EnumerateArray())}" : null;
    }

    /// <summary>Compiles, signs and runs instructions that have to succeed, in a fresh blockhash; the first key pays.</summary>
    public async Task DoAsync(SolanaInstruction[] instructions, params PrivateKey[] keys)
    {
        var error = await TryAsync(instructions, keys);
        Assert.True(error is null, error);
    }

    public async Task<string?> TryAsync(SolanaInstruction[] instructions, params PrivateKey[] keys)
    {
        await ExpireBlockhashAsync(); // so that the same instructions make another transaction
        return await SendAsync(SolanaTransaction.Unsigned(SolanaMessage.Compile(SolanaAddress.Of(keys[0].PublicKey), instructions, await BlockhashAsync())).Sign(keys));
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<JsonElement> AskAsync(object command)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(command));
        await _process.StandardInput.FlushAsync();
        var line = await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("solana-runtime.mjs ended; its errors stand above.");
        return JsonDocument.Parse(line).RootElement;
    }
}
