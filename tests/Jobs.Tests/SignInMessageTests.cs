using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using DePin.Cryptography;
using DePin.DevTools;
using DePin.SignIn;
using DePin.TestKit;

namespace DePin.Jobs.Tests;

/// <summary>The reader of EIP-4361 messages against messages that viem made and signed, and what a site asks of one.</summary>
public sealed class SignInMessageTests
{
    private static readonly JsonNode Vectors = JsonNode.Parse(File.ReadAllText(RepositoryRoot.Combine("contracts", "vectors", "sign-in.json")))!;
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Uri[] Origins = [new("https://jobs.example.org"), new("http://127.0.0.1:8092")];

    [Fact]
    public void What_viem_makes_is_read_field_by_field_and_its_signer_found()
    {
        var cases = Vectors["valid"]!.AsArray();
        Assert.True(cases.Count > 15);
        foreach (var v in cases)
        {
            var (name, text, fields) = ((string)v!["name"]!, (string)v["message"]!, v["fields"]!);
            Assert.True(SignInMessage.TryParse(text, out var message) == SignInRefusal.None, name);
            Assert.Equal(((string?)fields["scheme"], (string)fields["domain"]!, Address.Parse((string)fields["address"]!), (string?)fields["statement"], (string)fields["uri"]!),
                (message!.Scheme, message.Domain, message.Address, message.Statement, message.Uri));
            Assert.Equal((ulong.Parse((string)fields["chainId"]!, CultureInfo.InvariantCulture), (string)fields["nonce"]!, (string?)fields["requestId"]), (message.ChainId, message.Nonce, message.RequestId));
            Assert.Equal(((long?)fields["issuedAtMs"], (long?)fields["expirationTimeMs"], (long?)fields["notBeforeMs"]),
                (message.IssuedAt.ToUnixTimeMilliseconds(), message.ExpirationTime?.ToUnixTimeMilliseconds(), message.NotBefore?.ToUnixTimeMilliseconds()));
            Assert.Equal(fields["resources"]?.AsArray().Select(r => (string)r!), message.Resources);

            var bytes = Encoding.UTF8.GetBytes(text);
            Assert.Equal((string)v["digest"]!, $"0x{Convert.ToHexStringLower(PersonalMessage.Digest(bytes).AsSpan())}");
            Assert.True(PersonalMessage.TryRecover(bytes, Convert.FromHexString(((string)v["signature"]!)[2..]), out var signer));
            Assert.Equal(Address.Parse((string)Vectors["address"]!), signer);
        }
    }

    [Fact]
    public void What_differs_from_the_grammar_in_one_place_is_refused_for_that_place()
    {
        var cases = Vectors["malformed"]!.AsArray();
        Assert.True(cases.Count > 70);
        var wrong = cases.Select(v => ((string)v!["name"]!, Expected: (string)v["refusal"]!, Found: SignInMessage.TryParse((string)v["message"]!, out _).ToString())).Where(v => v.Expected != v.Found);
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_reason_of_form_has_a_malformed_message() =>
        Assert.Equal(Enum.GetValues<SignInRefusal>().Where(r => (int)r is > 0 and < 100).Select(r => r.ToString()), Vectors["malformed"]!.AsArray().Select(v => (string)v!["refusal"]!).Distinct()
            .OrderBy(r => (int)Enum.Parse<SignInRefusal>(r)));

    [Fact]
    public void No_text_makes_the_reader_throw_and_what_it_reads_is_what_stands_there()
    {
        var random = new Random(4361);
        var texts = Vectors["valid"]!.AsArray().Select(v => (string)v!["message"]!).ToArray();
        var passed = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var changed = texts[random.Next(texts.Length)].ToCharArray();
            changed[random.Next(changed.Length)] = (char)random.Next(random.Next(2) == 0 ? 128 : 0x10000);
            var text = new string(changed);
            if (SignInMessage.TryParse(text, out var message) != SignInRefusal.None) continue;
            passed++;
            Assert.StartsWith($"{(message!.Scheme is null ? "" : message.Scheme + "://")}{message.Domain} wants you to sign in with your Ethereum account:\n0x", text, StringComparison.Ordinal);
            Assert.Contains($"\n\n{(message.Statement is null ? "" : message.Statement + "\n")}\nURI: {message.Uri}\nVersion: 1\nChain ID: ", text, StringComparison.Ordinal);
            Assert.Contains($"\nNonce: {message.Nonce}\nIssued At: ", text, StringComparison.Ordinal);
            Assert.Equal(message.Resources?.Count ?? 0, text.Split("\n- ").Length - 1);
        }

        Assert.InRange(passed, 1_000, 15_000);
    }

    [Fact]
    public void A_fresh_message_for_this_site_is_taken_and_each_deviation_has_its_reason()
    {
        var nonces = new SignInNonces(new byte[32]);
        var rules = new SignInRules([31_337], nonces);
        var wallet = new TestWallet("wallet");
        var nonce = nonces.Issue(Noon);
        var good = new SignInText(wallet.Address, nonce, Noon);

        Assert.Equal(SignInRefusal.None, Check(good));
        Assert.Equal(SignInRefusal.None, Check(good with { Scheme = "https" }));
        Assert.Equal(SignInRefusal.None, Check(good with { Domain = "127.0.0.1:8092", Uri = "http://127.0.0.1:8092/jobs" }));
        Assert.Equal(SignInRefusal.WrongDomain, Check(good with { Domain = "evil.example.org" }));
        Assert.Equal(SignInRefusal.WrongDomain, Check(good with { Domain = "jobs.example.org:8443" }));
        Assert.Equal(SignInRefusal.WrongDomain, Check(good with { Domain = "me@jobs.example.org" }));
        Assert.Equal(SignInRefusal.WrongDomain, Check(good with { Scheme = "http" }));
        Assert.Equal(SignInRefusal.WrongUri, Check(good with { Uri = "https://evil.example.org/" }));
        Assert.Equal(SignInRefusal.WrongUri, Check(good with { Uri = "http://jobs.example.org/" }));
        Assert.Equal(SignInRefusal.WrongUri, Check(good with { Uri = "https://jobs.example.org.evil.org/" }));
        Assert.Equal(SignInRefusal.WrongChain, Check(good with { ChainId = 1 }));
        Assert.Equal(SignInRefusal.UnknownNonce, Check(good with { Nonce = "12345678" }));
        Assert.Equal(SignInRefusal.UnknownNonce, Check(good with { Nonce = nonce.ToUpperInvariant() }));
        Assert.Equal(SignInRefusal.UnknownNonce, Check(good with { Nonce = new SignInNonces([1, .. new byte[31]]).Issue(Noon) }));
        Assert.Equal(SignInRefusal.UnknownNonce, Check(good with { Nonce = (nonce[0] == '0' ? '1' : '0') + nonce[1..] }));
        Assert.Equal(SignInRefusal.NonceExpired, Check(good, Noon + SignInRules.NonceLife));
        Assert.Equal(SignInRefusal.WrongTime, Check(good with { IssuedAt = Noon.AddMinutes(-2) }));
        Assert.Equal(SignInRefusal.WrongTime, Check(good with { IssuedAt = Noon.AddMinutes(2) }));
        Assert.Equal(SignInRefusal.Expired, Check(good with { Expires = Noon }));
        Assert.Equal(SignInRefusal.NotYetValid, Check(good with { NotBefore = Noon.AddSeconds(2) }));
        Assert.Equal(SignInRefusal.BadSignature, Check(good with { Address = new TestWallet("another").Address }));
        Assert.Equal(SignInRefusal.BadAddress, Check(good with { Raw = good.ToString().Replace("0x", "0X", StringComparison.Ordinal) }));

        var signature = wallet.Sign(good.ToString());
        Assert.Equal(SignInRefusal.BadSignature, rules.Check((good with { Statement = "Pay nothing" }).ToString(), signature, Origins, Noon.AddSeconds(1), out _));
        signature[64] ^= 7; // 27 ↔ 28: the other point's key
        Assert.Equal(SignInRefusal.BadSignature, rules.Check(good.ToString(), signature, Origins, Noon.AddSeconds(1), out _));
        Assert.Equal(SignInRefusal.BadSignature, rules.Check(good.ToString(), new byte[65], Origins, Noon.AddSeconds(1), out _));

        SignInRefusal Check(SignInText text, DateTimeOffset? now = null) => rules.Check(text.ToString(), wallet.Sign(text.ToString()), Origins, now ?? Noon.AddSeconds(1), out _);
    }
}
