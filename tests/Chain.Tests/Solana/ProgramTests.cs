using System.Text.Json;
using DePin.Abi;
using DePin.Abi.Solana;
using DePin.Cryptography;

namespace DePin.Chain.Tests.Solana;

public sealed class ProgramTests
{
    [Fact]
    public async Task Instructions_and_accounts_are_those_of_the_programs_own_clients()
    {
        var names = new HashSet<string>();
        foreach (var c in await Witness.RunAsync("solana-programs", 43, 200))
        {
            var name = c.GetProperty("name").GetString()!;
            names.Add(name);
            switch (name)
            {
                case "mint":
                    Assert.Equal(
                        new TokenMint(Optional(c, "mintAuthority"), Number(c, "supply"), c.GetProperty("decimals").GetByte(), Optional(c, "freezeAuthority"), false),
                        TokenMint.Decode(Bytes(c, "data")));
                    break;
                case "token":
                    Assert.Equal(
                        new TokenAccount(
                            Address(c, "mint"), Address(c, "owner"), Number(c, "amount"), Optional(c, "delegate"), c.GetProperty("state").GetInt32() == 2,
                            c.GetProperty("isNative").ValueKind == JsonValueKind.Null ? null : Number(c, "isNative"), Number(c, "delegatedAmount"), Optional(c, "closeAuthority"), false),
                        TokenAccount.Decode(Bytes(c, "data")));
                    break;
                case "nonce":
                    Assert.Equal(new DurableNonce(Address(c, "authority"), Address(c, "blockhash").ToBytes32(), Number(c, "lamportsPerSignature")), DurableNonce.Decode(Bytes(c, "data")));
                    break;
                default:
                    AssertSame(c.GetProperty("instruction"), name, Build(name, c));
                    break;
            }
        }

        Assert.Equal(29, names.Count);
    }

    private static SolanaInstruction Build(string name, JsonElement args)
    {
        SolanaAddress A() => Address(args, "a");
        SolanaAddress B() => Address(args, "b");
        SolanaAddress C() => Address(args, "c");
        SolanaAddress D() => Address(args, "d");
        SolanaAddress Program() => Address(args, "program");
        ulong X() => Number(args, "x");
        ulong Y() => Number(args, "y");
        uint U() => args.GetProperty("u").GetUInt32();
        byte Byte() => args.GetProperty("byte").GetByte();
        string Seed() => args.GetProperty("seed").GetString()!;
        return name switch
        {
            "CreateAccount" => SystemProgram.CreateAccount(A(), B(), X(), Y(), C()),
            "CreateAccountWithSeed" => SystemProgram.CreateAccountWithSeed(A(), B(), C(), Seed(), X(), Y(), D()),
            "CreateAccountWithOwnSeed" => SystemProgram.CreateAccountWithSeed(A(), B(), A(), Seed(), X() >> 12, Y() >> 12, D()),
            "Assign" => SystemProgram.Assign(A(), B()),
            "Allocate" => SystemProgram.Allocate(A(), X()),
            "Transfer" => SystemProgram.Transfer(A(), B(), X()),
            "InitializeNonce" => SystemProgram.InitializeNonce(A(), B()),
            "AdvanceNonce" => SystemProgram.AdvanceNonce(A(), B()),
            "WithdrawNonce" => SystemProgram.WithdrawNonce(A(), B(), C(), X()),
            "AuthorizeNonce" => SystemProgram.AuthorizeNonce(A(), B(), C()),
            "SetUnitLimit" => ComputeBudget.SetUnitLimit(U()),
            "SetUnitPrice" => ComputeBudget.SetUnitPrice(X()),
            "RequestHeap" => ComputeBudget.RequestHeap(U()),
            "SetLoadedDataLimit" => ComputeBudget.SetLoadedDataLimit(U()),
            "CreateTable" => AddressLookupTableProgram.Create(A(), B(), Number(args, "slot")),
            "ExtendTable" => AddressLookupTableProgram.Extend(A(), B(), C(), [.. args.GetProperty("addresses").EnumerateArray().Select(a => SolanaAddress.Parse(a.GetString()!))]),
            "DeactivateTable" => AddressLookupTableProgram.Deactivate(A(), B()),
            "CloseTable" => AddressLookupTableProgram.Close(A(), B(), C()),
            "InitializeMint" => TokenProgram.InitializeMint(A(), Byte(), B(), Optional(args, "option"), Program()),
            "InitializeAccount" => TokenProgram.InitializeAccount(A(), B(), C(), Program()),
            "MintTo" => TokenProgram.MintTo(A(), B(), C(), X(), Program()),
            "TransferChecked" => TokenProgram.TransferChecked(A(), B(), C(), D(), X(), Byte(), Program()),
            "SetAuthority" => TokenProgram.SetAuthority(A(), (TokenAuthority)(Byte() % 4), B(), Optional(args, "option"), Program()),
            "CloseAccount" => TokenProgram.CloseAccount(A(), B(), C(), Program()),
            "CreateAssociated" => TokenProgram.CreateAssociated(A(), B(), C(), Program()),
            "Ed25519" => SignatureCheck.Instruction(new SignatureCheck(PublicKeyOf(Bytes(args, "key")), Bytes(args, "signature"), Bytes(args, "message"))),
            _ => throw new InvalidOperationException($"{name} is not compared."),
        };

        static PublicKey PublicKeyOf(byte[] bytes) => PublicKey.TryCreate(KeyType.Ed25519, bytes, out var key) ? key! : throw new InvalidOperationException("no key");
    }

    private static void AssertSame(JsonElement expected, string name, SolanaInstruction actual)
    {
        Assert.Equal((name, expected.GetProperty("program").GetString()), (name, actual.Program.ToString()));
        Assert.Equal(
            expected.GetProperty("accounts").EnumerateArray().Select(a => (name, a.GetProperty("address").GetString()!, a.GetProperty("signer").GetBoolean(), a.GetProperty("writable").GetBoolean())),
            actual.Accounts.Select(a => (name, a.Address.ToString(), a.IsSigner, a.IsWritable)));
        Assert.Equal((name, expected.GetProperty("data").GetString()), (name, Hex.ToString(actual.Data.Span)));
    }

    private static SolanaAddress Address(JsonElement c, string name) => SolanaAddress.Parse(c.GetProperty(name).GetString()!);

    private static SolanaAddress? Optional(JsonElement c, string name) => c.GetProperty(name).GetString() is { } text ? SolanaAddress.Parse(text) : null;

    private static ulong Number(JsonElement c, string name) => ulong.Parse(c.GetProperty(name).ToString(), null);

    private static byte[] Bytes(JsonElement c, string name) => Hex.Parse(c.GetProperty(name).GetString()!);
}
