// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOwned} from "./IOwned.sol";
import {RewardLeaf} from "../types/Report.sol";

/// @title Holds the rewards and pays claims against the current or the previous root. Not upgradeable.
interface IRewardDistributor is IOwned {
    struct Root {
        bytes32 root;
        uint64 epoch;
        uint32 leafCount;
        uint128 cumulativeTotal;
    }

    struct Claim {
        RewardLeaf leaf;
        bytes32[] proof;
    }

    error NotVerifier(address caller);
    error EmptyRoot();
    error UnknownRoot(bytes32 root);
    error BadProof(uint32 index);
    error NothingToClaim(address account);
    /// @notice The breaker has no room left for this caller: `level` stands at or above `limit`.
    error BreakerExhausted(uint256 level, uint256 limit);
    error BatchTooLarge(uint256 length, uint256 limit);
    error Expired(uint64 deadline);
    error BadSignature();
    error FeeTooHigh(uint256 fee, uint256 limit);
    /// @notice The breaker's capacity moves only within its hard bounds; the lower one is above zero, so that claims can never be paused.
    error CapacityOutOfBounds(uint256 minimum, uint256 maximum);
    /// @notice A constructor value is out of its hard bounds.
    error BadParameter();

    event RootAdvanced(uint64 indexed epoch, bytes32 indexed root, uint32 leafCount, uint128 cumulativeTotal);
    /// @notice `amount` left, to `recipient` but for a fee; `claimed` = all that the account has now ever claimed.
    event Claimed(
        address indexed account,
        uint32 indexed index,
        address indexed recipient,
        uint256 amount,
        uint128 claimed,
        bytes32 root
    );
    /// @notice `fee`, a part of the amount of the Claimed event before it, went to `feeTo` instead of the recipient. `nonce` is spent.
    event ClaimFeePaid(address indexed account, address indexed feeTo, uint256 fee, uint256 nonce);
    /// @notice A claim of a batch that paid nothing: exhausted, or the breaker has no room left.
    event ClaimSkipped(address indexed account, uint32 indexed index);
    /// @notice Level and capacity in base units; the level drains by `capacity` in BREAKER_WINDOW seconds.
    event BreakerChanged(uint128 capacity);

    /// @notice Only the ReportVerifier. The root before it stays claimable.
    function advance(uint64 epoch, bytes32 root, uint32 leafCount, uint128 cumulativeTotal) external;
    /// @notice Pays min(cumulative − claimed, breaker room) to the account's recipient. Anyone may send it; third parties may use half of the breaker.
    function claim(bytes32 root, RewardLeaf calldata leaf, bytes32[] calldata proof) external returns (uint256 paid);
    /// @notice Many claims; exhausted ones are skipped before their proof is looked at, a bad proof reverts. At most MAX_BATCH.
    function claimMany(bytes32 root, Claim[] calldata claims) external returns (uint256 paid);
    /// @notice Gasless: the account signs EIP-712 ClaimFor(account, root, fee, feeTo, nonce, deadline); `fee` is at most MAX_FEE_BPS of what is paid.
    /// A zero `feeTo` is the sender. Counts as the account's own claim.
    function claimWithSignature(
        bytes32 root,
        RewardLeaf calldata leaf,
        bytes32[] calldata proof,
        uint256 fee,
        address feeTo,
        uint64 deadline,
        bytes calldata signature
    ) external returns (uint256 paid);

    /// @notice Sets the breaker's capacity within MIN_CAPACITY and MAX_CAPACITY. Only the owner.
    function setBreaker(uint128 capacity) external;

    function current() external view returns (Root memory);
    function previous() external view returns (Root memory);
    function claimed(address account) external view returns (uint128);
    function totalClaimed() external view returns (uint256);
    function nonces(address account) external view returns (uint256);
    function breakerCapacity() external view returns (uint128);
    /// @notice What the breaker lets through now; third parties may fill it to half.
    /// @dev In any time t no more than capacity · (1 + t / BREAKER_WINDOW) leaves.
    function breakerRoom(bool thirdParty) external view returns (uint256);
    function domain() external view returns (bytes32);
}
