namespace DePin.Replayer;

/// <summary>
/// Puts the replayed devices on chain as their maker and providers would: models, a batch of them by root, one registration each, and a
/// stake for every provider. Whatever is there already is left alone, so it can be run again.
/// </summary>
public interface IEnrolment
{
    /// <summary>Registers the devices that are not, and stakes <paramref name="stakePerDevice"/> base units for each device of a provider.</summary>
    Task RunAsync(IReadOnlyList<ReplayDevice> devices, UInt128 stakePerDevice, CancellationToken ct);
}
