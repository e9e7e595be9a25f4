using DePin.Hosting;
using DePin.Oracle;
using DePin.Protocol.Verification;

var builder = WebApplication.CreateBuilder(args);
builder.Configuration.AddQuietLibraries();
var setup = await OracleConfiguration.ReadAsync(builder.Configuration, BuiltInClasses.Catalog, CancellationToken.None);
builder.Services.AddTelemetry(builder.Configuration, "depin-oracle", setup.Keys.Address.ToString());
await using var app = OracleApp.Build(builder, setup);
await app.MigrateAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
