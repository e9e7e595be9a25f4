// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice A report's fields; see docs/protocol.md for the 348 packed bytes.
struct Report {
    bytes32 configDigest;
    uint64 generation;
    uint64 epoch;
    uint64 periodStart;
    uint64 periodEnd;
    uint64 anchorNumber;
    bytes32 anchorHash;
    bytes32 previousDigest;
    bytes32 evidenceRoot;
    bytes32 stateRoot;
    bytes32 rewardsRoot;
    bytes32 meteringRoot;
    uint32 leafCount;
    uint128 cumulativeTotal;
    uint128 unallocated;
    bytes32 manifestHash;
}

/// @notice A leaf of the reward tree without its domain.
struct RewardLeaf {
    uint32 index;
    address account;
    uint128 cumulative;
    uint128 prefix;
    bytes32 itemsHash;
}
