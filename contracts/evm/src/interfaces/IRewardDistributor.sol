// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {RewardLeaf} from "../types/Report.sol";

/// @title Holds the rewards and pays claims against the current or the previous root. Not upgradeable.
interface IRewardDistributor {
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
    error BreakerExhausted(uint256 room);
    error BatchTooLarge(uint256 length, uint256 limit);
    error Expired(uint64 deadline);
    error BadSignature();
    error FeeTooHigh(uint256 fee, uint256 limit);
    error NotOwner(address caller);

    event RootAdvanced(uint64 indexed epoch, bytes32 indexed root, uint32 leafCount, uint128 cumulativeTotal);
    /// @notice `amount` left for `recipient` (and `fee` of it for `feeTo`); `cumulative` = all that was ever claimed by the account.
    event Claimed(address indexed account, uint32 indexed index, address indexed recipient, uint256 amount, uint128 claimed, bytes32 root, address feeTo, uint256 fee);
    event ClaimSkipped(address indexed account, uint32 indexed index);
    event Outflow(uint256 used, uint256 capacity);
    event BreakerChanged(uint128 capacity);

    /// @notice Only the ReportVerifier. The root before it stays claimable.
    function advance(uint64 epoch, bytes32 root, uint32 leafCount, uint128 cumulativeTotal) external;
    /// @notice Pays min(cumulative − claimed, breaker room) to the account's recipient. Anyone may send it; third parties may use half of the breaker.
    function claim(bytes32 root, RewardLeaf calldata leaf, bytes32[] calldata proof) external returns (uint256 paid);
    /// @notice Many claims; exhausted ones are skipped, a bad proof reverts.
    function claimMany(bytes32 root, Claim[] calldata claims) external returns (uint256 paid);
    /// @notice Gasless: the account signs EIP-712 ClaimFor(account, root, fee, feeTo, nonce, deadline); `fee` is at most MAX_FEE_BPS of what is paid.
    function claimWithSignature(bytes32 root, RewardLeaf calldata leaf, bytes32[] calldata proof, uint256 fee, address feeTo, uint64 deadline, bytes calldata signature)
        external
        returns (uint256 paid);

    function current() external view returns (Root memory);
    function previous() external view returns (Root memory);
    function claimed(address account) external view returns (uint128);
    function totalClaimed() external view returns (uint256);
    function nonces(address account) external view returns (uint256);
    function breakerRoom(bool thirdParty) external view returns (uint256);
    function domain() external view returns (bytes32);
}
