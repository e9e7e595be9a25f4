using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Proofs;

namespace DePin.DeviceSdk;

/// <summary>
/// A device, whole: makes proofs under a key, keeps each on disk and sends it until it cannot be lost. May be killed at any moment; opened again on the
/// same folder, it sends what it still keeps, and gives no sequence twice. One process at a time for a key. Thread-safe.
/// </summary>
public sealed class Device : IAsyncDisposable
{
    private readonly PrivateKey key;
    private readonly NetworkId network;
    private readonly SequenceStore sequences;
    private readonly ProofFolder folder;
    private readonly ProofOutbox outbox;
    private readonly SemaphoreSlim order = new(1, 1);

    private Device(PrivateKey key, NetworkId network, SequenceStore sequences, ProofFolder folder, ProofOutbox outbox)
    {
        (this.key, this.network, this.sequences, this.folder, this.outbox) = (key, network, sequences, folder, outbox);
        Id = new DeviceId(key.PublicKey.DeviceId);
    }

    /// <summary>The id under which it is registered.</summary>
    public DeviceId Id { get; }

    /// <summary>Counts since it was opened.</summary>
    public OutboxCounts Counts => outbox.Counts;

    /// <summary>How often operators gave each reason of refusal.</summary>
    public IReadOnlyDictionary<string, long> Refusals => outbox.Refusals;

    /// <summary>How many false receipts each operator gave.</summary>
    public IReadOnlyDictionary<Address, long> FalseReceipts => outbox.FalseReceipts;

    /// <summary>Opens a device on its folder, which is made where there is none, and sends what is kept there from before.</summary>
    /// <param name="path">Folder of this device alone: its sequences and the proofs not yet certified. Never copy it, never bring it back from a backup.</param>
    /// <param name="key">Its key.</param>
    /// <param name="network">The network.</param>
    /// <param name="http">Shared client; its time-out is the transport's.</param>
    /// <param name="operators">All operators of the network: 3f + 1.</param>
    /// <param name="capacity">Most proofs kept at once: what it makes beyond waits.</param>
    /// <param name="ct">Ends the wait for room where more are kept than <paramref name="capacity"/>.</param>
    /// <exception cref="IOException">Another process has the folder open.</exception>
    /// <exception cref="InvalidDataException">The folder is damaged or was brought back from a backup: a sequence might be used twice.</exception>
    public static async Task<Device> OpenAsync(string path, PrivateKey key, NetworkId network, HttpClient http, IReadOnlyCollection<OperatorEndpoint> operators, int capacity, CancellationToken ct)
    {
        Directory.CreateDirectory(path);
        var sequences = SequenceStore.Open(Path.Combine(path, "sequences"));
        try
        {
            var folder = new ProofFolder(path);
            var before = folder.Read(key.PublicKey);
            if (before.Count > 0 && before[^1].Proof.Sequence > sequences.Reserved)
                throw new InvalidDataException($"{path} keeps proof {before[^1].Proof.Sequence}, but its sequences end at {sequences.Reserved}: they were brought back from a backup. Give the device a new key.");
            var outbox = new ProofOutbox(http, operators, capacity, settled: folder.Forget);
            try
            {
                foreach (var proof in before) await outbox.SendAsync(proof, ct).ConfigureAwait(false);
                return new Device(key, network, sequences, folder, outbox);
            }
            catch
            {
                await outbox.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
        catch
        {
            sequences.Dispose();
            throw;
        }
    }

    /// <summary>Makes a proof and keeps it: when this returns it is durable here, and is being sent.</summary>
    /// <param name="class">Resource class.</param>
    /// <param name="schema">Payload layout within the class.</param>
    /// <param name="timeMs">Network time of the work, ms since 1970.</param>
    /// <param name="payload">The class's canonical layout; at most 4,096 bytes.</param>
    /// <param name="ct">Ends the wait for room; the proof is kept all the same and is sent when the device is opened again.</param>
    /// <exception cref="ArgumentException">The payload is too long.</exception>
    /// <exception cref="IOException">The folder cannot be written: no proof was made.</exception>
    public async Task<ProofId> ProveAsync(ClassId @class, ushort schema, ulong timeMs, ReadOnlyMemory<byte> payload, CancellationToken ct)
    {
        await order.WaitAsync(ct).ConfigureAwait(false); // proofs enter the outbox by ascending sequence
        try
        {
            var proof = DeviceProof.Create(network, @class, schema, Id, sequences.Next(), timeMs, payload.Span);
            var signed = new SignedProof(proof, key.Sign(proof.Envelope.Span));
            folder.Keep(signed);
            await outbox.SendAsync(signed, ct).ConfigureAwait(false);
            return proof.Id;
        }
        finally
        {
            order.Release();
        }
    }

    /// <summary>Waits until every proof is certified or refused by all.</summary>
    public Task DrainAsync(CancellationToken ct) => outbox.DrainAsync(ct);

    /// <summary>Stops sending; what is kept stays on disk.</summary>
    public async ValueTask DisposeAsync()
    {
        await outbox.DisposeAsync().ConfigureAwait(false);
        sequences.Dispose();
        order.Dispose();
    }
}
