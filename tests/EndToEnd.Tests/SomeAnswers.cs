using System.Net;
using System.Text;
using DePin.Protocol;

namespace DePin.EndToEnd.Tests;

/// <summary>Answers questions about one network, over and over, and refuses every other.</summary>
internal sealed class SomeAnswers : IAsyncDisposable
{
    private readonly HttpListener listener = new();
    private readonly Task serving;

    public SomeAnswers(NetworkId network, params (string Path, string Answer)[] answers)
    {
        Url = new Uri($"http://127.0.0.1:{RunningNetwork.FreeRange(1)}/");
        listener.Prefixes.Add(Url.ToString());
        listener.Start();
        serving = ServeAsync(network.ToString(), answers.ToDictionary(a => a.Path, a => Encoding.UTF8.GetBytes(a.Answer)));
    }

    public Uri Url { get; }

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await serving;
    }

    private async Task ServeAsync(string network, Dictionary<string, byte[]> answers)
    {
        try
        {
            while (true)
            {
                var context = await listener.GetContextAsync();
                var answer = context.Request.QueryString["network"] == network ? answers.GetValueOrDefault(context.Request.Url!.AbsolutePath) : null;
                context.Response.StatusCode = answer is not null ? 200 : 400;
                context.Response.ContentType = "application/json";
                await context.Response.OutputStream.WriteAsync(answer ?? "{}"u8.ToArray());
                context.Response.Close();
            }
        }
        catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
        {
        }
    }
}
