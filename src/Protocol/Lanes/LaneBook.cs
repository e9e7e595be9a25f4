using System.Collections.Immutable;
using DePin.Cryptography;
using DePin.Protocol.Proofs;
using DePin.Protocol.Rounds;

namespace DePin.Protocol.Lanes;

/// <summary>What became of a batch or acknowledgement offered to a <see cref="LaneBook"/>. Numbered, append-only.</summary>
public enum LaneAnswer : byte
{
    /// <summary>New, and taken.</summary>
    Accepted = 0,

    /// <summary>Already had exactly this.</summary>
    Known = 1,

    /// <summary>Batches before it are missing: pull from the index after the lane's head.</summary>
    Gap = 2,

    /// <summary>The same signer stands for two digests at one (lane, index): see the conflict.</summary>
    Conflict = 3,

    /// <summary>It does not name the lane's head as the batch before it.</summary>
    WrongPrevious = 4,

    /// <summary>The signature is not the signer's, or the acknowledgement is not for the batch beside it.</summary>
    BadSignature = 5,

    /// <summary>The lane or signer is no operator known here.</summary>
    UnknownOperator = 6,

    /// <summary>So far above what is held here that it is not kept; it will be sent again.</summary>
    TooFarAhead = 7,
}

/// <summary>Two acknowledgements of one signer for one (lane, index) with different digests: proof of equivocation.</summary>
public readonly record struct LaneConflict(Acknowledgement First, Acknowledgement Second);

/// <summary>
/// What one operator knows of every lane, in memory: heads, digests above a floor, acknowledgements. Pure bookkeeping; the caller makes a
/// batch durable before it calls <see cref="Offer"/> to take it and before any acknowledgement leaves. Not for several threads at once.
/// </summary>
public sealed class LaneBook
{
    /// <summary>Acknowledgements for batches at most this far above the held head are kept.</summary>
    public const ulong MaxAhead = 4_096;

    private readonly SortedDictionary<Address, Bytes32> _keys = [];
    private readonly SortedDictionary<Address, Lane> _lanes = [];
    private readonly ProtocolSigner _sign;
    private readonly ProtocolSignatureVerifier _verify;

    /// <summary>An empty book: every lane at index 0.</summary>
    /// <param name="network">The network.</param>
    /// <param name="self">Report address of the operator that keeps the book.</param>
    /// <param name="operators">Everyone whose lane or acknowledgement counts: members of the config in force, and of earlier or later ones.</param>
    /// <param name="sign">Signs with the protocol key of <paramref name="self"/>.</param>
    /// <param name="verify">Judges signatures of protocol keys.</param>
    public LaneBook(NetworkId network, Address self, IEnumerable<OperatorIdentity> operators, ProtocolSigner sign, ProtocolSignatureVerifier verify)
    {
        Network = network;
        Self = self;
        _sign = sign;
        _verify = verify;
        Admit(operators);
    }

    /// <summary>The network.</summary>
    public NetworkId Network { get; }

    /// <summary>The keeper's address.</summary>
    public Address Self { get; }

    /// <summary>Adds operators, for example those of the next config.</summary>
    public void Admit(IEnumerable<OperatorIdentity> operators)
    {
        foreach (var member in operators)
        {
            _keys[member.Address] = member.ProtocolKey;
            if (!_lanes.ContainsKey(member.Address)) _lanes[member.Address] = new Lane();
        }
    }

    /// <summary>Last batch held of a lane, null if none.</summary>
    public LaneHead? Head(Address lane) => _lanes.TryGetValue(lane, out var found) ? found.Head : null;

    /// <summary>Digest of the batch held at an index; null if it is not held or was forgotten below the floor.</summary>
    public Bytes32? DigestAt(Address lane, ulong index) =>
        _lanes.TryGetValue(lane, out var found) && found.Digests.TryGetValue(index, out var digest) ? digest : null;

    /// <summary>Builds the own lane's next batch, without taking it: make it durable, then <see cref="Offer"/> it.</summary>
    public Batch SealNext(ulong sealedAtMs, IEnumerable<SignedProof> proofs) => Batch.Seal(Network, Self, Head(Self), sealedAtMs, proofs);

    /// <summary>The own acknowledgement of a batch: what a lane's operator sends beside its own batch.</summary>
    public Acknowledgement Acknowledge(BatchHeader header) => Acknowledgement.Sign(Network, header.Operator, new LaneHead(header.Index, header.Digest), Self, _sign);

    /// <summary>
    /// Whether a batch could be taken now: call it before making the batch durable. <see cref="LaneAnswer.Accepted"/> means yes.
    /// </summary>
    /// <param name="header">The batch.</param>
    /// <param name="byOwner">The lane operator's own acknowledgement of it.</param>
    /// <param name="conflict">Proof of equivocation for the answer <see cref="LaneAnswer.Conflict"/>.</param>
    public LaneAnswer Examine(BatchHeader header, Acknowledgement byOwner, out LaneConflict? conflict)
    {
        conflict = null;
        if (!_lanes.TryGetValue(header.Operator, out var lane)) return LaneAnswer.UnknownOperator;
        if (byOwner.Lane != header.Operator || byOwner.Signer != header.Operator || byOwner.Index != header.Index || byOwner.Digest != header.Digest
            || !byOwner.Verify(Network, _keys[header.Operator], _verify)) return LaneAnswer.BadSignature;
        if (lane.Acknowledged(header.Index, header.Operator) is { } earlier && earlier.Digest != header.Digest)
        {
            conflict = new LaneConflict(earlier, byOwner);
            return LaneAnswer.Conflict;
        }
        var next = (lane.Head?.Index ?? 0) + 1;
        if (header.Index < next) return lane.Digests.TryGetValue(header.Index, out var held) && held != header.Digest ? LaneAnswer.WrongPrevious : LaneAnswer.Known;
        if (header.Index > next) return LaneAnswer.Gap;
        return header.Previous == (lane.Head?.Digest ?? Bytes32.Zero) ? LaneAnswer.Accepted : LaneAnswer.WrongPrevious;
    }

    /// <summary>
    /// Takes the next batch of a lane, which is durable by now, with its operator's acknowledgement, and gives the own acknowledgement of it to
    /// be sent (the same as before for a batch that is known). Null where the batch is not taken.
    /// </summary>
    public LaneAnswer Offer(BatchHeader header, Acknowledgement byOwner, out Acknowledgement? own, out LaneConflict? conflict)
    {
        own = null;
        var answer = Examine(header, byOwner, out conflict);
        if (answer == LaneAnswer.Known && DigestAt(header.Operator, header.Index) == header.Digest) own = Acknowledge(header);
        if (answer != LaneAnswer.Accepted) return answer;
        var lane = _lanes[header.Operator];
        lane.Take(header.Index, header.Digest);
        lane.Add(byOwner);
        own = Acknowledge(header);
        lane.Add(own.Value);
        return answer;
    }

    /// <summary>Puts back a batch that was taken before a restart, in ascending order of index; the first may follow a floor.</summary>
    public void Restore(Address lane, LaneHead head)
    {
        if (!_lanes.TryGetValue(lane, out var found)) _lanes[lane] = found = new Lane();
        found.Take(head.Index, head.Digest);
    }

    /// <summary>Takes an operator's acknowledgement of any lane's batch.</summary>
    public LaneAnswer Record(Acknowledgement acknowledgement, out LaneConflict? conflict)
    {
        conflict = null;
        if (!_lanes.TryGetValue(acknowledgement.Lane, out var lane) || !_keys.TryGetValue(acknowledgement.Signer, out var key)) return LaneAnswer.UnknownOperator;
        if (acknowledgement.Index == 0) return LaneAnswer.BadSignature;
        if (acknowledgement.Index <= lane.Floor) return LaneAnswer.Known;
        if (acknowledgement.Index > (lane.Head?.Index ?? 0) + MaxAhead) return LaneAnswer.TooFarAhead;
        var earlier = lane.Acknowledged(acknowledgement.Index, acknowledgement.Signer);
        if (earlier is { } same && same.Digest == acknowledgement.Digest) return LaneAnswer.Known;
        if (!acknowledgement.Verify(Network, key, _verify)) return LaneAnswer.BadSignature;
        if (earlier is { } other)
        {
            conflict = new LaneConflict(other, acknowledgement);
            return LaneAnswer.Conflict;
        }
        lane.Add(acknowledgement);
        return LaneAnswer.Accepted;
    }

    /// <summary>Takes the acknowledgements of a certificate; true when it is good and for the batch held here or one above the head.</summary>
    public bool Record(Certificate certificate, OperatorSet operators)
    {
        if (!certificate.Verify(Network, operators, _verify)) return false;
        foreach (var acknowledgement in certificate.Acknowledgements(operators)) Record(acknowledgement, out _);
        return true;
    }

    /// <summary>
    /// The certificate of the highest batch held here that q members of the set acknowledged; null if there is none above the floor.
    /// </summary>
    public Certificate? Certified(Address lane, OperatorSet operators)
    {
        if (!_lanes.TryGetValue(lane, out var found)) return null;
        foreach (var index in found.Acknowledgements.Keys.Reverse())
        {
            if (!found.Digests.TryGetValue(index, out var digest)) continue;
            if (Certify(lane, found, new LaneHead(index, digest), operators) is { } certificate) return certificate;
        }
        return null;
    }

    /// <summary>The certificate of one batch held here, null if it is not certified (yet).</summary>
    public Certificate? CertificateAt(Address lane, ulong index, OperatorSet operators) =>
        _lanes.TryGetValue(lane, out var found) && found.Digests.TryGetValue(index, out var digest)
            ? Certify(lane, found, new LaneHead(index, digest), operators)
            : null;

    /// <summary>
    /// What the keeper observes: for each member of the set the certified height, with its certificate. A lane with nothing certified is at height 0.
    /// </summary>
    public ImmutableArray<CertifiedLane> Observe(OperatorSet operators)
    {
        var lanes = ImmutableArray.CreateBuilder<CertifiedLane>(operators.Count);
        foreach (var address in operators.Addresses) lanes.Add(new CertifiedLane(address, Certified(address, operators)));
        return lanes.MoveToImmutable();
    }

    /// <summary>The held head of every lane of the set, certified or not.</summary>
    public Cut Held(OperatorSet operators) =>
        new([.. operators.Addresses.Select(address => Head(address) is { } head ? new LaneHeight(address, head.Index, head.Digest) : new LaneHeight(address, 0, Bytes32.Zero))]);

    /// <summary>
    /// Forgets acknowledgements and digests below an accepted cut; the batch at the cut's height stays, because observations still name it.
    /// </summary>
    public void Forget(Cut below)
    {
        foreach (var height in below.Lanes)
        {
            if (height.Height > 0 && _lanes.TryGetValue(height.Operator, out var lane)) lane.Forget(height.Height - 1);
        }
    }

    private static Certificate? Certify(Address lane, Lane found, LaneHead head, OperatorSet operators)
    {
        if (!found.Acknowledgements.TryGetValue(head.Index, out var given)) return null;
        var signatures = ImmutableArray.CreateBuilder<CertificateSignature>(operators.Quorum.Size);
        for (var sender = 0; sender < operators.Count && signatures.Count < operators.Quorum.Size; sender++)
        {
            if (given.TryGetValue(operators[sender].Address, out var acknowledgement) && acknowledgement.Digest == head.Digest)
                signatures.Add(new CertificateSignature((byte)sender, acknowledgement.Signature));
        }
        return signatures.Count == operators.Quorum.Size ? new Certificate(lane, head, signatures.ToImmutable()) : null;
    }

    private sealed class Lane
    {
        public LaneHead? Head { get; private set; }

        public ulong Floor { get; private set; }

        public SortedDictionary<ulong, Bytes32> Digests { get; } = [];

        public SortedDictionary<ulong, SortedDictionary<Address, Acknowledgement>> Acknowledgements { get; } = [];

        public Acknowledgement? Acknowledged(ulong index, Address signer) =>
            Acknowledgements.TryGetValue(index, out var given) && given.TryGetValue(signer, out var found) ? found : null;

        public void Take(ulong index, Bytes32 digest)
        {
            if (Head is { } head && index != head.Index + 1)
                throw new InvalidOperationException($"Batch {index} does not follow {head.Index}: restore a lane in ascending order without gaps.");
            Head = new LaneHead(index, digest);
            Digests[index] = digest;
        }

        public void Add(Acknowledgement acknowledgement)
        {
            if (!Acknowledgements.TryGetValue(acknowledgement.Index, out var given)) Acknowledgements[acknowledgement.Index] = given = [];
            given[acknowledgement.Signer] = acknowledgement;
        }

        public void Forget(ulong upTo)
        {
            if (upTo <= Floor) return;
            Floor = upTo;
            foreach (var index in Digests.Keys.TakeWhile(index => index <= upTo).ToList()) Digests.Remove(index);
            foreach (var index in Acknowledgements.Keys.TakeWhile(index => index <= upTo).ToList()) Acknowledgements.Remove(index);
        }
    }
}

/// <summary>A lane of an observation: the certificate of its highest certified batch, null at height 0.</summary>
public readonly record struct CertifiedLane(Address Operator, Certificate? Certificate)
{
    /// <summary>The height that the certificate vouches for.</summary>
    public LaneHeight Height => Certificate is { } certificate
        ? new LaneHeight(Operator, certificate.Head.Index, certificate.Head.Digest)
        : new LaneHeight(Operator, 0, Bytes32.Zero);
}
