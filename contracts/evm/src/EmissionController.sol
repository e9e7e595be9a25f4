// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IEmissionController} from "./interfaces/IEmissionController.sol";
import {INetworkToken} from "./interfaces/INetworkToken.sol";
import {IReportVerifier} from "./interfaces/IReportVerifier.sol";
import {Owned} from "./Owned.sol";

/// @title The rules are those of IEmissionController.
contract EmissionController is IEmissionController, Owned {
    /// @notice Most sinks of one schedule.
    uint256 public constant MAX_SINKS = 8;
    uint256 private constant ONE = 1 << 96;
    uint256 private constant WHOLE_BPS = 10_000;

    INetworkToken public immutable TOKEN;
    address public immutable DISTRIBUTOR;
    IReportVerifier public immutable VERIFIER;
    /// @notice Emission of epoch 1, in base units.
    uint128 public immutable BASE;
    /// @notice What one epoch's emission is of the one before it, in 2^-96.
    uint256 public immutable DECAY_Q96;

    struct Splits {
        uint64 firstEpoch;
        Sink[] sinks;
    }

    uint64 public override nextEpoch = 1;
    Splits[] private _splits;

    /// @dev The token must be deployed before: the schedule must fit into what is left under its cap.
    constructor(
        INetworkToken token,
        address distributor,
        IReportVerifier verifier,
        address owner_,
        uint128 base,
        uint256 decayQ96,
        Sink[] memory sinks
    ) Owned(owner_) {
        if (decayQ96 >= ONE) revert BadDecay(decayQ96);
        // Every epoch's emission is rounded down, so the geometric series bounds their sum for all time.
        uint256 total = (uint256(base) * ONE) / (ONE - decayQ96);
        uint256 room = token.cap() - token.grossMinted();
        if (total > room) revert ScheduleExceedsCap(total, room);
        TOKEN = token;
        DISTRIBUTOR = distributor;
        VERIFIER = verifier;
        BASE = base;
        DECAY_Q96 = decayQ96;
        _push(1, sinks);
    }

    /// @inheritdoc IEmissionController
    function scheduleSplits(uint64 firstEpoch, Sink[] calldata sinks) external override onlyOwner {
        uint64 earliest = VERIFIER.epochAt(uint64(block.timestamp)) + 1;
        if (firstEpoch < earliest) revert EpochStarted(firstEpoch, earliest);
        while (_splits.length > 0 && _splits[_splits.length - 1].firstEpoch >= firstEpoch) _splits.pop();
        _push(firstEpoch, sinks);
    }

    /// @inheritdoc IEmissionController
    function mintEpoch(uint64 epoch, uint128 rewards) external override {
        if (msg.sender != address(VERIFIER)) revert NotVerifier(msg.sender);
        uint64 expected = nextEpoch;
        if (epoch != expected) revert EpochNotNext(expected, epoch);
        nextEpoch = expected + 1;

        uint256 emission = _emission(epoch);
        Sink[] memory sinks = sinksOf(epoch);
        uint256 sunk = 0;
        for (uint256 i = 0; i < sinks.length; ++i) {
            uint256 share = (emission * sinks[i].bps) / WHOLE_BPS;
            sunk += share;
            if (share > 0) TOKEN.mint(sinks[i].account, share);
        }
        uint256 budget = emission - sunk;
        if (rewards > budget) revert BudgetExceeded(rewards, budget);
        if (rewards > 0) TOKEN.mint(DISTRIBUTOR, rewards);
        emit EpochMinted(epoch, rewards, sunk, budget - rewards);
    }

    /// @inheritdoc IEmissionController
    function emissionOf(uint64 epoch) external view override returns (uint128) {
        return SafeCast.toUint128(_emission(epoch));
    }

    /// @inheritdoc IEmissionController
    function budgetOf(uint64 epoch) external view override returns (uint128) {
        uint256 emission = _emission(epoch);
        Sink[] memory sinks = sinksOf(epoch);
        uint256 budget = emission;
        for (uint256 i = 0; i < sinks.length; ++i) {
            budget -= (emission * sinks[i].bps) / WHOLE_BPS;
        }
        return SafeCast.toUint128(budget);
    }

    /// @inheritdoc IEmissionController
    function sinksOf(uint64 epoch) public view override returns (Sink[] memory) {
        for (uint256 i = _splits.length; i > 0; --i) {
            if (_splits[i - 1].firstEpoch <= epoch) return _splits[i - 1].sinks;
        }
        return new Sink[](0);
    }

    /// @dev BASE · DECAY_Q96^(epoch − 1) by squaring, every product rounded down; below 2^128 because DECAY_Q96 < 1.
    function _emission(uint64 epoch) private view returns (uint256) {
        if (epoch == 0) return 0;
        uint256 power = ONE;
        uint256 square = DECAY_Q96;
        for (uint256 exponent = epoch - 1; exponent > 0; exponent >>= 1) {
            if (exponent & 1 == 1) power = (power * square) >> 96;
            square = (square * square) >> 96;
        }
        return (BASE * power) >> 96;
    }

    function _push(uint64 firstEpoch, Sink[] memory sinks) private {
        if (sinks.length > MAX_SINKS) revert BadSinks();
        Splits storage added = _splits.push();
        added.firstEpoch = firstEpoch;
        uint256 sum = 0;
        address last = address(0);
        for (uint256 i = 0; i < sinks.length; ++i) {
            if (sinks[i].account <= last || sinks[i].bps == 0) revert BadSinks();
            last = sinks[i].account;
            sum += sinks[i].bps;
            added.sinks.push(sinks[i]);
        }
        if (sum > WHOLE_BPS) revert BadSinks();
        emit SplitsScheduled(firstEpoch, sinks);
    }
}
