using DePin.Chain;
using DePin.Hosting;
using DePin.Mirror;
using DePin.Oracle.Batch;
using DePin.Oracle.Evidence;
using DePin.Oracle.Ingest;
using DePin.Oracle.Network;
using DePin.Oracle.Report;
using DePin.Oracle.Running;
using DePin.Oracle.Score;
using DePin.Oracle.Transmit;
using DePin.Oracle.Verify;
using DePin.Signing;
using DePin.Storage;
using DePin.Storage.Oracle;
using Npgsql;

namespace DePin.Oracle;

/// <summary>The stages in the order in which a proof meets them; one method each.</summary>
public static class Pipeline
{
    /// <summary>Database, stores, clock and view: what every stage stands on.</summary>
    public static IServiceCollection AddFoundation(this IServiceCollection services, OracleSetup setup) => services
        .AddSingleton(setup).AddSingleton(setup.Facts).AddSingleton(setup.Keys).AddStage<SignerStage>().AddSingleton(setup.Ingest).AddSingleton(setup.Lanes).AddSingleton<RequestLimits>()
        .AddSingleton(_ => OpenDatabase(DatabaseRole.As(setup.Database, setup.Role)))
        .AddSingleton<ProofStore>().AddSingleton<VerdictStore>().AddSingleton<LaneStore>().AddSingleton<RoundStore>()
        .AddSingleton<ReportStore>().AddSingleton<TransmissionStore>()
        .AddSingleton(provider => new ChainView(provider.GetRequiredService<NpgsqlDataSource>(), setup.ChainId))
        .AddSingleton<NetworkClock>().AddSingleton(provider => new NetworkView(setup.Facts, provider.GetRequiredService<NetworkClock>()))
        .AddSingleton<DeviceDirectory>().AddSingleton(new ClassCatalogue(setup.Classes))
        .AddSingleton(new PrometheusText("depin.", "DePin.", "Npgsql", "System.Runtime", "Microsoft.AspNetCore.Hosting")) // now: it counts from here on
        .AddStage<ViewStage>();

    /// <summary>HTTP → checks → <c>oracle.proofs</c>.</summary>
    public static IServiceCollection AddIngest(this IServiceCollection services) => services
        .AddSingleton<IngestChecks>().AddSingleton<Receipts>().AddSingleton<IngestService>()
        .AddSingleton<IngestWriter>().AddHostedService(provider => provider.GetRequiredService<IngestWriter>());

    /// <summary><c>oracle.batches</c> → <c>oracle.verdicts</c>.</summary>
    public static IServiceCollection AddVerify(this IServiceCollection services) => services.AddStage<VerifyStage>();

    /// <summary><c>oracle.proofs</c> → <c>oracle.batches</c>, acknowledgements, certificates.</summary>
    public static IServiceCollection AddBatch(this IServiceCollection services, LaneOptions options)
    {
        services.AddHttpClient(LaneClient.ClientName, client =>
        {
            client.Timeout = options.PeerTimeout;
            client.MaxResponseContentBufferSize = 4 << 20;
        });
        return services.AddSingleton<LaneClient>().AddSingleton<LaneKeeper>().AddSingleton<LaneHealer>().AddSingleton<DepartedLaneStore>()
            .AddStage<SealStage>().AddStage<ExchangeStage>().AddStage<AdoptStage>();
    }

    /// <summary>The chain → <c>chain.*</c>: the operator's own mirror, written by this process where it has a source.</summary>
    public static IServiceCollection AddMirror(this IServiceCollection services, OracleSetup setup)
    {
        if (setup.Link is not { } link) return services;
        services.AddSingleton(link.Network).AddSingleton(link.Emission).AddSingleton(link.Parameters).AddSingleton(link.Catalog).AddSingleton(link.Transactions)
            .AddSingleton(_ => new MirrorDatabase(setup.Database, role: setup.FollowerRole)).AddSingleton<MirrorReader>();
        if (link.Providers is { } providers)
            services.AddSingleton(providers).AddSingleton(p => providers.CreateSource(link.Network, p.GetRequiredService<ILoggerFactory>())).AddSingleton(new ProviderMeters(providers));
        if (link.Providers is { WebSockets.Count: > 0 } sockets)
            services.AddSingleton(p => new NewHeads(sockets.WebSockets, link.Network.Kind, TimeProvider.System, p.GetRequiredService<ILogger<NewHeads>>()));
        if (link.Providers is null && link.Source is { } source)
            services.AddSingleton(source);
        if (link.Providers is not null || link.Source is not null)
            services.AddSingleton<ChainMirror>().AddSingleton(link.Providers?.Pace(new FollowerOptions()) ?? new FollowerOptions()).AddSingleton(TimeProvider.System)
                .AddSingleton<ChainFollower>().AddHostedService<FollowerLoop>();
        return services;
    }

    /// <summary>Agreed cut → outcome → signed report: what the round calls.</summary>
    public static IServiceCollection AddScore(this IServiceCollection services) =>
        services.AddSingleton<EvidenceReader>().AddSingleton<EpochDesk>().AddSingleton<ReportSigner>();

    /// <summary>Attested reports → transactions → finality.</summary>
    public static IServiceCollection AddTransmit(this IServiceCollection services, TransmitOptions options) => services
        .AddSingleton(options)
        .AddSingleton(provider => new Turn(provider.GetRequiredService<IOperatorSigner>(), options, TimeProvider.System))
        .AddSingleton(provider => new Transmitter(
            provider.GetRequiredService<NetworkFacts>().Id, provider.GetRequiredService<IOperatorSigner>().Address, provider.GetRequiredService<TransmissionStore>(), provider.GetRequiredService<IVerifierTransactions>(), options,
            TimeProvider.System, provider.GetRequiredService<ILogger<Transmitter>>()))
        .AddSingleton<NetworkRewards>().AddStage<TransmitStage>().AddStage<WatchStage>().AddStage<ShareStage>();

    /// <summary>Accepted reports → evidence bundles; and back, for a node that missed epochs.</summary>
    public static IServiceCollection AddEvidence(this IServiceCollection services, EvidenceOptions options)
    {
        services.AddHttpClient(LaneClient.BundleClientName, client => client.Timeout = TimeSpan.FromMinutes(10));
        return services.AddSingleton(options).AddSingleton<BundleStore>().AddSingleton<BundleWriter>().AddStage<EvidenceStage>().AddStage<RecoveryStage>();
    }

    /// <summary>Queues and heights → /metrics.</summary>
    public static IServiceCollection AddMeasures(this IServiceCollection services) => services.AddSingleton<QueueStore>().AddStage<MeasureStage>();

    /// <summary>Brings the operator's own database to this build's schema, where that is wanted, and makes sure that its roles can be had.</summary>
    public static async Task MigrateAsync(this IHost host, CancellationToken ct)
    {
        var setup = host.Services.GetRequiredService<OracleSetup>();
        if (setup.Migrate)
        {
            await using var owner = NpgsqlDataSource.Create(setup.Database);
            await new Migrator(owner).MigrateAsync(ct);
        }

        await DatabaseRole.CheckAsync(setup.Database, [("Oracle:Role", setup.Role), ("Oracle:FollowerRole", setup.FollowerRole)], ct);
    }

    private static NpgsqlDataSource OpenDatabase(string connectionString)
    {
        Sql.RegisterTypes();
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 100, ApplicationName = "depin-oracle" };
        return NpgsqlDataSource.Create(builder);
    }
}
