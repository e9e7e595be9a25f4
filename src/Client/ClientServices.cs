using DePin.Client.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DePin.Client;

/// <summary>Registers clients with a host.</summary>
public static class ClientServices
{
    /// <summary>
    /// Registers <see cref="IDePinApi"/> over <see cref="IHttpClientFactory"/>; what the returned builder adds lies inside the repeats. <see cref="TimeProvider"/> is the host's, or the system's.
    /// </summary>
    /// <param name="services">The host's.</param>
    /// <param name="options">Where the API is, and how patient to be.</param>
    /// <param name="key">Of a keyed service, for hosts of several networks; null for the only one.</param>
    /// <exception cref="ArgumentException">An option is not valid; the message says which.</exception>
    public static IHttpClientBuilder AddDePinClient(this IServiceCollection services, DePinClientOptions options, string? key = null) =>
        Add<IDePinApi>(services, "DePin.Api", options, key, compressed: true, static (http, options, time) => new DePinClient(http, options, time));

    /// <summary>Registers <see cref="IEvidenceApi"/> for one operator's host, as <see cref="AddDePinClient"/> does.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="options">Where the operator's host is.</param>
    /// <param name="key">Of a keyed service, for several operators; null for the only one.</param>
    /// <exception cref="ArgumentException">An option is not valid; the message says which.</exception>
    public static IHttpClientBuilder AddEvidenceClient(this IServiceCollection services, DePinClientOptions options, string? key = null) =>
        Add<IEvidenceApi>(services, "DePin.Evidence", options, key, compressed: false, static (http, options, time) => new EvidenceClient(http, options, time));

    private static IHttpClientBuilder Add<T>(IServiceCollection services, string kind, DePinClientOptions given, string? key, bool compressed, Func<HttpClient, DePinClientOptions, TimeProvider, T> make)
        where T : class
    {
        var options = given.Validated();
        var name = key is null ? kind : $"{kind}:{key}";
        services.TryAddSingleton(TimeProvider.System);
        services.AddKeyedSingleton(name, (provider, _) => new ApiResilience(options, provider.GetRequiredService<TimeProvider>())); // outlives the factory's handlers, as the breaker must
        if (key is null) services.AddTransient(Make);
        else services.AddKeyedTransient(key, (provider, _) => Make(provider));
        return services.AddHttpClient(name, http => Wire.Configure(http, options))
            .ConfigurePrimaryHttpMessageHandler(() => Wire.Connections(options, compressed))
            .AddHttpMessageHandler(provider => new ResilienceHandler(provider.GetRequiredKeyedService<ApiResilience>(name), options.LargestAnswer));

        T Make(IServiceProvider provider) => make(provider.GetRequiredService<IHttpClientFactory>().CreateClient(name), options, provider.GetRequiredService<TimeProvider>());
    }
}
