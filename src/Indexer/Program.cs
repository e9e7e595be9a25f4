using System.Text;
using DePin.Chain.Deployment;
using DePin.Hosting;
using DePin.Indexer;
using DePin.Mirror;
using DePin.Protocol.Verification;
using DePin.Storage;
using DePin.Storage.Evidence;
using Npgsql;

var builder = WebApplication.CreateBuilder(args);
builder.Configuration.AddQuietLibraries();
builder.Services.AddOptions<IndexerOptions>().BindConfiguration(IndexerOptions.Section).ValidateDataAnnotations().ValidateOnStart();
var options = builder.Configuration.GetSection(IndexerOptions.Section).Get<IndexerOptions>()
    ?? throw new InvalidOperationException("The indexer needs Indexer:Database, Indexer:Manifest and Indexer:Rpc:0 (variables Indexer__Database and so on).");
var manifest = NetworkManifest.Load(options.Manifest);
var network = manifest.ToMirroredNetwork(options.ChainId);
if (options.Migrate)
{
    await using var owner = NpgsqlDataSource.Create(options.Database);
    await new Migrator(owner).MigrateAsync(CancellationToken.None);
}

await DatabaseRole.CheckAsync(options.Database, [("Indexer:Role", options.Role)], CancellationToken.None);
var services = builder.Services;
services.AddSingleton(options).AddSingleton(network).AddSingleton(manifest.ToEmissionSchedule()).AddSingleton(TimeProvider.System).AddSingleton(BuiltInClasses.Catalog);
services.AddSingleton(_ => new MirrorDatabase(options.Database, role: options.Role)).AddSingleton(p => p.GetRequiredService<MirrorDatabase>().DataSource);
services.AddSingleton(_ => new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout.InfiniteTimeSpan });
services.AddSingleton(p => new ChainProviders(p.GetRequiredService<HttpClient>(), options.Rpc, options.RpcQuorum, IndexerOptions.Section, TimeProvider.System)).AddSingleton<ProviderMeters>();
services.AddSingleton(p => p.GetRequiredService<ChainProviders>().CreateSource(network, p.GetRequiredService<ILoggerFactory>()));
var sockets = options.Rpc.Select(p => p.WebSocket).OfType<Uri>().ToArray();
if (sockets.Length > 0) services.AddSingleton(p => new NewHeads(sockets, network.Kind, TimeProvider.System, p.GetRequiredService<ILogger<NewHeads>>()));
services.AddSingleton(p => p.GetRequiredService<ChainProviders>().Pace(new FollowerOptions { PollInterval = TimeSpan.FromMilliseconds(options.PollMilliseconds) }));
services.AddSingleton<ChainMirror>().AddSingleton<ChainFollower>().AddSingleton<MirrorReader>();
services.AddSingleton<EvidenceStore>().AddSingleton<OperatorDirectory>().AddSingleton<IEvidenceSource, OperatorEvidenceSource>().AddSingleton(p => ActivatorUtilities.CreateInstance<EvidenceImporter>(p, manifest.Id));
services.AddSingleton<IndexerMeters>().AddSingleton(_ => new PrometheusText("DePin.", "Npgsql", "System.Runtime"));
services.AddTelemetry(builder.Configuration, "depin-indexer");
services.AddHostedService<FollowerWorker>().AddHostedService<ImportWorker>().AddHostedService(p => ActivatorUtilities.CreateInstance<PruneWorker>(p, manifest.Id));

await using var app = builder.Build();
await app.Services.GetRequiredService<ChainMirror>().InitializeAsync(CancellationToken.None);
await app.Services.GetRequiredService<EvidenceStore>().RegisterNetworkAsync(manifest.Id, manifest.Network, network.Caip2, await File.ReadAllTextAsync(options.Manifest, Encoding.UTF8), manifest.Parameters, CancellationToken.None);
await app.Services.GetRequiredService<ChainProviders>().CheckChainAsync(network, CancellationToken.None);
app.Services.GetRequiredService<IndexerMeters>();
app.Services.GetRequiredService<ProviderMeters>();
Health.Map(app);
await app.RunAsync();
