using System.Text.Json;
using System.Text.Json.Serialization;
using DePin.Cryptography;
using Spectre.Console;

namespace DePin.Cli;

/// <summary>
/// Where a command's answer goes: one JSON document on standard output under <c>--json</c>, else lines for people. Progress and
/// errors go to standard error under <c>--json</c>, so that the document stays alone.
/// </summary>
public sealed class Output(bool json)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new TextConverter<Bytes32>(Bytes32.Parse), new TextConverter<Address>(Address.Parse), new TextConverter<UInt128>(UInt128.Parse), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Whether a program reads us.</summary>
    public bool Json => json;

    /// <summary>Console for progress and remarks.</summary>
    public IAnsiConsole Console { get; } = json ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(System.Console.Error) }) : AnsiConsole.Console;

    /// <summary>Whether a person watches: live tables and bars make sense.</summary>
    public bool IsInteractive => !json && !System.Console.IsOutputRedirected && Console.Profile.Capabilities.Interactive;

    /// <summary>The answer: <paramref name="document"/> for programs, <paramref name="lines"/> for people.</summary>
    public void Answer(object document, params string[] lines)
    {
        if (json)
        {
            System.Console.Out.WriteLine(JsonSerializer.Serialize(document, Options));
            return;
        }

        foreach (var line in lines) System.Console.Out.WriteLine(line);
    }

    /// <summary>A remark that is not part of the answer.</summary>
    public void Remark(string line)
    {
        var writer = json ? System.Console.Error : System.Console.Out;
        writer.WriteLine(line);
    }

    /// <summary>Runs something long: a spinner for people, nothing otherwise.</summary>
    /// <param name="what">What is being done; <paramref name="work"/> may say more.</param>
    /// <param name="work">Gets a way to tell a detail.</param>
    public async Task<T> WaitAsync<T>(string what, Func<Action<string>, Task<T>> work) => IsInteractive
        ? await Console.Status().Spinner(Spinner.Known.Dots).StartAsync(Markup.Escape(what), context =>
            work(detail => context.Status(Markup.Escape($"{what}: {detail}")))).ConfigureAwait(false)
        : await work(_ => { }).ConfigureAwait(false);

    /// <summary>Runs something long whose end is known: a bar for people, nothing otherwise.</summary>
    /// <param name="what">What is being done.</param>
    /// <param name="work">Gets a way to tell what is done of how much, and optionally what is next.</param>
    public async Task<T> ProgressAsync<T>(string what, Func<Action<double, double, string?>, Task<T>> work) => IsInteractive
        ? await Console.Progress().StartAsync(async context =>
        {
            var task = context.AddTask(Markup.Escape(what));
            return await work((done, total, next) =>
            {
                if (next is not null) task.Description(Markup.Escape(next));
                task.MaxValue(Math.Max(total, 1)).Value(done);
            }).ConfigureAwait(false);
        }).ConfigureAwait(false)
        : await work((_, _, _) => { }).ConfigureAwait(false);

    /// <summary>An error, saying what to do.</summary>
    public void Error(string message)
    {
        if (json) System.Console.Out.WriteLine(JsonSerializer.Serialize(new { error = message }, Options));
        else System.Console.Error.WriteLine($"error: {message}");
    }

    private sealed class TextConverter<T>(Func<string, T> parse) : JsonConverter<T>
    {
        public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => parse(reader.GetString() ?? "");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value!.ToString());
    }
}
