using System.Threading.Channels;
using DePin.Cryptography;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Ingest;

/// <summary>
/// Group commit: requests wait in a bounded queue, a few writers take as many as there are and make them durable in one transaction. What
/// this hands back is committed.
/// </summary>
public sealed partial class IngestWriter(ProofStore store, IngestOptions options, ILogger<IngestWriter> logger) : BackgroundService
{
    private readonly Channel<Request> _queue = Channel.CreateUnbounded<Request>();
    private int _pending;

    private sealed record Request(IReadOnlyList<ReceivedProof> Proofs, TaskCompletionSource<ArraySegment<long>> Done);

    /// <summary>Proofs that wait for their commit.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>
    /// Stores the proofs and completes once they are committed; null, with nothing stored, where the queue is full.
    /// </summary>
    /// <returns>When each was received first, ms.</returns>
    /// <exception cref="Exception">The database failed: nothing is promised about these proofs, and sending them again is safe.</exception>
    public async Task<ArraySegment<long>?> TryWriteAsync(IReadOnlyList<ReceivedProof> proofs, CancellationToken ct)
    {
        if (Interlocked.Add(ref _pending, proofs.Count) > options.MaxPendingProofs)
        {
            Interlocked.Add(ref _pending, -proofs.Count);
            return null;
        }

        var request = new Request(proofs, new TaskCompletionSource<ArraySegment<long>>(TaskCreationOptions.RunContinuationsAsynchronously));
        if (!_queue.Writer.TryWrite(request))
        {
            Interlocked.Add(ref _pending, -proofs.Count);
            return null; // stopping
        }

        // A caller that goes away leaves its proofs in the queue: they are stored all the same.
        return await request.Done.Task.WaitAsync(ct);
    }

    /// <summary>When those of the proofs that are durable here were received.</summary>
    public Task<IReadOnlyDictionary<Bytes32, long>> FindAsync(IReadOnlyCollection<Bytes32> ids, CancellationToken ct) => store.FindAsync(ids, ct);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var writers = Enumerable.Range(0, options.Writers).Select(_ => Task.Run(() => WriteLoopAsync(), CancellationToken.None)).ToArray();
        try
        {
            await Task.Delay(Timeout.Infinite, stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // What is in the queue is still written: its senders wait for it.
        }

        _queue.Writer.TryComplete();
        await Task.WhenAll(writers);
    }

    private async Task WriteLoopAsync()
    {
        var group = new List<Request>();
        var proofs = new List<ReceivedProof>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (proofs.Count < options.MaxGroup && _queue.Reader.TryRead(out var request))
            {
                group.Add(request);
                proofs.AddRange(request.Proofs);
            }

            if (group.Count > 0) await WriteAsync(group, proofs);
            group.Clear();
            proofs.Clear();
        }
    }

    private async Task WriteAsync(List<Request> group, List<ReceivedProof> proofs)
    {
        try
        {
            var receivedAt = await store.InsertAsync(proofs, CancellationToken.None);
            var offset = 0;
            foreach (var request in group)
            {
                request.Done.SetResult(new ArraySegment<long>(receivedAt, offset, request.Proofs.Count));
                offset += request.Proofs.Count;
            }

            OracleMeters.Stored.Add(proofs.Count);
        }
        catch (Exception error)
        {
            LogWriteFailed(logger, proofs.Count, error);
            foreach (var request in group) request.Done.TrySetException(error);
        }
        finally
        {
            Interlocked.Add(ref _pending, -proofs.Count);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} proofs were not stored and got no receipt")]
    private static partial void LogWriteFailed(ILogger logger, int count, Exception error);
}
