// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOwned} from "./IOwned.sol";

/// @title Decides how much an epoch may emit and mints it when its report is final.
interface IEmissionController is IOwned {
    /// @notice A fixed receiver of `bps`/10,000 of an epoch's emission (treasury, operators' pay).
    struct Sink {
        address account;
        uint16 bps;
    }

    error NotVerifier(address caller);
    /// @notice Epochs are minted in order, once.
    error EpochNotNext(uint64 expected, uint64 actual);
    error BudgetExceeded(uint256 asked, uint256 budget);
    /// @notice The sinks' shares exceed 100 %, there are more than MAX_SINKS, or a sink is the zero address, has no share or is not after the one before it.
    error BadSinks();
    /// @notice Splits may change only for an epoch that has not started.
    error EpochStarted(uint64 epoch, uint64 earliest);
    /// @notice The schedule's sum for all time does not fit under the cap.
    error ScheduleExceedsCap(uint256 total, uint256 room);
    /// @notice The decay must be below one.
    error BadDecay(uint256 decayQ96);

    /// @notice Replaces everything that was scheduled for `firstEpoch` and later.
    event SplitsScheduled(uint64 indexed firstEpoch, Sink[] sinks);
    /// @notice `rewards` went to the distributor, `sinks` to the sinks, `unallocated` was never minted.
    event EpochMinted(uint64 indexed epoch, uint256 rewards, uint256 sinks, uint256 unallocated);

    /// @notice Emission of an epoch, all receivers together: BASE · DECAY_Q96^(epoch − 1), in base units; 0 for epoch 0.
    /// @dev The power is taken by squaring in Q96, every product rounded down; see docs/protocol.md.
    function emissionOf(uint64 epoch) external view returns (uint128);
    /// @notice What a report may pay to leaves in `epoch`: emission less the sinks' shares. A pure function of the epoch once it has started.
    function budgetOf(uint64 epoch) external view returns (uint128);
    function sinksOf(uint64 epoch) external view returns (Sink[] memory);
    /// @notice The epoch that is minted next.
    function nextEpoch() external view returns (uint64);
    /// @notice Sinks from `firstEpoch` on, ascending by account; what they leave goes to rewards. Only the owner, only for an epoch that has not started.
    function scheduleSplits(uint64 firstEpoch, Sink[] calldata sinks) external;
    /// @notice Mints `rewards` to the distributor and the sinks' shares. Only the ReportVerifier, in order, once an epoch.
    function mintEpoch(uint64 epoch, uint128 rewards) external;
}
