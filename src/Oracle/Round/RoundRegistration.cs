using DePin.Oracle.Peers;
using DePin.Oracle.Running;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Round;

/// <summary>Registers the agreement and its transport.</summary>
public static class RoundRegistration
{
    /// <summary>Certified lanes → decided values, signed reports and attestations.</summary>
    public static IServiceCollection AddRound(this IServiceCollection services, RoundOptions options)
    {
        services.AddHttpClient(PeerOutbox.ClientName, client =>
        {
            client.Timeout = TimeSpan.FromSeconds(5);
            client.MaxResponseContentBufferSize = 16 << 10;
        }).RemoveAllLoggers(); // a peer that is down is the outbox's business, once for each try, not four lines of the client's
        return services.AddSingleton(options).AddSingleton<CertifiedLaneStore>().AddSingleton<Observer>()
            .AddSingleton<PeerOutbox>().AddSingleton<RoundInbox>().AddStage<RoundStage>();
    }
}
