using DePin.SignIn;
using DePin.Storage.Jobs;
using DePin.Storage.Read;
using DePin.Storage.SignIn;
using Microsoft.Net.Http.Headers;
using Npgsql;

namespace DePin.Jobs.Dashboard;

/// <summary>Wires the dashboard into the host.</summary>
internal static class DashboardSetup
{
    public static void AddDashboard(this IServiceCollection services)
    {
        services.AddSingleton<RunStore>().AddSingleton(p => new SignInStore(p.GetRequiredService<NpgsqlDataSource>(), SignInSchema.Jobs)).AddSingleton<OperatorReads>().AddSignIn<DashboardSite>().AddSingleton<JobReads>().AddSingleton<JobControl>();
        services.AddHostedService<RunSettler>();
        services.AddProblemDetails(o => o.CustomizeProblemDetails = JobsProblems.Complete);
        services.AddRateLimiter(o =>
        {
            o.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            o.OnRejected = async (context, ct) => await SignInProblems.TooMany().ExecuteAsync(context.HttpContext);
            o.AddSignInLimit();
        });
    }

    public static void UseDashboard(this WebApplication app)
    {
        app.Use((http, next) =>
        {
            SignInSetup.SecurePage(http);
            return next();
        });
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
        app.UseDefaultFiles();
        app.UseStaticFiles(new StaticFileOptions { OnPrepareResponse = static context => context.Context.Response.Headers[HeaderNames.CacheControl] = "no-cache" });
        app.UseWhen(static http => http.Request.Path.StartsWithSegments("/v1"), static branch => branch.UseMiddleware<SignInGate>());
        app.UseRateLimiter();
        app.MapSignIn();
        app.MapJobs();
    }
}
