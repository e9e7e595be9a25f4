using System.Buffers.Binary;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace DePin.Signing;

/// <summary>
/// Answers a <see cref="SigningDesk"/>'s questions on a Unix socket of mode 0600 (0660 with group access) in a folder that nobody else may enter. A peer that sends nonsense, too much or
/// nothing costs its own connection.
/// </summary>
public sealed partial class SignerServer : IAsyncDisposable
{
    /// <summary>Connections at one time; a further one ends the one that was silent longest.</summary>
    public const int MaxConnections = 64;

    private const UnixFileMode OthersMode = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const UnixFileMode GroupMode = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;
    private const int MaxPathBytes = 107; // sun_path
    private static readonly TimeSpan FrameTime = TimeSpan.FromSeconds(10);

    private readonly string _path;
    private readonly SigningDesk _desk;
    private readonly ILogger<SignerServer> _logger;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<Socket, long> _connections = []; // → when it last asked something
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _accepting = Task.CompletedTask;

    private SignerServer(string path, SigningDesk desk, ILogger<SignerServer> logger, Socket listener)
    {
        _path = path;
        _desk = desk;
        _logger = logger;
        _listener = listener;
    }

    /// <summary>Ends with an exception when nothing more can be signed: the table could not be written.</summary>
    public Task Failed => _failed.Task;

    /// <summary>Opens the socket and answers from then on.</summary>
    /// <param name="path">Of the socket; one that a signer left behind is replaced, another file is not.</param>
    /// <param name="groupAccess">Whether the folder's group may use it, too: for an oracle that runs as another user.</param>
    /// <param name="desk">Judges and signs. Its table is held by this process alone, so that no living signer has the socket.</param>
    /// <param name="logger">Told of refusals; never of keys.</param>
    /// <exception cref="InvalidOperationException">The folder is open to others, or the path is too long or taken; the message says what to do.</exception>
    public static SignerServer Start(string path, bool groupAccess, SigningDesk desk, ILogger<SignerServer> logger)
    {
        path = Path.GetFullPath(path);
        if (System.Text.Encoding.UTF8.GetByteCount(path) > MaxPathBytes) throw new InvalidOperationException($"The socket's path '{path}' is longer than {MaxPathBytes} bytes. Choose a shorter one.");
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder)) Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var open = File.GetUnixFileMode(folder) & (groupAccess ? OthersMode : OthersMode | GroupMode);
        if (open != 0) throw new InvalidOperationException($"The socket's folder '{folder}' is open to others. Run: chmod {(groupAccess ? "o-rwx" : "700")} '{folder}'");
        if (File.Exists(path)) RemoveLeftBehind(path);

        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | (groupAccess ? UnixFileMode.GroupRead | UnixFileMode.GroupWrite : 0));
        listener.Listen(MaxConnections);
        var server = new SignerServer(path, desk, logger, listener);
        server._accepting = Task.Run(server.AcceptAsync);
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_connections)
        {
            foreach (var connection in _connections.Keys) connection.Dispose();
        }

        File.Delete(_path);
        _stopping.Dispose();
    }

    private static void RemoveLeftBehind(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException problem) when (problem.SocketErrorCode == SocketError.ConnectionRefused && new FileInfo(path).Length == 0)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException)
        {
            // Falls through: whatever it is, it is not a socket that a signer left.
        }

        throw new InvalidOperationException($"'{path}' is in use by another signer, or is no socket. Choose another path with --socket.");
    }

    private async Task AcceptAsync()
    {
        var ct = _stopping.Token;
        while (!ct.IsCancellationRequested)
        {
            Socket connection;
            try
            {
                connection = await _listener.AcceptAsync(ct).ConfigureAwait(false);
            }
            catch (Exception problem) when (problem is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException problem)
            {
                LogAcceptFailed(_logger, problem.Message); // out of file handles, for example
                await Task.Delay(200, CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            lock (_connections)
            {
                if (_connections.Count >= MaxConnections)
                {
                    var silent = _connections.MinBy(one => one.Value).Key;
                    _connections.Remove(silent);
                    silent.Dispose();
                }

                _connections[connection] = TimeProvider.System.GetTimestamp();
            }

            _ = Task.Run(() => ServeAsync(connection, ct), CancellationToken.None);
        }
    }

    private async Task ServeAsync(Socket connection, CancellationToken ct)
    {
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: false);
            var head = new byte[4];
            while (await stream.ReadAtLeastAsync(head.AsMemory(0, 1), 1, throwOnEndOfStream: false, ct).ConfigureAwait(false) == 1)
            {
                lock (_connections)
                {
                    if (_connections.ContainsKey(connection)) _connections[connection] = TimeProvider.System.GetTimestamp();
                }

                // A request that has begun has to come, and its answer to be taken: nobody may leave half of one and stay.
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
                limit.CancelAfter(FrameTime);
                await stream.ReadExactlyAsync(head.AsMemory(1), limit.Token).ConfigureAwait(false);
                var length = BinaryPrimitives.ReadUInt32BigEndian(head);
                if (length is < 2 or > SignerWire.MaxFrame)
                {
                    var refusal = SigningAnswer.Refused(length < 2 ? SigningRefusal.Malformed : SigningRefusal.TooLong, $"a request has 2 to {SignerWire.MaxFrame} bytes");
                    await stream.WriteAsync(SignerWire.Encode(refusal), limit.Token).ConfigureAwait(false);
                    LogRefused(_logger, "?", refusal.Refusal, refusal.Why);
                    return;
                }

                var frame = new byte[length];
                await stream.ReadExactlyAsync(frame, limit.Token).ConfigureAwait(false);
                await stream.WriteAsync(SignerWire.Encode(Answer(frame)), limit.Token).ConfigureAwait(false);
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or SocketException or ObjectDisposedException or EndOfStreamException || problem is IOException { InnerException: SocketException })
        {
            // The peer is gone, was too slow, or we stop.
        }
        catch (Exception problem)
        {
            LogFailed(_logger, problem);
            _failed.TrySetException(problem);
        }
        finally
        {
            lock (_connections) _connections.Remove(connection);
            connection.Dispose();
        }
    }

    private SigningAnswer Answer(ReadOnlySpan<byte> frame)
    {
        var (version, kind) = (frame[0], (SignerRequest)frame[1]);
        var body = frame[2..];
        var answer = version != SignerWire.Version
            ? SigningAnswer.Refused(SigningRefusal.Unknown, $"the signer speaks version {SignerWire.Version} of its protocol, not {version}: run node and signer of one release")
            : kind switch
            {
                SignerRequest.Hello => SigningAnswer.Made(_desk.Identity),
                SignerRequest.Report => _desk.SignReport(body),
                SignerRequest.Protocol => _desk.SignProtocol(body),
                SignerRequest.Transaction => _desk.SignTransaction(body),
                _ => SigningAnswer.Refused(SigningRefusal.Unknown, $"{(byte)kind} is no kind of request"),
            };
        if (answer.Refusal != SigningRefusal.None) LogRefused(_logger, kind.ToString(), answer.Refusal, answer.Why);
        return answer;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not signed ({Kind}, {Refusal}): {Why}")]
    private static partial void LogRefused(ILogger logger, string kind, SigningRefusal refusal, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A connection could not be taken: {Problem}")]
    private static partial void LogAcceptFailed(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Nothing more is signed until the signer is started again")]
    private static partial void LogFailed(ILogger logger, Exception problem);
}
