// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IEmissionController} from "./interfaces/IEmissionController.sol";
import {INetworkToken} from "./interfaces/INetworkToken.sol";
import {IOperatorRegistry} from "./interfaces/IOperatorRegistry.sol";
import {IPayoutRegistry} from "./interfaces/IPayoutRegistry.sol";
import {IReportVerifier} from "./interfaces/IReportVerifier.sol";
import {IRewardDistributor} from "./interfaces/IRewardDistributor.sol";
import {ReportLib} from "./lib/ReportLib.sol";
import {RewardTreeLib} from "./lib/RewardTreeLib.sol";
import {Report, RewardLeaf} from "./types/Report.sol";

/// @title The rules are those of IReportVerifier.
contract ReportVerifier is IReportVerifier {
    using SafeERC20 for INetworkToken;

    uint8 private constant BY_ARBITER = 1;
    uint8 private constant BY_TREE_FAULT = 2;
    uint256 private constant SIGNATURE_LENGTH = 64;

    IOperatorRegistry public immutable OPERATORS;
    IEmissionController public immutable EMISSION;
    IPayoutRegistry public immutable PAYOUTS;
    IRewardDistributor public immutable DISTRIBUTOR;
    INetworkToken public immutable TOKEN;
    /// @notice May void a report that is not final, and nothing else.
    address public immutable ARBITER;
    /// @notice Start of epoch 1, unix seconds.
    uint64 public immutable GENESIS;
    /// @notice Seconds of an epoch.
    uint64 public immutable EPOCH_LENGTH;
    /// @notice Seconds between acceptance and finality.
    uint64 public immutable CHALLENGE_WINDOW;
    /// @notice Seconds that a challenge adds, once.
    uint64 public immutable CHALLENGE_EXTENSION;
    /// @notice Base units.
    uint128 public immutable CHALLENGE_BOND;
    /// @notice Domain of the reward leaves; equals the distributor's.
    bytes32 public immutable LEAF_DOMAIN;

    struct Contracts {
        IOperatorRegistry operators;
        IEmissionController emission;
        IPayoutRegistry payouts;
        IRewardDistributor distributor;
        INetworkToken token;
        address arbiter;
    }

    struct Settings {
        uint64 genesis;
        uint64 epochLength;
        uint64 challengeWindow;
        uint64 challengeExtension;
        uint128 challengeBond;
    }

    /// @dev One word: read and written by every acceptance.
    struct Head {
        uint48 lastEpoch; // last accepted
        uint48 nextFinal;
        uint48 generation;
        uint48 lastAcceptedAt;
        uint48 lastCancelledAt;
    }

    struct Challenge {
        address challenger;
        uint64 epoch;
    }

    Head private _head;
    mapping(uint64 epoch => Accepted) private _accepted;
    mapping(bytes32 digest => Challenge) private _challenges;
    mapping(uint64 epoch => uint32) public override cancellations;

    constructor(Contracts memory contracts, Settings memory settings) {
        if (settings.epochLength == 0 || settings.challengeWindow == 0 || settings.challengeBond == 0) {
            revert BadParameter();
        }
        OPERATORS = contracts.operators;
        EMISSION = contracts.emission;
        PAYOUTS = contracts.payouts;
        DISTRIBUTOR = contracts.distributor;
        TOKEN = contracts.token;
        ARBITER = contracts.arbiter;
        GENESIS = settings.genesis;
        EPOCH_LENGTH = settings.epochLength;
        CHALLENGE_WINDOW = settings.challengeWindow;
        CHALLENGE_EXTENSION = settings.challengeExtension;
        CHALLENGE_BOND = settings.challengeBond;
        LEAF_DOMAIN = RewardTreeLib.domain(address(contracts.distributor), address(contracts.token));
        _head.nextFinal = 1;
    }

    // --- accepting

    /// @inheritdoc IReportVerifier
    function attest(bytes calldata report, uint32 bitmap, bytes calldata signatures) external override {
        Report memory r = ReportLib.decode(report);
        Head memory head = _head;
        uint64 expected = uint64(head.lastEpoch) + 1;
        if (r.epoch != expected) revert EpochNotNext(expected, r.epoch);
        if (r.generation != head.generation) revert WrongGeneration(head.generation, r.generation);
        (uint64 start, uint64 end) = periodOf(expected);
        if (r.periodStart != start || r.periodEnd != end) revert WrongPeriod(start, end);
        if (block.timestamp < end) revert PeriodNotOver(end);

        Accepted storage parent = _accepted[expected - 1];
        bytes32 parentDigest = parent.digest;
        if (r.previousDigest != parentDigest) revert WrongParent(parentDigest, r.previousDigest);
        _checkAmounts(r, parent.cumulativeTotal, parent.leafCount);

        bytes32 digest = ReportLib.digest(report);
        _checkSignatures(r, digest, bitmap, signatures);

        uint64 claimableAt = uint64(block.timestamp) + CHALLENGE_WINDOW;
        _accepted[expected] =
            Accepted(digest, r.rewardsRoot, r.cumulativeTotal, r.leafCount, claimableAt, Status.Pending);
        head.lastEpoch = SafeCast.toUint48(expected);
        head.lastAcceptedAt = uint48(block.timestamp);
        _head = head;
        emit ReportAccepted(expected, r.generation, digest, report, bitmap, claimableAt);
    }

    // --- the challenge window

    /// @inheritdoc IReportVerifier
    function challenge(uint64 epoch, bytes32 evidence) external override {
        Accepted storage report = _open(epoch);
        if (report.status == Status.Challenged) revert AlreadyChallenged(epoch);
        uint64 claimableAt = report.claimableAt;
        if (block.timestamp >= claimableAt) revert WindowClosed(claimableAt);
        claimableAt += CHALLENGE_EXTENSION;
        bytes32 digest = report.digest;
        report.status = Status.Challenged;
        report.claimableAt = claimableAt;
        _challenges[digest] = Challenge(msg.sender, epoch);
        emit ReportChallenged(epoch, digest, msg.sender, CHALLENGE_BOND, evidence, claimableAt);
        TOKEN.safeTransferFrom(msg.sender, address(this), CHALLENGE_BOND);
    }

    /// @inheritdoc IReportVerifier
    function cancel(uint64 epoch) external override {
        if (msg.sender != ARBITER) revert NotArbiter(msg.sender);
        _cancel(epoch, _open(epoch).digest, BY_ARBITER);
    }

    /// @inheritdoc IReportVerifier
    function reclaimBond(bytes32 digest) external override {
        uint64 epoch = _challenges[digest].epoch;
        if (epoch == 0) revert NoChallenge(digest);
        // A void report's digest can never be accepted again: the generation is part of it.
        if (epoch <= _head.lastEpoch && _accepted[epoch].digest == digest) {
            revert WrongStatus(epoch, _accepted[epoch].status);
        }
        _returnBond(epoch, digest);
    }

    /// @inheritdoc IReportVerifier
    function proveTreeFault(
        uint64 epoch,
        TreeFault fault,
        RewardLeaf calldata leaf,
        bytes32[] calldata proof,
        RewardLeaf calldata other,
        bytes32[] calldata otherProof
    ) external override {
        Accepted storage report = _open(epoch);
        uint32 leafCount = report.leafCount;
        _checkLeaf(report.rewardsRoot, leafCount, leaf, proof);
        bool proven;
        if (fault == TreeFault.WrongAccount) {
            proven = PAYOUTS.accountAt(leaf.index) != leaf.account;
        } else if (fault == TreeFault.Decreased) {
            Accepted storage parent = _accepted[epoch - 1];
            _checkLeaf(parent.rewardsRoot, parent.leafCount, other, otherProof);
            proven = leaf.index == other.index && leaf.cumulative < other.cumulative;
        } else if (fault == TreeFault.WrongPrefix) {
            if (leaf.index == 0) {
                proven = leaf.prefix != 0;
            } else {
                _checkLeaf(report.rewardsRoot, leafCount, other, otherProof);
                proven = other.index == leaf.index - 1 && uint256(other.prefix) + other.cumulative != leaf.prefix;
            }
        } else {
            proven = leaf.index == leafCount - 1 && uint256(leaf.prefix) + leaf.cumulative != report.cumulativeTotal;
        }
        if (!proven) revert NoFault();
        emit TreeFaultProven(epoch, fault, leaf.index, msg.sender);
        _cancel(epoch, report.digest, BY_TREE_FAULT);
    }

    /// @inheritdoc IReportVerifier
    function proveEquivocation(
        bytes calldata reportA,
        bytes calldata signatureA,
        bytes calldata reportB,
        bytes calldata signatureB
    ) external override {
        Report memory a = ReportLib.decode(reportA);
        Report memory b = ReportLib.decode(reportB);
        bytes32 digestA = ReportLib.digest(reportA);
        bytes32 digestB = ReportLib.digest(reportB);
        if (
            digestA == digestB || a.configDigest != b.configDigest || a.epoch != b.epoch || a.generation != b.generation
        ) revert NotEquivocation();
        if (signatureA.length != SIGNATURE_LENGTH) revert BadSignature(0);
        if (signatureB.length != SIGNATURE_LENGTH) revert BadSignature(1);
        address signer = _recover(digestA, signatureA, 0, 0);
        if (_recover(digestB, signatureB, 0, 1) != signer) revert NotEquivocation();
        if (!_contains(OPERATORS.signersOf(a.configDigest), signer)) revert NotSigner(signer);
        emit EquivocationProven(signer, a.epoch, a.generation, digestA, digestB, msg.sender);
        OPERATORS.slashBond(signer, msg.sender);
    }

    /// @inheritdoc IReportVerifier
    function finalize(uint64 epoch) external override {
        Head memory head = _head;
        if (epoch != head.nextFinal) revert NotInOrder(head.nextFinal, epoch);
        if (epoch > head.lastEpoch) revert WrongStatus(epoch, accepted(epoch).status);
        Accepted memory report = _accepted[epoch];
        if (block.timestamp < report.claimableAt) revert WindowOpen(report.claimableAt);
        _accepted[epoch].status = Status.Final;
        head.nextFinal = SafeCast.toUint48(epoch + 1);
        _head = head;
        emit ReportFinalized(epoch, report.digest, report.rewardsRoot, report.cumulativeTotal, report.leafCount);
        if (report.status == Status.Challenged) {
            emit ChallengeSettled(epoch, report.digest, _challenges[report.digest].challenger, CHALLENGE_BOND, false);
            delete _challenges[report.digest];
            TOKEN.burn(CHALLENGE_BOND);
        }
        EMISSION.mintEpoch(epoch, report.cumulativeTotal - _accepted[epoch - 1].cumulativeTotal);
        if (report.leafCount > 0) {
            DISTRIBUTOR.advance(epoch, report.rewardsRoot, report.leafCount, report.cumulativeTotal);
        }
    }

    // --- views

    /// @inheritdoc IReportVerifier
    function generation() external view override returns (uint64) {
        return _head.generation;
    }

    /// @inheritdoc IReportVerifier
    function nextEpoch() external view override returns (uint64) {
        return uint64(_head.lastEpoch) + 1;
    }

    /// @inheritdoc IReportVerifier
    function nextFinal() external view override returns (uint64) {
        return _head.nextFinal;
    }

    /// @inheritdoc IReportVerifier
    function lastAcceptedAt() external view override returns (uint64) {
        return _head.lastAcceptedAt;
    }

    /// @inheritdoc IReportVerifier
    function silentSince() external view override returns (uint64 since) {
        Head memory head = _head;
        (, since) = periodOf(uint64(head.lastEpoch) + 1);
        if (head.lastAcceptedAt > since) since = head.lastAcceptedAt;
        if (head.lastCancelledAt > since) since = head.lastCancelledAt;
    }

    /// @inheritdoc IReportVerifier
    function challengerOf(bytes32 digest) external view override returns (address) {
        return _challenges[digest].challenger;
    }

    /// @inheritdoc IReportVerifier
    function epochAt(uint64 timestamp) external view override returns (uint64) {
        return timestamp < GENESIS ? 0 : (timestamp - GENESIS) / EPOCH_LENGTH + 1;
    }

    /// @inheritdoc IReportVerifier
    function accepted(uint64 epoch) public view override returns (Accepted memory report) {
        report = _accepted[epoch];
        if (epoch > _head.lastEpoch && report.status != Status.None) report.status = Status.Cancelled;
    }

    /// @inheritdoc IReportVerifier
    function periodOf(uint64 epoch) public view override returns (uint64 start, uint64 end) {
        if (epoch == 0) revert EpochNotNext(1, 0);
        start = GENESIS + (epoch - 1) * EPOCH_LENGTH;
        end = start + EPOCH_LENGTH;
    }

    // --- inside

    /// @dev The budget is a pure function of an epoch that has started; the number of payout accounts only grows.
    function _checkAmounts(Report memory r, uint128 parentTotal, uint32 parentLeafCount) private view {
        if (r.cumulativeTotal < parentTotal) revert TotalDecreased(parentTotal, r.cumulativeTotal);
        uint256 budget = EMISSION.budgetOf(r.epoch);
        uint256 spent = uint256(r.cumulativeTotal - parentTotal) + r.unallocated;
        if (spent != budget) revert NotBudget(budget, spent);
        uint32 accounts = PAYOUTS.count();
        if (r.leafCount < parentLeafCount || r.leafCount > accounts || (r.leafCount == 0 && r.cumulativeTotal != 0)) {
            revert WrongLeafCount(parentLeafCount, accounts, r.leafCount);
        }
        if ((r.rewardsRoot == bytes32(0)) != (r.leafCount == 0)) revert EmptyRoot();
    }

    function _checkSignatures(Report memory r, bytes32 digest, uint32 bitmap, bytes calldata signatures) private view {
        (bytes32 config, uint8 q, address[] memory keys) = OPERATORS.signersAt(r.epoch);
        if (r.configDigest != config) revert WrongConfig(config, r.configDigest);
        if (signatures.length != SIGNATURE_LENGTH * q) {
            revert WrongSignerCount(q, signatures.length / SIGNATURE_LENGTH);
        }
        uint256 signed = 0;
        for (uint256 i = 0; bitmap >> i != 0; ++i) {
            if ((bitmap >> i) & 1 == 0) continue;
            if (i >= keys.length) revert UnknownSigner(i);
            if (signed == q) revert WrongSignerCount(q, signed + 1);
            if (_recover(digest, signatures, signed, i) != keys[i]) revert BadSignature(i);
            ++signed;
        }
        if (signed != q) revert WrongSignerCount(q, signed);
    }

    /// @dev EIP-2098; a high s, an s of 256 bits or no point at all is a bad signature at `position`.
    function _recover(bytes32 digest, bytes calldata signatures, uint256 slot, uint256 position)
        private
        pure
        returns (address)
    {
        bytes32 r = bytes32(signatures[slot * 64:slot * 64 + 32]);
        bytes32 vs = bytes32(signatures[slot * 64 + 32:slot * 64 + 64]);
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, r, vs);
        if (failure != ECDSA.RecoverError.NoError) revert BadSignature(position);
        return signer;
    }

    function _contains(address[] memory keys, address key) private pure returns (bool) {
        for (uint256 i = 0; i < keys.length; ++i) {
            if (keys[i] == key) return true;
        }
        return false;
    }

    function _checkLeaf(bytes32 root, uint32 leafCount, RewardLeaf calldata leaf, bytes32[] calldata proof)
        private
        view
    {
        if (!RewardTreeLib.verify(root, leafCount, LEAF_DOMAIN, leaf, proof)) revert BadProof();
    }

    /// @dev The report of an epoch that is accepted, not void and not final.
    function _open(uint64 epoch) private view returns (Accepted storage report) {
        Head memory head = _head;
        if (epoch < head.nextFinal || epoch > head.lastEpoch) revert WrongStatus(epoch, accepted(epoch).status);
        return _accepted[epoch];
    }

    /// @dev Voids the report and all after it by moving the head back; their entries are overwritten in time.
    function _cancel(uint64 epoch, bytes32 digest, uint8 reason) private {
        Head memory head = _head;
        head.lastEpoch = SafeCast.toUint48(epoch - 1);
        head.generation += 1;
        head.lastCancelledAt = uint48(block.timestamp);
        _head = head;
        cancellations[epoch] += 1;
        emit ReportCancelled(epoch, head.generation, digest, reason);
        if (_challenges[digest].epoch != 0) _returnBond(epoch, digest);
    }

    function _returnBond(uint64 epoch, bytes32 digest) private {
        address challenger = _challenges[digest].challenger;
        delete _challenges[digest];
        emit ChallengeSettled(epoch, digest, challenger, CHALLENGE_BOND, true);
        TOKEN.safeTransfer(challenger, CHALLENGE_BOND);
    }
}
