using DePin.Oracle;
using DePin.Protocol.Verification;
using DePin.Protocol.Verification.Sensing;
using DePin.Protocol.Verification.Wireless;

var builder = WebApplication.CreateBuilder(args);
var setup = OracleConfiguration.Read(builder.Configuration, new ClassCatalog([WirelessCoverage.Implementation, EnvironmentSensing.Implementation]));
await using var app = OracleApp.Build(builder, setup);
await app.MigrateAsync(app.Lifetime.ApplicationStopping);
await app.RunAsync();
