using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace DePin.Api.Operators;

/// <summary>
/// Looks at an operator's process from here. Whoever registers chooses the address, so it is fetched as a stranger's: only http(s) without credentials, the paths are ours, no redirect is followed, no proxy or cookie used, the whole
/// look is over in a few seconds, no more than 16 KiB are read, and only known members of a JSON answer are told on. Off a development network an address that is not public is not connected to: the name is
/// resolved here and the connection made to what was judged, so that a name cannot change its mind in between.
/// </summary>
internal sealed class EndpointLook : IDisposable
{
    /// <summary>Most bytes of an answer that are read.</summary>
    public const int MaximumBytes = 16_384;

    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);
    private readonly TimeProvider time;
    private readonly HttpClient anywhere = Client(anywhere: true);
    private readonly HttpClient publicly = Client(anywhere: false);
    private readonly SemaphoreSlim room = new(8, 8); // looks under way at once, whoever asks
    private readonly Lock gate = new();
    private readonly Dictionary<(string Endpoint, bool Anywhere), (Task<Look> Look, long At)> looks = [];

    public EndpointLook(TimeProvider time) => this.time = time;

    /// <summary>What was seen, and when.</summary>
    public sealed record Look(DateTimeOffset At, ProcessAnswerView Health, ProcessAnswerView Ready);

    /// <summary>Where an operator listens; null where what it registered, which is any text, is no HTTP address.</summary>
    public static Uri? Root(string endpoint) =>
        Uri.TryCreate(endpoint, UriKind.Absolute, out var root) && (root.Scheme == Uri.UriSchemeHttp || root.Scheme == Uri.UriSchemeHttps) && root.UserInfo.Length == 0 && root.Host.Length > 0 ? root : null;

    /// <summary>Looks at <c>/health</c> and <c>/ready</c>, or says what was seen a few seconds ago. Who asks may go away: the look goes on for the next one.</summary>
    public Task<Look> AtAsync(Uri root, bool isDevelopment, CancellationToken ct)
    {
        var key = (root.GetLeftPart(UriPartial.Authority), isDevelopment);
        Task<Look> look;
        lock (gate)
        {
            if (!looks.TryGetValue(key, out var known) || time.GetElapsedTime(known.At) >= Kept)
            {
                foreach (var old in looks.Where(l => time.GetElapsedTime(l.Value.At) >= Kept).Select(l => l.Key).ToList()) looks.Remove(old);
                looks[key] = known = (LookAsync(root, isDevelopment), time.GetTimestamp());
            }

            look = known.Look;
        }

        return look.WaitAsync(ct);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        anywhere.Dispose();
        publicly.Dispose();
        room.Dispose();
    }

    /// <summary>Whether an address is one of the public internet: none of a machine, a link, a private or shared network, a documentation or a translation range.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        var b = address.GetAddressBytes();
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return !(b[0] is 0 or 10 or 127 or >= 224 || (b[0] == 100 && b[1] is >= 64 and < 128) || (b[0] == 169 && b[1] == 254) || (b[0] == 172 && b[1] is >= 16 and < 32) || (b[0] == 192 && b[1] == 168)
                || (b[0] == 192 && b[1] == 0 && b[2] is 0 or 2) || (b[0] == 192 && b[1] == 88 && b[2] == 99) || (b[0] == 198 && b[1] is 18 or 19) || (b[0] == 198 && b[1] == 51 && b[2] == 100) || (b[0] == 203 && b[1] == 0 && b[2] == 113));
        }

        // Of 2000::/3: not Teredo and other protocol assignments, documentation, 6to4.
        return (b[0] & 0xe0) == 0x20 && !(b[0] == 0x20 && b[1] == 0x01 && (b[2] < 2 || (b[2] == 0x0d && b[3] == 0xb8))) && !(b[0] == 0x20 && b[1] == 0x02) && !(b[0] == 0x3f && b[1] == 0xff);
    }

    private async Task<Look> LookAsync(Uri root, bool isDevelopment)
    {
        using var end = new CancellationTokenSource(Patience, time);
        var client = isDevelopment ? anywhere : publicly;
        try
        {
            await room.WaitAsync(end.Token);
        }
        catch (OperationCanceledException)
        {
            var busy = Nothing("This host looks at many operators at the moment; ask again");
            return new Look(time.GetUtcNow(), busy, busy);
        }

        try
        {
            var answers = await Task.WhenAll(AskAsync(client, new Uri(root, "/health"), end.Token), AskAsync(client, new Uri(root, "/ready"), end.Token));
            return new Look(time.GetUtcNow(), answers[0], answers[1]);
        }
        finally
        {
            room.Release();
        }
    }

    private static async Task<ProcessAnswerView> AskAsync(HttpClient client, Uri url, CancellationToken ct)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            var status = (int)response.StatusCode;
            if (status is >= 300 and < 400) return Unread(status, "It redirects elsewhere, which is not followed");
            await using var body = await response.Content.ReadAsStreamAsync(ct);
            var bytes = new byte[MaximumBytes + 1];
            var length = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, ct);
            return length > MaximumBytes ? Unread(status, string.Create(CultureInfo.InvariantCulture, $"Its answer is longer than {MaximumBytes} bytes")) : Read(status, bytes.AsMemory(0, length));
        }
        catch (OperationCanceledException)
        {
            return Nothing("It did not answer in time");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidOperationException or UriFormatException)
        {
            return Nothing(error is HttpRequestException { InnerException: NotPublicException refused } ? refused.Message : Reason(error));
        }
    }

    // Known members alone, and of each no more than a person reads.
    private static ProcessAnswerView Read(int status, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return Unread(status, "Its answer is not one of an operator");
            return new ProcessAnswerView(status, null, Word("status"), Word("why") ?? Word("detail"), Word("operator"), Number("epoch"), Number("nextReport"), Number("block"), Number("devices"));

            string? Word(string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? Clean(value.GetString()!) : null;

            long? Number(string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && Math.Abs(number) < 1L << 53 ? number : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return Unread(status, "Its answer is not one of an operator");
        }
    }

    private static string Clean(string text)
    {
        var clean = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length >= 300) break;
            clean.Append(Rune.IsControl(rune) ? new Rune(' ') : rune);
        }

        return clean.ToString();
    }

    private static string Reason(Exception error) => error is HttpRequestException { HttpRequestError: var kind } ? kind switch
    {
        HttpRequestError.NameResolutionError => "Its name is not known to the DNS here",
        HttpRequestError.ConnectionError => "No connection could be made to it",
        HttpRequestError.SecureConnectionError => "Its certificate is not accepted",
        _ => "What it answers is not HTTP",
    } : "The connection broke";

    private static ProcessAnswerView Nothing(string why) => new(null, why, null, null, null, null, null, null, null);

    private static ProcessAnswerView Unread(int status, string why) => new(status, why, null, null, null, null, null, null, null);

    private static HttpClient Client(bool anywhere) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = 16,
        MaxConnectionsPerServer = 2,
        MaxResponseDrainSize = 0, // what was not read is not waited for either
        ResponseDrainTimeout = TimeSpan.Zero,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        ConnectCallback = (context, ct) => ConnectAsync(context.DnsEndPoint, anywhere, ct),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan, // each look has its own end
    };

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint to, bool anywhere, CancellationToken ct)
    {
        var addresses = IPAddress.TryParse(to.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(to.Host, ct);
        var allowed = anywhere ? addresses : [.. addresses.Where(IsPublic)];
        if (allowed.Length == 0) throw new NotPublicException("Its address is not one of the public internet, and is not asked from here");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 4 * MaximumBytes };
        try
        {
            await socket.ConnectAsync(allowed, to.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class NotPublicException(string message) : IOException(message);
}
