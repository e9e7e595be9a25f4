// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOwned} from "./IOwned.sol";

/// @title Oracle operators, their keys and bonds, and which set may sign which epoch.
interface IOperatorRegistry is IOwned {
    struct Operator {
        address account; // owner of the bond
        address reportKey; // secp256k1; signs report digests and nothing else
        bytes32 protocolKey; // Ed25519
        uint128 bond;
        uint64 lastEpoch; // last epoch it could sign; max while it is in the newest set
        uint64 exitAt; // end of the thaw, 0 = none asked
        bool slashed;
        string endpoint;
    }

    /// @notice A config as hashed by `docs/protocol.md`. Members ascend by report key.
    struct Config {
        uint64 count; // 1 for the first
        uint64 firstEpoch;
        uint8 n;
        uint8 q;
        bytes32 digest;
        bytes32 parametersHash;
        bytes32 rulesHash;
        address[] reportKeys;
        bytes32[] protocolKeys;
    }

    error NotVerifier(address caller);
    error NotOperatorAccount(address reportKey, address caller);
    error UnknownOperator(address reportKey);
    error AlreadyRegistered(address reportKey);
    error ProtocolKeyUsed(bytes32 protocolKey);
    error ZeroKey();
    error BondTooLow(uint256 bond, uint256 minimum);
    /// @notice n must be 3f+1, 4 ≤ n ≤ 31.
    error BadSetSize(uint256 n);
    error NotAscending(uint256 position);
    /// @notice A config must start at an epoch that has not started, later than the config before it. The very first one may start at epoch 1 at any time.
    error EpochStarted(uint64 firstEpoch, uint64 earliest);
    error OperatorSlashed(address reportKey);
    error OperatorExiting(address reportKey);
    /// @notice The bond may leave only after the last epoch that its operator could sign is final, and the thaw is over.
    error BondLocked(uint64 lastEpoch, uint64 exitAt);
    error RecoveryNotAllowed(uint64 silentSince, uint64 allowedAt);
    /// @notice No config is in force in that epoch, or none has that count or digest.
    error UnknownConfig();
    /// @notice A constructor value is out of its hard bounds.
    error BadParameter();

    event OperatorRegistered(
        address indexed reportKey, address indexed account, bytes32 protocolKey, string endpoint, uint256 bond
    );
    event BondAdded(address indexed reportKey, uint256 amount, uint256 bond);
    event EndpointChanged(address indexed reportKey, string endpoint);
    event ConfigScheduled(
        uint64 indexed count,
        uint64 indexed firstEpoch,
        bytes32 indexed digest,
        uint8 n,
        uint8 q,
        bytes32 parametersHash,
        bytes32 rulesHash,
        address[] reportKeys,
        bytes32[] protocolKeys
    );
    event ExitRequested(address indexed reportKey, uint64 exitAt);
    event BondWithdrawn(address indexed reportKey, uint256 amount);
    /// @notice The whole bond: `toReporter` (at most 5 %) to the reporter, the rest burned.
    event BondSlashed(address indexed reportKey, uint256 bond, address reporter, uint256 toReporter);

    function register(address reportKey, bytes32 protocolKey, string calldata endpoint, uint128 bond) external;
    function addBond(address reportKey, uint128 amount) external;
    function setEndpoint(address reportKey, string calldata endpoint) external;
    /// @notice Schedules the set from `firstEpoch` on. Only the owner (a timelock in production).
    function scheduleConfig(address[] calldata reportKeys, uint64 firstEpoch, bytes32 parametersHash, bytes32 rulesHash)
        external;
    /// @notice Replaces the set from the next epoch to be reported on, once RECOVERY_SILENCE seconds have passed since ReportVerifier.silentSince() or that epoch was
    /// cancelled twice. It overrides configs scheduled for later epochs. Only the owner.
    function recover(address[] calldata reportKeys, bytes32 parametersHash, bytes32 rulesHash) external;
    /// @notice Starts the thaw: only for an operator that is in no set of an epoch not yet final.
    function requestExit(address reportKey) external;
    function withdrawBond(address reportKey) external;
    /// @notice Only the ReportVerifier, on proven equivocation.
    function slashBond(address reportKey, address reporter) external;

    function operator(address reportKey) external view returns (Operator memory);
    /// @notice The config in force in `epoch`: the newest that starts at or before it.
    function configAt(uint64 epoch) external view returns (Config memory);
    function configByCount(uint64 count) external view returns (Config memory);
    function configCount() external view returns (uint64);
    function configDigestAt(uint64 epoch) external view returns (bytes32);
    /// @notice What it takes to check a report of `epoch`: the config's digest, its quorum and its ascending report keys.
    function signersAt(uint64 epoch) external view returns (bytes32 digest, uint8 q, address[] memory reportKeys);
    /// @notice The ascending report keys of the config with that digest.
    function signersOf(bytes32 digest) external view returns (address[] memory reportKeys);
}
