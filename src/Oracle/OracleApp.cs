using DePin.Oracle.Batch;
using DePin.Oracle.Evidence;
using DePin.Oracle.Ingest;
using DePin.Oracle.Network;
using DePin.Oracle.Peers;
using DePin.Oracle.Round;
using DePin.Oracle.Running;
using DePin.Oracle.Transmit;
using DePin.Signing;

namespace DePin.Oracle;

/// <summary>One operator: the stages in pipeline order behind one web server.</summary>
public static class OracleApp
{
    /// <summary>Wires an operator. The database must be migrated before it starts.</summary>
    public static WebApplication Build(WebApplicationBuilder builder, OracleSetup setup)
    {
        builder.Services.AddProblemDetails();
        // What a stranger can cause at will (a body that is too large, or breaks off) is answered, and not worth a stack trace.
        builder.Services.AddExceptionHandler(static options => options.SuppressDiagnosticsCallback = static context => context.Exception is BadHttpRequestException or SignerUnreachableException);
        builder.Services.AddExceptionHandler<SignerSilence>();
        builder.Services
            .AddFoundation(setup)
            .AddMirror(setup)
            .AddIngest()
            .AddVerify()
            .AddBatch(setup.Lanes);
        if (setup.Link is not null)
        {
            builder.Services
                .AddScore()
                .AddRound(setup.Round)
                .AddTransmit(setup.Transmit)
                .AddEvidence(setup.Evidence);
        }

        builder.Services.AddMeasures();

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1 << 20; // endpoints that take more say so
        });

        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseRouting();
        app.UseRequestLimits();
        app.MapIngest();
        app.MapLanes();
        if (setup.Link is not null)
        {
            app.MapMessages();
            app.MapEvidence();
            app.MapWatch();
        }

        app.MapHealth();
        return app;
    }
}
