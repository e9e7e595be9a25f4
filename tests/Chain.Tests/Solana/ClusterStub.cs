using DePin.Abi.Solana;

namespace DePin.Chain.Tests.Solana;

/// <summary>A cluster by one node's word: a test says what lands, what it claims of it and how far it is.</summary>
internal sealed class ClusterStub : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<SolanaTransaction> _sent = [];
    private readonly Dictionary<string, string> _known = [];

    private ClusterStub(SolanaStub node)
    {
        Node = node;
        node.On("getLatestBlockhash", _ => SolanaStub.Context(Slot, $$"""{"blockhash":"{{new SolanaAddress([.. new byte[31], (byte)(Height % 250 + 1)])}}","lastValidBlockHeight":{{Height + 150}}}"""))
            .On("getEpochInfo", _ => $$"""{"absoluteSlot":{{Slot}},"blockHeight":{{Height}}}""")
            .On("getRecentPrioritizationFees", _ => $"[{string.Join(',', Fees.Select(f => $$"""{"slot":1,"prioritizationFee":{{f}}}"""))}]")
            .On("simulateTransaction", _ => SolanaStub.Context(Slot, $$"""{"err":{{SimulatedError}},"logs":["Program {{Logger}} failed: custom program error: 0x1"],"unitsConsumed":{{Units}}}"""))
            .On("getSignatureStatuses", parameters =>
            {
                lock (_lock) return SolanaStub.Context(Slot, $"[{_known.GetValueOrDefault(parameters[0]![0]!.GetValue<string>(), "null")}]");
            })
            .On("sendTransaction", parameters =>
            {
                Assert.True(parameters[1]!["skipPreflight"]!.GetValue<bool>());
                var transaction = SolanaTransaction.FromBase64(parameters[0]!.GetValue<string>());
                Assert.True(transaction.Verify());
                lock (_lock)
                {
                    _sent.Add(transaction);
                    OnSend?.Invoke(transaction, _sent.Count);
                }

                return $"\"{transaction.Id}\"";
            });
    }

    public SolanaStub Node { get; }

    public ulong Slot { get; set; } = 1_000;

    public ulong Height { get; set; } = 900;

    public ulong[] Fees { get; set; } = [];

    public ulong Units { get; set; } = 1_000;

    public string SimulatedError { get; set; } = "null";

    public SolanaAddress Logger { get; set; }

    /// <summary>Given each transaction that is sent, and how many there were.</summary>
    public Action<SolanaTransaction, int>? OnSend { get; set; }

    public IReadOnlyList<SolanaTransaction> Sent
    {
        get
        {
            lock (_lock) return [.. _sent];
        }
    }

    public static async Task<ClusterStub> StartAsync() => new(await SolanaStub.StartAsync());

    /// <summary>From now on the node says that the transaction is in a block.</summary>
    public void Claim(SolanaSignature id, string confirmation, string err = "null")
    {
        lock (_lock) _known[id.ToString()] = $$"""{"slot":{{Slot}},"confirmations":null,"err":{{err}},"confirmationStatus":"{{confirmation}}"}""";
    }

    public void Advance(ulong blocks) => (Slot, Height) = (Slot + blocks, Height + blocks);

    public ValueTask DisposeAsync() => Node.DisposeAsync();
}
