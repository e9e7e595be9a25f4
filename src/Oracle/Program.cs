using DePin.Oracle;

var builder = WebApplication.CreateBuilder(args);
var setup = OracleConfiguration.Read(builder.Configuration);
await using var app = OracleApp.Build(builder, setup);
await app.MigrateAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
