using System.Buffers.Binary;
using System.Net.Sockets;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Rounds;
using DePin.Signing;
using DePin.TestKit;
using Microsoft.Extensions.Logging;

namespace DePin.Oracle.Tests.Signing;

/// <summary>The signer's socket: who may use it, what nonsense on it costs, and what the oracle's side does when the signer stalls, ends and comes back.</summary>
public sealed class SignerSocketTests : IDisposable
{
    private static CancellationToken Ct => CancellationToken.None;

    private readonly SigningSetup _setup = new();
    private readonly SignTable _table;

    public SignerSocketTests() => _table = _setup.Open();

    public void Dispose()
    {
        _table.Dispose();
        _setup.Dispose();
    }

    [Fact]
    public async Task All_three_keys_sign_over_the_socket_as_they_do_in_the_process()
    {
        await using var server = _setup.Serve(_table);
        using var signer = _setup.Connect();
        Assert.Equal((_setup.Keys.Address, _setup.Keys.ProtocolKey, _setup.Keys.Account), (signer.Address, signer.ProtocolKey, signer.Account));

        var report = SigningSetup.Report(1, 0, "a");
        var instance = new RoundInstance(report.Config.Value, report.Epoch, report.Generation);
        var signing = await signer.SignReportAsync(instance, report.Digest.Value, _ => Task.FromResult<Protocol.Reports.Report?>(report), Ct);
        Assert.Equal(_setup.Keys.Report.SignDigest(report.Digest.Value), signing.Signature);
        Assert.Equal(ReportSigning.NotYet, await signer.SignReportAsync(instance, report.Digest.Value, _ => Task.FromResult<Protocol.Reports.Report?>(null), Ct));
        var other = SigningSetup.Report(1, 0, "b");
        Assert.Equal(SigningRefusal.SecondReport, (await signer.SignReportAsync(instance, other.Digest.Value, _ => Task.FromResult<Protocol.Reports.Report?>(other), Ct)).Refusal);

        var vote = Vote(0, Sha256.Hash("one"u8));
        Assert.Equal(_setup.Keys.SignProtocol(vote), signer.SignProtocol(vote));
        var refused = Assert.Throws<SigningRefusedException>(() => signer.SignProtocol(Vote(0, default)));
        Assert.Equal((SigningRefusal.SecondVote, Sha256.Hash("one"u8)), (refused.Refusal, refused.Earlier!.ValueDigest));
    }

    [Fact]
    public async Task The_socket_and_its_folder_are_closed_to_others()
    {
        await using (_setup.Serve(_table))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_setup.SocketPath));
            Assert.Contains("another signer", Assert.Throws<InvalidOperationException>(() => _setup.Serve(_table)).Message, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(_setup.SocketPath));
        File.SetUnixFileMode(_setup.Folder.FullName, File.GetUnixFileMode(_setup.Folder.FullName) | UnixFileMode.GroupExecute);
        Assert.Contains("chmod 700", Assert.Throws<InvalidOperationException>(() => _setup.Serve(_table)).Message, StringComparison.Ordinal);
        await using (SignerServer.Start(_setup.SocketPath, true, _setup.Desk(_table), Microsoft.Extensions.Logging.Abstractions.NullLogger<SignerServer>.Instance))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(_setup.SocketPath));
        }

        await File.WriteAllTextAsync(_setup.SocketPath, "something of somebody's");
        Assert.Throws<InvalidOperationException>(() => SignerServer.Start(_setup.SocketPath, true, _setup.Desk(_table), Microsoft.Extensions.Logging.Abstractions.NullLogger<SignerServer>.Instance));
        Assert.Equal("something of somebody's", await File.ReadAllTextAsync(_setup.SocketPath));
    }

    [Fact]
    public async Task A_socket_that_a_killed_signer_left_is_replaced()
    {
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            left.Bind(new UnixDomainSocketEndPoint(_setup.SocketPath + "0"));
            File.Move(_setup.SocketPath + "0", _setup.SocketPath); // or it would be cleared away with its owner
        }

        Assert.True(File.Exists(_setup.SocketPath));
        await using var server = _setup.Serve(_table);
        using var signer = _setup.Connect();
        Assert.Null(signer.Problem);
    }

    [Fact]
    public async Task Garbage_too_much_and_silence_cost_their_own_connection_only()
    {
        await using var server = _setup.Serve(_table);
        using var signer = _setup.Connect();
        var vote = Vote(0, Sha256.Hash("one"u8));

        using (var oversize = Raw()) Assert.Equal(SigningRefusal.TooLong, Refusal(Exchange(oversize, [0xff, 0xff, 0xff, 0xff]), oversize, closes: true));
        using (var tiny = Raw()) Assert.Equal(SigningRefusal.Malformed, Refusal(Exchange(tiny, [0, 0, 0, 1, 1]), tiny, closes: true));
        using (var version = Raw()) Assert.Equal(SigningRefusal.Unknown, Refusal(Exchange(version, [0, 0, 0, 2, 9, 1]), version, closes: false));
        using (var kind = Raw())
        {
            Assert.Equal(SigningRefusal.Unknown, Refusal(Exchange(kind, [0, 0, 0, 2, SignerWire.Version, 77]), kind, closes: false));
            Assert.Equal(SigningRefusal.Malformed, Refusal(Exchange(kind, SignerWire.Encode(SignerRequest.Report, new byte[348])), kind, closes: false));
            Assert.Equal(SigningRefusal.Malformed, Refusal(Exchange(kind, SignerWire.Encode(SignerRequest.Protocol, [])), kind, closes: false));
        }

        // Half of a request, and more silent ones than there are places: who asks is served all the same.
        var hanging = Enumerable.Range(0, SignerServer.MaxConnections + 10).Select(_ => Raw()).ToList();
        try
        {
            foreach (var one in hanging)
            {
                try
                {
                    one.Send([0, 0, 1]);
                }
                catch (SocketException)
                {
                    // It had to make room for a later one already.
                }
            }

            Assert.Equal(_setup.Keys.SignProtocol(vote), signer.SignProtocol(vote));
        }
        finally
        {
            foreach (var one in hanging) one.Dispose();
        }

        Assert.Equal(_setup.Keys.SignProtocol(vote), signer.SignProtocol(vote));
    }

    [Fact]
    public async Task A_signer_that_ends_and_comes_back_is_found_again_without_a_failed_request()
    {
        var server = _setup.Serve(_table);
        using var signer = _setup.Connect();
        var vote = Vote(0, Sha256.Hash("one"u8));
        var first = signer.SignProtocol(vote);
        await server.DisposeAsync();
        server = _setup.Serve(_table);
        Assert.Equal(first, signer.SignProtocol(vote));

        await server.DisposeAsync();
        Assert.Throws<SignerUnreachableException>(() => signer.SignProtocol(vote));
        Assert.NotNull(signer.Problem);
        Assert.Throws<SignerUnreachableException>(() => signer.SignProtocol(vote)); // at once, without asking
        await using var back = _setup.Serve(_table);
        signer.Check();
        Assert.Null(signer.Problem);
        Assert.Equal(first, signer.SignProtocol(vote));
    }

    [Fact]
    public async Task A_signer_that_takes_requests_and_answers_nothing_is_given_up_after_the_timeout()
    {
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        silent.Bind(new UnixDomainSocketEndPoint(_setup.SocketPath));
        silent.Listen();
        await Assert.ThrowsAsync<SignerUnreachableException>(() => Task.Run(() => _setup.Connect(TimeSpan.FromMilliseconds(300))));
    }

    [Fact]
    public async Task Another_operators_signer_at_the_same_socket_is_not_used()
    {
        var server = _setup.Serve(_table);
        using var signer = _setup.Connect();
        await server.DisposeAsync();
        using var stranger = new SigningSetup();
        using var table = stranger.Open();
        await using var other = SignerServer.Start(_setup.SocketPath, false, stranger.Desk(table), Microsoft.Extensions.Logging.Abstractions.NullLogger<SignerServer>.Instance);
        Assert.Contains("other keys", Assert.Throws<SignerUnreachableException>(() => signer.SignProtocol(Vote(0, default))).Message, StringComparison.Ordinal);
        Assert.Contains("other keys", signer.Problem, StringComparison.Ordinal); // /health says so
        Assert.Throws<InvalidOperationException>(() => RemoteSigner.Connect(_setup.SocketPath, new NetworkId(Sha256.Hash("elsewhere"u8)), TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task Where_the_table_cannot_be_written_nothing_is_signed_any_more_and_the_server_says_so()
    {
        var logs = new Lines();
        var table = _setup.Reopen(_table);
        await using var server = _setup.Serve(table, logs);
        using var signer = _setup.Connect();
        table.Dispose(); // as a disk that went away
        Assert.Throws<SignerUnreachableException>(() => signer.SignProtocol(Vote(0, Sha256.Hash("one"u8))));
        await Assert.ThrowsAnyAsync<Exception>(() => server.Failed.WaitAsync(TimeSpan.FromMinutes(1)));
        await Eventually.HoldsAsync(() => Task.FromResult(logs.Text.Contains("Nothing more is signed", StringComparison.Ordinal)), "it is in the log", Ct);
    }

    private static byte[] Vote(uint view, Bytes32 value) =>
        SignedMessage.Sign(new RoundInstance(Sha256.Hash("config"u8), new Epoch(2), new Generation(0)), view, MessageKind.Prepare, 1, value, [], static _ => default).Bytes.ToArray();

    private Socket Raw()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };
        socket.Connect(new UnixDomainSocketEndPoint(_setup.SocketPath));
        return socket;
    }

    private static byte[] Exchange(Socket socket, byte[] request)
    {
        socket.Send(request);
        var head = new byte[4];
        Fill(socket, head);
        var answer = new byte[BinaryPrimitives.ReadInt32BigEndian(head)];
        Fill(socket, answer);
        return answer;
    }

    private static void Fill(Socket socket, Span<byte> into)
    {
        while (!into.IsEmpty)
        {
            var read = socket.Receive(into);
            Assert.NotEqual(0, read);
            into = into[read..];
        }
    }

    private static SigningRefusal Refusal(byte[] answer, Socket socket, bool closes)
    {
        if (closes) Assert.True(IsClosed(socket));
        return SignerWire.ReadAnswer(answer).Refusal;
    }

    private static bool IsClosed(Socket socket)
    {
        try
        {
            return socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException problem) when (problem.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true; // closed with something of ours unread
        }
    }

    private sealed class Lines : ILogger<SignerServer>
    {
        private readonly System.Text.StringBuilder _text = new();

        public string Text
        {
            get
            {
                lock (_text) return _text.ToString();
            }
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_text) _text.AppendLine(formatter(state, exception));
        }
    }
}
