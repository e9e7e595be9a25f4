using DePin.SignIn;
using DePin.Storage;
using DePin.Storage.Read;
using DePin.Storage.SignIn;
using Microsoft.AspNetCore.Cors;

namespace DePin.Api.Operators;

/// <summary>Wires the operator pages into the host.</summary>
internal static class OperatorSetup
{
    public static void AddOperatorPages(this IServiceCollection services, ApiOptions options)
    {
        services.AddSingleton<OperatorReads>().AddSingleton<EndpointLook>().AddSignIn<OperatorSite>();
        // Another role than the one that reads, and perhaps another server: sign-ins are written.
        services.AddSingleton(_ => new SignInSource(ReadSource.Create(DatabaseRole.As(Database(options), options.SignInRole))));
        services.AddSingleton(p => new SignInStore(p.GetRequiredService<SignInSource>().Source, SignInSchema.Api));
    }

    /// <summary>Where the sign-ins are.</summary>
    public static string Database(ApiOptions options) => options.SignInDatabase is { Length: > 0 } other ? other : options.Database;

    /// <summary>Before static files: the page's headers, and the gate before its data.</summary>
    public static void UseOperatorPages(this WebApplication app)
    {
        app.UseWhen(static http => http.Request.Path.StartsWithSegments("/operator"), static page => page.Use(static (http, next) =>
        {
            SignInSetup.SecurePage(http);
            http.Response.Headers.CacheControl = "no-cache";
            return next();
        }));
        app.UseWhen(static http => IsGuarded(http.Request.Path), static branch => branch.UseMiddleware<SignInGate>());
    }

    public static void MapOperatorPages(this WebApplication app)
    {
        app.MapSignIn().WithTags("Operator pages").WithMetadata(new DisableCorsAttribute());
        app.MapOperators();
    }

    /// <summary>Whether an answer is for one person: no cache of ours or of anybody's has it.</summary>
    public static bool IsGuarded(PathString path) => path.StartsWithSegments("/v1/operator") || path.StartsWithSegments("/v1/session");

    private sealed class SignInSource(Npgsql.NpgsqlDataSource source) : IAsyncDisposable
    {
        public Npgsql.NpgsqlDataSource Source => source;

        public ValueTask DisposeAsync() => source.DisposeAsync();
    }
}
