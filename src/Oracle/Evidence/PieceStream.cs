using DePin.Storage.Oracle;

namespace DePin.Oracle.Evidence;

/// <summary>A bundle as a seekable, read-only stream over its pieces: one piece in memory at a time.</summary>
public sealed class PieceStream(BundleStore store, BundleRow bundle) : Stream
{
    private byte[] _piece = [];
    private int _number = -1;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => bundle.Length;

    /// <inheritdoc/>
    public override long Position { get; set; }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Position >= Length) return 0;
        var number = (int)(Position / BundleStore.PieceSize);
        if (number != _number)
        {
            _piece = await store.ReadPieceAsync(bundle.Digest, number, cancellationToken)
                ?? throw new IOException($"Piece {number} of the bundle of epoch {bundle.Epoch} is gone: it was pruned while it was read.");
            _number = number;
        }

        var offset = (int)(Position % BundleStore.PieceSize);
        var count = Math.Min(buffer.Length, _piece.Length - offset);
        _piece.AsMemory(offset, count).CopyTo(buffer);
        Position += count;
        return count;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => Length + offset,
    };

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
