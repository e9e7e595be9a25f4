using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DePin.Abi;
using DePin.Abi.Solana;
using DePin.Api.Endpoints;
using DePin.Api.Live;
using DePin.Chain;
using DePin.Client;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.TestKit;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace DePin.Api.Tests.Solana;

/// <summary>One API for two kinds of chain: every read of both, and a claim that the runtime takes.</summary>
public sealed class TwoChainsTests(TwoChainsFixture fixture) : IClassFixture<TwoChainsFixture>
{
    // Members that name an account or a block, which have 32 bytes on Solana, and a transaction, which has 64.
    private static readonly string[] Names = ["account", "owner", "recipient", "nextRecipient", "provider", "staker", "challenger", "reporter", "feeTo", "blockHash", "anchorHash", "acceptedTransaction"];
    private static readonly CancellationToken Ct = CancellationToken.None;

    [Fact]
    public async Task Each_chain_writes_its_accounts_blocks_and_transactions_in_its_own_form_at_every_endpoint()
    {
        await ClaimAsync(); // so that there is a claim to show
        var (solana, evm) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var paths = 0;
        foreach (var path in (await fixture.Api.GetAsync("/openapi/v1.json")).GetProperty("paths").EnumerateObject().Select(p => p.Name).Where(p => !p.StartsWith("/v1/operator/", StringComparison.Ordinal) && p is not ("/v1/operator" or "/v1/stream") && !p.Contains("session", StringComparison.Ordinal)))
        {
            Check(await fixture.Api.GetAsync($"{Fill(path, fixture.ProvidersAddress.ToString(), fixture.Solana.Owner.ToString(), 11)}?{fixture.Query}"), solana, path, (name, text) =>
                name == "acceptedTransaction" ? SolanaSignature.TryParse(text, out _) : SolanaAddress.TryParse(text, out _));
            Check(await fixture.Api.GetAsync(Fill(path, ApiFixture.Providers[0].ToString(), ApiFixture.Providers[0].ToString(), 1)), evm, path, (name, text) =>
                name is "blockHash" or "anchorHash" or "acceptedTransaction" ? Bytes32.TryParse(text, out _) : Address.TryParse(text, out _));
            paths++;
        }

        Assert.True(paths > 20, "the description lacks endpoints");
        Assert.Equal(Names.Order(StringComparer.Ordinal), solana.Order(StringComparer.Ordinal));
        Assert.Subset(solana, evm);
        Assert.Contains("blockHash", evm);

        string Fill(string path, string account, string staker, int device) => path.Replace("{epoch}", "1", StringComparison.Ordinal).Replace("{address}", path.Contains("stakes", StringComparison.Ordinal) ? staker : account, StringComparison.Ordinal)
            .Replace("{id}", path.Contains("proofs/", StringComparison.Ordinal) ? FakeNetworkActivity.HashOf("proof 3").ToString() : ApiFixture.DeviceId(device).ToString(), StringComparison.Ordinal);
    }

    private static void Check(JsonElement value, HashSet<string> seen, string where, Func<string, string, bool> isItsForm)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    if (member.Name == "contracts")
                    {
                        Assert.All(member.Value.EnumerateObject(), c => Assert.True(isItsForm("account", c.Value.GetString()!), $"{where} writes {c}"));
                    }
                    else if (Names.Contains(member.Name) && member.Value.ValueKind == JsonValueKind.String)
                    {
                        seen.Add(member.Name);
                        Assert.True(isItsForm(member.Name, member.Value.GetString()!), $"{where} writes {member}");
                    }
                    else
                    {
                        Check(member.Value, seen, where, isItsForm);
                    }
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray()) Check(item, seen, where, isItsForm);
                break;
        }
    }

    [Fact]
    public async Task An_account_is_found_by_base58_and_by_its_bytes_and_by_nothing_else()
    {
        var text = fixture.ProvidersAddress.ToString();
        var account = await fixture.Api.GetAsync($"/v1/accounts/{text}?{fixture.Query}");
        Assert.Equal((text, text, fixture.NextRecipient.ToString(), Told(fixture.Earned), 1), (Text(account, "account"), Text(account, "recipient"), Text(account, "nextRecipient"), Text(account, "cumulative"), account.GetProperty("account").GetProperty("devices").GetInt32()));
        Assert.Equal(account.GetRawText(), (await fixture.Api.GetAsync($"/v1/accounts/0x{Convert.ToHexStringLower(fixture.ProvidersAddress.AsSpan())}?{fixture.Query}")).GetRawText());
        Assert.Single((await fixture.Api.GetAsync($"/v1/devices?owner={text}&{fixture.Query}")).GetProperty("items").EnumerateArray());
        Assert.Equal(text, (await fixture.Api.GetAsync($"/v1/accounts/{text}/rewards?{fixture.Query}")).GetProperty("items")[0].GetProperty("account").GetString());
        foreach (var bad in new[] { text[..^4], text + "1111", text.Replace(text[5], '0'), ApiFixture.Providers[0].ToString() })
        {
            var (status, problem) = await fixture.Api.TryGetAsync($"/v1/accounts/{bad}?{fixture.Query}");
            Assert.Equal((400, true), (status, problem.GetProperty("detail").GetString()!.Contains("a Solana address: base58", StringComparison.Ordinal)));
        }

        Assert.Equal(400, (await fixture.Api.TryGetAsync($"/v1/accounts/{text}")).Status); // the first network is an EVM one
        Assert.Equal(404, (await fixture.Api.TryGetAsync($"/v1/accounts/{fixture.NextRecipient}?{fixture.Query}")).Status);

        static string? Text(JsonElement view, string name) => view.GetProperty("account").GetProperty(name).GetString();
    }

    [Fact]
    public async Task What_the_network_is_is_said_with_its_tokens_decimals()
    {
        Assert.Equal(["eip155:31337", ChainId.Solana(fixture.Solana.Chain).ToString()], (await fixture.Api.GetAsync("/v1/networks")).EnumerateArray().Select(n => n.GetProperty("chain").GetString()));
        var network = await fixture.Api.GetAsync($"/v1/network?{fixture.Query}");
        Assert.Equal(9, network.GetProperty("decimals").GetInt32());
        Assert.Equal(18, (await fixture.Api.GetAsync("/v1/network")).GetProperty("decimals").GetInt32());
        var totals = network.GetProperty("totals");
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null, fixture.Tree.Total.ToString(CultureInfo.InvariantCulture)), (totals.GetProperty("holders").ValueKind, totals.GetProperty("burned").ValueKind, totals.GetProperty("minted").GetString()));
        var contracts = network.GetProperty("contracts");
        Assert.Equal((fixture.Solana.Network.Program.ToString(), fixture.Solana.Network.Mint.ToString()), (contracts.GetProperty("SettlementProgram").GetString(), contracts.GetProperty("NetworkToken").GetString()));
        var epoch = await fixture.Api.GetAsync($"/v1/epochs/1?{fixture.Query}");
        Assert.Equal(fixture.AttestedBy, epoch.GetProperty("summary").GetProperty("acceptedTransaction").GetString());
        Assert.Equal(Base58.Encode(fixture.Report.AnchorHash.AsSpan()), epoch.GetProperty("report").GetProperty("anchorHash").GetString());
        Assert.Equal(fixture.Solana.Operators.Where((_, i) => i != 1).Select(o => o.Report.Address.ToString()), epoch.GetProperty("signers").EnumerateArray().Select(s => s.GetString()));
    }

    [Fact]
    public async Task The_typed_client_reads_both_chains_and_writes_what_it_read()
    {
        using var client = DePinClient.Create(
            new DePinClientOptions { BaseAddress = fixture.Api.Host.Server.BaseAddress, Network = ChainId.Solana(fixture.Solana.Chain).ToString(), Strict = true, AttemptTimeout = TimeSpan.FromMinutes(2), Timeout = TimeSpan.FromMinutes(4) },
            fixture.Api.Host.Server.CreateHandler());
        var address = ChainAddress.Parse(fixture.ProvidersAddress.ToString());
        var account = await client.FindAccountAsync(address, Ct);
        Assert.Equal((address, true), (account!.Account.Address, account.Account.Address.IsSolana));
        Assert.Equal(address, Assert.Single((await client.ListDevicesAsync(new DeviceFilter { Owner = address }, ListOrder.Newest, default, Ct)).Items).Owner);
        Assert.Equal(9, (await client.GetNetworkAsync(Ct)).Decimals);
        Assert.Equal(fixture.AttestedBy, (await client.FindEpochAsync(new Epoch(1), Ct))!.Summary.AcceptedTransaction.ToString());
        var claim = await client.FindClaimAsync(address, Ct);
        Assert.Equal(((UnsignedTransaction?)null, address), (claim!.Transaction, claim.Solana!.Payer));
        Assert.Equal(fixture.Report.AnchorHash, (await client.FindEpochAsync(new Epoch(1), Ct))!.Report.AnchorHash);

        var served = await fixture.Api.GetAsync($"/v1/accounts/{address}/claim?{fixture.Query}");
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(served.GetRawText()), JsonSerializer.SerializeToNode(claim, ApiJson.Options)));
        using var first = fixture.Api.Typed();
        Assert.False((await first.FindAccountAsync(ApiFixture.Providers[0], Ct))!.Account.Address.IsSolana);
        Assert.DoesNotContain("solana", (await fixture.Api.GetAsync($"/v1/accounts/{ApiFixture.Providers[0]}/claim")).EnumerateObject().Select(m => m.Name));
    }

    [Fact]
    public async Task The_claim_that_the_API_lays_out_is_signed_and_paid_to_an_account_that_was_not_there()
    {
        await ClaimAsync();
        var tokens = ProgramAddress.AssociatedToken(fixture.ProvidersAddress, fixture.Solana.Network.Mint, SolanaPrograms.Token);
        Assert.Equal(fixture.Earned, await fixture.Solana.BalanceAsync(tokens, Ct));
        var account = (await fixture.Api.GetAsync($"/v1/accounts/{fixture.ProvidersAddress}?{fixture.Query}"));
        Assert.Equal((Told(fixture.Earned), null, "0"), (account.GetProperty("account").GetProperty("claimed").GetString(), account.GetProperty("account").GetProperty("balance").GetString(), account.GetProperty("claimable").GetString()));
        var paid = Assert.Single((await fixture.Api.GetAsync($"/v1/accounts/{fixture.ProvidersAddress}/claims?{fixture.Query}")).GetProperty("items").EnumerateArray());
        Assert.Equal((fixture.ProvidersAddress.ToString(), Told(fixture.Earned), SolanaAddress.Zero.ToString()), (paid.GetProperty("recipient").GetString(), paid.GetProperty("amount").GetString(), paid.GetProperty("feeTo").GetString()));
    }

    [Fact]
    public async Task The_live_feed_tells_of_each_chain_in_its_own_form()
    {
        var feed = fixture.Api.Host.Services.GetRequiredService<ChangeFeed>();
        await Eventually.HoldsAsync(() => Task.FromResult(Head(1) is not null && Head(2) is not null), "both heads were told", Ct);
        Assert.True(Bytes32.TryParse(Head(1)!.Value.GetProperty("hash").GetString(), out _));
        Assert.True(SolanaAddress.TryParse(Head(2)!.Value.GetProperty("hash").GetString(), out _));

        JsonElement? Head(short chain)
        {
            feed.Of(chain).TryFind(null, out var at);
            FeedEvent? one;
            while ((one = feed.Of(chain).Read(ref at, out _, out _)) is not null && one.Kind != "head")
            {
            }

            return one is null ? null : JsonSerializer.Deserialize<JsonElement>(one.Data);
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(17, 1)]
    [InlineData(20, 2)]
    [InlineData(30, 0)]
    public void A_claim_is_one_transaction_or_two_and_none_where_its_proof_fits_none(int levels, int transactions)
    {
        var view = Claim(levels);
        Assert.Equal((transactions, 2), (view.Transactions.Count, view.Instructions.Count));
        Assert.All(view.Transactions, t => Assert.True(SolanaTransaction.FromBase64(t).Message.Lifetime == Bytes32.Zero));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_claim_goes_through_the_token_program_that_owns_the_mint(bool is2022)
    {
        var (own, other) = is2022 ? (SolanaPrograms.Token2022, SolanaPrograms.Token) : (SolanaPrograms.Token, SolanaPrograms.Token2022);
        var tokens = ProgramAddress.AssociatedToken(fixture.NextRecipient, fixture.Solana.Network.Mint, own).ToString();
        foreach (var instruction in Claim(3, is2022 ? own : null).Instructions)
        {
            var accounts = instruction.Accounts.Select(a => a.Address).ToList();
            Assert.Contains(own.ToString(), accounts);
            Assert.DoesNotContain(other.ToString(), accounts);
            Assert.Contains(tokens, accounts);
        }
    }

    private SolanaClaimView Claim(int levels, SolanaAddress? tokenProgram = null)
    {
        var contracts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["SettlementProgram"] = fixture.Solana.Network.Program.ToString(),
            ["NetworkToken"] = fixture.Solana.Network.Mint.ToString(),
            ["NetworkAccount"] = fixture.Solana.Network.Account.ToString(),
        };
        if (tokenProgram is { } program) contracts["TokenProgram"] = program.ToString();
        var network = new Network(2, "solana:x", new byte[32], contracts, new Storage.Read.NetworkRow(2, "solana:x", new byte[32], 0, null, null, null));
        var account = new Storage.Read.AccountRow(0, "", "0x" + Convert.ToHexString(fixture.NextRecipient.AsSpan()), null, null, "1", "1", "0", 1, "0", "0", 0);
        var claim = new Storage.Read.ClaimProofRow(1, new byte[32], 2, 1, fixture.ProvidersAddress.ToArray(), "5", "0", new byte[32], [.. Enumerable.Range(0, levels).Select(i => Keccak256.Hash([(byte)i]))]);
        return ClaimTransactions.BuildSolana(network, account, claim)!;
    }

    [Fact]
    public async Task The_status_page_lets_a_person_choose_the_network_and_shows_its_tokens()
    {
        var built = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        await using var host = fixture.Api.WithSettings(new() { [WebHostDefaults.WebRootKey] = Path.Combine(built.Parent!.Parent!.FullName, "Api", built.Name, "wwwroot") });
        host.UseKestrel(static o => o.Listen(IPAddress.Loopback, 0));
        host.StartServer();
        var root = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        await BrowserScript.RunAsync("tests/Api.Tests/browser/status.mjs", [root, "Second", "0.98", ChainId.Solana(fixture.Solana.Chain).ToString()], ["status-solana"], static what => throw new InvalidOperationException(what));
    }

    [Fact]
    public async Task An_operator_on_Solana_signs_in_with_its_report_key_and_sees_how_it_stands()
    {
        var key = fixture.Solana.Operators[0].Report;
        using var client = fixture.Api.Host.CreateClient();
        Assert.Equal(HttpStatusCode.Forbidden, await EnterAsync(31_337)); // the EVM network has no such operator
        Assert.Equal(HttpStatusCode.OK, await EnterAsync(0));

        var account = await GetAsync("");
        Assert.Equal((key.Address.ToChecksum(), JsonValueKind.Null, "6000000000", 3_600, 9), (account.GetProperty("account").GetString(), account.GetProperty("chainId").ValueKind, account.GetProperty("minimumBond").GetString(),
            account.GetProperty("thawSeconds").GetInt32(), account.GetProperty("decimals").GetInt32()));
        var own = Assert.Single(account.GetProperty("operators").EnumerateArray());
        Assert.Equal((key.Address.ToString(), "signs"), (own.GetProperty("reportKey").GetString(), own.GetProperty("state").GetString()));
        Assert.Contains(own.GetProperty("notices").EnumerateArray(), n => n.GetProperty("why").GetString()!.Contains("the registry asks 6 of", StringComparison.Ordinal));
        var report = Assert.Single((await GetAsync($"/{key.Address}/reports")).GetProperty("items").EnumerateArray());
        Assert.Equal((fixture.AttestedBy, fixture.Solana.Owner.ToString(), true), (report.GetProperty("transaction").GetString(), report.GetProperty("challenger").GetString(), report.GetProperty("hasSigned").GetBoolean()));
        var action = Assert.Single((await GetAsync($"/{key.Address}/actions")).EnumerateArray());
        Assert.False(action.GetProperty("possible").GetBoolean());
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri($"/v1/operator/{fixture.Solana.Operators[1].Report.Address}/reports?{fixture.Query}", UriKind.Relative))).StatusCode); // another's

        // Where the account itself can sign, its report key says nothing.
        var reads = new Storage.Read.OperatorReads(fixture.Api.Source);
        Assert.False(await reads.HasRegisteredAsync("", ApiFixture.OperatorKeys[0], Ct));
        Assert.True(await reads.HasRegisteredAsync("", ApiFixture.Bonder.Address, Ct));
        Assert.False(await reads.HasRegisteredAsync("solana:", ApiFixture.Bonder.Address, Ct));
        Assert.True(await reads.IsInConfigurationAsync(ChainId.Solana(fixture.Solana.Chain).ToString(), key.Address, Ct));

        async Task<JsonElement> GetAsync(string path)
        {
            var response = await client.GetAsync(new Uri($"/v1/operator{path}?{fixture.Query}", UriKind.Relative));
            var body = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, body);
            return JsonSerializer.Deserialize<JsonElement>(body);
        }

        async Task<HttpStatusCode> EnterAsync(ulong chain)
        {
            var challenge = JsonSerializer.Deserialize<JsonElement>(await client.GetStringAsync(new Uri($"/v1/session/nonce?chain={chain}", UriKind.Relative)));
            var text = new SignInText(key.Address, challenge.GetProperty("nonce").GetString()!, challenge.GetProperty("issuedAt").GetDateTimeOffset()) { Domain = "localhost", Uri = "http://localhost/operator/", ChainId = chain }.ToString();
            var signed = key.SignDigest(PersonalMessage.Digest(Encoding.UTF8.GetBytes(text)));
            byte[] signature = [.. signed.R.ToArray(), .. signed.S.ToArray(), (byte)(27 + signed.YParity)];
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/session", UriKind.Relative)) { Content = JsonContent.Create(new { message = text, signature = "0x" + Convert.ToHexStringLower(signature) }) };
            request.Headers.Add("X-Depin-Operator", "1");
            using var response = await client.SendAsync(request);
            return response.StatusCode;
        }
    }

    // As a wallet does: another blockhash, a signature, sent. The second time there is nothing left to pay.
    private async Task ClaimAsync()
    {
        var claim = await fixture.Api.GetAsync($"/v1/accounts/{fixture.ProvidersAddress}/claim?{fixture.Query}");
        if (claim.GetProperty("claimable").GetString() == "0") return;
        Assert.Equal(JsonValueKind.Null, claim.GetProperty("transaction").ValueKind);
        Assert.Equal(fixture.ProvidersAddress.ToString(), claim.GetProperty("solana").GetProperty("payer").GetString());
        foreach (var transaction in claim.GetProperty("solana").GetProperty("transactions").EnumerateArray())
        {
            var unsigned = SolanaTransaction.FromBase64(transaction.GetString()!);
            var blockhash = (await fixture.Solana.Rpc.GetLatestBlockhashAsync(Finality.Safe, Ct)).Value;
            var bytes = unsigned.Message.Bytes.ToArray();
            var at = bytes.AsSpan().IndexOf(unsigned.Message.Accounts[^1].AsSpan()) + SolanaAddress.Size;
            Assert.True(bytes.AsSpan(at, 32).IndexOfAnyExcept((byte)0) < 0, "the blockhash is zero until the wallet sets it");
            blockhash.Hash.AsSpan().CopyTo(bytes.AsSpan(at));
            var signed = SolanaTransaction.Unsigned(SolanaMessage.Decode(bytes)).Sign(fixture.Provider);
            await fixture.Solana.Rpc.BroadcastTransactionAsync(signed.Encode(), Ct);
            await Eventually.HoldsAsync(async () => await fixture.Solana.Rpc.GetTransactionAsync(new TransactionId(signed.Id!.Value.ToString()), Finality.Safe, Ct) is not null, "the claim is in a block", Ct);
        }

        await fixture.FollowAsync();
        await Eventually.HoldsAsync(async () =>
        {
            await fixture.FollowAsync();
            return (await fixture.Api.GetAsync($"/v1/accounts/{fixture.ProvidersAddress}/claim?{fixture.Query}")).GetProperty("claimable").GetString() == "0";
        }, "the claim is mirrored", Ct);
    }

    private static string Told(ulong amount) => amount.ToString(CultureInfo.InvariantCulture);
}
