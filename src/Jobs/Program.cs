using DePin.Chain.Deployment;
using DePin.Hosting;
using DePin.Jobs;
using DePin.Jobs.Dashboard;
using DePin.Mirror;
using DePin.Storage;
using DePin.Storage.Jobs;
using DePin.Storage.Read;
using Npgsql;
using Quartz;

// The page lies beside the program, wherever that is started from.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, WebRootPath = Path.Combine(AppContext.BaseDirectory, "wwwroot") });
builder.Configuration.AddQuietLibraries();
builder.Services.AddOptions<JobsOptions>().BindConfiguration(JobsOptions.Section).ValidateDataAnnotations().ValidateOnStart();
var options = builder.Configuration.GetSection(JobsOptions.Section).Get<JobsOptions>()
    ?? throw new InvalidOperationException("The job host needs settings: set Jobs:Database, Jobs:Manifest and Jobs:Rpc (or Jobs__Database, …).");
if (options.Migrate)
{
    await using var owner = NpgsqlDataSource.Create(options.Database);
    await new Migrator(owner).MigrateAsync(CancellationToken.None);
}

await DatabaseRole.CheckAsync(options.Database, [("Jobs:Role", options.Role)], CancellationToken.None);
var database = DatabaseRole.As(options.Database, options.Role);
// Quartz makes its tables itself, in the schema of the one role that writes it.
var store = new NpgsqlConnectionStringBuilder(database) { SearchPath = "jobs" }.ConnectionString;

builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(_ => NpgsqlDataSource.Create(database));
builder.Services.AddSingleton(_ => new MirrorDatabase(database));
builder.Services.AddSingleton(_ => new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan });
var networks = options.All().Select(n => (Options: n, Manifest: NetworkManifest.Load(n.Manifest))).ToList(); // read at once: a wrong file ends the host
builder.Services.AddSingleton<IReadOnlyList<ReconciledNetwork>>(p => [.. networks.Select(n => ReconciledNetwork.Of(n.Manifest, n.Options, p.GetRequiredService<MirrorDatabase>(), p.GetRequiredService<HttpClient>()))]);
builder.Services.AddSingleton<HousekeepingStore>().AddSingleton<ParticipantReads>();
builder.Services.AddSingleton(_ => new PrometheusText("DePin.", "Npgsql", "Quartz", "System.Runtime"));
builder.Services.AddTelemetry(builder.Configuration, "depin-jobs");
builder.AddQuartz(q =>
{
    q.ConfigureScheduler(o => o.InstanceName = "depin");
    q.UseDefaultThreadPool(4);
    q.UseDefaultRetryPolicy(RetryPolicy.Exponential(3, TimeSpan.FromSeconds(1), 2.0, null, 0.2));
    q.UsePersistentStore(s =>
    {
        s.UsePostgres(store);
        s.ProvisionSchema();
        s.UseExecutionHistory();
        s.UseClustering(c =>
        {
            c.CheckinInterval = TimeSpan.FromSeconds(2);
            c.CheckinMisfireThreshold = TimeSpan.FromSeconds(4);
        });
        s.ConfigureStore(o => o.MisfireThreshold = TimeSpan.FromSeconds(30));
    });
    q.AddJobListener(services => ActivatorUtilities.CreateInstance<RunRecorder>(services));
    q.AddQuartzHealthChecks(_ => { });
});
builder.Services.AddQuartzExecutionHistory(o => o.MisfireRetention = TimeSpan.FromDays(30));
builder.Services.AddDashboard();
builder.Services.AddQuartzHostedService(o => o.WaitForJobsToComplete = true);
builder.Services.AddHostedService<TimetableService>().AddHostedService<AlarmMeter>();

var app = builder.Build();
app.UseDashboard();
app.MapGet("/health", () => TypedResults.Ok(new { status = "alive" }));
app.MapHealthChecks("/ready");
app.MapGet("/metrics", (PrometheusText metrics) => TypedResults.Text(metrics.Collect(), "text/plain; version=0.0.4; charset=utf-8"));
app.MapGet("/alarms", async (HousekeepingStore housekeeping, CancellationToken ct) => TypedResults.Ok(await housekeeping.AlarmsAsync(100, ct)));
app.MapGet("/reconciliations", async (HousekeepingStore housekeeping, CancellationToken ct) => TypedResults.Ok(await housekeeping.ReconciliationsAsync(ct)));
// Without its database Quartz's own stop has no end. Jobs are taken up again by another host, or by this one's next start.
ShutdownLimit.Apply(app, TimeSpan.FromSeconds(20));
app.Run();
