namespace DePin.Protocol;

/// <summary>Every domain tag of docs/protocol.md: 0x19, then ASCII. Bytes under one tag can never be read under another.</summary>
public static class ProtocolTags
{
    public static ReadOnlySpan<byte> Network => "\u0019DePIN network v1"u8;
    public static ReadOnlySpan<byte> Device => "\u0019DePIN device v1"u8;
    public static ReadOnlySpan<byte> Proof => "\u0019DePIN proof v1"u8;
    public static ReadOnlySpan<byte> Receipt => "\u0019DePIN receipt v1"u8;
    public static ReadOnlySpan<byte> Receipts => "\u0019DePIN receipts v1"u8;
    public static ReadOnlySpan<byte> Batch => "\u0019DePIN batch v1"u8;
    public static ReadOnlySpan<byte> Acknowledgement => "\u0019DePIN ack v1"u8;
    public static ReadOnlySpan<byte> Evidence => "\u0019DePIN evidence v1"u8;
    public static ReadOnlySpan<byte> Value => "\u0019DePIN value v1"u8;
    public static ReadOnlySpan<byte> Round => "\u0019DePIN round v1"u8;
    public static ReadOnlySpan<byte> Report => "\u0019DePIN report v1"u8;
    public static ReadOnlySpan<byte> Config => "\u0019DePIN config v1"u8;
    public static ReadOnlySpan<byte> Rules => "\u0019DePIN rules v1"u8;
    public static ReadOnlySpan<byte> Reward => "\u0019DePIN reward v1"u8;
    public static ReadOnlySpan<byte> Items => "\u0019DePIN items v1"u8;
    public static ReadOnlySpan<byte> Line => "\u0019DePIN line v1"u8;
    public static ReadOnlySpan<byte> State => "\u0019DePIN state v1"u8;
    public static ReadOnlySpan<byte> Manifest => "\u0019DePIN manifest v1"u8;
    public static ReadOnlySpan<byte> Seed => "\u0019DePIN seed v1"u8;
    public static ReadOnlySpan<byte> Snapshot => "\u0019DePIN snapshot v1"u8;
    public static ReadOnlySpan<byte> Bundle => "\u0019DePIN bundle v1"u8;
    public static ReadOnlySpan<byte> Usage => "\u0019DePIN usage v1"u8;
    public static ReadOnlySpan<byte> Transfer => "\u0019DePIN transfer v1"u8;
}
