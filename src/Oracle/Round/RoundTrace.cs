using System.Collections.Immutable;
using System.Diagnostics;
using DePin.Cryptography;
using DePin.Protocol.Rounds;
using DePin.Signing;
using DePin.Tracing;

namespace DePin.Oracle.Round;

/// <summary>What one operator's round tells in the trace of its epoch: all of it within a span <c>epoch.round</c> of this operator, told when q signatures are in (docs/observability.md).</summary>
internal sealed class RoundTrace(RoundContext context)
{
    private readonly RoundInstance _instance = context.Instance;
    private readonly TraceIdentity _trace = TraceIdentity.OfEpoch(context.Network, context.Instance.Epoch);
    private readonly DateTimeOffset _began = TimeProvider.System.GetUtcNow();
    private readonly string _operator = context.Operators[context.Self].Address.ToString();

    private ActivitySpanId Round => _trace.PartOf(context.Operators[context.Self].Address, _instance.Generation.Value);

    /// <summary>Own messages, once each: an observation, a proposal, votes, the signature.</summary>
    public void Said(ImmutableArray<RoundRecord> records)
    {
        if (!OracleTraces.Source.IsOn) return;
        foreach (var record in records)
        {
            if (record is RoundRecord.OwnMessage { Message: var message })
                Tell("epoch.message", null, null, (Tags.Message, message.Kind.ToString().ToLowerInvariant()), (Tags.View, (long)message.View));
        }
    }

    /// <summary>The own observation was made.</summary>
    public void Observed(DateTimeOffset? began, uint view)
    {
        if (began is not null) Tell("epoch.observe", began, null, (Tags.View, (long)view));
    }

    /// <summary>A cut was recomputed, or could not be: null.</summary>
    public void Checked(DateTimeOffset? began, Bytes32? digest)
    {
        if (began is not null) Tell("epoch.check", began, digest is null ? "batches are missing" : null, (Tags.Report, digest?.ToString()));
    }

    /// <summary>q commits are in.</summary>
    public void Decided(uint view, int votes, Bytes32 digest)
    {
        if (OracleTraces.Source.IsOn) Tell("epoch.decide", null, null, (Tags.View, (long)view), (Tags.Votes, (long)votes), (Tags.Report, digest.ToString()));
    }

    /// <summary>The report was signed, or refused.</summary>
    public void Signed(DateTimeOffset? began, Bytes32 digest, ReportSigning signing)
    {
        if (began is not null) Tell("epoch.sign", began, signing.Refusal == SigningRefusal.None ? null : signing.Refusal.ToString(), (Tags.Report, digest.ToString()));
    }

    /// <summary>q signatures are in: the round is over for this operator.</summary>
    public void Attested(DateTimeOffset? began, uint view, Bytes32 digest, int signatures)
    {
        if (began is null) return;
        Tell("epoch.assemble", began, null, (Tags.Report, digest.ToString()), (Tags.Votes, (long)signatures));
        TellRound("epoch.round", Round);
        // The trace's first span is one operator's to tell, and once: of whoever's turn it is first.
        if (_instance.Generation.Value == 0 && _instance.Epoch.Value % (ulong)context.Operators.Count == context.Self) TellRound("epoch", _trace.Root);

        void TellRound(string name, ActivitySpanId id) => OracleTraces.Source.Tell(
            _trace, new Span(name, _began) { Id = id }, (Tags.Network, context.Network.ToString()), (Tags.Epoch, (long)_instance.Epoch.Value),
            (Tags.Generation, (long)_instance.Generation.Value), (Tags.Operator, _operator), (Tags.View, (long)view), (Tags.Report, digest.ToString()));
    }

    private void Tell(string name, DateTimeOffset? began, string? error, params ReadOnlySpan<(string Key, object? Value)> tags) => OracleTraces.Source.Tell(
        _trace, new Span(name, began) { Parent = Round, Error = error },
        [(Tags.Epoch, (long)_instance.Epoch.Value), (Tags.Generation, (long)_instance.Generation.Value), (Tags.Operator, _operator), .. tags]);
}
