using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.RateLimiting;
using DePin.Api;
using DePin.Api.Endpoints;
using DePin.Api.Live;
using DePin.Api.Operators;
using DePin.Hosting;
using DePin.SignIn;
using DePin.Storage;
using DePin.Storage.Evidence;
using DePin.Storage.Read;
using Npgsql;

var builder = WebApplication.CreateBuilder(args);
builder.Configuration.AddQuietLibraries();
builder.Services.AddOptions<ApiOptions>().BindConfiguration(ApiOptions.Section).ValidateDataAnnotations().ValidateOnStart();
var options = builder.Configuration.GetSection(ApiOptions.Section).Get<ApiOptions>()
    ?? throw new InvalidOperationException("The API needs a database: set Api:Database (or the variable Api__Database) to a PostgreSQL connection string.");

builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(_ => ReadSource.Create(DatabaseRole.As(options.Database, options.Role)));
builder.Services.AddSingleton<NetworkReads>().AddSingleton<DeviceReads>().AddSingleton<ProofReads>().AddSingleton<EpochReads>().AddSingleton<OperatorDirectory>().AddSingleton<RewardReads>().AddSingleton<ParticipantReads>().AddSingleton<ChangeReads>();
builder.Services.AddSingleton<ChangeFeed>().AddHostedService(services => services.GetRequiredService<ChangeFeed>());
builder.Services.AddSingleton<Networks>().AddSingleton<ChainClock>().AddSingleton(_ => new Reasons(ClassTables.All)).AddSingleton(_ => new PrometheusText("DePin.", "Npgsql", "Microsoft.AspNetCore.Hosting", "System.Runtime"));
if (options.OperatorPages) builder.Services.AddOperatorPages(options);
builder.Services.ConfigureHttpJsonOptions(o =>
{
    o.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
    o.SerializerOptions.NumberHandling = JsonNumberHandling.Strict; // else every number is described as a number or a text
    o.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
});
builder.Services.AddProblemDetails(o => o.CustomizeProblemDetails = Problems.Complete);
builder.Services.AddOpenApi("v1", Description.Configure);
builder.Services.AddOutputCache(o =>
{
    o.AddPolicy(Caching.Brief, p => p.Expire(TimeSpan.FromSeconds(Math.Max(options.CacheSeconds, 1))).SetVaryByQuery("*"));
    o.AddPolicy(Caching.WhileTheHeadStands, p => p.Expire(TimeSpan.FromMinutes(5)).SetVaryByQuery("*").VaryByValue(http =>
        new KeyValuePair<string, string>("at", http.RequestServices.GetRequiredService<ChangeFeed>().Version.ToString(CultureInfo.InvariantCulture))));
});
builder.Services.AddCors(o => o.AddDefaultPolicy(p => p.AllowAnyOrigin().WithMethods("GET").AllowAnyHeader().WithExposedHeaders("ETag", "Retry-After")));
builder.Services.AddRateLimiter(o =>
{
    o.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
    o.OnRejected = async (context, ct) =>
    {
        context.HttpContext.Response.Headers.RetryAfter = "1";
        await CodedProblem.Of(StatusCodes.Status429TooManyRequests, "too-many-requests", "Too many requests", "Slow down: this address asks more than its share. Retry after a second.")
            .ExecuteAsync(context.HttpContext);
    };
    o.AddPolicy("address", http => RateLimitPartition.GetTokenBucketLimiter(http.Connection.RemoteIpAddress?.ToString() ?? "", _ => new TokenBucketRateLimiterOptions
    {
        TokenLimit = options.Burst,
        TokensPerPeriod = options.RequestsPerSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
        AutoReplenishment = true,
    }));
    o.AddSignInLimit(options.SignInBurst);
    o.AddPolicy("streams", http => RateLimitPartition.GetConcurrencyLimiter(http.Connection.RemoteIpAddress?.ToString() ?? "",
        _ => new ConcurrencyLimiterOptions { PermitLimit = options.StreamsPerAddress, QueueLimit = 0 }));
});
builder.Services.AddTelemetry(builder.Configuration, "depin-api");

var app = builder.Build();
try
{
    await DatabaseRole.CheckAsync(options.Database, [("Api:Role", options.Role)], CancellationToken.None);
    if (options.OperatorPages) await DatabaseRole.CheckAsync(OperatorSetup.Database(options), [("Api:SignInRole", options.SignInRole)], CancellationToken.None);
}
catch (NpgsqlException problem) when (problem is not PostgresException)
{
    // The database is away: /ready says so until it comes.
}

app.UseExceptionHandler(new ExceptionHandlerOptions
{
    StatusCodeSelector = static error => error switch
    {
        NpgsqlException { IsTransient: true } => StatusCodes.Status503ServiceUnavailable,
        BadHttpRequestException bad => bad.StatusCode,
        _ => StatusCodes.Status500InternalServerError,
    },
});
app.UseStatusCodePages();
if (options.OperatorPages) app.UseOperatorPages();
app.UseDefaultFiles();
app.UseStaticFiles();
app.UseCors();
app.UseRateLimiter();
app.UseMiddleware<EntityTags>();
if (options.CacheSeconds > 0) app.UseOutputCache();

app.MapOpenApi().CacheOutput(Caching.Brief);
app.UseWhen(static http => http.Request.Path.StartsWithSegments("/docs"), static docs => docs.UseSwaggerUI(o =>
{
    o.SwaggerEndpoint("/openapi/v1.json", "v1");
    o.RoutePrefix = "docs";
    o.DocumentTitle = "DePin.Dapp API";
}));

var api = app.MapGroup("/v1").RequireRateLimiting("address")
    .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status429TooManyRequests).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
api.MapNetwork();
api.MapDevices();
api.MapProofs();
api.MapEpochs();
api.MapRewards();
api.MapParticipants();
api.MapStream();
if (options.OperatorPages) app.MapOperatorPages();

app.MapGet("/health", () => TypedResults.Ok(new { status = "alive" })).ExcludeFromDescription();
app.MapGet("/ready", Readiness.CheckAsync).ExcludeFromDescription();
app.MapGet("/metrics", (PrometheusText metrics) => TypedResults.Text(metrics.Collect(), "text/plain; version=0.0.4; charset=utf-8")).ExcludeFromDescription();
app.Run();

/// <summary>Named for the test host.</summary>
public partial class Program
{
    /// <summary>Numbers in this host's texts do not depend on the machine's language.</summary>
    static Program() => CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
}
