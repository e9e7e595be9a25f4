using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using DePin.Abi.Solana;
using DePin.Chain;
using DePin.Chain.Evm;
using DePin.Cryptography;
using DePin.Protocol;
using DePin.Protocol.Canonical;
using DePin.Protocol.Lanes;
using DePin.Protocol.Reports;
using DePin.Protocol.Rounds;

namespace DePin.Signing;

/// <summary>
/// The keys in a signer process. Every request may be made again: the same question has the same answer. A connection that broke is made anew at once, as
/// the signer may have been started again; where it does not answer, requests fail fast until it was asked anew a second later.
/// </summary>
public sealed class RemoteSigner : IOperatorSigner, IDisposable
{
    private const int IdentitySize = 117;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private readonly UnixDomainSocketEndPoint _endPoint;
    private readonly string _path;
    private readonly int _timeoutMs;
    private readonly ConcurrentStack<Socket> _idle = [];
    private readonly byte[] _identity;
    private long _failedAt; // 0 while it answers
    private volatile string? _problem;

    private RemoteSigner(string path, NetworkId network, TimeSpan timeout)
    {
        _path = path;
        _endPoint = new UnixDomainSocketEndPoint(path);
        _timeoutMs = (int)timeout.TotalMilliseconds;
        var hello = Ask(SignerRequest.Hello, []);
        if (hello.Refusal != SigningRefusal.None) throw new InvalidOperationException($"The signer at '{path}' refused this node: {hello.Why}.");
        _identity = hello.Signature;
        if (_identity.Length != IdentitySize) throw new InvalidOperationException($"The signer at '{path}' says who it is in {_identity.Length} bytes, not {IdentitySize}: run node and signer of one release.");
        var reader = new CanonicalReader(_identity, "signer's identity");
        var of = new NetworkId(reader.Word());
        (Address, ProtocolKey, Account) = (reader.Address(), reader.Word(), new ChainAccount((ChainKind)reader.U8(), new AccountId(reader.Word())));
        if (!Enum.IsDefined(Account.Kind)) throw new InvalidOperationException($"The signer at '{path}' has an account of a kind of chain, {(byte)Account.Kind}, that this node does not know.");
        if (of != network) throw new InvalidOperationException($"The signer at '{path}' is of network {of}, this node of {network}. Start it with this network's manifest, or name another socket.");
    }

    /// <inheritdoc/>
    public Address Address { get; }

    /// <inheritdoc/>
    public Bytes32 ProtocolKey { get; }

    /// <inheritdoc/>
    public ChainAccount Account { get; }

    /// <inheritdoc/>
    public string? Problem => _problem;

    /// <summary>Asks the signer who it is.</summary>
    /// <param name="path">Its socket.</param>
    /// <param name="network">The node's network, which must be the signer's.</param>
    /// <param name="timeout">How long an answer may take.</param>
    /// <exception cref="SignerUnreachableException">It does not answer yet.</exception>
    /// <exception cref="InvalidOperationException">It is another network's.</exception>
    public static RemoteSigner Connect(string path, NetworkId network, TimeSpan timeout) => new(path, network, timeout);

    /// <inheritdoc/>
    public void Check()
    {
        try
        {
            Ask(SignerRequest.Hello, []);
        }
        catch (SignerUnreachableException)
        {
            // Problem says so.
        }
    }

    /// <inheritdoc/>
    public async Task<ReportSigning> SignReportAsync(RoundInstance instance, Bytes32 digest, Func<CancellationToken, Task<Report?>> find, CancellationToken ct)
    {
        if (await find(ct).ConfigureAwait(false) is not { } report) return ReportSigning.NotYet;
        if (report.Digest.Value != digest || report.Config.Value != instance.ConfigDigest || report.Epoch != instance.Epoch || report.Generation != instance.Generation)
            throw new InvalidOperationException($"{instance} decided report {digest}, computed here as {report.Digest}: the signer is shown only what was computed here.");
        var answer = await Task.Run(() => Ask(SignerRequest.Report, report.Encode()), ct).ConfigureAwait(false);
        if (answer.Refusal != SigningRefusal.None) return ReportSigning.Refused(answer.Refusal);
        return Secp256k1.TryRecover(digest, answer.Signature, out Address signer) && signer == Address
            ? ReportSigning.Made(new CompactSignature(answer.Signature))
            : throw new InvalidOperationException($"The signer at '{_path}' answered with a signature that is not by {Address}. Look at that process.");
    }

    /// <inheritdoc/>
    public ProtocolSignature SignProtocol(ReadOnlySpan<byte> message) => new(Signature(SignerRequest.Protocol, message));

    /// <inheritdoc/>
    public CompactSignature SignTransaction(EvmTransaction transaction) => new(Signature(SignerRequest.Transaction, transaction.EncodeUnsigned()));

    /// <inheritdoc/>
    public SolanaSignature SignTransaction(SolanaMessage message) => new(Signature(SignerRequest.Transaction, message.Bytes.Span));

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_idle.TryPop(out var socket)) socket.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => $"operator {Address}, keys at {_path}";

    private byte[] Signature(SignerRequest kind, ReadOnlySpan<byte> body)
    {
        var answer = Ask(kind, body);
        if (answer.Refusal != SigningRefusal.None)
        {
            var earlier = answer.Earlier.Length > 0 && SignedMessage.TryParse(answer.Earlier, out var vote) ? vote : null;
            throw new SigningRefusedException(answer.Refusal, $"The signer refused ({answer.Refusal}): {answer.Why}.", earlier);
        }

        return answer.Signature.Length == ProtocolSignature.Size ? answer.Signature : throw new InvalidOperationException($"The signer at '{_path}' answered with {answer.Signature.Length} bytes. Is it of another version?");
    }

    private SigningAnswer Ask(SignerRequest kind, ReadOnlySpan<byte> body)
    {
        var failed = Volatile.Read(ref _failedAt);
        if (kind != SignerRequest.Hello && failed != 0 && TimeProvider.System.GetElapsedTime(failed) < Rest) throw Unreachable(_problem ?? "it did not answer", null);
        var frame = SignerWire.Encode(kind, body);
        while (true)
        {
            var known = _idle.TryPop(out var socket);
            try
            {
                socket ??= Connect();
                var answer = Exchange(socket, frame);
                _idle.Push(socket);
                Volatile.Write(ref _failedAt, 0);
                _problem = null;
                return answer;
            }
            catch (Exception problem) when (problem is SocketException or InvalidDataException)
            {
                socket?.Dispose();
                Dispose();
                if (known) continue; // the signer was started again, most likely
                Volatile.Write(ref _failedAt, TimeProvider.System.GetTimestamp());
                _problem = problem.Message;
                throw Unreachable(problem.Message, problem);
            }
            catch
            {
                socket?.Dispose();
                throw;
            }
        }
    }

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendTimeout = _timeoutMs, ReceiveTimeout = _timeoutMs };
        try
        {
            socket.Connect(_endPoint);
            if (_identity is not null && !Exchange(socket, SignerWire.Encode(SignerRequest.Hello, [])).Signature.AsSpan().SequenceEqual(_identity))
                throw new InvalidDataException("it has other keys than when this node started; start the node again if they were changed on purpose");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SigningAnswer Exchange(Socket socket, byte[] frame)
    {
        for (var sent = 0; sent < frame.Length;) sent += socket.Send(frame.AsSpan(sent));
        Span<byte> head = stackalloc byte[4];
        Receive(socket, head);
        var length = BinaryPrimitives.ReadUInt32BigEndian(head);
        if (length is < 2 or > SignerWire.MaxFrame) throw new InvalidDataException($"The signer's answer claims {length} bytes.");
        var answer = new byte[length];
        Receive(socket, answer);
        return SignerWire.ReadAnswer(answer);
    }

    private static void Receive(Socket socket, Span<byte> into)
    {
        while (!into.IsEmpty)
        {
            var read = socket.Receive(into);
            if (read == 0) throw new SocketException((int)SocketError.ConnectionReset);
            into = into[read..];
        }
    }

    private SignerUnreachableException Unreachable(string why, Exception? inner) => new($"The signer at '{_path}' does not answer: {why}. Is 'depin signer run' up?", inner);
}
