// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {RewardLeaf, Report} from "../types/Report.sol";

/// @title Accepts an epoch's report on 2f+1 operator signatures; holds it open to challenge; makes it final.
/// @dev What this does not protect against: 2f+1 colluding operators are held by tree-fault proofs, the breaker and the arbiter's veto, not by stake.
interface IReportVerifier {
    enum Status {
        None,
        Pending,
        Challenged,
        Final,
        Cancelled
    }

    /// @notice An accepted report. Kept by epoch; a cancelled one is overwritten by its successor.
    struct Accepted {
        bytes32 digest;
        bytes32 rewardsRoot;
        uint128 cumulativeTotal;
        uint32 leafCount;
        uint64 claimableAt; // end of the challenge window, unix seconds
        Status status;
    }

    enum TreeFault {
        WrongAccount, // account at the index is not PayoutRegistry.accountAt(index)
        Decreased, // cumulative below the same index in the parent tree
        WrongPrefix, // prefix of index i+1 is not prefix + cumulative of i, or of index 0 not zero
        WrongTotal // prefix + cumulative of the last index is not the report's cumulative total
    }

    error BadLength(uint256 length, uint256 expected);
    error BadTag();
    error WrongConfig(bytes32 expected, bytes32 actual);
    error WrongGeneration(uint64 expected, uint64 actual);
    error EpochNotNext(uint64 expected, uint64 actual);
    error WrongPeriod(uint64 expectedStart, uint64 expectedEnd);
    error PeriodNotOver(uint64 end);
    error WrongParent(bytes32 expected, bytes32 actual);
    error WrongSignerCount(uint256 expected, uint256 actual);
    error UnknownSigner(uint256 position);
    error BadSignature(uint256 position);
    error NotBudget(uint256 expected, uint256 actual);
    error TotalDecreased(uint128 parent, uint128 actual);
    /// @notice The rewards root is zero exactly where the leaf count is.
    error EmptyRoot();
    /// @notice Below the parent's, above the number of payout accounts, or 0 with a total above 0.
    error WrongLeafCount(uint32 atLeast, uint32 atMost, uint32 actual);
    error WrongStatus(uint64 epoch, Status status);
    error WindowOpen(uint64 claimableAt);
    error WindowClosed(uint64 claimableAt);
    error NotInOrder(uint64 expected, uint64 actual);
    error NotArbiter(address caller);
    error AlreadyChallenged(uint64 epoch);
    error NoChallenge(bytes32 digest);
    error NoFault();
    error BadProof();
    error NotEquivocation();
    error NotSigner(address signer);
    /// @notice A constructor value is out of its hard bounds.
    error BadParameter();

    /// @notice The report is accepted; all of its fields, so that nothing has to be read back.
    event ReportAccepted(
        uint64 indexed epoch,
        uint64 indexed generation,
        bytes32 indexed digest,
        bytes report,
        uint32 signers,
        uint64 claimableAt
    );
    event ReportChallenged(
        uint64 indexed epoch,
        bytes32 indexed digest,
        address indexed challenger,
        uint256 bond,
        bytes32 evidence,
        uint64 claimableAt
    );
    /// @notice `reason`: 1 arbiter, 2 tree fault. Every accepted report from `epoch` on is void; the generation rises by one.
    event ReportCancelled(uint64 indexed epoch, uint64 newGeneration, bytes32 indexed digest, uint8 reason);
    /// @notice `returned`: the report is void and the bond went back; otherwise the report stands and the bond was burned.
    event ChallengeSettled(
        uint64 indexed epoch, bytes32 indexed digest, address indexed challenger, uint256 bond, bool returned
    );
    event ReportFinalized(
        uint64 indexed epoch, bytes32 indexed digest, bytes32 rewardsRoot, uint128 cumulativeTotal, uint32 leafCount
    );
    event TreeFaultProven(uint64 indexed epoch, TreeFault fault, uint32 index, address reporter);
    event EquivocationProven(
        address indexed signer,
        uint64 indexed epoch,
        uint64 generation,
        bytes32 digestA,
        bytes32 digestB,
        address reporter
    );

    /// @notice Accepts `report` (348 bytes) on exactly q signatures. Anyone may call: authority comes from the signatures.
    /// @param bitmap bit i = signer i of the config's ascending report keys.
    /// @param signatures q compact EIP-2098 signatures with low s, ascending by signer.
    function attest(bytes calldata report, uint32 bitmap, bytes calldata signatures) external;
    /// @notice Extends the window of a pending report once, by CHALLENGE_EXTENSION seconds, against CHALLENGE_BOND. The bond comes back if the report is
    /// voided and burns if it stands.
    function challenge(uint64 epoch, bytes32 evidence) external;
    /// @notice The arbiter voids a pending or challenged report and all after it; it can never choose another.
    function cancel(uint64 epoch) external;
    /// @notice Returns the bond of a challenge whose report was voided together with an earlier one.
    function reclaimBond(bytes32 digest) external;
    /// @notice Proves an objective fault of a pending report's tree; cancels it at once, without bond.
    /// @param leaf the faulty leaf of `epoch`'s tree with its proof. @param other by fault: Decreased = the leaf of the parent's tree; WrongPrefix = the leaf before it; otherwise ignored.
    function proveTreeFault(
        uint64 epoch,
        TreeFault fault,
        RewardLeaf calldata leaf,
        bytes32[] calldata proof,
        RewardLeaf calldata other,
        bytes32[] calldata otherProof
    ) external;
    /// @notice Two reports of one (config, epoch, generation) with different digests, signed by one operator: its whole bond is slashed.
    function proveEquivocation(
        bytes calldata reportA,
        bytes calldata signatureA,
        bytes calldata reportB,
        bytes calldata signatureB
    ) external;
    /// @notice Makes the next report final after its window: mints, and hands the root to the distributor. Permissionless, in order.
    function finalize(uint64 epoch) external;

    /// @notice The latest report of `epoch`; Cancelled if it is void and has no successor yet.
    function accepted(uint64 epoch) external view returns (Accepted memory);
    /// @notice Who challenged the report with that digest and waits for the outcome; zero if nobody does.
    function challengerOf(bytes32 digest) external view returns (address);
    function generation() external view returns (uint64);
    function cancellations(uint64 epoch) external view returns (uint32);
    /// @notice The epoch that `attest` accepts next.
    function nextEpoch() external view returns (uint64);
    /// @notice The epoch that `finalize` takes next.
    function nextFinal() external view returns (uint64);
    function lastAcceptedAt() external view returns (uint64);
    /// @notice Since when a report could have been accepted and none was: the latest of the last acceptance, the last cancellation and the end of the next epoch's period.
    function silentSince() external view returns (uint64);
    /// @notice Epoch 1 starts at GENESIS; a period's end is the next one's start. Unix seconds.
    function periodOf(uint64 epoch) external view returns (uint64 start, uint64 end);
    /// @notice The epoch whose period holds `timestamp`; 0 before GENESIS.
    function epochAt(uint64 timestamp) external view returns (uint64);
}
