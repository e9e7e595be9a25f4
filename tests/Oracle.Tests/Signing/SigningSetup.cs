using DePin.Abi;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Reports;
using DePin.Signing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DePin.Oracle.Tests.Signing;

/// <summary>Keys, a table in a folder of its own, and what a signer is asked.</summary>
public sealed class SigningSetup : IDisposable
{
    public SigningSetup() => SignTable.Create(TablePath, Keys.Address, Keys.ProtocolKey, 0);

    public OperatorKeyRing Keys { get; } = new(PrivateKey.Generate(KeyType.Secp256k1), PrivateKey.Generate(KeyType.Ed25519), PrivateKey.Generate(KeyType.Secp256k1));

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("depin-signer");

    public string TablePath => Path.Combine(Folder.FullName, "signed.table");

    public string SocketPath => Path.Combine(Folder.FullName, "signer");

    public static EvmSigningLimits Limits { get; } = new(new NetworkId(Sha256.Hash("network"u8)), 31337, new Address(Sha256.Hash("verifier"u8).AsSpan()[12..]), (UInt256)(UInt128)1_000_000_000_000_000_000);

    public SignTable Open() => SignTable.Open(TablePath, Keys.Address, Keys.ProtocolKey);

    /// <summary>Lets go of a table and opens it again.</summary>
    public SignTable Reopen(SignTable table)
    {
        table.Dispose();
        return Open();
    }

    public SigningDesk Desk(SignTable table) => new(Keys, table, Limits);

    public SignerServer Serve(SignTable table, ILogger<SignerServer>? logger = null) => SignerServer.Start(SocketPath, false, Desk(table), logger ?? NullLogger<SignerServer>.Instance);

    public RemoteSigner Connect(TimeSpan? timeout = null) => RemoteSigner.Connect(SocketPath, Limits.Network, timeout ?? TimeSpan.FromMinutes(1));

    /// <summary>A report whose content differs with <paramref name="content"/>.</summary>
    public static Protocol.Reports.Report Report(ulong epoch, ulong generation, string content, string config = "config") => new()
    {
        Config = new ConfigDigest(Sha256.Hash(System.Text.Encoding.UTF8.GetBytes(config))),
        Generation = new Generation(generation),
        Epoch = new Epoch(epoch),
        PeriodStart = 86_400 * epoch,
        PeriodEnd = 86_400 * (epoch + 1),
        AnchorNumber = 7,
        AnchorHash = Sha256.Hash("anchor"u8),
        Previous = ReportDigest.None,
        EvidenceRoot = Sha256.Hash(System.Text.Encoding.UTF8.GetBytes(content)),
        StateRoot = default,
        RewardsRoot = default,
        MeteringRoot = default,
        LeafCount = 0,
        CumulativeTotal = 0,
        Unallocated = 0,
        ManifestHash = default,
    };

    public void Dispose() => Folder.Delete(recursive: true);
}
