using System.Text.Json;
using DePin.Abi;
using DePin.Chain.Evm;
using DePin.Cryptography;

namespace DePin.Chain.Tests;

public sealed class TransactionTests
{
    [Fact]
    public async Task Signs_and_hashes_transactions_as_viem_does()
    {
        foreach (var c in await Witness.RunAsync("transactions", 13, 400))
        {
            var key = PrivateKey.Parse(KeyType.Secp256k1, c.GetProperty("key").GetString()!);
            Assert.Equal(c.GetProperty("sender").GetString(), key.Address.ToChecksum());
            var signed = new EvmTransaction
            {
                ChainId = c.GetProperty("chainId").GetUInt64(),
                Nonce = c.GetProperty("nonce").GetUInt64(),
                To = c.GetProperty("to").GetString() is { } to ? Address.Parse(to) : null,
                Value = Number(c, "value"),
                Data = Hex.Parse(c.GetProperty("data").GetString()!),
                Gas = (ulong)Number(c, "gas"),
                GasPrice = c.TryGetProperty("gasPrice", out _) ? Number(c, "gasPrice") : null,
                MaxFeePerGas = c.TryGetProperty("maxFeePerGas", out _) ? Number(c, "maxFeePerGas") : default,
                MaxPriorityFeePerGas = c.TryGetProperty("maxPriorityFeePerGas", out _) ? Number(c, "maxPriorityFeePerGas") : default,
            }.Sign(key);
            Assert.Equal(c.GetProperty("raw").GetString(), Hex.ToString(signed.Raw));
            Assert.Equal(c.GetProperty("hash").GetString(), signed.Hash.ToString());
            Assert.True(SignedEvmTransaction.TryParse(signed.Raw, out var parsed));
            Assert.Equal(signed.Raw, parsed!.Transaction.Sign(key).Raw);
            Assert.Equal(signed.Hash, parsed.Hash);
        }

        static UInt256 Number(JsonElement c, string name) => UInt256.Parse(c.GetProperty(name).ToString());
    }

    // The example of EIP-155.
    [Fact]
    public void Signs_the_example_of_eip_155()
    {
        var key = PrivateKey.Parse(KeyType.Secp256k1, "0x4646464646464646464646464646464646464646464646464646464646464646");
        var transaction = new EvmTransaction
        {
            ChainId = 1,
            Nonce = 9,
            GasPrice = 20_000_000_000UL,
            Gas = 21_000,
            To = Address.Parse("0x3535353535353535353535353535353535353535"),
            Value = 1_000_000_000_000_000_000UL,
        };
        Assert.Equal("0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53", transaction.SigningHash().ToString());
        Assert.Equal(
            "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83",
            Hex.ToString(transaction.Sign(key).Raw));
    }
}
