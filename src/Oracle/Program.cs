using DePin.Hosting;
using DePin.Oracle;
using DePin.Protocol.Verification;

var builder = WebApplication.CreateBuilder(args);
builder.Configuration.AddQuietLibraries();
var setup = OracleConfiguration.Read(builder.Configuration, BuiltInClasses.Catalog);
await using var app = OracleApp.Build(builder, setup);
await app.MigrateAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
