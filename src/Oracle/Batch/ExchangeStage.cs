using System.Collections.Concurrent;
using DePin.Cryptography;
using DePin.Oracle.Network;
using DePin.Oracle.Running;
using DePin.Protocol.Lanes;
using DePin.Signing;
using DePin.Storage.Oracle;

namespace DePin.Oracle.Batch;

/// <summary>
/// Brings the own lane to the peers and the peers' lanes here: pushes own batches until acknowledged, makes certificates of q
/// acknowledgements, and fetches from whoever holds them the batches of lanes whose operator is silent. One slow peer holds up no other.
/// </summary>
public sealed partial class ExchangeStage(
    LaneStore store, LaneClient client, LaneKeeper keeper, LaneHealer healer, NetworkView view, IOperatorSigner keys, LaneOptions options,
    ILogger<ExchangeStage> logger) : IStage
{
    // Peers that hold the own lane further than they acknowledged it: what lies below is not offered to them again.
    private readonly ConcurrentDictionary<Address, long> _passed = new();

    // Peers that did not answer, and when to ask them again.
    private readonly ConcurrentDictionary<Address, (long Until, TimeSpan For)> _resting = new();

    /// <inheritdoc/>
    public string Name => "exchange";

    /// <inheritdoc/>
    public TimeSpan Pace => options.ExchangeEvery;

    /// <inheritdoc/>
    public async Task<bool> StepAsync(CancellationToken ct)
    {
        if (view.Current is not { } roster) return false;
        var others = roster.Members.Where(m => m.Address != keys.Address && m.Endpoint is not null && !IsResting(m.Address)).ToList();
        var more = await Task.WhenAll(others.Select(peer => ExchangeAsync(peer, ct)));
        await CertifyAsync(roster, ct);
        await healer.HealAsync(others, ct);
        return more.Any(m => m);
    }

    private async Task<bool> ExchangeAsync(Member peer, CancellationToken ct)
    {
        try
        {
            var more = await PushAsync(peer, ct);
            more |= await FetchAsync(peer, ct);
            _resting.TryRemove(peer.Address, out _);
            return more;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            LogUnreachable(logger, peer.Address, error.Message);
            Rest(peer.Address);
            return false;
        }
    }

    private bool IsResting(Address peer) => _resting.TryGetValue(peer, out var rest) && TimeProvider.System.GetTimestamp() < rest.Until;

    private void Rest(Address peer)
    {
        var rest = _resting.TryGetValue(peer, out var last) ? last.For * 2 : options.ExchangeEvery;
        if (rest > options.LongestRest) rest = options.LongestRest;
        _resting[peer] = (TimeProvider.System.GetTimestamp() + (long)(rest.TotalSeconds * TimeProvider.System.TimestampFrequency), rest);
    }

    private async Task<bool> PushAsync(Member peer, CancellationToken ct)
    {
        var height = (await store.GetLaneAsync(keys.Address, ct)).Height;
        var next = Math.Max(await store.GetAcknowledgedHeightAsync(keys.Address, peer.Address, ct), _passed.GetValueOrDefault(peer.Address)) + 1;
        for (var sent = 0; sent < options.PushAtOnce && next <= height; sent++)
        {
            if (await store.FindBatchAsync(keys.Address, next, ct) is not { } batch
                || await store.FindAcknowledgementAsync(keys.Address, next, keys.Address, ct) is not { } own) return false;
            var answer = await client.PushAsync(peer, keys.Address, (ulong)next, LaneMessages.ToWire(batch, own), ct);
            if (LaneMessages.TryRead(answer, keys.Address, (ulong)next, batch.Digest, out var acknowledgement))
            {
                if (acknowledgement.Value.Signer != peer.Address || !acknowledgement.Value.Verify(view.Facts.Id, peer.ProtocolKey, ProtocolSignature.Verify))
                {
                    LogFalseAcknowledgement(logger, peer.Address, next);
                    return false;
                }

                await store.AddAcknowledgementAsync(acknowledgement.Value, ct);
                next++;
            }
            else if ((LaneRefusal)answer.Refusal == LaneRefusal.Gap && (long)answer.Height < next - 1)
            {
                _passed.TryRemove(peer.Address, out _);
                next = (long)answer.Height + 1; // the peer lost its copy: start over from where it is
            }
            else if ((LaneRefusal)answer.Refusal is LaneRefusal.Settled or LaneRefusal.Conflict && (long)answer.Height >= next)
            {
                // The peer was away or joined later and has this batch from an accepted report's evidence, or it took a certified branch for the one that
                // it had acknowledged: it acknowledges nothing below its height any more, but everything that follows.
                next = Math.Max(next + 1, (long)answer.Height);
                _passed[peer.Address] = next - 1;
            }
            else
            {
                LogRefused(logger, peer.Address, next, (LaneRefusal)answer.Refusal);
                return false;
            }
        }

        return next <= height;
    }

    private async Task<bool> FetchAsync(Member peer, CancellationToken ct)
    {
        var theirs = await client.GetLanesAsync(peer, ct);
        var more = false;
        foreach (var lane in theirs.Lanes_)
        {
            if (!LaneMessages.TryAddress(lane.Operator, out var address) || view.FindMember(address) is null) continue;
            if (LaneMessages.TryRead(lane.Certificate, out var certificate) && certificate[0].Lane == address && await IsNewsAsync(certificate[0], ct))
                await keeper.AcceptCertificateAsync(certificate, ct);
            if (address != keys.Address) more |= await FetchLaneAsync(peer, address, lane.Height, ct);
        }

        return more;
    }

    private async Task<bool> IsNewsAsync(Acknowledgement certified, CancellationToken ct) =>
        (await store.GetLaneAsync(certified.Lane, ct)).CertifiedHeight < (long)certified.Index;

    private async Task<bool> FetchLaneAsync(Member peer, Address lane, ulong height, CancellationToken ct)
    {
        var mine = (ulong)(await store.GetLaneAsync(lane, ct)).Height;
        for (var taken = 0; taken < options.PushAtOnce && mine < height; taken++)
        {
            if (await client.FetchAsync(peer, lane, mine + 1, ct) is not { } batch) return false;
            if ((await keeper.AcceptAsync(batch, ct)).Refusal != LaneRefusal.None) return false;
            mine++;
        }

        return mine < height;
    }

    private async Task CertifyAsync(OperatorRoster roster, CancellationToken ct)
    {
        var quorum = await store.FindQuorumAsync(keys.Address, [.. roster.Members.Select(m => m.Address)], roster.Quorum, ct);
        if (quorum.Count == 0) return;
        if (await store.AddCertificateAsync(quorum, ct)) LogCertified(logger, quorum[0].Index);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Peer {Peer} could not be reached: {Problem}")]
    private static partial void LogUnreachable(ILogger logger, Address peer, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Peer {Peer} answered batch {Index} with a signature that is not its acknowledgement")]
    private static partial void LogFalseAcknowledgement(ILogger logger, Address peer, long index);

    [LoggerMessage(Level = LogLevel.Information, Message = "Peer {Peer} did not acknowledge batch {Index}: {Refusal}")]
    private static partial void LogRefused(ILogger logger, Address peer, long index, LaneRefusal refusal);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Batch {Index} of the own lane is certified")]
    private static partial void LogCertified(ILogger logger, ulong index);
}
