using System.Text.Json.Nodes;
using DePin.Abi.Solana;
using DePin.Chain.Deployment;
using DePin.Chain.Rpc;
using DePin.Chain.Solana;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.TestKit;

namespace DePin.Chain.Tests.Solana;

public sealed class SolanaDeployerTests : IAsyncLifetime, IDisposable
{
    private static readonly SolanaFeePolicy Fast = new() { PollInterval = TimeSpan.FromMilliseconds(50), ResendEvery = TimeSpan.FromSeconds(1) };
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly PrivateKey _key = PrivateKey.Generate(KeyType.Ed25519);
    private readonly PrivateKey _program = PrivateKey.Generate(KeyType.Ed25519);
    private readonly byte[] _code = File.ReadAllBytes(RepositoryRoot.Combine("contracts", "solana", "artifacts", "depin.so"));
    private readonly string _folder = Directory.CreateTempSubdirectory("depin-solana").FullName;
    private readonly CancellationToken _ct = CancellationToken.None;
    private SurfpoolNode _node = null!;
    private SolanaRpc _rpc = null!;

    private SolanaAddress Program => SolanaAddress.Of(_program.PublicKey);

    private string State => Path.Combine(_folder, "deployment.json");

    public async Task InitializeAsync()
    {
        _node = await SurfpoolNode.StartAsync(ct: _ct);
        _rpc = new SolanaRpc(_http, new RpcOptions { Urls = [_node.Url] });
        await FundAsync(_key);
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        Dispose();
    }

    public void Dispose()
    {
        _http.Dispose();
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_networks_program_is_deployed_called_upgraded_handed_over_and_made_final()
    {
        var deployer = Deployer(_key);
        var deployed = await deployer.DeployAsync(_program, _code, State, null, _ct);
        Assert.Equal((Program, SolanaAddress.Of(_key.PublicKey)), (deployed.Program, deployed.Authority!.Value));
        Assert.Equal(_code, deployed.Code[.._code.Length].ToArray());
        Assert.Equal(_code.Length * 3 / 2, deployed.Code.Length);
        Assert.False(File.Exists(State));
        Assert.Empty(await deployer.FindBuffersAsync(_ct));

        // It runs: an instruction that it does not know is refused by its own code.
        var call = new SolanaTransactionRequest(new SolanaInstruction(Program, [], new byte[8]));
        var refusal = await Assert.ThrowsAsync<SolanaProgramException>(() => Sender(_key).SendAsync(call, _ct));
        Assert.Equal(Program, refusal.Program);
        Assert.Contains(refusal.Logs, l => l == $"Program {Program} invoke [1]");

        // A second time there is nothing to do, and other code is not put over it by accident.
        var balance = (await _rpc.GetBalanceAsync(SolanaAddress.Of(_key.PublicKey), Finality.Safe, _ct)).Value;
        Assert.Equal(deployed.Slot, (await deployer.DeployAsync(_program, _code, State, null, _ct)).Slot);
        Assert.Equal(balance, (await _rpc.GetBalanceAsync(SolanaAddress.Of(_key.PublicKey), Finality.Safe, _ct)).Value);
        var longer = Longer(_code, deployed.Code.Length + 5_000);
        await Assert.ThrowsAsync<DeploymentException>(() => deployer.DeployAsync(_program, longer, State, null, _ct));

        // Longer than the room that it has, too.
        var upgraded = await deployer.UpgradeAsync(Program, longer, State, null, _ct);
        Assert.True(upgraded.Holds(longer) && upgraded.Code.Length >= deployed.Code.Length + UpgradeableLoader.MinExtension);
        Assert.True(upgraded.Slot > deployed.Slot);
        var back = await deployer.UpgradeAsync(Program, _code, State, null, _ct);
        Assert.True(back.Holds(_code) && back.Slot > upgraded.Slot);
        Assert.Equal(Program, (await Assert.ThrowsAsync<SolanaProgramException>(() => Sender(_key).SendAsync(call, _ct))).Program);

        var next = PrivateKey.Generate(KeyType.Ed25519);
        await FundAsync(next);
        await deployer.SetAuthorityAsync(Program, next, _ct);
        await deployer.SetAuthorityAsync(Program, next, _ct); // done already
        var refused = await Assert.ThrowsAsync<DeploymentException>(() => deployer.UpgradeAsync(Program, longer, State, null, _ct));
        Assert.Contains(SolanaAddress.Of(next.PublicKey).ToString(), refused.Message, StringComparison.Ordinal);
        Assert.True((await Deployer(next).UpgradeAsync(Program, longer, State, null, _ct)).Holds(longer));
        await Deployer(next).SetAuthorityUncheckedAsync(Program, SolanaAddress.Of(_key.PublicKey), _ct);
        await deployer.RenounceAuthorityAsync(Program, _ct);
        await deployer.RenounceAuthorityAsync(Program, _ct);
        Assert.Null((await deployer.ReadAsync(Program, Finality.Safe, _ct))!.Authority);
        refused = await Assert.ThrowsAsync<DeploymentException>(() => deployer.UpgradeAsync(Program, _code, State, null, _ct));
        Assert.Contains("final", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_at_any_point_it_goes_on_where_it_stopped_and_pays_for_one_buffer()
    {
        string? seed = null;
        for (var kill = 1; ; kill++)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(_ct);
            var reports = 0;
            try
            {
                await Deployer(_key).DeployAsync(_program, _code, State, _ =>
                {
                    if (++reports == kill * 30) end.Cancel(); // in the midst of writing
                    end.Token.ThrowIfCancellationRequested();
                    return Task.CompletedTask;
                }, end.Token);
                Assert.True(kill > 2);
                break;
            }
            catch (OperationCanceledException)
            {
                Assert.True(File.Exists(State));
                var state = JsonNode.Parse(await File.ReadAllTextAsync(State, _ct))!;
                seed ??= state["Seed"]!.GetValue<string>();
                Assert.Equal(seed, state["Seed"]!.GetValue<string>());
                Assert.Single(await Deployer(_key).FindBuffersAsync(_ct));
            }
        }

        Assert.True((await Deployer(_key).ReadAsync(Program, Finality.Safe, _ct))!.Holds(_code));
        Assert.Empty(await Deployer(_key).FindBuffersAsync(_ct));
        Assert.False(File.Exists(State));
    }

    [Fact]
    public async Task Whatever_is_missing_when_the_buffer_is_read_back_is_written_again()
    {
        await using var proxy = await RpcProxy.StartAsync(_node.Url, _ct);
        var swallowed = 0;
        var faked = new HashSet<string>();

        // A node that takes three writes, says that they are confirmed, and loses them.
        proxy.Apply(new RpcFault.Lie((call, answer) =>
        {
            lock (faked)
            {
                if (!faked.Contains(call["params"]![0]![0]!.GetValue<string>())) return answer;
            }

            answer["result"]!["value"] = JsonNode.Parse("""[{"slot":40,"confirmations":1,"err":null,"status":{"Ok":null},"confirmationStatus":"confirmed"}]""");
            return answer;
        }), "getSignatureStatuses");
        var rpc = new SolanaRpc(_http, new RpcOptions { Urls = [proxy.Url] });
        var deployer = new SolanaProgramDeployer(rpc, new SolanaTransactionSender(rpc, _key, Fast));
        proxy.Apply(new RpcFault.Lie((call, answer) =>
        {
            var transaction = SolanaTransaction.FromBase64(call["params"]![0]!.GetValue<string>());
            return new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call["id"]!.DeepClone(), ["result"] = transaction.Id!.Value.ToString() };
        }, call =>
        {
            var transaction = SolanaTransaction.FromBase64(call["params"]![0]!.GetValue<string>());
            if (transaction.Message.TransactionSize < 1_000) return call;
            lock (faked)
            {
                if (faked.Count >= 3 && !faked.Contains(transaction.Id!.Value.ToString())) return call;
                if (faked.Add(transaction.Id!.Value.ToString())) swallowed++;
            }

            return new JsonObject { ["jsonrpc"] = "2.0", ["id"] = call["id"]!.DeepClone(), ["method"] = "getSlot", ["params"] = new JsonArray() };
        }), "sendTransaction");
        var seen = new List<int>();
        var deployed = await deployer.DeployAsync(_program, _code, State, p =>
        {
            seen.Add(p.Done);
            return Task.CompletedTask;
        }, _ct);
        Assert.Equal(3, swallowed);
        Assert.True(deployed.Holds(_code));
        Assert.Contains(seen.Zip(seen.Skip(1)), pair => pair.First - pair.Second == 3); // all seemed written, and three were not
    }

    [Fact]
    public async Task A_deployment_that_is_not_wanted_any_more_gives_its_rent_back()
    {
        var owner = SolanaAddress.Of(_key.PublicKey);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_ct);
        var before = (await _rpc.GetBalanceAsync(owner, Finality.Safe, _ct)).Value;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Deployer(_key).DeployAsync(_program, _code, State, _ =>
        {
            end.Cancel();
            return Task.CompletedTask;
        }, end.Token));
        Assert.True((await _rpc.GetBalanceAsync(owner, Finality.Safe, _ct)).Value < before - 100_000_000);

        // Neither other code, nor another key, nor another chain goes on with it.
        await Assert.ThrowsAsync<DeploymentException>(() => Deployer(_key).DeployAsync(_program, Longer(_code, _code.Length + 1), State, null, _ct));
        await Assert.ThrowsAsync<DeploymentException>(() => Deployer(PrivateKey.Generate(KeyType.Ed25519)).DeployAsync(_program, _code, State, null, _ct));
        var text = await File.ReadAllTextAsync(State, _ct);
        await File.WriteAllTextAsync(State, text.Replace("solana:", "solana:x", StringComparison.Ordinal), _ct);
        await Assert.ThrowsAsync<DeploymentException>(() => Deployer(_key).DeployAsync(_program, _code, State, null, _ct));
        await File.WriteAllTextAsync(State, text[..^20], _ct);
        await Assert.ThrowsAsync<DeploymentException>(() => Deployer(_key).DeployAsync(_program, _code, State, null, _ct));
        await File.WriteAllTextAsync(State, text, _ct);

        await Deployer(_key).AbandonAsync(State, _ct);
        Assert.False(File.Exists(State));
        Assert.Empty(await Deployer(_key).FindBuffersAsync(_ct));
        Assert.True((await _rpc.GetBalanceAsync(owner, Finality.Safe, _ct)).Value > before - 1_000_000); // fees of the few pieces that were under way
        await Assert.ThrowsAsync<DeploymentException>(() => Deployer(_key).DeployAsync(_program, "no code"u8.ToArray(), State, null, _ct));
        await Assert.ThrowsAsync<DeploymentException>(() => Deployer(_key).UpgradeAsync(Program, _code, State, null, _ct));
        await Assert.ThrowsAsync<DeploymentException>(() => Deployer(_key).ReadAsync(owner, Finality.Safe, _ct));
    }

    private SolanaTransactionSender Sender(PrivateKey key) => new(_rpc, key, Fast);

    private SolanaProgramDeployer Deployer(PrivateKey key) => new(_rpc, Sender(key));

    private static byte[] Longer(byte[] code, int length)
    {
        // Bytes after the last section are no part of the program.
        var longer = new byte[length];
        code.CopyTo(longer, 0);
        longer[^1] = 1;
        return longer;
    }

    private async Task FundAsync(PrivateKey key)
    {
        var address = SolanaAddress.Of(key.PublicKey);
        await _rpc.RequestAirdropAsync(address, 100_000_000_000, _ct);
        await Eventually.HoldsAsync(async () => (await _rpc.GetBalanceAsync(address, Finality.Safe, _ct)).Value > 0, "the airdrop arrived", _ct);
    }
}
