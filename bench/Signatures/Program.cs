using System.Diagnostics;
using System.Globalization;
using DePin.Cryptography;

// Operations a second of processor time: what ingest and reward trees are measured against. Half a second each, best of three.
using var process = Process.GetCurrentProcess();
var message = new byte[200];
var digest = Keccak256.Hash(message);
var left = digest;
var secp = PrivateKey.Generate(KeyType.Secp256k1);
var compact = secp.SignDigest(digest).ToArray();
Measure("keccak-256 of 64 bytes (a tree node)", () => left = Keccak256.Hash(left, digest));
Measure("keccak-256 of 132 bytes (a leaf)", () => left = Keccak256.Hash(message.AsSpan(0, 132)));
Measure("SHA-256 of 200 bytes", () => left = Sha256.Hash(message));
Measure("secp256k1 sign (EIP-2098)", () => secp.SignDigest(digest));
Measure("secp256k1 recover to address", () => Check(Secp256k1.TryRecover(digest, compact, out Address _)));
foreach (var type in new[] { KeyType.Secp256k1, KeyType.P256, KeyType.Ed25519 })
{
    var key = PrivateKey.Generate(type);
    var signature = key.Sign(message);
    Measure($"{type} sign a message", () => key.Sign(message));
    Measure($"{type} verify, key kept", () => Check(key.PublicKey.Verify(message, signature)));
}

static void Check(bool ok)
{
    if (!ok) throw new InvalidOperationException("a good signature was refused");
}

void Measure(string name, Action operation)
{
    for (var i = 0; i < 500; i++) operation();
    double best = 0;
    for (var round = 0; round < 3; round++)
    {
        var count = 0;
        var start = process.TotalProcessorTime;
        TimeSpan taken;
        do
        {
            for (var i = 0; i < 200; i++) operation();
            count += 200;
            process.Refresh();
            taken = process.TotalProcessorTime - start;
        }
        while (taken.TotalSeconds < 0.5);
        best = Math.Max(best, count / taken.TotalSeconds);
    }

    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-40} {best,12:N0} /s"));
}
